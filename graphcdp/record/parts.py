"""Takes customers apart: ends evidence, finds what still connects, gives each part its id. One transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from graphcdp.model.changes import Created, Part, Split
from graphcdp.model.errors import DatabaseConflictError
from graphcdp.model.identifiers import Identifier
from graphcdp.record import segments
from graphcdp.record.apply import recompute_customers
from graphcdp.record.ids import NewIds
from graphcdp.resolve.rules import IdentityRules
from graphcdp.resolve.split import Division, Former, Member, divide, joined
from graphcdp.store import Transaction


class SplitCause(StrEnum):
    """Why a customer was taken apart."""

    CUT = "CUT"  # one piece of evidence was cut
    SPLIT = "SPLIT"  # named identifiers were split off
    UNDO = "UNDO"  # a merge was undone
    RULES = "RULES"  # the rules were changed


@dataclass(frozen=True, slots=True)
class Parted:
    """customer: who keeps the id. separated: ids of those that came out of it."""

    customer: str
    separated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LinkEnd:
    """Evidence that counts between two identifiers of one customer; keys, the smaller first."""

    id: str
    one: str
    other: str


async def lock_members(tx: Transaction, customer_id: str) -> dict[str, Member]:
    """Lock a customer and all its identifiers, in the order of all writers; its members by key.

    What is to be taken apart is locked before it is looked at. Each merge's
    customers have the nodes that their ids stand for after this: merging must not
    cost by the bigger side, whoever locks all of it pays that anyway. Raises
    DatabaseConflictError when it changed meanwhile: the work is to be run again.
    """
    before = await keys_of(tx, customer_id)
    await tx.run("record/part_lock", keys=before)
    await tx.run("record/part_lock_customer", id=customer_id)
    rows = await tx.run("record/part_members", id=customer_id)
    members = {
        row["key"]: Member(Identifier(row["kind"], row["value"]), datetime.fromisoformat(row["firstSeen"]))
        for row in rows
    }
    if sorted(members) != before or not members:
        raise DatabaseConflictError("The customer changed at the same moment: ask again.")
    for row in await tx.run("record/part_swapped", id=customer_id):
        await tx.run("record/part_unswap", id=customer_id, merge=row["merge"])
    return members


async def keys_of(tx: Transaction, customer_id: str) -> list[str]:
    """The keys of a customer's identifiers, sorted; none for an unknown customer."""
    return sorted([row["key"] for row in await tx.run("record/part_keys", id=customer_id)])


async def read_inner_links(tx: Transaction, customer_id: str) -> list[LinkEnd]:
    """The evidence that counts between identifiers of a customer, in the order of arrival."""
    rows = await tx.run("record/part_links", id=customer_id)
    return [LinkEnd(row["id"], row["one"], row["other"]) for row in rows]


async def part_customer(
    tx: Transaction,
    customer_id: str,
    members: Mapping[str, Member],
    *,
    ends: Sequence[str],
    ended_by: str,
    cause: SplitCause,
    rules: IdentityRules,
    now: datetime,
    ids: NewIds,
    sides: Sequence[Collection[str]] = (),
    keeper: Collection[str] = (),
    reason: str | None = None,
    merge: str | None = None,
) -> Parted:
    """End evidence of a customer, and let it fall into the parts that the rest connects.

    members: as `lock_members` gave them. ends: ids of links. ended_by: `cut` keeps the two apart until it is allowed
    again, `rules` until new evidence. sides: keys that stay together whatever
    connects them. keeper: keys, the strongest of which is in the part that keeps
    the id. merge: the one that is undone. Traits and rollups are those of each
    part's identifiers, memberships follow; events stay with their identifiers.
    """
    if ends:
        await tx.run("record/part_end_links", id=customer_id, links=list(ends), by=ended_by, now=now)
    components = joined(await _components(tx, customer_id, members), sides)
    if len(components) == 1:
        return Parted(customer_id)
    formers = await _formers(tx, customer_id)
    division = divide(customer_id, members, components, formers, rules, keeper)
    parts = await _give_ids(tx, division, now, ids)
    log: list[dict[str, Any]] = [
        {
            "id": ids.split(),
            "customer": customer_id,
            "part": part,
            "cause": cause.value,
            "identifiers": sorted(keys),
            "merge": merge,
            "reason": reason,
        }
        for part, keys in parts[1:]
    ]
    await tx.run("record/create_splits", rows=log, now=now)
    tx.tell([Split(customer_id, tuple(Part(r["part"], r["id"], tuple(r["identifiers"])) for r in log), cause.value)])
    touched = [part for part, _ in parts]
    await recompute_customers(tx, touched, now)
    await segments.refresh(tx, touched, now)
    return Parted(customer_id, tuple(touched[1:]))


async def _components(tx: Transaction, customer_id: str, keys: Iterable[str]) -> list[frozenset[str]]:
    """What the evidence that counts still connects."""
    waiting = {row["key"] for row in await tx.run("record/part_linked", id=customer_id)}
    components = [frozenset((key,)) for key in keys if key not in waiting]
    while waiting:
        first = min(waiting)
        reached = {row["key"] for row in await tx.run("record/part_component", key=first)}
        component = (reached | {first}) & waiting
        components.append(frozenset(component))
        waiting -= component
    return components


async def _formers(tx: Transaction, customer_id: str) -> list[Former]:
    rows = await tx.run("record/part_formers", id=customer_id)
    return [Former(row["id"], row["createdAt"], row["into"], frozenset(row["held"])) for row in rows]


async def _give_ids(
    tx: Transaction, division: Division, now: datetime, ids: NewIds
) -> list[tuple[str, frozenset[str]]]:
    """Make the parts customers; their ids and keys, the one that keeps the id first."""
    named = [(part.customer or ids.customer(), part.keys) for part in division.parts]
    made: list[dict[str, Any]] = [
        {"id": customer, "at": now}
        for (customer, _), part in zip(named, division.parts, strict=True)
        if part.customer is None
    ]
    if made:
        await tx.run("record/create_customers", batch={"rows": made}, now=now)
        tx.tell(Created(row["id"]) for row in made)
    if division.given_back:
        await tx.run("record/part_revive", ids=sorted(division.given_back), now=now)
    if division.follows:
        rows = [{"id": former, "customer": named[place][0]} for former, place in division.follows.items()]
        await tx.run("record/part_lead", rows=rows)
    moves = [{"key": key, "customer": customer} for customer, keys in named[1:] for key in sorted(keys)]
    await tx.run("record/part_move", rows=moves, now=now)
    return named
