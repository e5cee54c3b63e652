"""Decided writes -> statements, in the order in which they must run."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from graphcdp.model.times import to_epoch, to_wire
from graphcdp.record.again import apply_again, batch_again, shown_row
from graphcdp.record.ids import NewIds
from graphcdp.record.remembered import NOBODY_MET, Met, Recalled
from graphcdp.resolve.changes import changes_of_recomputed
from graphcdp.resolve.facts import CustomerFacts, IdentifierFacts, Known, LinkFacts, Pair
from graphcdp.resolve.traits import (
    COUNT_PREFIX,
    Stamped,
    flattened,
    from_text,
    latest,
    search_text,
    to_text,
    to_texts,
    visible,
)
from graphcdp.resolve.writes import Absorption, Refusal, Spell, Writes
from graphcdp.store import Transaction

_NOTHING = Known({}, {})


async def apply(
    tx: Transaction,
    writes: Writes,
    known: Known,
    now: datetime,
    passed: Callable[[], None] = lambda: None,
    met: Met = NOBODY_MET,
) -> None:
    """Write what was decided.

    known: that it was decided by. met: whom the recorder remembers from now on. passed: called, once or twice, when
    nothing is left to be locked for which this may have to wait; only what unites customers, or ends evidence, locks
    more than what was read.
    """
    if not (writes.absorbed or writes.stored or writes.ended):
        passed()
    founded = _founded(writes)
    await _apply_owners(tx, writes, founded, known, now)
    passed()
    batch = _batch(writes, founded, known, met)
    if any(batch.values()):
        await tx.run("record/write_batch", batch=batch, now=now)
    if writes.partial:
        await tx.run("record/mark_partial", rows=writes.partial, now=now)
    if writes.recompute:
        await recompute_customers(tx, writes.recompute, now)


async def _apply_owners(
    tx: Transaction, writes: Writes, founded: Mapping[str, CustomerFacts], known: Known, now: datetime
) -> None:
    """Write who owns what, and which evidence ended."""
    first = {key: spells[0] for key, spells in writes.owners.items() if _is_first(spells, founded)}
    later = [_owner_row(key, spells) for key, spells in writes.owners.items() if key not in first]
    others = [{"id": one.id, "at": one.created_at} for one in writes.new_customers if one.id not in founded]
    before: list[tuple[str, list[Any]]] = [
        ("record/found_customers", _founded_rows(founded, first, known)),
        ("record/create_customers", others),
        (
            "record/swap_customers",
            [{"survivor": a.into, "absorbed": a.id, "at": a.at} for a in writes.absorbed if a.swapped],
        ),
        ("record/give_owners", later),
        ("record/relink_absorbed", [_relink_row(path) for path in writes.stored.values()]),
        ("record/retire_absorbed", [_merge_row(absorbed) for absorbed in writes.absorbed]),
        ("record/drop_unused", [{"key": key} for key in writes.unused]),
        ("record/end_links", [{"key": key, "at": at} for key, at in writes.ended]),
        ("record/update_links", [_link_row(link) for link in writes.changed.links if not link.is_new]),
    ]
    for name, rows in before:
        if rows:
            await tx.run(name, batch={"rows": rows}, now=now)


async def plan_ahead(tx: Transaction, now: datetime) -> None:
    """Let the database plan how a batch is written; nothing is."""
    for name in ("record/found_customers", "record/create_customers", "record/give_owners"):
        await tx.run(name, batch={"rows": []}, now=now)
    await tx.run("record/write_batch", batch=_batch(Writes(), {}, _NOTHING), now=now)
    await apply_again(tx, batch_again(Writes(), Recalled(), None), now)


def _batch(writes: Writes, founded: Mapping[str, CustomerFacts], known: Known, met: Met = NOBODY_MET) -> dict[str, Any]:
    """The batch of `record/write_batch`: what changed by more than one more sighting has rows of its own.

    founded: customers who are written already.
    """
    again = writes.again
    used: list[list[Any]] = []
    seen: list[list[Any]] = []
    for one in again.identifiers:
        if one.last_event_at == one.stored_event_at:
            seen.append([one.node, *to_epoch(one.last_seen)])
        else:
            used.append([one.node, *to_epoch(one.last_seen), *to_epoch(one.last_event_at)])
    new = [link for link in writes.changed.links if link.is_new]
    held = known.identifiers
    return {
        "identifiers": [{**identifier_row(facts), "node": facts.node} for facts in writes.changed.identifiers],
        "usedAgain": used,
        "seenAgain": seen,
        "links": [
            {**_link_row(link), "one": held[link.between[0]].node, "other": held[link.between[1]].node} for link in new
        ],
        "shownAgain": [shown_row(link) for link in again.links],
        "pairs": [pair_text(link.between) for link in new],
        "events": [[held[row["subject"]].node, row["s"], row["ns"], row["properties"]] for row in writes.events],
        "statements": writes.statements,
        "customers": [customer_row(facts) for facts in writes.changed.customers if facts.id not in founded],
        "seenCustomers": [[facts.node, *to_epoch(facts.last_seen)] for facts in again.customers],
        "met": met.strangers,
        "keeper": met.keeper if met.strangers else None,
    }


async def keep_conflicts(tx: Transaction, refusals: Sequence[Refusal], ids: NewIds) -> None:
    """Keep refused evidence for review, each pair once."""
    rows = [
        {
            "pair": pair_text(refusal.between),
            "at": to_wire(refusal.first),
            "last": to_wire(refusal.last),
            "count": refusal.count,
            "now": {"code": refusal.code, "kind": refusal.kind, "limit": refusal.limit, "actual": refusal.actual},
            "first": {
                "id": ids.conflict(),
                "one": refusal.between[0],
                "other": refusal.between[1],
                "subject": refusal.subject.key,
                "identifier": refusal.identifier.key,
                "source": refusal.source,
                "message": refusal.message,
            },
        }
        for refusal in refusals
    ]
    if rows:
        await tx.run("record/keep_conflicts", rows=sorted(rows, key=lambda row: str(row["pair"])))


def pair_text(between: Pair) -> str:
    """How a pair is written in one property; no key holds a line break."""
    return "\n".join(between)


def _founded(writes: Writes) -> dict[str, CustomerFacts]:
    """New customers who are written whole at once, by id: those whom no merge touches."""
    if not writes.new_customers:
        return {}
    touched = {customer for one in writes.absorbed for customer in (one.id, one.into)}.union(writes.recompute)
    new = {one.id for one in writes.new_customers} - touched
    return {facts.id: facts for facts in writes.customers if facts.id in new}


def _is_first(spells: Sequence[Spell], founded: Mapping[str, CustomerFacts]) -> bool:
    """Whether an identifier that was nobody's is a new customer's, who is written whole at once."""
    return len(spells) == 1 and spells[0].since is not None and spells[0].customer in founded


def _founded_rows(
    founded: Mapping[str, CustomerFacts], first: Mapping[str, Spell], known: Known
) -> list[dict[str, Any]]:
    owned: dict[str, list[list[Any]]] = {customer: [] for customer in founded}
    for key, spell in first.items():
        owned[spell.customer].append([known.identifiers[key].node, *to_epoch(spell.since)])
    rows = []
    for facts in founded.values():
        row = customer_row(facts)
        properties = {"id": facts.id, "traits": "{}", "traitTimes": "{}", **row["properties"]}
        created = to_epoch(facts.created_at)
        rows.append({**row, "properties": properties, "created": created, "owned": owned[facts.id]})
    return rows


def _owner_row(key: str, spells: Sequence[Spell]) -> dict[str, Any]:
    stored = [spell for spell in spells if spell.since is None]
    made = [spell for spell in spells if spell.since is not None]
    return {
        "key": key,
        "left": stored[0].until if stored else None,
        "leftBy": stored[0].merge if stored else None,
        "past": [_spell_row(spell) for spell in made[:-1]],
        "customer": made[-1].customer,
        "since": made[-1].since,
    }


def _relink_row(path: Sequence[Spell]) -> dict[str, Any]:
    own, *between, last = path
    return {
        "id": own.customer,
        "left": own.until,
        "leftBy": own.merge,
        "past": [_spell_row(spell) for spell in between],
        "customer": last.customer,
        "since": last.since,
    }


def _spell_row(spell: Spell) -> dict[str, Any]:
    return {"customer": spell.customer, "since": spell.since, "until": spell.until, "merge": spell.merge}


_CAUSE_BY_TYPE = {"track": "EVIDENCE", "identify": "EVIDENCE", "alias": "ALIAS"}


def _merge_row(absorbed: Absorption) -> dict[str, Any]:
    cause = absorbed.cause
    return {
        "id": absorbed.id,
        "into": absorbed.into,
        "merge": absorbed.merge,
        "at": absorbed.at,
        "cause": _CAUSE_BY_TYPE.get(cause.type, cause.type),
        "type": cause.type,
        "message": cause.message,
        "source": cause.source,
        "reason": cause.reason,
        "swapped": absorbed.swapped or None,
    }


async def recompute_customers(tx: Transaction, customer_ids: Sequence[str], now: datetime) -> None:
    """Bring what customers derive from their identifiers up to date: counts, times and traits."""
    rows = await tx.run("record/read_members", ids=list(customer_ids))
    facts = [_facts_of_members(row) for row in rows]
    tx.tell(changes_of_recomputed(facts, {row["id"]: row["traits"] for row in rows}))
    await tx.run("record/write_batch", batch=_batch(Writes(customers=facts), {}, _NOTHING), now=now)


def _facts_of_members(row: dict[str, Any]) -> CustomerFacts:
    counts: dict[str, int] = {}
    traits: list[dict[str, Stamped]] = []
    for member in row["members"]:
        counts[member["kind"]] = counts.get(member["kind"], 0) + 1
        traits.append(from_text(member["traits"]))
    return CustomerFacts(
        row["id"],
        row["createdAt"],
        min((member["firstSeen"] for member in row["members"]), default=None),
        max((member["lastSeen"] for member in row["members"]), default=None),
        {**dict.fromkeys(row["kinds"], 0), **counts},
        latest(*traits),
        traits_changed=True,
    )


def customer_row(facts: CustomerFacts) -> dict[str, Any]:
    """A row of `customers` of `record/write_batch`."""
    return {
        "id": facts.id,
        "properties": {
            "identifiers": sum(facts.counts.values()),
            # A property of None is removed: a kind that is left with none.
            **{f"{COUNT_PREFIX}{kind}": count or None for kind, count in facts.counts.items()},
            **(_trait_properties(facts) if facts.traits_changed else {}),
        },
        "flattened": flattened(visible(facts.traits)) if facts.traits_changed else None,
        "times": _times(facts.first_seen, facts.last_seen),
    }


def _trait_properties(facts: CustomerFacts) -> dict[str, Any]:
    values, origins = to_texts(facts.traits)
    return {"traits": values, "traitTimes": origins, "searchText": search_text(visible(facts.traits)) or None}


def identifier_row(facts: IdentifierFacts) -> dict[str, Any]:
    """A row of `identifiers` of `record/write_batch`."""
    return {
        "key": facts.identifier.key,
        "properties": {
            "sources": list(facts.sources),
            "traits": to_text(facts.traits) if facts.traits else None,
        },
        "times": _times(facts.first_seen, facts.last_seen, facts.first_event_at, facts.last_event_at),
    }


def _times(*times: datetime | None) -> list[int | None]:
    return [part for time in times for part in to_epoch(time)]


def _link_row(link: LinkFacts) -> dict[str, Any]:
    one, other = link.between
    return {
        "one": one,
        "other": other,
        "id": link.id,
        "properties": {
            "id": link.id,
            "count": link.count,
            "source": link.source,
            "event": link.event,
            "endedBy": link.ended_by,
            "byHand": link.by_hand or None,
        },
        "times": _times(link.first_seen, link.last_seen, link.ended_at),
    }
