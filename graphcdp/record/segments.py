"""Memberships, kept up to date with each write. Source: docs/segments.md, rules 9 to 12.

`follow` runs inside the recorder's transaction; `bring` is what everything that
moves members comes to. What moves members without a write is in
segment_builds.py, segment_moments.py and segment_upkeep.py, edits are in segment_edits.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
import structlog

from graphcdp.model.changes import SegmentEntered, SegmentExited
from graphcdp.model.errors import InvalidReferenceError
from graphcdp.model.predicates import Predicate, parse_predicate
from graphcdp.plan.members import NO_MOMENT
from graphcdp.plan.members import moves as statement_of_moves
from graphcdp.plan.moments import moment
from graphcdp.plan.where import condition
from graphcdp.segment.concern import Touched, concerned
from graphcdp.segment.definitions import Definition, SegmentNames
from graphcdp.segment.membership import in_order, moves
from graphcdp.store import Store, Transaction

CLEARED_AT_ONCE = 10_000

log = structlog.get_logger("graphcdp.segments")


async def refresh(tx: Transaction, customer_ids: Iterable[str], now: datetime) -> None:
    """Bring the memberships of these customers up to date, in all segments that are live or building. See `follow`."""
    await follow(tx, {customer: Touched(anything=True) for customer in customer_ids}, now)


async def follow(tx: Transaction, touched: dict[str, Touched], now: datetime) -> None:
    """Bring memberships up to date in the segments whose rules mention what became different of these customers.

    For the write transaction that changed the customers, after its changes and
    with the customers locked. Without segments it costs one small read.
    """
    if not touched:
        return
    for definition, ids in concerned(in_order(await definitions(tx)), touched):
        await bring(tx, definition, ids, now)


async def bring_all(
    tx: Transaction, wanted: Mapping[str, Iterable[str]], now: datetime, *, known: Sequence[Definition] | None = None
) -> None:
    """Bring memberships up to date in these segments for these customers, and for who moves in those that name them.

    wanted: customers, who are locked, by segment. known: the segments, where the caller has read them.
    """
    ordered = in_order(await definitions(tx) if known is None else known)
    names = SegmentNames(ordered)
    moved: dict[str, set[str]] = {}
    for definition in ordered:
        ids = set(wanted.get(definition.id, ()))
        ids.update(*(moved.get(named, ()) for named in names.named_by(definition.rule)))
        if ids:
            moved[definition.id] = await bring(tx, definition, sorted(ids), now, due=definition.id in wanted)


async def bring(
    tx: Transaction, definition: Definition, ids: Sequence[str], now: datetime, *, due: bool = False
) -> set[str]:
    """Bring memberships in one segment up to date, and when they are to be looked at again. Returns who moved.

    ids: of customers who are locked, ascending. due: some may be due although
    time no longer changes the segment.
    """
    at = moment(definition.rule, now) or (NO_MOMENT if due else None)
    where = condition(definition.rule, now)
    rows = await tx.run_generated(statement_of_moves(where, definition.id, ids, now, at))
    moved = moves({row["id"]: row["should"] for row in rows if row["moves"]})
    if moved.left:
        left = await tx.run("segment/leave", segment=definition.id, ids=list(moved.left))
        tx.tell(SegmentExited(row["id"], definition.id, definition.key) for row in left)
    if moved.entered:
        entered = await tx.run("segment/enter", segment=definition.id, ids=list(moved.entered), now=now)
        tx.tell(SegmentEntered(row["id"], definition.id, definition.key) for row in entered)
    await _keep_moments(tx, definition, [row for row in rows if row["timed"]])
    return {*moved.left, *moved.entered}


async def _keep_moments(tx: Transaction, definition: Definition, rows: Sequence[dict[str, Any]]) -> None:
    later = [{"id": row["id"], "at": row["at"]} for row in rows if row["at"] is not None]
    never = [row["id"] for row in rows if row["at"] is None]
    if never:
        await tx.run("segment/due_drop", segment=definition.id, ids=never)
    if later:
        (row,) = await tx.run("segment/due_set", segment=definition.id, rows=later)
        if row["earliest"] is not None:
            tx.comes_due(row["earliest"])


async def clear_retired(store: Store) -> None:
    """Take everybody out of deleted segments, then remove them."""

    async def clear(tx: Transaction) -> int:
        rows = await tx.run("segment/clear_retired", limit=CLEARED_AT_ONCE)
        tx.tell(SegmentExited(row["customer"], row["segment"], row["key"]) for row in rows)
        return len(rows)

    async def clear_due(tx: Transaction) -> int:
        (row,) = await tx.run("segment/clear_due", limit=CLEARED_AT_ONCE)
        return int(row["cleared"])

    while await store.transact(clear):
        pass
    while await store.transact(clear_due):
        pass
    await store.transact(lambda tx: tx.run("segment/drop_retired"))


@lru_cache(maxsize=1000)
def readable_rule(text: str) -> Predicate | None:
    """The rule that a segment keeps as JSON; None when this version cannot read it."""
    try:
        return parse_predicate(orjson.loads(text))
    except (InvalidReferenceError, ValueError):
        log.warning("rule of a segment is not readable", rule=text)
        return None


async def definitions(source: Store | Transaction) -> list[Definition]:
    """The segments to keep up to date, by id. One whose rule is not readable keeps its members."""
    read = source.read if isinstance(source, Store) else source.run
    found = []
    for row in await read("segment/definitions"):
        rule = readable_rule(row["rule"])
        if rule is not None:
            found.append(
                Definition(row["id"], row["key"], rule, row["status"] == "BUILDING", row["version"], row["edited"])
            )
    return found
