"""Locks and reads the part of the graph that a batch touches.

Locks are taken in one order by every writer: identifiers by key, then their
customers by id. An identifier that is locked cannot change its owner, since a
merge locks the identifiers that it relinks; so the owners read after the first
lock still hold after the second. What the recorder remembers is locked like
the rest, and not read.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from graphcdp.model.identifiers import LABEL_BY_KIND, Identifier
from graphcdp.model.times import from_wire
from graphcdp.record.remembered import NOBODY, Recalled
from graphcdp.resolve.decide import Cleansed
from graphcdp.resolve.facts import CustomerFacts, IdentifierFacts, Known, LinkFacts, Pair, pair
from graphcdp.resolve.ledger import Ids
from graphcdp.resolve.rules import IdentityRules
from graphcdp.resolve.traits import COUNT_PREFIX, from_text, from_texts
from graphcdp.store import Transaction


class RulesOutdatedError(Exception):
    """Other rules are in force than those that a batch was cleaned by; nothing was written."""


class _MemoryOutdatedError(Exception):
    """Something that is remembered has changed since."""


async def read_known(
    tx: Transaction,
    batch: Sequence[Cleansed],
    rules: IdentityRules,
    ids: Ids,
    version: int | None,
    recalled: Recalled = NOBODY,
) -> tuple[Known, Recalled]:
    """Everything that deciding the batch needs, locked until the transaction ends; what of it was remembered.

    version: of these rules; None for rules that no version in the graph may
    replace yet. recalled: what may be no longer so. Raises RulesOutdatedError when
    another version is in force.
    """
    named = [identifier for item in batch for identifier in item.identifiers]
    pairs, messages = partial(pairs_of, batch), [item.message.id for item in batch]
    with suppress(_MemoryOutdatedError):
        return await lock_known(tx, named, pairs, rules, ids, version, messages, recalled), recalled
    strangers = recalled.strangers()
    return await lock_known(tx, named, pairs, rules, ids, version, messages, strangers), strangers


def pairs_of(batch: Sequence[Cleansed], suppressed: frozenset[str]) -> Iterator[Pair]:
    """Between whom messages are evidence: the strongest identifier of each and its others, without erased ones."""
    for item in batch:
        subject, *others = [one.key for one in item.identifiers if one.key not in suppressed] or [""]
        for other in others:
            yield pair(subject, other)


async def lock_known(
    tx: Transaction,
    named: Iterable[Identifier],
    pairs: Callable[[frozenset[str]], Iterable[Pair]],
    rules: IdentityRules,
    ids: Ids,
    version: int | None = None,
    messages: Sequence[str] = (),
    recalled: Recalled = NOBODY,
) -> Known:
    """What is known of these identifiers, their customers, some evidence and messages, locked.

    pairs: between whom evidence is wanted, given the keys of those that were
    erased. version: as in `read_known`. messages: ids. recalled: what need not be
    read if it is still so; raises _MemoryOutdatedError when it is not.
    """
    by_key = {identifier.key: identifier for identifier in named}
    identifiers, suppressed, node_by_owner = await _lock_identifiers(tx, by_key, ids, version, recalled)
    met = recalled.acquaintances
    rows = [[owner, one.customer.node, *one.changed] for owner, one in met.items()]
    rows += [[owner, node, 0, 0] for owner, node in node_by_owner.items() if owner not in met]
    missing = sorted(set(pairs(suppressed)).difference(recalled.links))
    batch = {
        "keeper": recalled.keeper,
        "customers": sorted(rows),
        "pairs": [[*between, *(identifiers[key].node for key in between)] for between in missing],
        "messages": list(messages),
    }
    found = await tx.run_gathered("record/read_known", batch=batch)
    if found["same"] != len(met):
        raise _MemoryOutdatedError
    customers = {owner: one.customer for owner, one in met.items()}
    customers.update((row[0], customer_facts(row)) for row in found["customers"])
    links, cuts = evidence(found["links"])
    links.update(recalled.links)
    await read_recent(tx, customers, rules)
    return Known(identifiers, customers, links, cuts, seen=dict(found["seen"]), suppressed=suppressed)


async def _lock_identifiers(
    tx: Transaction, by_key: dict[str, Identifier], ids: Ids, version: int | None, recalled: Recalled
) -> tuple[dict[str, IdentifierFacts], frozenset[str], dict[str, str]]:
    """Facts by key, the keys of those that were erased, and the nodes of the owners of those that were read, by id.

    New ones are made, without an owner: give them one or drop them. Raises
    RulesOutdatedError when another version is in force.
    """
    keys = sorted(by_key)
    rows = [[key, key not in recalled.identifiers] for key in keys]
    found = await tx.run_gathered("record/lock_identifiers", batch={"keys": rows})
    if version is not None and found["version"] != version:
        raise RulesOutdatedError
    facts = dict(recalled.identifiers)
    facts.update((row[0], identifier_facts(row, by_key[row[0]])) for row in found["rows"])
    node_by_owner = {row[2]: row[10] for row in found["rows"] if row[2] is not None}
    missing = [by_key[key] for key in keys if key not in facts]
    if not missing:
        return facts, frozenset(), node_by_owner
    made = await tx.run_gathered(
        "record/make_identifiers", batch={"identifiers": [_new_row(one, ids) for one in missing]}
    )
    facts.update((row[0], identifier_facts(row, by_key[row[0]])) for row in made["rows"])
    node_by_owner.update((row[2], row[10]) for row in made["rows"] if row[2] is not None)
    return facts, frozenset(row[0] for row in made["rows"] if row[11]), node_by_owner


def _new_row(identifier: Identifier, ids: Ids) -> dict[str, Any]:
    label = LABEL_BY_KIND.get(identifier.kind)
    return {
        "key": identifier.key,
        "id": ids.identifier(),
        "kind": identifier.kind,
        "value": identifier.value,
        "labels": [label] if label else [],
        "hash": identifier.fingerprint,
    }


def identifier_facts(row: Sequence[Any], identifier: Identifier) -> IdentifierFacts:
    """A row of `record/lock_identifiers` as facts."""
    facts = IdentifierFacts(
        identifier,
        row[1],
        row[2],
        from_wire(row[3]),
        from_wire(row[4]),
        from_wire(row[5]),
        from_wire(row[6]),
        tuple(row[7] or ()),
        from_text(row[8]),
        row[9],
    )
    if facts.first_seen is not None:
        facts.mark_stored()
    return facts


def customer_facts(row: Sequence[Any]) -> CustomerFacts:
    """A row of customers of `record/read_known` as facts."""
    facts = CustomerFacts(
        row[0],
        datetime.fromisoformat(row[1]),
        from_wire(row[2]),
        from_wire(row[3]),
        {name.removeprefix(COUNT_PREFIX): count for name, count in row[4]},
        from_texts(row[5], row[6]),
        node=row[7],
    )
    facts.mark_stored()
    return facts


def evidence(rows: Iterable[Sequence[Any]]) -> tuple[dict[Pair, LinkFacts], frozenset[Pair]]:
    """The evidence that counts, and the pairs whose evidence was cut."""
    links: dict[Pair, LinkFacts] = {}
    cuts: set[Pair] = set()
    for one, other, link_id, source, event, count, first_seen, last_seen, is_cut, by_hand, node in rows:
        if is_cut:
            cuts.add((one, other))
            continue
        facts = LinkFacts(
            link_id,
            (one, other),
            count,
            datetime.fromisoformat(first_seen),
            datetime.fromisoformat(last_seen),
            source,
            event,
            by_hand=by_hand,
            node=node,
        )
        facts.mark_stored()
        links[one, other] = facts
    return links, frozenset(cuts)


async def read_recent(tx: Transaction, customers: dict[str, CustomerFacts], rules: IdentityRules) -> None:
    """Add to the facts when their identifiers were last seen, of kinds whose limit looks at a window."""
    kinds = [kind for kind in rules.kinds if rules.window(kind) is not None]
    if not kinds or not customers:
        return
    for row in await tx.run("record/read_recent", ids=list(customers), kinds=kinds):
        of_kind = customers[row["customer"]].recent.setdefault(row["kind"], {})
        of_kind[row["key"]] = datetime.fromisoformat(row["lastSeen"])
