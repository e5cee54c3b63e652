"""docs/segments.md, rules 1 to 8: which conditions can be stated, and what is wrong with the others."""

from datetime import UTC, datetime
from typing import Any

import pytest

from graphcdp.model.predicates import IN_MAX, LEVELS_MAX, NODES_MAX, BadPredicateError, parse_predicate

PLAN = {"trait": {"path": "plan", "is": {"eq": "pro"}}}


def did(**parts: Any) -> dict[str, Any]:
    return {"did": {"event": {"name": "Order Completed"}, **parts}}


def trait(**test: Any) -> dict[str, Any]:
    return {"trait": {"path": "plan", "is": test}}


def nested(levels: int) -> dict[str, Any]:
    inner: dict[str, Any] = PLAN
    for _ in range(levels - 1):
        inner = {"not": inner}
    return inner


def aggregate(measure: str, test: Any, **parts: Any) -> dict[str, Any]:
    return {"aggregate": {"event": {"name": "Order"}, "measure": measure, "is": test, **parts}}


def in_order(count: int, **parts: Any) -> dict[str, Any]:
    return {"didInOrder": {"steps": [{"name": "Order"}] * count, **parts}}


SPENT = aggregate("SUM", {"gt": 500}, property="total", during={"within": "P30D"})
REFUSED: list[tuple[Any, str, str]] = [
    # condition                                                        path                          expected
    (None, "", "an object with one of all, any"),
    ([], "", "an object with one of all, any"),
    ({}, "", "exactly one of all, any, not, trait, did"),
    ({**PLAN, "hasIdentifier": "email"}, "", "exactly one of"),
    ({"predicted": {}}, "", "one of all, any, not, trait, did"),
    ({"trait": None}, "", "a value for trait, not null"),
    ({"all": PLAN}, "all", "a list"),
    ({"any": [PLAN, 5]}, "any.1", "an object with one of"),
    ({"trait": {"path": "plan"}}, "trait.is", "a value here"),
    ({"trait": {"path": "", "is": {"eq": 1}}}, "trait.path", "at least 1 character"),
    ({"trait": {"path": "p" * 191, "is": {"eq": 1}}}, "trait.path", "at most 190 characters"),
    ({"trait": {"path": "plan", "is": {"eq": 1}, "was": 2}}, "trait.was", "only fields that this part has"),
    (trait(eq=None), "trait.is", "write exists: false"),
    (trait(eq=1, neq=2), "trait.is", "exactly one of eq, neq, in"),
    (trait(eq=["pro"]), "trait.is.eq", "text, a number within 64 bits, true or false"),
    (trait(eq={"a": 1}), "trait.is.eq", "text, a number within 64 bits, true or false"),
    (trait(eq=2**63), "trait.is.eq", "text, a number within 64 bits, true or false"),
    (trait(eq=float("nan")), "trait.is.eq", "text, a number within 64 bits, true or false"),
    (trait(eq="x" * 1001), "trait.is.eq", "text of at most 1000 characters"),
    (trait(eq="\ud83d"), "trait.is.eq", "half characters"),
    (trait(gt=True), "trait.is.gt", "a number, a time or text"),
    (trait(contains=5), "trait.is.contains", "text"),
    (trait(contains=""), "trait.is.contains", "at least 1 character"),
    (trait(exists="yes"), "trait.is.exists", "true or false"),
    (trait(**{"in": "pro"}), "trait.is.in", "a list"),
    (trait(**{"in": [1, [2]]}), "trait.is.in.1", "text, a number within 64 bits, true or false"),
    (trait(**{"in": list(range(IN_MAX + 1))}), "trait.is.in", "at most 500 items"),
    (trait(withinLast="30 days"), "trait.is.withinLast", "P30D or PT15M"),
    (trait(withinLast="P1.5D"), "trait.is.withinLast", "without fractions"),
    (trait(before="P0D"), "trait.is.before", "longer than none"),
    (trait(before="P11Y"), "trait.is.before", "at most P10Y"),
    (did(during={"within": "P"}), "did.during.within", "P30D or PT15M"),
    (did(during={"since": "yesterday"}), "did.during.since", "RFC 3339"),
    (did(during={"since": "2026-01-01T00:00:00"}), "did.during.since", "with an offset"),
    (did(during={"since": "2026-02-30"}), "did.during.since", "RFC 3339"),
    (did(during={"since": "2026-02-01", "until": "2026-02-01"}), "did.during", "`since` earlier than `until`"),
    (did(times={"atLeast": -1}), "did.times.atLeast", "at least 0"),
    (did(times={"atLeast": "2"}), "did.times.atLeast", "a whole number"),
    (did(times={"atLeast": 3, "atMost": 2}), "did.times", "`atLeast` not greater than `atMost`"),
    ({"did": {"event": {"name": ""}}}, "did.event.name", "at least 1 character"),
    ({"did": {"event": {"name": "a", "where": [PLAN["trait"]] * 11}}}, "did.event.where", "at most 10 items"),
    ({"all": [PLAN, did(during={"within": "soon"})]}, "all.1.did.during.within", "P30D or PT15M"),
    (aggregate("MEDIAN", {"gt": 1}), "aggregate.measure", "one of 'SUM', 'MIN', 'MAX'"),
    (aggregate("SUM", {"gt": 1}), "aggregate", "`property`, whose values SUM is of"),
    (aggregate("EVENTS", {"gt": 1}, property="total"), "aggregate.property", "no `property` with EVENTS"),
    (aggregate("EVENTS", {"exists": True}), "aggregate.is.exists", "always has a value"),
    (aggregate("MAX", {"gt": "1"}, property="total"), "aggregate.is.gt", "a number: MAX is one"),
    (aggregate("MAX", {"in": [1, True]}, property="total"), "aggregate.is.in.1", "a number: MAX is one"),
    (aggregate("MAX", {"contains": "1"}, property="total"), "aggregate.is.contains", "one of eq, neq"),
    (aggregate("MAX", {"withinLast": "P1D"}, property="total"), "aggregate.is.withinLast", "one of eq, neq"),
    (aggregate("LAST_TIME", {"eq": "2026-01-01"}), "aggregate.is.eq", "one of gt, gte, lt, lte, withinLast"),
    (aggregate("LAST_TIME", {"gt": 5}), "aggregate.is.gt", "RFC 3339 time"),
    (aggregate("LAST_TIME", {"gt": "2026-01-01T10:00:00"}), "aggregate.is.gt", "RFC 3339 time"),
    ({"all": [in_order(1)]}, "all.0.didInOrder.steps", "at least 2 items"),
    (in_order(11), "didInOrder.steps", "at most 10 items"),
    (in_order(2, within="P0D"), "didInOrder.within", "longer than none"),
    (in_order(2, without={"name": ""}), "didInOrder.without.name", "at least 1 character"),
    ({"identifiers": {"times": {"atLeast": 2}}}, "identifiers.kind", "a value here"),
    ({"identifiers": {"kind": "device", "times": {"atLeast": "2"}}}, "identifiers.times.atLeast", "a whole number"),
    (trait(withinNext="P0D"), "trait.is.withinNext", "longer than none"),
    ({"inSegment": {"id": "seg_1", "key": "loyal"}}, "inSegment", "exactly one of id, key"),
    ({"hasIdentifier": ""}, "hasIdentifier", "at least 1 character"),
    ({"consented": ""}, "consented", "at least 1 character"),
]


@pytest.mark.parametrize(("given", "path", "expected"), REFUSED)
def test_refused_with_place_and_remedy(given: Any, path: str, expected: str) -> None:
    with pytest.raises(BadPredicateError) as caught:
        parse_predicate(given, ("where",))
    assert ".".join(caught.value.path) == f"where.{path}".rstrip(".")
    assert expected in caught.value.expected
    assert caught.value.expected in str(caught.value)


def test_as_many_nodes_and_levels_as_allowed() -> None:
    parse_predicate({"all": [PLAN] * (NODES_MAX - 1)})
    parse_predicate(nested(LEVELS_MAX))
    with pytest.raises(BadPredicateError, match="more than 50 nodes"):
        parse_predicate({"all": [PLAN] * NODES_MAX})
    with pytest.raises(BadPredicateError, match="more than 8 levels") as caught:
        parse_predicate(nested(LEVELS_MAX + 1))
    assert caught.value.path == ("not",) * LEVELS_MAX


def test_a_tree_beyond_any_reader_is_refused_like_one_of_nine_levels() -> None:
    with pytest.raises(BadPredicateError, match="more than 8 levels"):
        parse_predicate(nested(100_000))


def test_json_comes_back_as_it_went_in() -> None:
    given = {
        "all": [
            trait(**{"in": [1, 1.5, True, "x"]}),
            {"not": {"any": [did(during={"since": "2026-01-01T00:00:00Z", "within": "P1M"}, times={"atMost": 0})]}},
            {"inSegment": {"key": "loyal"}},
            {"firstSeen": {"until": "2026-01-01T00:00:00.500000Z"}},
            SPENT,
            aggregate("LAST_TIME", {"lt": "2026-01-01"}),
            in_order(3, within="P7D", without={"name": "Return"}, during={"within": "P1M"}),
            {"identifiers": {"kind": "device", "times": {"atLeast": 2}}},
            {"did": {"event": {"name": "*", "where": [{"path": "total", "is": {"gte": 10}}]}}},
        ]
    }
    assert parse_predicate(given).to_json() == given


def test_times_come_back_in_utc_and_kinds_under_their_own_name() -> None:
    given = {"all": [{"hasIdentifier": "user_id"}, {"lastSeen": {"since": "2026-01-01T02:00:00+02:00"}}]}
    assert parse_predicate(given).to_json() == {
        "all": [{"hasIdentifier": "user"}, {"lastSeen": {"since": "2026-01-01T00:00:00Z"}}]
    }


MOVES = [
    (PLAN, False),
    (trait(withinLast="P1D"), True),
    (trait(before="P1D"), True),
    ({"consented": "ads"}, True),
    (did(), False),
    (did(during={"since": "2026-01-01", "until": "2026-02-01"}), False),
    (did(during={"within": "P1D"}), True),
    ({"did": {"event": {"name": "a", "where": [{"path": "b", "is": {"before": "P1D"}}]}}}, True),
    ({"not": {"any": [PLAN, {"lastSeen": {"within": "P30D"}}]}}, True),
    ({"inSegment": {"key": "loyal"}}, False),
    (trait(withinNext="P1D"), True),
    (SPENT, True),
    (aggregate("SUM", {"gt": 1}, property="total"), False),
    (aggregate("LAST_TIME", {"before": "P1D"}), True),
    (in_order(2, within="P1D"), False),
    (in_order(2, during={"within": "P1D"}), True),
    (in_order(2, without={"name": "a", "where": [{"path": "b", "is": {"withinNext": "P1D"}}]}), True),
    ({"identifiers": {"kind": "device"}}, False),
]


@pytest.mark.parametrize(("given", "moves"), MOVES)
def test_which_conditions_time_alone_can_change(given: Any, moves: bool) -> None:
    assert parse_predicate(given).depends_on_time is moves


VALUES = [
    (PLAN, True),
    (did(), False),
    (SPENT, True),
    (aggregate("EVENTS", {"gt": 1}), False),
    (aggregate("DISTINCT", {"gt": 1}, property="sku"), True),
    ({"not": aggregate("EVENTS", {"gt": 1}, event={"name": "a", "where": [PLAN["trait"]]})}, True),
    (in_order(2), False),
    ({"any": [in_order(2, without={"name": "a", "where": [PLAN["trait"]]})]}, True),
    ({"identifiers": {"kind": "device"}}, False),
]


@pytest.mark.parametrize(("given", "asks"), VALUES)
def test_which_conditions_tell_values(given: Any, asks: bool) -> None:
    assert parse_predicate(given).asks_values is asks


BACK = [
    ("P1M", "2026-02-28T12:00:00"),
    ("P13M", "2025-02-28T12:00:00"),
    ("P1Y", "2025-03-31T12:00:00"),
    ("P2Y1M", "2024-02-29T12:00:00"),
    ("P1W", "2026-03-24T12:00:00"),
    ("P1M1DT1H", "2026-02-27T11:00:00"),
    ("PT90S", "2026-03-31T11:58:30"),
]


@pytest.mark.parametrize(("duration", "expected"), BACK)
def test_months_go_by_the_calendar(duration: str, expected: str) -> None:
    now = datetime(2026, 3, 31, 12, tzinfo=UTC)
    during = parse_predicate(did(during={"within": duration})).did
    assert during is not None
    assert during.during is not None
    assert during.during.bounds(now) == (datetime.fromisoformat(f"{expected}+00:00"), None)
