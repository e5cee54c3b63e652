"""docs/segments.md, rules 9 to 15: the order of rules, and what an edit may not do."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graphcdp.model.predicates import Predicate, parse_predicate
from graphcdp.segment.definitions import (
    SEGMENTS_MAX,
    Definition,
    Known,
    SegmentConflictError,
    SegmentLimitError,
    UnknownSegmentError,
    UnusableValueError,
    check_description,
    check_key,
    check_name,
    check_names_of_rule,
    check_new,
    check_unused,
)
from graphcdp.segment.membership import levels, to_build, to_sweep

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=1)


def naming(*keys: str) -> Predicate:
    return parse_predicate({"any": [{"inSegment": {"key": key}} for key in keys]})


def definition(key: str, rule: Predicate, *, building: bool = False, edited: datetime = LONG_AGO) -> Definition:
    return Definition(f"seg_{key}", key, rule, building, 1, edited)


def known(**named_by_key: str) -> list[Known]:
    return [Known(f"seg_{key}", key, naming(*named.split())) for key, named in named_by_key.items()]


def keys(given: list[Definition]) -> list[list[str]]:
    return [[found.key for found in level] for level in levels(given)]


def test_a_segment_comes_after_those_that_its_rule_names() -> None:
    given = [
        definition("a", naming("c", "b")),
        definition("b", naming("c")),
        definition("d", naming()),
        definition("c", naming()),
    ]
    assert keys(given) == [["c", "d"], ["b"], ["a"]]


def test_a_segment_that_is_not_kept_up_to_date_delays_nobody() -> None:
    given = [definition("b", naming("paused")), definition("a", naming())]
    assert keys(given) == [["a", "b"]]


def test_what_is_swept() -> None:
    within: Any = {"lastSeen": {"within": "P1D"}}
    given = [
        definition("still", naming()),
        definition("moving", parse_predicate(within)),
        definition("unfinished", naming(), building=True),
        definition("just_edited", naming(), edited=NOW - timedelta(seconds=5)),
    ]
    swept = to_sweep(given, NOW, lambda rule: rule.last_seen is None)
    assert [found.key for found in swept] == ["moving", "just_edited"]
    assert [found.key for found in to_build(given, NOW)] == ["unfinished"]


@pytest.mark.parametrize("key", ["a", "big_spenders_2026", "0", "x" * 60])
def test_keys(key: str) -> None:
    check_key(key)


@pytest.mark.parametrize("key", ["", "Big", "a b", "a-b", "größe", "x" * 61, "a\n"])
def test_no_keys(key: str) -> None:
    with pytest.raises(UnusableValueError) as caught:
        check_key(key)
    assert caught.value.path == ("key",)


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "\ud83d"])
def test_no_names(name: str) -> None:
    with pytest.raises(UnusableValueError):
        check_name(name)


def test_descriptions() -> None:
    check_description(None)
    check_description("x" * 2000)
    with pytest.raises(UnusableValueError):
        check_description("x" * 2001)


def test_a_key_is_used_once() -> None:
    with pytest.raises(SegmentConflictError) as caught:
        check_new("a", known(a=""))
    assert caught.value.segment_id == "seg_a"


def test_segments_are_limited() -> None:
    many = known(**{f"k{number}": "" for number in range(SEGMENTS_MAX)})
    check_new("one_more", many[1:])
    with pytest.raises(SegmentLimitError):
        check_new("one_more", many)


def test_a_rule_names_segments_that_are_there() -> None:
    check_names_of_rule(naming("a", "b"), known(a="", b="a"))
    with pytest.raises(UnknownSegmentError) as caught:
        check_names_of_rule(naming("a", "c"), known(a=""))
    assert caught.value.path == ("where", "any", "1", "inSegment")


@pytest.mark.parametrize("named", ["a", "b", "c"])
def test_nobodys_membership_depends_on_itself(named: str) -> None:
    with pytest.raises(UnusableValueError, match="leads back here"):
        check_names_of_rule(naming(named), known(a="", b="a", c="b"), of="seg_a")


def test_two_ways_to_one_segment_are_no_cycle() -> None:
    check_names_of_rule(naming("b", "c"), known(a="", b="d", c="d", d=""), of="seg_a")


def test_a_segment_in_use_stays() -> None:
    check_unused("seg_b", known(a="", c="a"))
    with pytest.raises(SegmentConflictError, match="c names this segment"):
        check_unused("seg_a", known(a="", c="a"))
