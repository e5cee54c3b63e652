"""Memberships, kept up to date with each write. Source: docs/segments.md, rules 9 to 12.

`follow` runs inside the recorder's transaction; `bring` does the same
for customers of some segments. What moves members without a write is in
segment_builds.py, segment_moments.py and segment_upkeep.py, edits are in segment_edits.py.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
import structlog

from graphcdp.model.changes import SegmentEntered, SegmentExited
from graphcdp.model.errors import InvalidReferenceError
from graphcdp.model.predicates import Predicate, parse_predicate
from graphcdp.plan.members import Asked, moves
from graphcdp.plan.moments import NO_MOMENT, moment_of_row
from graphcdp.plan.where import condition_of_row
from graphcdp.segment.concern import Concerned, Touched, concerned
from graphcdp.segment.definitions import Definition, SegmentNames
from graphcdp.segment.growth import made_by_events
from graphcdp.segment.membership import levels
from graphcdp.store import Store, Transaction

CLEARED_AT_ONCE = 10_000
STAYS_KEPT_MAX = 100
"""Of the stays of one customer in one segment that are over, how many are kept; the oldest are forgotten."""

log = structlog.get_logger("graphcdp.segments")


async def refresh(tx: Transaction, customer_ids: Iterable[str], now: datetime) -> None:
    """Bring the memberships of these customers up to date, in all segments that are live or building. See `follow`."""
    await follow(tx, {customer: Touched(anything=True) for customer in customer_ids}, now)


async def follow(tx: Transaction, touched: dict[str, Touched], now: datetime, edition: str | None = None) -> None:
    """Bring memberships up to date in the segments whose rules mention what became different of these customers.

    For the write transaction that changed the customers, after its changes and
    with the customers locked. Without segments it costs one small read, or none when
    the edition of the segments is known, as it was after the customers were locked.
    """
    if not touched:
        return
    known = None if edition is None else _found_by_edition.get(edition)
    ordered = levels(await definitions(tx) if known is None else known)
    asked = {one.definition.id: one for one in concerned([one for level in ordered for one in level], touched, now)}
    for level in ordered:
        await _compare(tx, [asked[one.id] for one in level if one.id in asked], now)


def unmoved(touched: dict[str, Touched], now: datetime) -> str | None:
    """The edition of the segments in none of which these may move anybody; None when that is not known."""
    edition, found = _at_hand()
    # Of no segment at all there is nothing to find out.
    return None if found and any(concerned(found, touched, now)) else edition


async def plan_ahead(tx: Transaction, now: datetime) -> None:
    """Let the database plan what a write asks of segments; nothing is written."""
    await _compare(tx, [Concerned(one, [], frozenset()) for one in await definitions(tx)], now)
    await tx.run("segment/lock_moved", batch={"segments": []})
    await tx.run("segment/leave", batch={"moves": []}, now=now, kept=STAYS_KEPT_MAX)
    await tx.run("segment/enter", batch={"moves": []}, now=now)
    await tx.run("segment/due_set", batch={"rows": []})
    await tx.run("segment/due_drop", batch={"rows": []})


async def bring(
    tx: Transaction,
    wanted: Mapping[str, Iterable[str]],
    now: datetime,
    *,
    known: Sequence[Definition] | None = None,
    found: Mapping[str, list[dict[str, Any]]] | None = None,
) -> None:
    """Bring memberships up to date in these segments for these customers, and for who moves in those that name them.

    wanted: customers, who are locked, by segment; they may be due although time no
    longer moves the segment. known: the segments, where the caller has read them.
    found: rows of `plan.members.moves` that it has, by segment; these are not asked again.
    """
    ordered = levels(await definitions(tx) if known is None else known)
    names = SegmentNames([one for level in ordered for one in level])
    moved: dict[str, set[str]] = defaultdict(set)
    there = found or {}
    for level in ordered:
        asked = []
        for one in level:
            ids = set(wanted.get(one.id, ()))
            ids.update(*(moved[named] for named in names.named_by(one.rule)))
            if ids:
                asked.append(Concerned(one, sorted(ids), frozenset()))
        done = await _compare(tx, asked, now, due=True)
        for one in level:
            if one.id in there:
                done += await _apply(tx, there[one.id], [one], now)
        for move in done:
            moved[move["segment"]].add(move["customer"])


async def _compare(
    tx: Transaction, asked: Sequence[Concerned], now: datetime, *, due: bool = False
) -> list[dict[str, str]]:
    """Move those of the customers whom the rules of these segments move; none of these names another one of them.

    Also keeps when they are to be looked at again. due: some may be due although
    time no longer moves the segment. Returns who moved.
    """
    no_moment = NO_MOMENT if due else None
    questions = [
        Asked(
            one.id,
            condition_of_row(one.rule, now),
            ids,
            moment_of_row(one.rule, now) or no_moment,
            grown,
            made_by_events(one.rule),
        )
        for one, ids, grown in asked
    ]
    found = [row for statement in moves(questions, now) for row in await tx.run_generated(statement)]
    return await _apply(tx, found, [one.definition for one in asked], now)


async def _apply(
    tx: Transaction, found: Sequence[dict[str, Any]], of: Sequence[Definition], now: datetime
) -> list[dict[str, str]]:
    """Move who is to be moved in these segments, and keep moments. found: rows of `moves`. Returns who moved."""
    key_by_id = {one.id: one.key for one in of}
    touched = sorted({row["segment"] for row in found})
    if not touched:
        return []
    await tx.run("segment/lock_moved", batch={"segments": touched})
    entering, leaving = (
        sorted((_place_of(row) for row in found if row["moves"] and row["should"] is should), key=_order)
        for should in (True, False)
    )
    if leaving:
        rows = await tx.run("segment/leave", batch={"moves": leaving}, now=now, kept=STAYS_KEPT_MAX)
        tx.tell(SegmentExited(row["customer"], row["segment"], key_by_id[row["segment"]]) for row in rows)
    if entering:
        rows = await tx.run("segment/enter", batch={"moves": entering}, now=now)
        tx.tell(SegmentEntered(row["customer"], row["segment"], key_by_id[row["segment"]]) for row in rows)
    await _keep_moments(tx, [{**_place_of(row), "at": row["at"]} for row in found if row["timed"]])
    return [*entering, *leaving]


async def _keep_moments(tx: Transaction, timed: Sequence[dict[str, str]]) -> None:
    later = sorted((row for row in timed if row["at"] is not None), key=_order)
    never = sorted((row for row in timed if row["at"] is None), key=_order)
    if never:
        await tx.run("segment/due_drop", batch={"rows": never})
    if later:
        (row,) = await tx.run("segment/due_set", batch={"rows": later})
        if row["earliest"] is not None:
            tx.comes_due(row["earliest"])


def _place_of(row: dict[str, Any]) -> dict[str, str]:
    return {"customer": row["id"], "segment": row["segment"]}


def _order(move: dict[str, str]) -> tuple[str, str]:
    return move["segment"], move["customer"]


async def clear_retired(store: Store, now: datetime) -> None:
    """Take everybody out of deleted segments, then remove them."""

    async def clear(tx: Transaction) -> int:
        rows = await tx.run("segment/clear_retired", limit=CLEARED_AT_ONCE, now=now)
        tx.tell(SegmentExited(row["customer"], row["segment"], row["key"]) for row in rows)
        return len(rows)

    async def clear_waiting(tx: Transaction) -> int:
        (row,) = await tx.run("segment/clear_waiting", limit=CLEARED_AT_ONCE)
        return int(row["cleared"])

    while await store.transact(clear):
        pass
    while await store.transact(clear_waiting):
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


_found_by_edition: dict[str, tuple[Definition, ...]] = {}
"""The segments as they were read last, by an edition that no other state of segments, of any graph, has."""


def _at_hand() -> tuple[str | None, tuple[Definition, ...]]:
    """The segments as they were read last, with their edition; None before."""
    return next(iter(_found_by_edition.items()), (None, ()))


async def definitions(source: Store | Transaction) -> tuple[Definition, ...]:
    """The segments to keep up to date, by id. One whose rule is not readable keeps its members."""
    read = source.read if isinstance(source, Store) else source.run
    # At hand from here on: another writer may read other ones meanwhile.
    known, kept = _at_hand()
    (row,) = await read("segment/definitions", known=known)
    edition = row["edition"]
    if edition is not None and edition == known:
        return kept
    found = tuple(
        Definition(segment_id, key, rule, building, version, edited)
        for segment_id, key, text, building, version, edited in row["found"]
        if (rule := readable_rule(text)) is not None
    )
    _found_by_edition.clear()
    if edition is not None:
        _found_by_edition[edition] = found
    return found
