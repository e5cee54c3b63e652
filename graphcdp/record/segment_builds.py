"""The members of one segment, from all customers. Source: docs/segments.md, rule 13.

`build` does it as a job, which survives a stop and goes on from its cursor; it
locks a page of customers and compares them with the rule. `fill` goes through
them when hardly any differ: it compares without locks, then those again who do.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from graphcdp.model.statement import Statement
from graphcdp.plan.members import differing, locked_page
from graphcdp.plan.moments import NO_MOMENT, moment
from graphcdp.plan.where import condition
from graphcdp.record.jobs import JobKind, JobState, Work, queue_job, run_job
from graphcdp.record.segments import bring, definitions
from graphcdp.segment.definitions import Definition
from graphcdp.segment.membership import levels
from graphcdp.store import Store, Transaction

PAGE = 10_000
"""Customers who are compared in one read, and at most so many moved in one transaction."""
LOCKED_PAGE_MIN = 500
LOCKED_S = 0.1
"""How long a page of a build locks its customers, about: whoever writes waits for so long."""
FOLLOWED_S = 0.1
SUPERSEDED = "The segment was edited, paused or deleted meanwhile."


async def build(store: Store, definition: Definition, now: datetime, *, budget_s: float) -> None:
    """Compute the members of a segment that is building, by a job; then it is live.

    budget_s: when this is used up, the rest is left for whoever runs jobs in the background.
    """
    started = time.monotonic()

    def clock() -> datetime:
        return now + timedelta(seconds=time.monotonic() - started)

    job = await store.transact(lambda tx: _queue(tx, definition, now))
    while True:
        left_s = budget_s - (time.monotonic() - started)
        state = await run_job(store, job, {JobKind.SEGMENT: begin}, clock=clock, budget_s=left_s)
        if state is None or state.is_over or left_s <= 0:
            return
        # Another process took it up.
        await asyncio.sleep(FOLLOWED_S)


async def build_waiting(store: Store, now: datetime) -> None:
    """Compute the members of all segments that are building. Those that a rule names come first."""
    for definition in [one for level in levels(await definitions(store)) for one in level]:
        if definition.building:
            await build(store, definition, now, budget_s=math.inf)


async def queue_builds(store: Store, building: Sequence[Definition], now: datetime) -> None:
    """Queue a job for each of these segments that nobody builds: whoever edited it was stopped in between."""
    if not building:
        return
    rows = await store.read("segment/unbuilt")
    requests = [orjson.loads(row["request"]) for row in rows]
    known = {(request["segment"], request["version"]) for request in requests}
    for definition in building:
        if (definition.id, definition.version) not in known:
            await store.transact(lambda tx, one=definition: _queue(tx, one, now))  # type: ignore[misc]  # one is bound


async def fill(store: Store, definition: Definition, now: datetime) -> None:
    """Compare all customers with the segment's rule and move those who differ. now: the time at the start."""
    started = time.monotonic()
    after: str | None = ""
    while after is not None:
        moment_now = now + timedelta(seconds=time.monotonic() - started)
        after, ids = await compared(store.read_generated, definition, after, moment_now)
        if ids:
            await store.transact(lambda tx, ids=ids, at=moment_now: move(tx, definition, ids, at))  # type: ignore[misc]


async def move(tx: Transaction, definition: Definition, ids: Iterable[str], now: datetime) -> None:
    """Lock customers, and move those who differ from the rule, also in segments that name this one."""
    chosen = sorted(ids)
    tx.concerns(chosen)
    await tx.run("record/lock_customers", ids=chosen)
    await bring(tx, {definition.id: chosen}, now)


async def begin(store: Store, state: JobState) -> Work | str:
    """What a job of this kind does."""
    definition = _building(await definitions(store), state.request["segment"], state.request["version"])
    return SUPERSEDED if definition is None else _work(definition)


def _work(definition: Definition) -> Work:
    async def total(tx: Transaction) -> int:
        return int((await tx.run("segment/customers_total"))[0]["total"])

    size = min(PAGE, LOCKED_PAGE_MIN * 2)

    async def page(tx: Transaction, state: JobState, now: datetime, found: Any) -> JobState:
        nonlocal size
        began = time.monotonic()
        known = await definitions(tx)
        if _building(known, definition.id, definition.version) is None:
            return state.failed(SUPERSEDED)
        where, at = condition(definition.rule, now), moment(definition.rule, now) or NO_MOMENT
        (row,) = await tx.run_generated(
            locked_page(where, definition.id, after=state.cursor, limit=size, now=now, at=at)
        )
        last = row["last"]
        if last is None:
            await tx.run("segment/built", id=definition.id, version=definition.version)
            return state.ended()
        names = ("id", "should", "moves", "timed", "at")
        rows = [{"segment": definition.id, **dict(zip(names, one, strict=True))} for one in row["found"]]
        await bring(tx, {}, now, known=known, found={definition.id: rows})
        done = min(state.done + size, state.total)
        size = next_size(size, time.monotonic() - began)
        return replace(state, cursor=last, done=done)

    return Work(total, page)


def next_size(size: int, took_s: float) -> int:
    """How many customers the page after one of this size has, which took so long; at most twice as many."""
    fitting = int(size * min(2.0, LOCKED_S / max(took_s, 0.001)))
    return min(PAGE, max(LOCKED_PAGE_MIN, fitting))


def _building(known: Iterable[Definition], segment_id: str | None, version: Any) -> Definition | None:
    return next((one for one in known if one.id == segment_id and one.building and one.version == version), None)


async def _queue(tx: Transaction, definition: Definition, now: datetime) -> str:
    request = {"segment": definition.id, "version": definition.version}
    return await queue_job(tx, JobKind.SEGMENT, now, request=request, segment=definition.id)


async def compared(
    read: Callable[[Statement], Awaitable[list[dict[str, Any]]]], definition: Definition, after: str, now: datetime
) -> tuple[str | None, list[str]]:
    """A page of customers behind this one: the last one's id, None behind the end; and who differs."""
    where, at = condition(definition.rule, now), moment(definition.rule, now)
    (row,) = await read(differing(where, definition.id, after=after, limit=PAGE, at=at))
    return row["last"], row["ids"]
