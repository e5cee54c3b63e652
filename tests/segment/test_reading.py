"""docs/conditions.md, rules 8 to 12: what a rule says in words is read back as the same rule."""

import random
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphcdp.model.predicates import BadPredicateError, Predicate, parse_predicate
from graphcdp.model.times import duration_parts
from graphcdp.segment.reading import RULE_TEXT_LENGTH_MAX, BadRuleTextError, parse_rule_text, words
from graphcdp.segment.wording import rule_text
from tests.plan.meaning import holds
from tests.plan.test_where_differential import NOW, a_customer, a_predicate


def normal(node: Any) -> Any:
    """Rule 12, written apart: of several spellings of one meaning, the one that a text is read as."""
    (name, part), *_ = node.items()
    if name in ("all", "any"):
        return normal(part[0]) if len(part) == 1 else {name: [normal(child) for child in part]}
    if name == "not":
        return {"not": normal(part)}
    if name == "identifiers":
        times = normal_times(part.get("times"))
        return {"identifiers": {"kind": part["kind"], "times": times}} if times else {"hasIdentifier": part["kind"]}
    if name in ("did", "aggregate", "didInOrder"):
        return {name: normal_events(part)}
    return {name: normal_lengths(part)}


def normal_events(part: Any) -> Any:
    found = normal_lengths(part)
    for event in [found.get("event"), found.get("without"), *found.get("steps", ())]:
        if event is not None and not event.get("where"):
            event.pop("where", None)
    times = normal_times(found.pop("times", None))
    found |= {"times": times} if times else {}
    return {key: value for key, value in found.items() if key != "during" or value}


def normal_times(times: Any) -> Any:
    least, most = (times or {}).get("atLeast"), (times or {}).get("atMost")
    found = {"atLeast": least or None, "atMost": most} if most is not None else {"atLeast": least}
    found = {key: value for key, value in found.items() if value is not None}
    return {} if found == {"atLeast": 1} else found


def normal_lengths(part: Any) -> Any:
    if isinstance(part, list):
        return [normal_lengths(one) for one in part]
    if not isinstance(part, dict):
        return part
    return {
        name: shortest(value) if name in ("within", "withinLast", "withinNext", "before") else normal_lengths(value)
        for name, value in part.items()
    }


def shortest(duration: str) -> str:
    numbers = [
        f"{number}{unit}" if number else "" for number, unit in zip(duration_parts(duration), "YMWDHMS", strict=True)
    ]
    clock = "".join(numbers[4:])
    return "P" + "".join(numbers[:4]) + ("T" + clock if clock else "")


def same(one: Predicate, other: Any) -> bool:
    # As text, since Python takes 1, 1.0 and true for equal.
    def spelled(value: Any) -> bytes:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)

    return spelled(one.to_json()) == spelled(parse_predicate(other).to_json())


names = st.one_of(st.sampled_from(sorted(words())), st.text(min_size=1, max_size=8))
scalars = st.one_of(
    st.text(max_size=8),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
)
durations = st.sampled_from(["P1D", "P0Y07D", "P1W", "PT24H", "P1Y2M3W4DT5H6M7S", "P10Y", "PT0H90S"])
tests = st.one_of(
    scalars.map(lambda one: {"eq": one}),
    scalars.map(lambda one: {"neq": one}),
    st.lists(scalars, max_size=3).map(lambda some: {"in": some}),
    st.tuples(st.sampled_from(["gt", "gte", "lt", "lte"]), st.one_of(st.text(max_size=8), st.integers(-9, 9))).map(
        lambda pair: dict([pair])
    ),
    st.text(min_size=1, max_size=8).map(lambda one: {"contains": one}),
    st.text(min_size=1, max_size=8).map(lambda one: {"startsWith": one}),
    st.booleans().map(lambda one: {"exists": one}),
    st.tuples(st.sampled_from(["withinLast", "withinNext", "before"]), durations).map(lambda pair: dict([pair])),
)
traits = st.fixed_dictionaries({"path": names, "is": tests})
moments = st.datetimes(timezones=st.just(NOW.tzinfo)).map(lambda at: at.isoformat())
ranges = st.one_of(
    st.just({}),
    st.fixed_dictionaries({}, optional={"since": moments, "within": durations}),
    st.fixed_dictionaries({"until": moments}),
    st.datetimes(max_value=NOW.replace(tzinfo=None)).map(
        lambda at: {"since": at.isoformat() + "Z", "until": (at + timedelta(days=1)).isoformat() + "Z"}
    ),
)
bounds = st.one_of(
    st.fixed_dictionaries({}, optional={"atLeast": st.integers(0, 3)}),
    st.fixed_dictionaries({"atMost": st.integers(2, 4)}, optional={"atLeast": st.integers(0, 2)}),
    st.just({"atLeast": 0, "atMost": 0}),
)
events = st.fixed_dictionaries(
    {"name": st.one_of(names, st.just("*"))}, optional={"where": st.lists(traits, max_size=3)}
)
numeric = st.one_of(
    st.tuples(st.sampled_from(["eq", "neq", "gt", "lte"]), st.one_of(st.integers(), st.floats()))
    .filter(lambda pair: abs(pair[1]) < 2**63)
    .map(lambda pair: dict([pair])),
    st.lists(st.integers(-9, 9), max_size=3).map(lambda some: {"in": some}),
)
timed = st.one_of(
    st.tuples(st.sampled_from(["gt", "lte"]), moments.map(lambda at: at[:10])).map(lambda pair: dict([pair])),
    durations.map(lambda one: {"withinLast": one}),
    st.just({"exists": False}),
)
aggregates = st.one_of(
    st.fixed_dictionaries(
        {
            "event": events,
            "property": names,
            "measure": st.sampled_from(["SUM", "MIN", "MAX", "AVERAGE", "DISTINCT"]),
            "is": numeric,
        },
        optional={"during": ranges},
    ),
    st.fixed_dictionaries({"event": events, "measure": st.just("EVENTS"), "is": numeric}, optional={"during": ranges}),
    st.fixed_dictionaries(
        {"event": events, "measure": st.sampled_from(["FIRST_TIME", "LAST_TIME"]), "is": timed},
        optional={"during": ranges},
    ),
)
sequences = st.fixed_dictionaries(
    {"steps": st.lists(events, min_size=2, max_size=4)},
    optional={"within": durations, "without": events, "during": ranges},
)
leaves = st.one_of(
    traits.map(lambda part: {"trait": part}),
    st.fixed_dictionaries({"event": events}, optional={"during": ranges, "times": bounds}).map(
        lambda one: {"did": one}
    ),
    aggregates.map(lambda part: {"aggregate": part}),
    sequences.map(lambda part: {"didInOrder": part}),
    st.one_of(names.map(lambda one: {"key": one}), names.map(lambda one: {"id": one})).map(
        lambda one: {"inSegment": one}
    ),
    names.map(lambda one: {"hasIdentifier": one}),
    st.fixed_dictionaries({"kind": names}, optional={"times": bounds}).map(lambda one: {"identifiers": one}),
    names.map(lambda one: {"consented": one}),
    ranges.map(lambda one: {"firstSeen": one}),
    ranges.map(lambda one: {"lastSeen": one}),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda some: {"all": some}),
        st.lists(inner, max_size=3).map(lambda some: {"any": some}),
        inner.map(lambda one: {"not": one}),
    ),
    max_leaves=6,
)


@given(trees)
@settings(max_examples=400)
def test_any_tree_comes_back(given: Any) -> None:
    try:
        rule = parse_predicate(given)
    except BadPredicateError:
        return
    text = rule_text(rule)
    read = parse_rule_text(text)
    assert same(read, normal(rule.to_json())), text
    assert rule_text(read) == text


def test_a_text_means_what_the_tree_means() -> None:
    choose = random.Random(5)
    customers = [a_customer(choose, number) for number in range(30)]
    for _ in range(100):
        rule = parse_predicate(a_predicate(choose))
        read = parse_rule_text(rule_text(rule))
        assert all(holds(rule, one, NOW) == holds(read, one, NOW) for one in customers), rule_text(rule)


WRITTEN = [
    ('plan = "pro"\n  and not did Order in the last 30 days', 'plan = "pro" and not did "Order" in the last 30 days'),
    ("a > 1 and b > 2 or c > 3", "(a > 1 and b > 2) or c > 3"),
    ('a != "b"', 'a is not "b"'),
    ("a >= 2026-01-31", 'a >= "2026-01-31"'),
    ("((a = 1))", "a = 1"),
    ('"plan" = "pro"', 'plan = "pro"'),
    ("did A in the last 3 days since 2026-01-01", 'did "A" since 2026-01-01 in the last 3 days'),
    ("did A at least 1 times", 'did "A"'),
    ("did A exactly 0 times", 'did not do "A"'),
    ("has at least 1 device identifiers", "has identifier device"),
    ("in segment with id seg_1", "in segment with id seg_1"),
    ("last seen in the last 1 days", "last seen in the last 1 day"),
    ("income > 5 and android = true", "income > 5 and android = true"),
]


@pytest.mark.parametrize(("written", "text"), WRITTEN)
def test_people_may_write_it_otherwise(written: str, text: str) -> None:
    assert rule_text(parse_rule_text(written)) == text


REFUSED = [
    ("", "1:1", "`everyone`"),
    ("plan = pro", "1:8", "text in double quotes"),
    ('plan = "pro" nd', "1:14", "one of `and`, `or`, the end"),
    ("(a = 1", "1:7", "`)`"),
    ("a = 1 ; b", "1:7", "the end"),
    ("a = 1 and\n  did B with x gt 5", "2:16", "`>`"),
    ('a = "\\q"', "1:5", "escapes as in JSON"),
    ("a = 1" + "0" * 500, "1:5", "at most 400 characters"),
    ("did A in the last 3 days 1 year", "1:28", "from the longest to the shortest"),
    ("did A in the last 1.5 days", "1:19", "a whole number"),
    ("did A in the last 3 days in the last 4 days", "1:26", "once"),
    ("did A in the last 11 years", "1:7", "at most P10Y"),
    ("did A since 2026-02-30", "1:7", "RFC 3339"),
    ("a = 1 and did A from 3 to 2 times", "1:17", "`atLeast` not greater"),
    ('a = 1 and number of A > "x"', "1:23", "a number: EVENTS is one"),
    ("not " * 9 + "everyone", "1:33", "at most 8 levels"),
    (" or ".join(["a = 1"] * 50), "1:1", "at most 50 nodes"),
    ("(" * 30_000, "1:30001", "`(`"),
    ("not " * 20_000, "1:80001", "`not`"),
    ("a = 1 or " * 12_000, "1:1", f"at most {RULE_TEXT_LENGTH_MAX} characters"),
]


@pytest.mark.parametrize(("text", "place", "expected"), REFUSED)
def test_what_cannot_be_read_is_pointed_at(text: str, place: str, expected: str) -> None:
    with pytest.raises(BadRuleTextError) as caught:
        parse_rule_text(text, ("text",))
    assert caught.value.path == ("text", place)
    assert f"{caught.value.line}:{caught.value.column}" == place
    assert expected in caught.value.expected
    assert str(caught.value).endswith("^")


def test_the_place_is_marked() -> None:
    with pytest.raises(BadRuleTextError) as caught:
        parse_rule_text("plan = pro")
    assert str(caught.value) == (
        "Line 1, column 8: expected one of `false`, `true`, a number, a time such as 2026-01-31 or "
        "2026-01-31T09:30:00Z, text in double quotes, not 'pro'.\n  plan = pro\n         ^"
    )
