"""Segments, their members, and the segments of customers."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
import structlog

from graphcdp.model.errors import DatabaseTimeoutError
from graphcdp.model.predicates import Predicate, SegmentName, parse_predicate
from graphcdp.model.statement import Statement
from graphcdp.plan.anchors import anchors, count_from, opposite, size
from graphcdp.plan.members import count, meeting
from graphcdp.plan.samples import Estimate, estimate, sampled
from graphcdp.plan.where import condition
from graphcdp.read.pages import Page, Slice, cursor, page_of, sliced
from graphcdp.read.rows import Row, many_each, one_each
from graphcdp.segment.definitions import Status
from graphcdp.store.neo4j import Store, read_timeout_s

EXACT_S = 1.0
"""How long a count may take before a sample is asked instead."""
SEGMENTS = "segments"
MEMBERS = "segment members"
MEMBERSHIPS = "customer segments"
LISTED = tuple(status.value for status in Status if status is not Status.ARCHIVED)
"""Statuses of the segments that are listed when nobody says which."""

log = structlog.get_logger("graphcdp.segments")


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """A segment as it is stored. rule: JSON text of the condition. place: where its name stands in the list."""

    id: str
    key: str
    name: str
    description: str | None
    kind: str
    status: str
    rule: str
    rule_text: str
    version: int
    created: datetime
    updated: datetime
    checked: datetime | None
    drift: int | None
    place: str

    @classmethod
    def of(cls, row: Row) -> "SegmentRow":
        """The segment of a row."""
        return cls(**{"place": "", **row})


@dataclass(frozen=True, slots=True)
class Membership:
    """A segment that a customer is in. until: when time alone may end it; None for never."""

    segment_id: str
    key: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Member:
    """A customer who is in a segment. until: as in Membership."""

    customer_id: str
    since: datetime
    until: datetime | None


def segment_page(*, first: int | None, after: str | None, last: int | None, before: str | None) -> Page:
    """The page of segments that Relay's arguments ask for. Errors as `page_of`."""
    return page_of(SEGMENTS, (str, str), first=first, after=after, last=last, before=before)


def member_page(*, first: int | None, after: str | None, last: int | None, before: str | None) -> Page:
    """The page of members that Relay's arguments ask for. Errors as `page_of`."""
    return page_of(MEMBERS, (datetime, str), first=first, after=after, last=last, before=before)


def membership_page(*, first: int | None, after: str | None, last: int | None, before: str | None) -> Page:
    """The page of a customer's segments that Relay's arguments ask for. Errors as `page_of`."""
    return page_of(MEMBERSHIPS, (datetime, str), first=first, after=after, last=last, before=before)


def segment_cursor(segment: SegmentRow) -> str:
    """The cursor of a segment in the list of all."""
    return cursor(SEGMENTS, (segment.place, segment.id))


def member_cursor(member: Member) -> str:
    """The cursor of a member in a segment's list."""
    return cursor(MEMBERS, (member.since, member.customer_id))


def membership_cursor(membership: Membership) -> str:
    """The cursor of a segment in a customer's list."""
    return cursor(MEMBERSHIPS, (membership.since, membership.segment_id))


async def segments_by_ids(store: Store, ids: Sequence[str]) -> list[SegmentRow | None]:
    """Segments by id, seg_...."""
    return one_each(ids, await store.read("segment/by_ids", ids=list(ids)), "id", SegmentRow.of)


async def segments_by_keys(store: Store, keys: Sequence[str]) -> list[SegmentRow | None]:
    """Segments by key."""
    return one_each(keys, await store.read("segment/by_keys", keys=list(keys)), "key", SegmentRow.of)


async def list_segments(store: Store, page: Page, search: str | None, statuses: Sequence[str]) -> Slice[SegmentRow]:
    """A page of all segments with one of these statuses, by name; search: part of a name or key."""
    rows = await store.read(f"segment/list_{page.end}", search=search, statuses=list(statuses), **page.bounds("place"))
    return sliced(page, rows, SegmentRow.of)


async def segments_total(store: Store, search: str | None, statuses: Sequence[str]) -> int:
    """How many segments there are with one of these statuses; search: part of a name or key."""
    return int((await store.read("segment/total", search=search, statuses=list(statuses)))[0]["total"])


async def segment_sizes(store: Store, ids: Sequence[str]) -> list[int]:
    """How many members each segment has; 0 for one that is not there."""
    rows = await store.read("segment/sizes", ids=list(ids))
    return [total or 0 for total in one_each(ids, rows, "id", lambda row: int(row["total"]))]


async def segment_overlaps(store: Store, ids: Sequence[str], other: str) -> list[int]:
    """How many members each segment has in common with the other; 0 for one that is not there."""
    rows = await store.read("segment/overlaps", ids=list(ids), **{"with": other})
    return [total or 0 for total in one_each(ids, rows, "id", lambda row: int(row["total"]))]


async def member_pages(store: Store, ids: Sequence[str], page: Page, at: datetime | None = None) -> list[Slice[Member]]:
    """A page of the members of each segment, now or at a past time, from who entered last."""
    if at is None:
        rows = await store.read(f"segment/members_{page.end}", ids=list(ids), **page.bounds())
    else:
        rows = await store.read(f"segment/members_at_{page.end}", ids=list(ids), at=at, **page.bounds())
    return [sliced(page, found, _member) for found in many_each(ids, rows, "segment_id")]


async def past_sizes(store: Store, ids: Sequence[str], at: datetime) -> list[int]:
    """How many members each segment had at a past time; 0 for one that is not there."""
    rows = await store.read("segment/sizes_at", ids=list(ids), at=at)
    return [total or 0 for total in one_each(ids, rows, "id", lambda row: int(row["total"]))]


async def were_in(store: Store, customer_ids: Sequence[str], key: str, at: datetime) -> list[bool]:
    """Whether each customer was in the segment with this key at a past time."""
    found = {row["id"] for row in await store.read("segment/were_in", ids=list(customer_ids), key=key, at=at)}
    return [customer_id in found for customer_id in customer_ids]


async def memberships(store: Store, customer_ids: Sequence[str]) -> list[tuple[Membership, ...]]:
    """All segments that each customer is in, entered last first."""
    rows = await store.read("segment/memberships", ids=list(customer_ids))
    return [tuple(_membership(row) for row in found) for found in many_each(customer_ids, rows, "customer_id")]


def page_of_memberships(page: Page, found: Sequence[Membership]) -> Slice[Membership]:
    """The page from all segments of one customer: there are few, so they are read at once."""
    kept = [
        one
        for one in found
        if (page.after is None or _place(one) < page.after) and (page.before is None or _place(one) > page.before)
    ]
    if not page.forward:
        kept.reverse()
    return sliced(page, kept[: page.fetch], lambda one: one)


async def meets(store: Store, customer_ids: Sequence[str], rule: str, clock: Callable[[], datetime]) -> list[bool]:
    """Whether each customer meets the condition; rule: its JSON as text, so that equal ones share a loader."""
    where = condition(parse_predicate(orjson.loads(rule)), clock())
    meeting_ids = {row["id"] for row in await store.read_generated(meeting(where, customer_ids))}
    return [customer_id in meeting_ids for customer_id in customer_ids]


async def count_meeting(store: Store, rule: Predicate, now: datetime) -> int:
    """How many customers meet the condition, exactly."""
    return int((await store.read_generated(await _cheapest_count(store, rule, now)))[0]["total"])


async def estimate_meeting(store: Store, rule: Predicate, now: datetime, exact_s: float = EXACT_S) -> Estimate:
    """How many customers meet the condition: counted when that takes no longer than `exact_s`, else from a sample.

    Source: docs/conditions.md, rule 13.
    """
    # The server ends a statement at this limit; all of them together are ended here.
    token = read_timeout_s.set(min(exact_s, read_timeout_s.get()))
    try:
        async with asyncio.timeout(exact_s):
            return Estimate(await count_meeting(store, rule, now), 0.0)
    except (TimeoutError, DatabaseTimeoutError):
        log.info("counting takes too long: a sample is asked", limit_s=exact_s)
    finally:
        read_timeout_s.reset(token)
    everybody = await _everybody(store)
    (row,) = await store.read_generated(sampled(condition(rule, now), everybody))
    return estimate(everybody, row["asked"], row["meeting"])


async def _cheapest_count(store: Store, rule: Predicate, now: datetime) -> Statement:
    """Whoever has none of the events that a condition needs is not asked, when these are few."""
    other = None if any(anchors(rule)) else opposite(rule)
    by_events = {(one.event.name, one.during): one for one in anchors(other or rule)}
    everybody = await _everybody(store) if by_events else 0
    best, fewest = None, 0
    for anchor in by_events.values():
        most = int(everybody * anchor.events_max)
        total = (await store.read_generated(size(anchor, now, most)))[0]["total"]
        if total < most and (best is None or total < fewest):
            best, fewest = anchor, total
    return count(condition(rule, now)) if best is None else count_from(best, now, others=other is not None)


async def _everybody(store: Store) -> int:
    return int((await store.read("read/customers_total"))[0]["total"])


async def unknown_segments(
    store: Store, names: Sequence[tuple[tuple[str, ...], SegmentName]]
) -> list[tuple[tuple[str, ...], SegmentName]]:
    """Those of the names, with their paths, of which there is no segment, or an archived one."""
    ids = [name.id for _, name in names if name.id]
    keys = [name.key for _, name in names if name.key]
    of_ids = await segments_by_ids(store, ids) if ids else []
    of_keys = await segments_by_keys(store, keys) if keys else []
    known_ids = {row.id for row in of_ids if row and row.status != Status.ARCHIVED}
    known_keys = {row.key for row in of_keys if row and row.status != Status.ARCHIVED}
    return [
        (path, name)
        for path, name in names
        if (name.id is not None and name.id not in known_ids) or (name.key is not None and name.key not in known_keys)
    ]


def _place(membership: Membership) -> tuple[datetime, str]:
    return membership.since, membership.segment_id


def _member(row: Row) -> Member:
    return Member(customer_id=row["customer_id"], since=row["since"], until=row["until"])


def _membership(row: Row) -> Membership:
    return Membership(segment_id=row["segment_id"], key=row["key"], since=row["since"], until=row["until"])
