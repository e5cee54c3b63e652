"""docs/segments.md, rules 1 to 8: random conditions over random customers mean in Cypher what they mean in Python."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graphcdp.model.consent import Decision
from graphcdp.model.histories import NEVER_NONE, OF_PROPERTY, TIMES
from graphcdp.model.predicates import Measure, Predicate, parse_predicate
from graphcdp.model.statement import Statement
from graphcdp.plan.members import Asked, moves
from graphcdp.plan.where import condition, condition_of_row
from graphcdp.store import Store
from tests.plan.meaning import Facts, Happened, holds

NOW = datetime(2026, 3, 31, 12, 0, 0, tzinfo=UTC)

PATHS = ["plan", "address.city", "a`b$c", "größe", "never set"]
NAMES = ["Order Completed", "Page Viewed", "x`) RETURN 1 //"]
SEGMENTS = ["loyal", "new_ones"]
KINDS = ["email", "user", "card"]
PURPOSES = ["ads", "a`b$c"]
TEXTS = [
    *[
        "",
        "pro",
        "Pro",
        "free",
        "prologue",
        "Straße",
        "ÄRGER",
        "ärger",
        "日本",
        "🙂",
        "'; MATCH (n) DETACH DELETE n //",
        ".*",
    ],
    *["2026-03-31T12:00:00Z", "2026-03-31T12:00:00.000001Z", "2026-03-31t14:00:00+02:00", "2026-03-30", "2026-03-01"],
    *["2026-02-28", "2024-02-29", "2023-02-29", "2026-02-30", "2026-04-31", "2026-13-01", "0000-01-01", "1900-02-29"],
    *["2000-02-29", "2026-03-31T24:00:00Z", "2026-03-31T12:00:60Z", "2026-03-31T12:00:00", "2026-03-31T12:00Z"],
    *["2026-03-31T12:00:00+18:00", "2026-03-31T12:00:00-18:00", "9999-12-31T23:59:59Z", "2026-03-31 12:00:00Z"],
    *["2026-03-31\n", "20260331", "2026-03-31T12:00:00.Z", "2026-3-31", "12026-03-31"],
]
NUMBERS: list[int | float] = [0, 1, -1, 1.0, 1.5, 2, 10, -0.5, 2**62, 1e300, 3]
DURATIONS = ["PT1S", "PT1H", "P1D", "P1W", "P1M", "P30D", "P1Y", "P10Y", "P1M1DT1H"]
LISTS: list[list[Any]] = [["pro", "free"], ["Pro"], [1, 2], [1.0], [True], [""]]


def a_value(choose: random.Random) -> Any:
    """A value that the graph keeps as a property."""
    return choose.choice(
        [choose.choice(TEXTS), choose.choice(NUMBERS), choose.choice([True, False]), choose.choice(LISTS)]
    )


def a_bag(choose: random.Random) -> dict[str, Any]:
    """Properties under some of the paths."""
    return {path: a_value(choose) for path in PATHS[:4] if choose.random() < 0.7}


def a_time(choose: random.Random) -> datetime:
    """A moment, often one at which a duration ends."""
    back = choose.choice(
        [0, 1, 3600, 86_400, 28 * 86_400, 30 * 86_400, 31 * 86_400, 365 * 86_400, choose.randrange(10**8)]
    )
    return NOW - timedelta(seconds=back, microseconds=choose.choice([0, 1, -1]))


def a_customer(choose: random.Random, number: int) -> Facts:
    """A customer with up to twelve events."""
    events = [
        Happened(choose.choice(NAMES), a_time(choose), a_bag(choose)) for _ in range(choose.choice([0, 0, 1, 2, 3, 12]))
    ]
    return Facts(
        id=f"cus_{number:04}",
        first_seen=a_time(choose),
        last_seen=a_time(choose),
        traits=a_bag(choose),
        kinds={kind: choose.choice([1, 1, 2, 3]) for kind in KINDS if choose.random() < 0.5},
        events=events,
        segments=frozenset(key for key in SEGMENTS if choose.random() < 0.5),
        decisions=[a_decision(choose) for _ in range(choose.choice([0, 1, 1, 2, 4]))],
    )


def a_decision(choose: random.Random) -> Decision:
    """A decision on consent, often at the time of another one."""
    granted = choose.random() < 0.7
    at = choose.choice([NOW - timedelta(days=2), NOW - timedelta(days=1), a_time(choose)])
    ends = choose.choice([None, NOW, NOW + timedelta(microseconds=1), NOW - timedelta(hours=1)]) if granted else None
    return Decision(choose.choice(PURPOSES), granted, at, ends)


def a_test(choose: random.Random) -> dict[str, Any]:
    """A condition on a value."""
    scalar = choose.choice([choose.choice(TEXTS), choose.choice(NUMBERS), choose.choice([True, False])])
    comparable = choose.choice([choose.choice(TEXTS), choose.choice(NUMBERS)])
    text = choose.choice([found for found in TEXTS if found])
    operator, operand = choose.choice(
        [
            ("eq", scalar),
            ("neq", scalar),
            ("in", [choose.choice([*TEXTS, *NUMBERS, True, False]) for _ in range(choose.randrange(2))]),
            (choose.choice(["gt", "gte", "lt", "lte"]), comparable),
            ("contains", choose.choice([text, text[:2], "PRO"])),
            ("startsWith", choose.choice([text, text[:3]])),
            ("exists", choose.choice([True, False])),
            (choose.choice(["withinLast", "withinNext"]), choose.choice(DURATIONS)),
            ("before", choose.choice(DURATIONS)),
        ]
    )
    return {"path": choose.choice(PATHS), "is": {operator: operand}}


def a_range(choose: random.Random) -> dict[str, Any]:
    """A stretch of time, sometimes without bounds."""
    since, until = sorted([a_time(choose), a_time(choose) + timedelta(seconds=1)])
    found: dict[str, Any] = {}
    if choose.random() < 0.4:
        found["since"] = since.isoformat()
    if choose.random() < 0.4 and since < until:
        found["until"] = until.isoformat()
    if choose.random() < 0.5:
        found["within"] = choose.choice(DURATIONS)
    return found


def an_event_test(choose: random.Random) -> dict[str, Any]:
    """A condition on events."""
    found: dict[str, Any] = {"event": {"name": choose.choice([*NAMES, "*", "Never"])}}
    if choose.random() < 0.4:
        found["event"]["where"] = [a_test(choose) for _ in range(choose.randrange(1, 3))]
    if choose.random() < 0.5:
        found["during"] = a_range(choose)
    if choose.random() < 0.7:
        found["times"] = some_times(choose)
    return found


def some_times(choose: random.Random) -> dict[str, Any]:
    """Bounds of a number."""
    least = choose.choice([None, 0, 1, 2, 3])
    most = choose.choice([None, None, 0, 1, 3, 12])
    if most is not None and least is not None and least > most:
        least, most = most, least
    return {"atLeast": least, "atMost": most}


def a_match(choose: random.Random, where: float = 0.3) -> dict[str, Any]:
    """Which events."""
    found: dict[str, Any] = {"name": choose.choice([*NAMES, *NAMES, "*", "Never"])}
    if choose.random() < where:
        found["where"] = [a_test(choose)]
    return found


def an_aggregate(choose: random.Random) -> dict[str, Any]:
    """A condition on what events come to."""
    measure = choose.choice(list(Measure))
    found: dict[str, Any] = {"event": a_match(choose), "measure": measure.value}
    if choose.random() < 0.4:
        found["during"] = a_range(choose)
    if measure in OF_PROPERTY:
        found["property"] = choose.choice(PATHS[:4])
    if measure in TIMES:
        order = choose.choice(["gt", "gte", "lt", "lte"])
        length = choose.choice(["withinLast", "before", "withinNext"])
        found["is"] = choose.choice([{order: a_time(choose).isoformat()}, {length: choose.choice(DURATIONS)}])
    else:
        number = choose.choice(NUMBERS)
        order = choose.choice(["eq", "neq", "gt", "gte", "lt", "lte"])
        found["is"] = choose.choice([{order: number}, {order: number}, {"in": [0, 1, 2.0, number]}])
    if measure not in NEVER_NONE and choose.random() < 0.1:
        found["is"] = {"exists": choose.choice([True, False])}
    return found


def a_sequence(choose: random.Random) -> dict[str, Any]:
    """A condition on the order of events."""
    found: dict[str, Any] = {"steps": [a_match(choose, 0.15) for _ in range(choose.choice([2, 2, 2, 3, 4]))]}
    if choose.random() < 0.5:
        found["within"] = choose.choice(DURATIONS)
    if choose.random() < 0.4:
        found["without"] = a_match(choose)
    if choose.random() < 0.2:
        found["during"] = a_range(choose)
    return found


def a_predicate(choose: random.Random, levels: int = 3) -> dict[str, Any]:
    """A condition of at most so many levels."""
    if levels > 1 and choose.random() < 0.6:
        operator = choose.choice(["all", "any", "not"])
        if operator == "not":
            return {"not": a_predicate(choose, levels - 1)}
        return {operator: [a_predicate(choose, levels - 1) for _ in range(choose.choice([0, 1, 2, 2, 3]))]}
    return choose.choice(
        [
            {"trait": a_test(choose)},
            {"trait": a_test(choose)},
            {"did": an_event_test(choose)},
            {"did": an_event_test(choose)},
            {"didInOrder": a_sequence(choose)},
            {"aggregate": an_aggregate(choose)},
            {"aggregate": an_aggregate(choose)},
            {"identifiers": {"kind": choose.choice([*KINDS, "device_id"]), "times": some_times(choose)}},
            {"inSegment": {"key": choose.choice([*SEGMENTS, "unknown"])}},
            {"hasIdentifier": choose.choice([*KINDS, "phone", "user_id"])},
            {"consented": choose.choice([*PURPOSES, "never asked"])},
            {choose.choice(["firstSeen", "lastSeen"]): a_range(choose)},
        ]
    )


MAKE = """
UNWIND $rows AS row
CREATE (c:Customer {id: row.id})
SET c += row.properties
FOREACH (kind IN row.kinds | CREATE (:Identifier {key: kind + ':' + row.id})-[:IDENTIFIES]->(c))
FOREACH (key IN row.segments | MERGE (s:Segment {id: 'seg_' + key, key: key}) CREATE (c)-[:IN_SEGMENT]->(s))
FOREACH (event IN row.events | CREATE (e:Event) SET e = event)
FOREACH (given IN row.decisions |
  CREATE (c)<-[:IDENTIFIES]-(:Identifier {key: given.key})<-[:OF]-(k:Consent) SET k += given)"""

SPAN = """
MATCH (e:Event)
WITH e.subject AS key, min(e.at) AS first, max(e.at) AS last
MATCH (i:Identifier {key: key})
SET i.firstEventAt = first, i.lastEventAt = last"""


async def make(store: Store, customers: list[Facts]) -> None:
    """Put the customers into the graph in the way that the recorder keeps them."""
    rows = []
    for facts in customers:
        kinds = sorted(facts.kinds)
        # Whoever has events has an identifier that they hang on; the last one is not counted for hasIdentifier.
        keys = [*kinds, "hidden"]
        events = [
            {
                "id": f"{facts.id}-{place}",
                "name": event.name,
                "at": event.at,
                "subject": f"{keys[place % len(keys)]}:{facts.id}",
                **{f"properties.{name}": value for name, value in event.properties.items()},
            }
            for place, event in enumerate(facts.events)
        ]
        properties: dict[str, Any] = {"firstSeen": facts.first_seen, "lastSeen": facts.last_seen}
        properties |= {f"count.{kind}": count for kind, count in facts.kinds.items()}
        properties |= {f"traits.{name}": value for name, value in facts.traits.items()}
        rows.append(
            {
                "id": facts.id,
                "properties": properties,
                "kinds": keys,
                "segments": sorted(facts.segments),
                "events": events,
                "decisions": [
                    {
                        "key": f"told:{facts.id}-{place}",
                        "purpose": one.purpose,
                        "granted": one.granted,
                        "at": one.at,
                        "expiresAt": one.expires_at,
                    }
                    for place, one in enumerate(facts.decisions)
                ],
            }
        )
    await store.transact(lambda tx: tx.run_generated(Statement(MAKE, {"rows": rows})))
    await store.transact(lambda tx: tx.run_generated(Statement(SPAN)))


async def meet(store: Store, predicate: Predicate) -> set[str]:
    """Who meets the condition, by Cypher."""
    where = condition(predicate, NOW)
    rows = await store.read_generated(
        Statement(f"MATCH (c:Customer) WHERE {where.text} RETURN c.id AS id", where.parameters)
    )
    return {row["id"] for row in rows}


async def should_enter(store: Store, predicate: Predicate, ids: list[str]) -> set[str]:
    """Who meets the condition, asked about each in the way of a write."""
    (statement,) = moves([Asked("seg_none", condition_of_row(predicate, NOW), ids)], NOW)
    return {row["id"] for row in await store.read_generated(statement)}


@pytest.mark.parametrize("seed", range(2))
async def test_cypher_agrees_with_python(store: Store, seed: int) -> None:
    choose = random.Random(seed)
    customers = [a_customer(choose, number) for number in range(150)]
    await make(store, customers)
    selected = 0
    for _ in range(30):
        given = a_predicate(choose)
        predicate = parse_predicate(given)
        assert parse_predicate(predicate.to_json()) == predicate
        expected = {facts.id for facts in customers if holds(predicate, facts, NOW)}
        assert await meet(store, predicate) == expected, f"seed {seed}: {given}"
        everybody = [facts.id for facts in customers]
        assert await should_enter(store, predicate, everybody) == expected, f"seed {seed}, by row: {given}"
        selected += 0 < len(expected) < len(customers)
    assert selected > 11, "most of the conditions should tell customers apart"


async def test_every_measure_on_every_kind_of_history(store: Store) -> None:
    choose = random.Random(7)
    customers = [a_customer(choose, number) for number in range(120)]
    await make(store, customers)
    for measure in Measure:
        selected = 0
        for _ in range(4):
            given = next(one for one in iter(lambda: an_aggregate(choose), None) if one["measure"] == measure)
            predicate = parse_predicate({"aggregate": given})
            expected = {facts.id for facts in customers if holds(predicate, facts, NOW)}
            assert await meet(store, predicate) == expected, given
            selected += 0 < len(expected) < len(customers)
        assert selected, measure


async def test_orders_in_dense_histories(store: Store) -> None:
    choose = random.Random(11)

    def dense(number: int) -> Facts:
        moments = [NOW - timedelta(days=7 * choose.randrange(9)) for _ in range(choose.randrange(10))]
        events = [Happened(choose.choice("ABC"), at, {"plan": choose.randrange(2)}) for at in moments]
        return Facts(id=f"cus_{number:04}", first_seen=NOW, last_seen=NOW, events=events)

    customers = [dense(number) for number in range(200)]
    await make(store, customers)
    selected = 0
    for _ in range(18):
        given: dict[str, Any] = {"steps": [{"name": choose.choice("ABC*")} for _ in range(choose.choice([2, 2, 3, 4]))]}
        given["within"] = choose.choice([None, "P1W", "P14D", "P1M"])
        given["without"] = choose.choice([None, {"name": "A"}, {"name": "C"}, {"name": "B"}])
        if choose.random() < 0.4:
            given["steps"][-1]["where"] = [{"path": "plan", "is": {"eq": 1}}]
        predicate = parse_predicate({"didInOrder": given})
        expected = {facts.id for facts in customers if holds(predicate, facts, NOW)}
        assert await meet(store, predicate) == expected, given
        selected += 0 < len(expected) < len(customers)
    assert selected > 8


async def test_every_operator_on_every_value(store: Store) -> None:
    values: list[Any] = [*TEXTS, *NUMBERS, True, False, *LISTS]
    customers = [
        Facts(id=f"cus_{place:04}", first_seen=NOW, last_seen=NOW, traits={"plan": value})
        for place, value in enumerate(values)
    ]
    await make(store, customers)
    operands: list[tuple[str, Any]] = [
        (operator, operand) for operator in ("eq", "neq", "gt", "gte", "lt", "lte") for operand in [*TEXTS, *NUMBERS]
    ]
    operands += [("eq", True), ("neq", False), ("in", [1, "pro", True]), ("in", [])]
    operands += [(operator, duration) for operator in ("withinLast", "before", "withinNext") for duration in DURATIONS]
    operands += [(operator, text) for operator in ("contains", "startsWith") for text in TEXTS if text]
    for operator, operand in operands:
        predicate = parse_predicate({"trait": {"path": "plan", "is": {operator: operand}}})
        expected = {facts.id for facts in customers if holds(predicate, facts, NOW)}
        assert await meet(store, predicate) == expected, (operator, operand)
