"""The graph that benchmarks/read.py asks about: many small customers and a deep one."""

import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from graphcdp.model.statement import Statement
from graphcdp.store import Store

KINDS = (("user", "User"), ("email", "Email"), ("device", "Device"), ("anonymous", "Anonymous"))
NAMES = ("Page Viewed", "Product Added", "Order Completed")

FILL = """UNWIND $rows AS row
CREATE (c:Customer {id: row.id, createdAt: $at, updatedAt: $at, firstSeen: $at, lastSeen: $at, identifiers: 4,
                    traits: row.traits, traitTimes: '{}', searchText: row.name, `traits.name`: row.name})
SET c += {`count.user`: 1, `count.email`: 1, `count.device`: 1, `count.anonymous`: 1}
WITH c, row
CALL (c, row) {
  UNWIND row.segments AS key
  MATCH (s:Segment {key: key})
  CREATE (c)-[:IN_SEGMENT {since: $at}]->(s)
}
UNWIND row.identifiers AS one
CREATE (i:Identifier:$(one.label) {id: one.id, key: one.key, kind: one.kind, value: one.value, firstSeen: $at,
                                   lastSeen: $at, sources: ['api']})-[:IDENTIFIES {since: $at}]->(c)
WITH i, one
UNWIND one.events AS event
CREATE (e:Event {id: event.id, name: event.name, subject: one.key, at: datetime(event.at), atText: event.at,
                 receivedAt: $at, json: event.json, context: '{}', source: 'web', identifiers: [one.key]})-[:BY]->(i)
WITH i, min(e.at) AS first, max(e.at) AS last
SET i.firstEventAt = first, i.lastEventAt = last"""

DEEP_IDENTIFIERS, DEEP_EVENTS = 1_000, 400_000
"""Of the deep customer, who is there beside the others."""

DEEP = """CREATE (c:Customer {id: $id, createdAt: $at, updatedAt: $at, firstSeen: $at, lastSeen: $at,
                  identifiers: $identifiers, traits: '{}', traitTimes: '{}', searchText: 'deep',
                  `traits.name`: 'Deep', `count.user`: 1, `count.device`: $identifiers - 1})
WITH c
UNWIND range(0, $identifiers - 1) AS n
CREATE (i:Identifier:$(CASE n WHEN 0 THEN 'User' ELSE 'Device' END) {
  id: 'idn_deep' + n, kind: CASE n WHEN 0 THEN 'user' ELSE 'device' END, value: 'deep' + n,
  key: CASE n WHEN 0 THEN 'user:' ELSE 'device:' END + 'deep' + n, firstSeen: $at, lastSeen: $at, sources: ['api']
})-[:IDENTIFIES {since: $at}]->(c)"""

DEEP_HISTORY = """MATCH (i:Identifier {key: $key})
CALL (i) {
  UNWIND range(0, $events - 1) AS n
  WITH i, n, $at + duration({minutes: n, milliseconds: $number}) AS at
  CREATE (e:Event {id: 'deep' + $number + '-' + n, name: 'Page Viewed', subject: i.key, at: at, receivedAt: $at,
                   json: '{"path":"/p"}', context: '{}', source: 'web', identifiers: [i.key]})-[:BY]->(i)
  RETURN min(at) AS first, max(at) AS last
}
SET i.firstEventAt = first, i.lastEventAt = last"""

SEGMENTS = """UNWIND ['loyal', 'new', 'vip'] AS key
CREATE (:Segment {id: 'seg_' + key, key: key, name: key, kind: 'RULE', status: 'LIVE', rule: '{}', ruleText: '',
                  version: 1, createdAt: $at, updatedAt: $at})"""

START = datetime(2026, 1, 1, tzinfo=UTC)


def customer(number: int, events: int) -> dict[str, Any]:
    """A customer of four identifiers, with events spread over them."""
    identifiers: list[dict[str, Any]] = [
        {
            "id": f"idn_{number:022}{place}",
            "kind": kind,
            "label": label,
            "value": value_of(kind, number),
            "key": f"{kind}:{value_of(kind, number)}",
            "events": [],
        }
        for place, (kind, label) in enumerate(KINDS)
    ]
    for n in range(events):
        identifiers[n % len(KINDS)]["events"].append(
            {
                "id": f"e{number}-{n}",
                "name": NAMES[n % len(NAMES)],
                "at": (START + timedelta(hours=n, seconds=number, milliseconds=n)).isoformat(),
                "json": orjson.dumps({"path": f"/p/{n}", "price": n * 1.5, "items": [{"sku": f"s{n}"}]}).decode(),
            }
        )
    return {
        "id": f"cus_{number:026}",
        "name": f"Person {number}",
        "traits": orjson.dumps({"name": f"Person {number}", "plan": "pro", "address": {"city": "Hue"}}).decode(),
        "segments": ["loyal", "new"] if number % 2 else ["vip"],
        "identifiers": identifiers,
    }


def value_of(kind: str, number: int) -> str:
    """The value of a customer's identifier."""
    return f"p{number}@example.com" if kind == "email" else f"{kind}{number}"


async def fill(store: Store, customers: int, events: int) -> None:
    """Make the graph, unless it is there."""
    await store.migrate()
    if (await store.read("read/customers_total"))[0]["total"] in (customers, customers + 1):
        return
    await store.transact(lambda tx: tx.run_generated(Statement(SEGMENTS, {"at": START})))
    each = max(1, 5000 // max(1, events // customers))
    started = time.perf_counter()
    for first in range(0, customers, each):
        rows = [customer(n, events // customers) for n in range(first, min(first + each, customers))]
        part = Statement(FILL, {"rows": rows, "at": START})
        await store.transact(lambda tx, part=part: tx.run_generated(part), timeout_s=120)
    print(f"{customers:,} customers and {events:,} events in {time.perf_counter() - started:.0f} s", file=sys.stderr)


async def fill_deep(store: Store) -> None:
    """Make the deep customer, unless there is one."""
    if await store.read_generated(Statement("MATCH (c:Customer {id: 'cus_deep'}) RETURN c.id AS id", {})):
        return
    whole = Statement(DEEP, {"id": "cus_deep", "at": START, "identifiers": DEEP_IDENTIFIERS})
    await store.transact(lambda tx: tx.run_generated(whole))
    each = DEEP_EVENTS // DEEP_IDENTIFIERS
    for n in range(DEEP_IDENTIFIERS):
        key = f"{'device' if n else 'user'}:deep{n}"
        part = Statement(DEEP_HISTORY, {"key": key, "at": START, "events": each, "number": n})
        await store.transact(lambda tx, part=part: tx.run_generated(part), timeout_s=120)
