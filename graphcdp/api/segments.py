"""Segments as callers see them, pages of them and of their members, and the queries for them.

Mutations are in segment_edits.py.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import orjson
import strawberry

from graphcdp.api import asked
from graphcdp.api.context import Info
from graphcdp.api.fields import READ, field, own_field, value_field
from graphcdp.api.lookalikes import Distinction, HowMany, Lookalike, distinctions_of_segment, lookalikes
from graphcdp.api.node import Node, id_read_as
from graphcdp.api.pages import After, Before, Count, First, Last, PageInfo
from graphcdp.api.predicates import CustomerPredicate, SegmentRef, asked_condition
from graphcdp.api.references import part_of_name
from graphcdp.api.scalars import JSON, DateTime, JsonText
from graphcdp.api.segment_previews import SegmentDifference, SegmentOverlap, difference_of, overlaps_of
from graphcdp.api.segment_versions import SegmentSize, SegmentVersionConnection
from graphcdp.api.segment_words import SegmentKind, SegmentSizeStep, SegmentStatus, span_of_sizes, statuses_of
from graphcdp.api.times import TimeRange
from graphcdp.model.errors import DatabaseError, InvalidReferenceError, UnknownReferenceError
from graphcdp.model.predicates import Predicate
from graphcdp.plan.fields import Leaf, Nested, Place, time
from graphcdp.plan.lists import MEMBERS_TOTAL, UNTIL
from graphcdp.plan.samples import Estimate
from graphcdp.plan.where import condition
from graphcdp.read.customers import customers_by_ids
from graphcdp.read.lists import Order, count_customers, customer_page, list_customers
from graphcdp.read.lookalikes import segment_lookalikes
from graphcdp.read.pages import Slice
from graphcdp.read.segment_sizes import size_histories
from graphcdp.read.segment_versions import version_page, version_pages
from graphcdp.read.segments import (
    Member,
    Membership,
    SegmentRow,
    estimate_meeting,
    list_segments,
    meets,
    member_cursor,
    member_page,
    member_pages,
    membership_cursor,
    membership_page,
    memberships,
    page_of_memberships,
    past_sizes,
    segment_cursor,
    segment_overlaps,
    segment_page,
    segment_sizes,
    segments_by_ids,
    segments_by_keys,
    segments_total,
    unknown_segments,
    were_in,
)
from graphcdp.segment.wording import rule_text

if TYPE_CHECKING:
    from graphcdp.api.customers import Customer

SAMPLE_MAX = 20

AnyCustomer = Annotated["Customer", strawberry.lazy("graphcdp.api.customers")]
Which = Annotated[SegmentRef, strawberry.argument(description="Which segment.")]
With = Annotated[SegmentRef, strawberry.argument(name="with", description="The other segment.")]
Words = Annotated[str | None, strawberry.argument(description="Part of a name or key, in any case.")]
Rule = Annotated[CustomerPredicate, strawberry.argument(description="The rule.")]
Edited = Annotated[
    SegmentRef | None, strawberry.argument(description="The segment whose rule it would become; see `difference`.")
]
Statuses = Annotated[
    list[SegmentStatus] | None, strawberry.argument(description="Only these; all but ARCHIVED when absent.")
]
During = Annotated[
    TimeRange | None, strawberry.argument(description="Which hours or days; the last 30 days when absent.")
]
Every = Annotated[SegmentSizeStep, strawberry.argument(description="How far the points lie apart.")]
Compared = Annotated[int, strawberry.argument(description="How many segments, 1..50.")]
PastTime = Annotated[
    DateTime | None,
    strawberry.argument(description="Then, as far as it is kept: see rule 11 of segments.md; now when absent."),
]
Sample = Annotated[int, strawberry.argument(description="How many examples, 0..20.")]


@strawberry.type(description="A group of customers.")
class Segment(Node):
    """Made of a stored segment by `of`."""

    id: strawberry.ID = id_read_as("s.id")
    key: str = value_field("Your own short name for code; never changes.", plan=Leaf("s.key"))
    name: str = value_field("Name to show.", plan=Leaf("s.name"))
    description: str | None = value_field("What it is for.", scopes=READ, plan=Leaf("s.description"))
    kind: SegmentKind = value_field("How members are chosen.", plan=Leaf("s.kind"))
    status: SegmentStatus = value_field("What it is doing.", plan=Leaf("s.status"))
    rule: JSON | None = value_field(
        "The rule as JSON in the shape of CustomerPredicate, so that it can be sent back as a variable.",
        scopes=READ,
        plan=Leaf("s.rule", finish=orjson.Fragment),
    )
    rule_text: str | None = value_field("The rule in plain words.", scopes=READ, plan=Leaf("s.ruleText"))
    version: int = value_field("Goes up with each edit; give it to `updateSegment`.", plan=Leaf("s.version"))
    created_at: DateTime = value_field("When created.", plan=time("s.createdAt"))
    updated_at: DateTime = value_field("When last edited.", plan=time("s.updatedAt"))
    checked_at: DateTime | None = value_field(
        "When all members were last compared with the rule; null before.", scopes=READ, plan=time("s.checkedAt")
    )
    drift: int | None = value_field(
        "How many customers the last comparison found out of place, and moved; null before.",
        scopes=READ,
        plan=Leaf("s.drift"),
    )

    @classmethod
    def of(cls, row: SegmentRow) -> "Segment":
        """The segment of a row."""
        return cls(
            id=strawberry.ID(row.id),
            key=row.key,
            name=row.name,
            description=row.description,
            kind=SegmentKind[row.kind],
            status=SegmentStatus[row.status],
            rule=JSON(JsonText(row.rule)),
            rule_text=row.rule_text,
            version=row.version,
            created_at=row.created,
            updated_at=row.updated,
            checked_at=row.checked,
            drift=row.drift,
        )

    @own_field("How many members; exact.", scopes=READ, plan=Nested(MEMBERS_TOTAL, ("value", "precision")))
    async def size(self, info: Info) -> Count | None:
        return Count.exact(await info.context.loader(segment_sizes).load(self.id))

    @own_field("How many customers are in both now; exact.", scopes=READ, cost=200, plan=asked.OVERLAP)
    async def overlap(self, info: Info, with_: With) -> Count | None:
        other = await row_of(info, with_)
        if other is None:
            raise UnknownReferenceError("There is no such segment.", ("with",))
        return Count.exact(await info.context.loader(segment_overlaps, other.id).load(str(self.id)))

    @own_field("Members, now or at a past time, those who entered last first.", scopes=READ, plan=asked.MEMBERS)
    async def members(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        at: PastTime = None,
    ) -> "SegmentMemberConnection | None":
        page = member_page(first=first, after=after, last=last, before=before)
        found = await info.context.loader(member_pages, page, at).load(self.id)
        return await SegmentMemberConnection.load(info, self.id, found, at)

    @own_field(
        "What sets members apart from everyone else, strongest first, by what the last discovery or renewal of "
        "behaviour saw.",
        scopes=READ,
        cost=50,
        size="first",
    )
    async def distinctions(self, info: Info, first: HowMany = 10) -> list[Distinction] | None:
        return await distinctions_of_segment(info, str(self.id), first)

    @own_field(
        "Who is not in it and behaves most like its members, most alike first, by what the last discovery or renewal "
        "of behaviour saw.",
        scopes=READ,
        cost=50,
        size="first",
    )
    async def lookalikes(self, info: Info, first: HowMany = 10) -> list[Lookalike] | None:
        return await lookalikes(info, segment_lookalikes, str(self.id), first)

    @own_field("What it was after each edit, newest first; the last 1000 are kept.", scopes=READ, plan=asked.VERSIONS)
    async def versions(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> SegmentVersionConnection | None:
        page = version_page(first=first, after=after, last=last, before=before)
        return SegmentVersionConnection.of(self.id, await info.context.loader(version_pages, page).load(self.id))

    @own_field(
        "How many members it had, oldest first: at most 1000 points of the last 400 days. Hours and days in which no "
        "server was running are left out.",
        scopes=READ,
        size=100,
        plan=asked.SIZE_HISTORY,
    )
    async def size_history(
        self, info: Info, during: During = None, every: Every = SegmentSizeStep.DAY
    ) -> list[SegmentSize] | None:
        span = span_of_sizes(during, every, info.context.now())
        return [SegmentSize.of(found) for found in await info.context.loader(size_histories, span).load(self.id)]


@strawberry.type(description="A segment in a list.")
class SegmentEdge:
    """A segment with its place."""

    cursor: str = value_field("The place in the list.", plan=Place.CURSOR)
    node: Segment = value_field("The segment.", plan=Place.NODE)


@strawberry.type(description="A page of segments.")
class SegmentConnection:
    """Made of a slice by `of`."""

    edges: list[SegmentEdge] = value_field("Segments with cursors.", plan=Place.EDGES)
    nodes: list[Segment] = value_field("Just the segments.", plan=Place.NODES)
    page_info: PageInfo = value_field("Where the page stands.", plan=Place.PAGE_INFO)
    search: strawberry.Private[str | None]
    statuses: strawberry.Private[list[str]]

    @classmethod
    def of(cls, page: Slice[SegmentRow], search: str | None, statuses: list[str]) -> "SegmentConnection":
        """The page of the list that was searched for in this way."""
        edges = [SegmentEdge(cursor=segment_cursor(row), node=Segment.of(row)) for row in page.items]
        return cls(
            edges=edges,
            nodes=[edge.node for edge in edges],
            page_info=PageInfo.of(page, segment_cursor),
            search=search,
            statuses=statuses,
        )

    @field("Exact.", plan=Place.TOTAL)
    async def total_count(self, info: Info) -> Count:
        return Count.exact(await segments_total(info.context.store, self.search, self.statuses))


@strawberry.type(description="A segment that a customer is in.")
class CustomerSegmentEdge:
    """A segment with its place and the time of entering."""

    cursor: str = value_field("The place in the list.", plan=Place.CURSOR)
    node: Segment = value_field("The segment.", plan=Place.NODE)
    entered_at: DateTime = value_field("Since when.", plan=time("since"))
    until: DateTime | None = value_field(
        "When the membership is looked at again, since time alone may end it then; until then it stays, unless the "
        "customer changes. Null when time changes nothing.",
        plan=time(UNTIL, apart=True),
    )


@strawberry.type(description="A page of the segments of one customer.")
class CustomerSegmentConnection:
    """Made by `customer_segments`."""

    edges: list[CustomerSegmentEdge] = value_field("Segments with cursors.", plan=Place.EDGES)
    nodes: list[Segment] = value_field("Just the segments.", plan=Place.NODES)
    page_info: PageInfo = value_field("Where the page stands.", plan=Place.PAGE_INFO)
    total_count: Count = value_field("Exact.", plan=Place.TOTAL)


@strawberry.type(description="A member of a segment.")
class SegmentMemberEdge:
    """A customer with its place and the time of entering."""

    cursor: str = value_field("The place in the list.", plan=Place.CURSOR)
    node: AnyCustomer = value_field("The customer.", plan=Place.NODE)
    entered_at: DateTime = value_field("Since when.", plan=time("since"))
    until: DateTime | None = value_field(
        "When the membership is looked at again, since time alone may end it then; until then it stays, unless the "
        "customer changes. Null when time changes nothing.",
        plan=time("until"),
    )


@strawberry.type(description="A page of members.")
class SegmentMemberConnection:
    """Made of a slice by `load`."""

    edges: list[SegmentMemberEdge] = value_field("Members with cursors.", plan=Place.EDGES)
    nodes: list[AnyCustomer] = value_field("Just the customers.", plan=Place.NODES)
    page_info: PageInfo = value_field("Where the page stands.", plan=Place.PAGE_INFO)
    segment_id: strawberry.Private[str]
    at: strawberry.Private[datetime | None]

    @classmethod
    async def load(
        cls, info: Info, segment_id: str, page: Slice[Member], at: datetime | None = None
    ) -> "SegmentMemberConnection":
        """The page with its customers; one who was merged away meanwhile is left out."""
        from graphcdp.api.customers import Customer  # the types refer to each other

        rows = await info.context.loader(customers_by_ids).load_many([member.customer_id for member in page.items])
        edges = [
            SegmentMemberEdge(
                cursor=member_cursor(member), node=Customer.of(row), entered_at=member.since, until=member.until
            )
            for member, row in zip(page.items, rows, strict=True)
            if row is not None
        ]
        return cls(
            edges=edges,
            nodes=[edge.node for edge in edges],
            page_info=PageInfo.of(page, member_cursor),
            segment_id=segment_id,
            at=at,
        )

    @field("Exact.", plan=Place.TOTAL)
    async def total_count(self, info: Info) -> Count:
        if self.at is not None:
            return Count.exact(await info.context.loader(past_sizes, self.at).load(self.segment_id))
        return Count.exact(await info.context.loader(segment_sizes).load(self.segment_id))


@strawberry.type(description="What a rule selects.")
class SegmentPreview:
    """Made of a rule; everything is counted when it is asked for."""

    rule_text: str = strawberry.field(description="The rule in plain words.")
    rule: strawberry.Private[Predicate]
    sample_size: strawberry.Private[int]
    segment_id: strawberry.Private[str | None] = None
    counting: strawberry.Private[asyncio.Future[Estimate] | None] = None

    @field("How many customers: exact, or ESTIMATE when counting them would take more than a second.")
    async def count(self, info: Info) -> Count:
        found = await self._counted(info)
        return Count.exact(found.value) if found.exact else Count.estimated(found.value)

    @field("The standard error of `count`, 0 when it is exact: in 19 of 20 cases it is off by at most twice this.")
    async def standard_error(self, info: Info) -> float:
        return (await self._counted(info)).standard_error

    @field("The share of all customers, 0..1; as exact as `count`.")
    async def share(self, info: Info) -> float:
        everybody = await count_customers(info.context.store, None, None)
        return (await self._counted(info)).value / everybody if everybody else 0.0

    async def _counted(self, info: Info) -> Estimate:
        if self.counting is None:
            self.counting = asyncio.ensure_future(estimate_meeting(info.context.store, self.rule, info.context.now()))
        return await self.counting

    @own_field("Some of them, seen most recently first.")
    async def sample(self, info: Info) -> list[AnyCustomer] | None:
        from graphcdp.api.customers import Customer  # the types refer to each other

        if self.sample_size == 0:
            return []
        page = customer_page(Order.LAST_SEEN, first=self.sample_size, after=None, last=None, before=None)
        where = condition(self.rule, info.context.now())
        found = await list_customers(info.context.store, Order.LAST_SEEN, page, None, where)
        return [Customer.of(listed.customer) for listed in found.items]

    @own_field("The segments that have most in common with it, most first.", cost=100, size="first")
    async def overlaps(self, info: Info, first: Compared = 10) -> list[SegmentOverlap] | None:
        return await overlaps_of(info, self.rule, first)

    @own_field("What would become different of `segment`, given to `previewSegment`; null without it.", cost=100)
    async def difference(self, info: Info) -> SegmentDifference | None:
        return None if self.segment_id is None else await difference_of(info, self.rule, self.segment_id)


@strawberry.type
class SegmentQueries:
    """Queries for segments."""

    @field("One segment, by id or key.", scopes=READ, plan=asked.SEGMENT)
    async def segment(self, info: Info, by: Which) -> Segment | None:
        row = await row_of(info, by)
        return None if row is None else Segment.of(row)

    @own_field("Segments, by name.", scopes=READ, plan=asked.SEGMENTS)
    async def segments(
        self,
        info: Info,
        search: Words = None,
        statuses: Statuses = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> SegmentConnection | None:
        words = part_of_name(search)
        page = segment_page(first=first, after=after, last=last, before=before)
        wanted = statuses_of(statuses)
        return SegmentConnection.of(await list_segments(info.context.store, page, words, wanted), words, wanted)

    @own_field(
        "How many customers a rule selects, who for example, and what it has in common with the segments that there "
        "are. Writes nothing; made to be called as the user types.",
        scopes=READ,
        cost=200,
        size="sample",
    )
    async def preview_segment(
        self, info: Info, where: Rule, sample: Sample = 10, segment: Edited = None
    ) -> SegmentPreview | None:
        if not 0 <= sample <= SAMPLE_MAX:
            raise InvalidReferenceError(f"`sample` is 0..{SAMPLE_MAX}; {sample} was given.", ("sample",))
        rule = asked_condition(where, info.context.principal)
        for path, name in await unknown_segments(info.context.store, rule.segments()):
            raise InvalidReferenceError(
                f"There is no segment {name.id or name.key!r}, or it is archived.", ("where", *path)
            )
        edited = None if segment is None else await row_of(info, segment)
        if segment is not None and edited is None:
            raise UnknownReferenceError("There is no such segment.", ("segment",))
        return SegmentPreview(
            rule_text=rule_text(rule), rule=rule, sample_size=sample, segment_id=None if edited is None else edited.id
        )


async def row_of(info: Info, by: SegmentRef) -> SegmentRow | None:
    """The segment that the caller names; None when there is none."""
    if by.id is not None:
        return await info.context.loader(segments_by_ids).load(by.id.value)
    if by.key is not None:
        return await info.context.loader(segments_by_keys).load(by.key.value)
    raise AssertionError("a @oneOf input has one field")  # the schema lets no other pass


async def segment_with_id(info: Info, segment_id: str) -> Segment | None:
    """The segment with this id, seg_...."""
    row = await info.context.loader(segments_by_ids).load(segment_id)
    return None if row is None else Segment.of(row)


async def customer_segments(
    info: Info, customer_id: str, first: int | None, after: str | None, last: int | None, before: str | None
) -> CustomerSegmentConnection:
    """A page of the segments that the customer is in now, entered last first."""
    page = membership_page(first=first, after=after, last=last, before=before)
    everything = await info.context.loader(memberships).load(customer_id)
    found = page_of_memberships(page, everything)
    edges = await _membership_edges(info, found.items)
    return CustomerSegmentConnection(
        edges=edges,
        nodes=[edge.node for edge in edges],
        page_info=PageInfo.of(found, membership_cursor),
        total_count=Count.exact(len(everything)),
    )


async def in_segment(info: Info, customer_id: str, key: str, at: datetime | None = None) -> bool:
    """Whether the customer is in the segment now, or was at a past time; False for an unknown segment."""
    if at is not None:
        return await info.context.loader(were_in, key, at).load(customer_id)
    return any(found.key == key for found in await info.context.loader(memberships).load(customer_id))


async def matches(info: Info, customer_id: str, where: CustomerPredicate) -> bool:
    """Whether the customer meets the condition now. Errors as `asked_condition`."""
    # As text, since Python takes 1 and true for equal.
    rule = orjson.dumps(asked_condition(where, info.context.principal).to_json()).decode()
    return await info.context.loader(meets, rule, info.context.now).load(customer_id)


async def _membership_edges(info: Info, found: Sequence[Membership]) -> list[CustomerSegmentEdge]:
    rows = await info.context.loader(segments_by_ids).load_many([one.segment_id for one in found])
    if any(row is None for row in rows):
        raise DatabaseError("The data changed while it was read: ask again.")
    return [
        CustomerSegmentEdge(cursor=membership_cursor(one), node=Segment.of(row), entered_at=one.since, until=one.until)
        for one, row in zip(found, rows, strict=True)
        if row is not None
    ]
