"""Memberships, kept up to date with each write and with time. Source: docs/segments.md, rules 9 to 12.

`follow` runs inside the recorder's transaction, `fill` over all customers
when a rule is new, `sweep` now and then for what time alone changes. Edits of
segments are in segment_edits.py.
"""

import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

import orjson
import structlog

from graphcdp.model.changes import SegmentEntered, SegmentExited
from graphcdp.model.errors import InvalidReferenceError
from graphcdp.model.predicates import Predicate, parse_predicate
from graphcdp.plan.members import Asked, differing, moves
from graphcdp.plan.where import condition, condition_of_row
from graphcdp.segment.concern import Touched, concerned
from graphcdp.segment.definitions import Definition
from graphcdp.segment.membership import levels, to_sweep
from graphcdp.store import Store, Transaction

PAGE = 5000
"""Customers whose membership is compared in one read."""
CHUNK = 1000
"""Customers who are locked and moved in one transaction."""
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
    ordered = levels(await _definitions(tx))
    asked = {one.id: (one, ids) for one, ids in concerned([one for level in ordered for one in level], touched)}
    for level in ordered:
        await _compare(tx, [asked[one.id] for one in level if one.id in asked], now)


async def _compare(tx: Transaction, asked: Sequence[tuple[Definition, Sequence[str]]], now: datetime) -> None:
    """Move those of the customers whom the rules of these segments move; no rule names another one's segment."""
    key_by_id = {one.id: one.key for one, _ in asked}
    found = [
        row
        for statement in moves(Asked(one.id, condition_of_row(one.rule, now), ids) for one, ids in asked)
        for row in await tx.run_generated(statement)
    ]
    entering, leaving = (
        sorted(
            ({"customer": row["id"], "segment": row["segment"]} for row in found if row["should"] is should), key=_place
        )
        for should in (True, False)
    )
    if leaving:
        rows = await tx.run("segment/leave", moves=leaving)
        tx.tell(SegmentExited(row["customer"], row["segment"], key_by_id[row["segment"]]) for row in rows)
    if entering:
        rows = await tx.run("segment/enter", moves=entering, now=now)
        tx.tell(SegmentEntered(row["customer"], row["segment"], key_by_id[row["segment"]]) for row in rows)


def _place(move: dict[str, str]) -> tuple[str, str]:
    return move["segment"], move["customer"]


async def sweep(store: Store, now: datetime) -> None:
    """Bring up to date what no write does.

    Memberships that time alone changes, segments whose first computation did
    not end, and what is left of deleted ones. Safe to run in several processes.
    """
    await clear_retired(store)
    for definition in to_sweep(await _definitions(store), now):
        await fill(store, definition, now)


async def fill(store: Store, definition: Definition, now: datetime, *, budget_s: float | None = None) -> bool:
    """Compare all customers with the segment's rule and move those who differ; then a building segment is live.

    now: the time at the start. budget_s: when this is used up, the rest is left
    for the next sweep. Returns whether everybody was compared.
    """
    started = time.monotonic()
    after = ""
    while True:
        elapsed_s = time.monotonic() - started
        if budget_s is not None and elapsed_s > budget_s:
            return False
        moment = now + timedelta(seconds=elapsed_s)
        where = condition(definition.rule, moment)
        rows = await store.read_generated(differing(where, definition.id, after=after, limit=PAGE))
        if rows[0]["last"] is None:
            break
        after = rows[0]["last"]
        ids = sorted(rows[0]["ids"])
        for start in range(0, len(ids), CHUNK):
            await _move(store, ids[start : start + CHUNK], moment)
    if definition.building:
        await store.transact(lambda tx: tx.run("segment/built", id=definition.id, version=definition.version))
    return True


async def clear_retired(store: Store) -> None:
    """Take everybody out of deleted segments, then remove them."""

    async def clear(tx: Transaction) -> int:
        rows = await tx.run("segment/clear_retired", limit=CLEARED_AT_ONCE)
        tx.tell(SegmentExited(row["customer"], row["segment"], row["key"]) for row in rows)
        return len(rows)

    while await store.transact(clear):
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


async def _move(store: Store, customer_ids: Sequence[str], now: datetime) -> None:
    """Move those of the customers who still differ.

    They were compared without a lock; so they are locked and compared again,
    now with all segments, since rules may name the segment.
    """

    async def work(tx: Transaction) -> None:
        await tx.run("record/lock_customers", ids=list(customer_ids))
        await refresh(tx, customer_ids, now)

    await store.transact(work)


async def _definitions(source: Store | Transaction) -> list[Definition]:
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
