"""Locks and reads the part of the graph that a batch touches.

Locks are taken in one order by every writer: identifiers by key, then their
customers by id. An identifier that is locked cannot change its owner, since a
merge locks the identifiers that it relinks; so the owners read after the first
lock still hold after the second.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from graphcdp.model.identifiers import LABEL_BY_KIND, Identifier
from graphcdp.model.times import from_wire
from graphcdp.resolve.decide import Cleansed
from graphcdp.resolve.ledger import CustomerFacts, IdentifierFacts, Ids, Known, LinkFacts, Pair, pair
from graphcdp.resolve.rules import IdentityRules
from graphcdp.resolve.traits import COUNT_PREFIX, from_text, from_texts
from graphcdp.store import Transaction


async def read_known(tx: Transaction, batch: Sequence[Cleansed], rules: IdentityRules, ids: Ids) -> Known:
    """Everything that deciding the batch needs, locked until the transaction ends."""
    named = {identifier.key: identifier for item in batch for identifier in item.identifiers}
    identifiers = await lock_identifiers(tx, [named[key] for key in sorted(named)], ids)
    owners = sorted({facts.owner for facts in identifiers.values() if facts.owner is not None})
    customers = await lock_customers(tx, owners)
    links, cuts = await _read_links(tx, _pairs(batch, rules))
    return Known(identifiers, customers, links, cuts, await _read_seen(tx, batch))


async def lock_identifiers(tx: Transaction, identifiers: Sequence[Identifier], ids: Ids) -> dict[str, IdentifierFacts]:
    """Facts by key. Identifiers that are new are made, without an owner: give them one or drop them."""
    rows = await tx.run(
        "record/lock_identifiers",
        identifiers=[
            {
                "key": identifier.key,
                "id": ids.identifier(),
                "kind": identifier.kind,
                "value": identifier.value,
                "labels": [label] if (label := LABEL_BY_KIND.get(identifier.kind)) else [],
            }
            for identifier in identifiers
        ],
    )
    return {row["key"]: _identifier_facts(row) for row in rows}


async def lock_customers(tx: Transaction, customer_ids: Sequence[str]) -> dict[str, CustomerFacts]:
    """Facts by id of live customers; the ids in ascending order."""
    if not customer_ids:
        return {}
    rows = await tx.run("record/lock_customers", ids=list(customer_ids))
    return {row["id"]: customer_facts(row) for row in rows}


def customer_facts(row: dict[str, Any]) -> CustomerFacts:
    """A row of `record/lock_customers` as facts."""
    return CustomerFacts(
        row["id"],
        datetime.fromisoformat(row["createdAt"]),
        from_wire(row["firstSeen"]),
        from_wire(row["lastSeen"]),
        {name.removeprefix(COUNT_PREFIX): count for name, count in row["counts"]},
        from_texts(row["traits"], row["traitTimes"]),
    )


def _identifier_facts(row: dict[str, Any]) -> IdentifierFacts:
    return IdentifierFacts(
        Identifier(row["kind"], row["value"]),
        row["id"],
        row["owner"],
        from_wire(row["firstSeen"]),
        from_wire(row["lastSeen"]),
        from_wire(row["firstEventAt"]),
        from_wire(row["lastEventAt"]),
        tuple(row["sources"] or ()),
        from_text(row["traits"]),
    )


def _pairs(batch: Iterable[Cleansed], rules: IdentityRules) -> list[Pair]:
    pairs: set[Pair] = set()
    for item in batch:
        subject, *others = sorted(item.identifiers, key=rules.order)
        pairs.update(pair(subject.key, other.key) for other in others)
    return sorted(pairs)


async def _read_links(tx: Transaction, pairs: Sequence[Pair]) -> tuple[dict[Pair, LinkFacts], frozenset[Pair]]:
    if not pairs:
        return {}, frozenset()
    links: dict[Pair, LinkFacts] = {}
    cuts: set[Pair] = set()
    for row in await tx.run("record/read_links", pairs=[list(between) for between in pairs]):
        between = (row["one"], row["other"])
        if row["endedAt"] is not None:
            cuts.add(between)
            continue
        links[between] = LinkFacts(
            row["id"],
            between,
            row["count"],
            datetime.fromisoformat(row["firstSeen"]),
            datetime.fromisoformat(row["lastSeen"]),
            row["source"],
            row["event"],
        )
    return links, frozenset(cuts)


async def _read_seen(tx: Transaction, batch: Sequence[Cleansed]) -> dict[str, str | None]:
    rows = await tx.run("record/read_seen", ids=[item.message.id for item in batch])
    return {row["id"]: row["customer"] for row in rows}
