"""docs/segments.md, rule 10: nothing that time alone changes happens before the moment that is foreseen for it."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graphcdp.model.predicates import Predicate, parse_predicate
from graphcdp.model.statement import Statement
from graphcdp.model.times import from_wire, months_and_span, time_of
from graphcdp.plan.moments import is_foreseen, moment
from graphcdp.plan.where import condition
from graphcdp.store import Store
from tests.plan.meaning import Facts, Happened, holds
from tests.plan.test_where_differential import NOW, a_customer, a_predicate, make

TICK = timedelta(microseconds=1)


async def moments(store: Store, predicate: Predicate, now: datetime) -> dict[str, datetime | None]:
    """The moment that is foreseen for each customer."""
    at = moment(predicate, now)
    if at is None:
        rows = await store.read_generated(Statement("MATCH (c:Customer) RETURN c.id AS id, null AS at"))
    else:
        where = condition(predicate, now)
        text = f"""MATCH (c:Customer)
            CALL (c) {{ WITH c WHERE {where.text} RETURN count(*) > 0 AS should }}
            RETURN c.id AS id, CASE WHEN {at.when} THEN toString({at.text}) END AS at"""
        rows = await store.read_generated(Statement(text, {**where.parameters, **at.parameters}))
    return {row["id"]: from_wire(row["at"]) for row in rows}


def durations(value: Any) -> Iterator[str]:
    """All durations in a condition."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in ("within", "withinLast", "withinNext", "before"):
                yield inner
            else:
                yield from durations(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from durations(inner)


def turning_points(facts: Facts, given: dict[str, Any]) -> set[datetime]:
    """More than all moments at which the condition may change for the customer."""
    known = [facts.first_seen, facts.last_seen, *(event.at for event in facts.events)]
    known += [at for value in facts.traits.values() if isinstance(value, str) and (at := time_of(value))]
    known += [one.expires_at for one in facts.decisions if one.expires_at]
    known = [at for at in known if at.year < 2100]
    found = set(known)
    for duration in set(durations(given)):
        months, span = months_and_span(duration)
        found |= {at - span for at in known}
        for at in known:
            behind = at + span
            month = behind.year * 12 + behind.month - 1 + months
            first = behind.replace(year=month // 12, month=month % 12 + 1, day=1)
            days = range(behind.day - 2, behind.day + 5) if months else [behind.day - 1]
            for day in days:
                then = first + timedelta(days=day)
                found |= {then, then.replace(hour=0, minute=0, second=0, microsecond=0)}
    return found | {at + TICK for at in found}


def next_change(predicate: Predicate, given: dict[str, Any], facts: Facts, now: datetime) -> datetime | None:
    """The first moment after now at which time alone changes whether the customer meets the condition."""
    before = holds(predicate, facts, now)
    points = sorted(at for at in turning_points(facts, given) if at > now)
    return next((at for at in points if holds(predicate, facts, at) is not before), None)


@pytest.mark.parametrize("seed", range(2))
async def test_nothing_changes_before_its_moment(store: Store, seed: int) -> None:
    choose = random.Random(seed)
    customers = [a_customer(choose, number) for number in range(60)]
    await make(store, customers)
    changing = foreseen = 0
    while foreseen < 15:
        given = a_predicate(choose)
        predicate = parse_predicate(given)
        if not predicate.depends_on_time or not is_foreseen(predicate):
            continue
        foreseen += 1
        now = NOW + choose.choice([timedelta(0), timedelta(days=-1), timedelta(days=-3), timedelta(days=29, hours=11)])
        found = await moments(store, predicate, now)
        for facts in customers:
            at, change = found[facts.id], next_change(predicate, given, facts, now)
            assert at is None or at > now, f"seed {seed}: {given} of {facts} at {now}"
            if change is not None:
                assert at is not None, f"seed {seed}: {given} of {facts} at {now} changes at {change}"
                assert at <= change, f"seed {seed}: {given} of {facts} at {now} changes at {change}, not {at}"
                changing += 1
    assert changing > 12


@pytest.mark.parametrize("now", [NOW, NOW - timedelta(days=2, hours=13), NOW + timedelta(days=1)])
@pytest.mark.parametrize(
    "given",
    [
        {"trait": {"path": "plan", "is": {"withinLast": "P1M"}}},
        {"did": {"event": {"name": "*"}, "during": {"within": "P1M"}, "times": {"atLeast": 2, "atMost": 3}}},
        {"did": {"event": {"name": "Order Completed"}, "during": {"within": "P1M1DT1H"}}},
        {"not": {"firstSeen": {"within": "P1Y"}}},
        {"consented": "ads"},
    ],
)
async def test_whoever_looks_at_the_moments_only_sees_every_change(
    store: Store, given: dict[str, Any], now: datetime
) -> None:
    choose = random.Random(7)
    customers = [a_customer(choose, number) for number in range(40)]
    await make(store, customers)
    await follow_moments(store, customers, given, now, now + timedelta(days=40))


@pytest.mark.parametrize("within", ["P1M", "P1MT13H"])
async def test_days_that_a_short_month_lacks_reach_back_to_its_last_one_again(store: Store, within: str) -> None:
    customers = []
    for number in range(8):
        at = datetime(2026, 2, 27, 12, tzinfo=UTC) + timedelta(hours=6 * number, minutes=number)
        order = Happened("Order Completed", at)
        traits = {"plan": at.isoformat()}
        customers.append(Facts(f"cus_{number:04}", first_seen=at, last_seen=at, traits=traits, events=[order]))
    await make(store, customers)
    start, end = datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 4, 3, tzinfo=UTC)
    bought = {"did": {"event": {"name": "Order Completed"}, "during": {"within": within}}}
    long_ago = {"trait": {"path": "plan", "is": {"before": within}}}
    assert await follow_moments(store, customers, bought, start, end) > 20
    assert await follow_moments(store, customers, long_ago, start, end) > 20


async def follow_moments(
    store: Store, customers: list[Facts], given: dict[str, Any], now: datetime, until: datetime
) -> int:
    """Look at each customer when its moment has come, and only then; that no change is missed. How many were seen."""
    predicate = parse_predicate(given)
    seen = {facts.id: holds(predicate, facts, now) for facts in customers}
    waiting = await moments(store, predicate, now)
    changes = 0
    while due := sorted(at for at in waiting.values() if at is not None and at <= until):
        now = due[0]
        for facts in customers:
            assert holds(predicate, facts, now - TICK) is seen[facts.id], (facts, now)
        again = await moments(store, predicate, now)
        for facts in customers:
            if (at := waiting[facts.id]) is not None and at <= now:
                changes += seen[facts.id] is not holds(predicate, facts, now)
                seen[facts.id] = holds(predicate, facts, now)
                waiting[facts.id] = again[facts.id]
            assert holds(predicate, facts, now) is seen[facts.id], (facts, now)
    assert all(holds(predicate, facts, until) is seen[facts.id] for facts in customers)
    return changes
