"""Locks and reads the part of the graph that a batch touches.

Locks are taken in one order by every writer: identifiers by key, then their
customers by id. An identifier that is locked cannot change its owner, since a
merge locks the identifiers that it relinks; so the owners read after the first
lock still hold after the second.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from graphcdp.model.identifiers import LABEL_BY_KIND, Identifier
from graphcdp.model.times import from_wire
from graphcdp.resolve.decide import Cleansed
from graphcdp.resolve.ledger import CustomerFacts, IdentifierFacts, Ids, Known, LinkFacts, Pair, pair
from graphcdp.resolve.rules import IdentityRules
from graphcdp.resolve.traits import COUNT_PREFIX, from_text, from_texts
from graphcdp.store import Transaction


class RulesOutdatedError(Exception):
    """Other rules are in force than those that a batch was cleaned by; nothing was written."""


async def read_known(
    tx: Transaction, batch: Sequence[Cleansed], rules: IdentityRules, ids: Ids, version: int | None
) -> Known:
    """Everything that deciding the batch needs, locked until the transaction ends.

    version: of these rules; None for rules that no version in the graph may
    replace yet. Raises RulesOutdatedError when another version is in force.
    """
    named = [identifier for item in batch for identifier in item.identifiers]

    def pairs(suppressed: frozenset[str]) -> Iterator[Pair]:
        for item in batch:
            left = sorted((one for one in item.identifiers if one.key not in suppressed), key=rules.order)
            yield from (pair(left[0].key, other.key) for other in left[1:])

    known = await lock_known(tx, named, pairs, rules, ids, version)
    return replace(known, seen=await read_seen(tx, batch))


async def lock_known(
    tx: Transaction,
    named: Iterable[Identifier],
    pairs: Callable[[frozenset[str]], Iterable[Pair]],
    rules: IdentityRules,
    ids: Ids,
    version: int | None = None,
) -> Known:
    """What is known of these identifiers, their customers and some evidence, locked.

    pairs: between whom evidence is wanted, given the keys of those that were
    erased. version: as in `read_known`.
    """
    by_key = {identifier.key: identifier for identifier in named}
    rows = await _lock_identifiers(tx, [by_key[key] for key in sorted(by_key)], ids)
    if version is not None and rows and rows[0]["version"] != version:
        raise RulesOutdatedError
    identifiers = {row["key"]: identifier_facts(row) for row in rows}
    suppressed = frozenset(row["key"] for row in rows if row["suppressed"])
    owners = sorted({facts.owner for facts in identifiers.values() if facts.owner is not None})
    customers = await lock_customers(tx, owners)
    await read_recent(tx, customers, rules)
    links, cuts = await read_links(tx, sorted(set(pairs(suppressed))))
    return Known(identifiers, customers, links, cuts, suppressed=suppressed)


async def _lock_identifiers(tx: Transaction, identifiers: Sequence[Identifier], ids: Ids) -> list[dict[str, Any]]:
    """Rows of `record/lock_identifiers`. New ones are made, without an owner: give them one or drop them."""
    return await tx.run_gathered(
        "record/lock_identifiers",
        identifiers=[
            {
                "key": identifier.key,
                "id": ids.identifier(),
                "kind": identifier.kind,
                "value": identifier.value,
                "labels": [label] if (label := LABEL_BY_KIND.get(identifier.kind)) else [],
                "hash": identifier.fingerprint,
            }
            for identifier in identifiers
        ],
    )


async def lock_customers(tx: Transaction, customer_ids: Sequence[str]) -> dict[str, CustomerFacts]:
    """Facts by id of live customers; the ids in ascending order."""
    if not customer_ids:
        return {}
    rows = await tx.run_gathered("record/lock_customers", ids=list(customer_ids))
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


def identifier_facts(row: dict[str, Any]) -> IdentifierFacts:
    """A row of `record/lock_identifiers` as facts."""
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


async def read_recent(tx: Transaction, customers: dict[str, CustomerFacts], rules: IdentityRules) -> None:
    """Add to the facts when their identifiers were last seen, of kinds whose limit looks at a window."""
    kinds = [kind for kind in rules.kinds if rules.window(kind) is not None]
    if not kinds or not customers:
        return
    for row in await tx.run("record/read_recent", ids=list(customers), kinds=kinds):
        of_kind = customers[row["customer"]].recent.setdefault(row["kind"], {})
        of_kind[row["key"]] = datetime.fromisoformat(row["lastSeen"])


async def read_links(tx: Transaction, pairs: Sequence[Pair]) -> tuple[dict[Pair, LinkFacts], frozenset[Pair]]:
    """The evidence between these pairs that counts, and those of them whose evidence was cut."""
    if not pairs:
        return {}, frozenset()
    links: dict[Pair, LinkFacts] = {}
    cuts: set[Pair] = set()
    for row in await tx.run_gathered("record/read_links", pairs=[list(between) for between in pairs]):
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
            by_hand=row["byHand"],
        )
    return links, frozenset(cuts)


async def read_seen(tx: Transaction, batch: Sequence[Cleansed]) -> dict[str, str | None]:
    """Whose the messages of the batch are that were taken before, by message id."""
    rows = await tx.run_gathered("record/read_seen", ids=[item.message.id for item in batch])
    return {row["id"]: row["customer"] for row in rows}
