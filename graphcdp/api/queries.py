"""Root fields that read."""

import asyncio
from typing import Annotated

import strawberry

from graphcdp.api import asked, asked_changes
from graphcdp.api.conflicts import (
    Code,
    ConflictStatus,
    IdentityConflict,
    IdentityConflictConnection,
    Status,
    choice_of_conflicts,
)
from graphcdp.api.context import Info
from graphcdp.api.customers import (
    Customer,
    CustomerConnection,
    MergedCustomer,
    customer_after_merges,
    customer_live,
    customer_with,
)
from graphcdp.api.events import Event, EventConnection, Filter, InTime, choice_of
from graphcdp.api.explain import IdentityExplanation, explain
from graphcdp.api.fields import READ, READ_PII, field, own_field
from graphcdp.api.identities import Device, Identifier, Link
from graphcdp.api.jobs import job_with_id
from graphcdp.api.listing import CustomerOrder, listing
from graphcdp.api.merges import CustomerSplit, merge_with_id
from graphcdp.api.node import Node
from graphcdp.api.pages import IDS_MAX, After, Before, First, Last
from graphcdp.api.predicates import CustomerPredicate
from graphcdp.api.references import CustomerRef, IdentifierInput, claim_of, key_of
from graphcdp.api.rejected import RejectedMessageConnection
from graphcdp.api.scalars import moment
from graphcdp.api.segments import segment_with_id
from graphcdp.api.snapshots import CustomerSnapshot, Moment, snapshot_of
from graphcdp.api.times import TimeOrder
from graphcdp.model.errors import InvalidReferenceError
from graphcdp.model.identifiers import DEVICE
from graphcdp.model.ids import Tag, split_id, tagged
from graphcdp.read.conflicts import conflict_page, conflicts_by_ids, list_conflicts
from graphcdp.read.customers import merged_by_ids
from graphcdp.read.events import event_page, events_by_ids, stream
from graphcdp.read.identities import identifiers_by_ids, identifiers_by_keys, links_by_ids
from graphcdp.read.lists import list_customers
from graphcdp.read.merges import splits_by_ids
from graphcdp.read.rejected import rejected_messages, rejected_page

GlobalId = Annotated[strawberry.ID, strawberry.argument(description="The global id.")]
GlobalIds = Annotated[list[strawberry.ID], strawberry.argument(description="The global ids.")]
Whom = Annotated[CustomerRef, strawberry.argument(description="Whom to find.")]
Words = Annotated[
    str | None,
    strawberry.argument(
        description=(
            "Words looked up in names, e-mail addresses, phone numbers and user ids, without regard to accents; all of "
            "them must match, the last one also as a prefix. A full stop, an underscore or an apostrophe inside does "
            "not end a word: `ann` finds ann.lee@example.com, `lee` does not. All words together may be an identifier "
            "of any kind, too. 2..200 characters."
        )
    ),
]
Where = Annotated[CustomerPredicate | None, strawberry.argument(description="The condition that customers must meet.")]
InOrder = Annotated[
    CustomerOrder | None,
    strawberry.argument(description="Order; best match first when `search` is given, else seen most recently first."),
]


@strawberry.type
class ReadQueries:
    """Queries for customers, and for what hangs on them."""

    @field("Any object by its global id; null when it does not exist.", scopes=READ, plan=asked.NODE)
    async def node(
        self,
        info: Info,
        # The name is GraphQL's, where it hides nothing.
        id: GlobalId,  # noqa: A002
    ) -> Node | None:
        return await _node(info, id)

    @field(
        "Many objects by id, in the order asked, null where there is none. At most 100.",
        scopes=READ,
        size="ids",
        plan=asked.NODES,
    )
    async def nodes(self, info: Info, ids: GlobalIds) -> list[Node | None]:
        if len(ids) > IDS_MAX:
            raise InvalidReferenceError(f"`ids`: {len(ids)} were given; the most is {IDS_MAX}.", ("ids",))
        # Started together, so that objects of one type are loaded together.
        return list(await asyncio.gather(*(_node(info, one) for one in ids)))

    @field(
        "One customer, by id or by any identifier. Follows merges: an absorbed customer's id answers with the "
        "survivor. Null when unknown.",
        scopes=READ,
        plan=asked.CUSTOMER,
    )
    async def customer(self, info: Info, by: Whom) -> Customer | None:
        if by.id is not None:
            return await customer_after_merges(info, by.id.value)
        key = key_of(claim_of(by), info.context.recorder.rules)
        return None if key is None else await customer_with(info, key)

    @own_field(
        "Customers that fit a text search, a condition, or both; all of them when neither is given.",
        scopes=READ,
        plan=asked.CUSTOMERS,
    )
    async def customers(
        self,
        info: Info,
        search: Words = None,
        where: Where = None,
        order: InOrder = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> CustomerConnection | None:
        asked_for = listing(info.context, search, where, order, first, after, last, before)
        found = await list_customers(
            info.context.store, asked_for.order, asked_for.page, asked_for.search, asked_for.condition
        )
        return CustomerConnection.of(found, asked_for.order, asked_for.search, asked_for.condition)

    @own_field(
        "The stream of events of all customers, newest first: for debugging and live views. What the filter leaves "
        "out is read over, so give `during` with names or sources that are rare.",
        scopes=READ,
        plan=asked.STREAM,
    )
    async def events(
        self,
        info: Info,
        # The name is GraphQL's, where it hides nothing.
        filter: Filter = None,  # noqa: A002
        order: InTime = TimeOrder.NEWEST_FIRST,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> EventConnection | None:
        newest_first = order is TimeOrder.NEWEST_FIRST
        page = event_page(newest_first, first=first, after=after, last=last, before=before)
        found = await stream(info.context.store, choice_of(filter, info.context), page, newest_first)
        return EventConnection.of(found, newest_first)

    @field("One identifier; null when never seen.", scopes=READ, plan=asked.IDENTIFIER)
    async def identifier(
        self,
        info: Info,
        is_: Annotated[IdentifierInput, strawberry.argument(name="is", description="Which identifier.")],
    ) -> Identifier | None:
        key = key_of(claim_of(is_), info.context.recorder.rules)
        if key is None:
            return None
        row = await info.context.loader(identifiers_by_keys).load(key)
        return None if row is None else Identifier.of(row)

    @own_field(
        "Why two identifiers do, or do not, belong to one customer: the shortest chain of evidence between them.",
        scopes=READ_PII,
        cost=100,
    )
    async def explain_identity(
        self,
        info: Info,
        from_: Annotated[IdentifierInput, strawberry.argument(name="from", description="One end.")],
        to: Annotated[IdentifierInput, strawberry.argument(description="The other end.")],
    ) -> IdentityExplanation | None:
        return await explain(info, from_, to)

    @field(
        "A customer as it was known at a past moment. By an identifier: who had it then; by an id: that customer, or "
        "who it had been merged into by then. Null when nobody was known by that reference then.",
        scopes=READ,
        cost=10,
    )
    async def snapshot(self, info: Info, of: Whom, at: Moment) -> CustomerSnapshot | None:
        return await snapshot_of(info, of, moment(at, ("at",)))

    @own_field(
        "Evidence that the identity rules refused, for review; what was refused last first.",
        scopes=READ,
        plan=asked_changes.CONFLICTS,
    )
    async def conflicts(
        self,
        info: Info,
        status: Status = ConflictStatus.OPEN,
        code: Code = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> IdentityConflictConnection | None:
        page = conflict_page(first=first, after=after, last=last, before=before)
        choice = choice_of_conflicts(status, code)
        return IdentityConflictConnection.of(await list_conflicts(info.context.store, choice, page), choice)

    @own_field("Messages that could not be taken, newest first.", scopes=READ, plan=asked.REJECTED)
    async def rejected(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> RejectedMessageConnection | None:
        page = rejected_page(first=first, after=after, last=last, before=before)
        return RejectedMessageConnection.of(await rejected_messages(info.context.store, page))


async def _node(info: Info, global_id: str) -> Node | None:
    found = split_id(global_id)
    if found is None:
        return None
    tag, rest = found
    match tag:
        case Tag.CUSTOMER:
            return await _customer_or_merged(info, global_id)
        case Tag.EVENT:
            event = await info.context.loader(events_by_ids).load(rest)
            return None if event is None else Event.of(event)
        case Tag.IDENTIFIER | Tag.DEVICE:
            return await _identifier_or_device(info, tag, rest)
        case Tag.SEGMENT:
            return await segment_with_id(info, global_id)
        case Tag.JOB:
            return await job_with_id(info, global_id)
        case Tag.MERGE:
            return await merge_with_id(info, global_id)
        case Tag.SPLIT:
            split = await info.context.loader(splits_by_ids).load(global_id)
            return None if split is None else CustomerSplit.of(split)
        case Tag.LINK:
            link = await info.context.loader(links_by_ids).load(global_id)
            return None if link is None else Link.of(link)
        case Tag.CONFLICT:
            conflict = await info.context.loader(conflicts_by_ids).load(global_id)
            return None if conflict is None else IdentityConflict.of(conflict)
    # What else has an id is reached from what it belongs to.
    return None


async def _customer_or_merged(info: Info, customer_id: str) -> Node | None:
    live = await customer_live(info, customer_id)
    if live is not None:
        return live
    merged = await info.context.loader(merged_by_ids).load(customer_id)
    return None if merged is None else MergedCustomer.of(merged)


async def _identifier_or_device(info: Info, tag: Tag, rest: str) -> Node | None:
    row = await info.context.loader(identifiers_by_ids).load(tagged(Tag.IDENTIFIER, rest))
    if row is None:
        return None
    if tag is Tag.IDENTIFIER:
        return Identifier.of(row)
    return Device.of(row) if row.kind == DEVICE else None
