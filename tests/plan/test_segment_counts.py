"""docs/conditions.md, rules 13 and 14: counts of who meets a condition, and estimates of them."""

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from graphcdp.model.predicates import parse_predicate
from graphcdp.model.statement import Statement
from graphcdp.plan.anchors import anchors, count_from, opposite, size
from graphcdp.plan.samples import SAMPLE, estimate, sampled
from graphcdp.plan.where import condition
from graphcdp.read.segments import count_meeting, estimate_meeting
from graphcdp.store import Store
from tests.plan.meaning import Facts, Happened, holds
from tests.plan.test_where_differential import NOW, make

Explained = Callable[[Statement], Awaitable[list[str]]]

ORDERED: dict[str, Any] = {"event": {"name": "Order"}, "during": {"within": "P30D"}}
PRO: dict[str, Any] = {"trait": {"path": "plan", "is": {"eq": "pro"}}}
BIG: dict[str, Any] = {"event": {"name": "Order", "where": [{"path": "total", "is": {"gt": 5}}]}}


def spent(measure: str, test: dict[str, Any]) -> dict[str, Any]:
    return {"aggregate": {**ORDERED, "property": "total", "measure": measure, "is": test}}


ANCHORED: list[tuple[Any, int]] = [
    ({"did": ORDERED}, 1),
    ({"did": {**ORDERED, "times": {"atLeast": 2}}}, 1),
    ({"did": {**ORDERED, "times": {"atLeast": 1, "atMost": 2}}}, 1),
    ({"did": {**BIG, "times": {"atLeast": 2}}}, 1),
    ({"all": [PRO, {"did": {**ORDERED, "times": {"atLeast": 2}}}]}, 1),
    ({"all": [{"did": ORDERED}, {"did": BIG}, PRO]}, 2),
    (spent("SUM", {"gte": 10}), 1),
    (spent("SUM", {"in": [7, 11]}), 1),
    (spent("MAX", {"lt": 5}), 1),
    ({"didInOrder": {"steps": [{"name": "Order"}, {"name": "Order"}]}}, 2),
    ({"did": {**ORDERED, "times": {"atMost": 2}}}, 0),
    ({"did": {"event": {"name": "*"}}}, 0),
    (spent("SUM", {"lt": 10}), 0),
    (spent("SUM", {"in": [0, 11]}), 0),
    (spent("MAX", {"exists": False}), 0),
    ({"any": [{"did": ORDERED}, PRO]}, 0),
    ({"not": {"did": ORDERED}}, 0),
]


@pytest.fixture
def customers() -> list[Facts]:
    """Forty, of whom a third ordered; the others only looked."""
    choose = random.Random(3)

    def one(number: int) -> Facts:
        names = ["Order"] * choose.randrange(1, 5) if number % 3 == 0 else ["Look"] * 3
        events = [
            Happened(name, NOW - timedelta(days=choose.randrange(40)), {"total": choose.randrange(9)}) for name in names
        ]
        return Facts(
            id=f"cus_{number:04}",
            first_seen=NOW,
            last_seen=NOW,
            kinds={"user": 1, "email": 1},
            traits={"plan": choose.choice(["pro", "free"])},
            events=events,
        )

    return [one(number) for number in range(40)]


async def test_counting_from_the_events_counts_the_same(store: Store, customers: list[Facts]) -> None:
    await make(store, customers)
    told_apart = 0
    for given, number in ANCHORED:
        rule = parse_predicate(given)
        expected = sum(holds(rule, one, NOW) for one in customers)
        found = list(anchors(rule))
        assert len(found) == number, given
        for anchor in found:
            (row,) = await store.read_generated(count_from(anchor, NOW))
            assert row["total"] == expected, given
        assert await count_meeting(store, rule, NOW) == expected, given
        told_apart += 0 < expected < len(customers)
    assert told_apart > 12


@pytest.mark.parametrize(
    "given",
    [{"not": {"did": ORDERED}}, {"did": {**ORDERED, "times": {"atMost": 0}}}, {"did": {**BIG, "times": {"atMost": 1}}}],
)
async def test_those_who_did_not_are_all_others(store: Store, customers: list[Facts], given: Any) -> None:
    await make(store, customers)
    rule = parse_predicate(given)
    others = opposite(rule)
    assert others is not None
    (anchor,) = anchors(others)
    (row,) = await store.read_generated(count_from(anchor, NOW, others=True))
    expected = sum(holds(rule, one, NOW) for one in customers)
    assert row["total"] == await count_meeting(store, rule, NOW) == expected
    assert 0 < expected < len(customers)


async def test_events_are_found_by_name_and_time(explained: Explained) -> None:
    rule = parse_predicate({"all": [PRO, {"did": ORDERED}]})
    (anchor,) = anchors(rule)
    for statement in (size(anchor, NOW, 10), count_from(anchor, NOW)):
        plan = await explained(statement)
        assert plan[-1] == "NodeIndexSeek"
        assert not [step for step in plan if "Scan" in step]


async def test_a_sample_is_asked_when_counting_takes_too_long(store: Store) -> None:
    await store.transact(
        lambda tx: tx.run_generated(
            Statement(
                "UNWIND range(1, 12000) AS n CREATE (:Customer {id: 'c' + n, `traits.n`: n, `traits.even`: n % 2})"
            )
        )
    )
    for given, expected in (
        ({"path": "even", "is": {"eq": 0}}, 6000),
        ({"path": "n", "is": {"lte": 3000}}, 3000),
        ({"path": "n", "is": {"gt": 11000}}, 1000),
    ):
        rule = parse_predicate({"trait": given})
        found = await estimate_meeting(store, rule, NOW, exact_s=0)
        assert not found.exact
        assert abs(found.value - expected) < 4 * found.standard_error < 12_000 * 0.03
        assert found == await estimate_meeting(store, rule, NOW, exact_s=0)
        counted = await estimate_meeting(store, rule, NOW, exact_s=30)
        assert (counted.value, counted.standard_error) == (expected, 0)
    (row,) = await store.read_generated(sampled(condition(parse_predicate({"all": []}), NOW), 12_000))
    assert row["asked"] == row["meeting"]
    assert abs(row["asked"] - SAMPLE) < 200


def test_how_far_off_an_estimate_may_be() -> None:
    assert estimate(100, 100, 7).exact
    assert estimate(0, 0, 0).exact
    half = estimate(1_000_000, 5000, 2500)
    assert (half.value, round(half.standard_error)) == (500_000, 7051)
    assert 2 * half.standard_error < 0.015 * 1_000_000
    none = estimate(1_000_000, 5000, 0)
    assert none.value == 0
    assert 200 < none.standard_error < 400
