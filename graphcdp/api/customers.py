"""Customers as callers see them, and pages of them."""

from datetime import datetime
from typing import Annotated, Any

import orjson
import strawberry

from graphcdp.api import asked, asked_changes
from graphcdp.api.conflicts import Code, ConflictStatus, CustomerConflictConnection, Status, choice_of_conflicts
from graphcdp.api.consents import (
    CONSENTS,
    CONSENTS_SIZE,
    IS_CONSENTED,
    Consent,
    Purpose,
    customer_consents,
    is_consented,
)
from graphcdp.api.context import Info
from graphcdp.api.events import EventConnection, Filter, InTime, choice_of
from graphcdp.api.fields import READ, Shown, field, own_field, value_field
from graphcdp.api.history import IdentityChangeConnection
from graphcdp.api.identities import CustomerLinkConnection, DeviceConnection, IdentifierConnection
from graphcdp.api.lookalikes import HowMany, Lookalike, lookalikes
from graphcdp.api.merges import Merge, MergeConnection, merge_with_id
from graphcdp.api.node import Node, id_read_as
from graphcdp.api.pages import After, Before, Count, First, Last, PageInfo
from graphcdp.api.predicates import CustomerPredicate
from graphcdp.api.properties import Properties, properties_of
from graphcdp.api.scalars import JSON, DateTime, read_time
from graphcdp.api.segments import CustomerSegmentConnection, PastTime, customer_segments, in_segment, matches
from graphcdp.api.times import TimeOrder
from graphcdp.model.errors import DatabaseError
from graphcdp.model.statement import Statement
from graphcdp.plan.fields import Leaf, Nested, Place, Told, time
from graphcdp.plan.lists import CONTACTS
from graphcdp.read.conflicts import conflict_page, conflict_pages
from graphcdp.read.customers import (
    Contacts,
    CustomerRow,
    MergedRow,
    contacts,
    customers_by_ids,
    holders,
    merged_into,
    survivors,
)
from graphcdp.read.events import event_counts, event_page, histories
from graphcdp.read.history import history_page, history_pages
from graphcdp.read.identities import (
    customer_link_page,
    customer_link_pages,
    device_page,
    device_pages,
    identifier_page,
    identifier_pages,
)
from graphcdp.read.lists import ListedRow, Order, Search, count_customers, customer_cursor
from graphcdp.read.lookalikes import customer_lookalikes
from graphcdp.read.merges import merge_of_absorbed, merge_page, merge_pages
from graphcdp.read.pages import Slice

Kinds = Annotated[list[str] | None, strawberry.argument(description="Only these kinds.")]
SegmentKey = Annotated[str, strawberry.argument(description="The segment's key.")]
Condition = Annotated[CustomerPredicate, strawberry.argument(description="The condition.")]
Ended = Annotated[
    bool,
    strawberry.argument(
        description="Also evidence that no longer counts; its other end may belong to someone else today."
    ),
]
TraitPath = Annotated[str, strawberry.argument(description="Dotted path.")]


@strawberry.type(description="One trait with its origin.")
class Trait:
    """A value that a customer has now."""

    path: str = strawberry.field(description="Dotted path.")
    value: JSON = strawberry.field(description="The value.")
    since: DateTime = strawberry.field(description="When it got this value.")
    source: str = strawberry.field(description="Where the value came from.")


def _trait(found: list[Any], path: str) -> Trait | None:
    """The trait at a path, from traits, their origins (both JSON objects as text) and the customer's last change."""
    traits, origins, updated = found
    return trait_at(properties_of(traits or "{}"), origins or "{}", datetime.fromisoformat(updated), path)


def trait_at(traits: Properties, origins_text: str, updated: datetime, path: str) -> Trait | None:
    """The trait at a path with its origin; None when unset.

    origins_text: JSON object, name -> [when it was set, id of the message, source].
    """
    value = traits.at(path)
    if value is None:
        return None
    origins = orjson.loads(origins_text)
    found: list[Any] | None = None
    if isinstance(origins, dict):
        found = origins.get(path) or origins.get(path.partition(".")[0])
    at, source = (read_time(found[0]), found[2]) if found else (None, "unknown")
    return Trait(path=path, value=JSON(value), since=at or updated, source=source)


def _label(found: list[Any]) -> str:
    customer_id, traits, (email, phone, user) = found
    return name_in(properties_of(traits or "{}")) or email or phone or user or customer_id


def name_in(traits: Properties) -> str:
    """The name that the traits hold; "" for none."""
    for names in (("name",), ("full_name",), ("first_name", "last_name"), ("firstName", "lastName")):
        parts = [traits.at(name) for name in names]
        text = " ".join(part.strip() for part in parts if isinstance(part, str) and part.strip())
        if text:
            return text
    return ""


@strawberry.type(description="One person, unified from all identifiers that belong to them.")
class Customer(Node):
    """Made of a stored customer by `of`."""

    id: strawberry.ID = id_read_as("c.id")
    first_seen_at: DateTime = value_field("When first seen.", plan=time("c.firstSeen"))
    last_seen_at: DateTime = value_field("When last seen.", plan=time("c.lastSeen"))
    updated_at: DateTime = value_field("When anything here last changed.", plan=time("c.updatedAt"))
    traits: Properties = value_field(
        "Current traits, with typed access by path.",
        personal=Shown.EMPTY,
        plan=Told("c.traits", properties_of, whole="json", absent="{}"),
    )
    row: strawberry.Private[CustomerRow]

    @classmethod
    def of(cls, row: CustomerRow) -> "Customer":
        """The customer of a row."""
        return cls(
            id=strawberry.ID(row.id),
            first_seen_at=row.first_seen,
            last_seen_at=row.last_seen,
            updated_at=row.updated,
            traits=properties_of(row.traits),
            row=row,
        )

    @field(
        "A label to show: name, else e-mail, phone or user id, else the id.",
        personal=Shown.ID,
        plan=Told("[c.id, c.traits, contacts]", _label, CONTACTS),
    )
    async def display_name(self, info: Info) -> str:
        name = name_in(self.traits)
        if name:
            return name
        found = await self._contacts(info)
        return found.email or found.phone or found.user or self.row.id

    @field(
        "The e-mail address to use, the one seen last; null when there is none.",
        personal=Shown.NULL,
        plan=Leaf("contacts[0]", need=CONTACTS),
    )
    async def email(self, info: Info) -> str | None:
        return (await self._contacts(info)).email

    @field(
        "The phone number to use, E.164, the one seen last; null when there is none.",
        personal=Shown.NULL,
        plan=Leaf("contacts[1]", need=CONTACTS),
    )
    async def phone(self, info: Info) -> str | None:
        return (await self._contacts(info)).phone

    @field(
        "One trait with where it came from; null when unset.",
        personal=Shown.NULL,
        plan=Told("[c.traits, c.traitTimes, toString(c.updatedAt)]", _trait),
    )
    def trait(self, path: TraitPath) -> Trait | None:
        return trait_at(self.traits, self.row.trait_times, self.row.updated, path)

    @own_field("Everything this customer did, over all identifiers and absorbed customers.", plan=asked.EVENTS)
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
        loader = info.context.loader(histories, choice_of(filter, info.context), page, newest_first)
        return EventConnection.of(await loader.load(self.row.id), newest_first)

    @own_field("How many events fit; capped at 10000, then AT_LEAST.", cost=5, plan=asked.EVENT_COUNT)
    async def event_count(
        self,
        info: Info,
        filter: Filter = None,  # noqa: A002  # as above
    ) -> Count | None:
        loader = info.context.loader(event_counts, choice_of(filter, info.context))
        return Count.capped(await loader.load(self.row.id))

    @own_field(
        "Identifiers that belong to this customer, with provenance: from the kind that says most about a "
        "person to the one that says least, then oldest first.",
        plan=asked.IDENTIFIERS,
    )
    async def identifiers(
        self,
        info: Info,
        kinds: Kinds = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> IdentifierConnection | None:
        page = identifier_page(first=first, after=after, last=last, before=before)
        only = None if kinds is None else tuple(sorted(set(kinds)))
        found = await info.context.loader(identifier_pages, only, page).load(self.row.id)
        return IdentifierConnection.of(found, self.row.id, only)

    @own_field("Devices used, last used first.", plan=asked.DEVICES)
    async def devices(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> DeviceConnection | None:
        page = device_page(first=first, after=after, last=last, before=before)
        found = await info.context.loader(device_pages, page).load(self.row.id)
        return DeviceConnection.of(found, self.row.id)

    @own_field(
        "Ids of all customers that were merged into this one, oldest first; each still finds this customer.",
        scopes=READ,
        plan=Leaf("COLLECT { MATCH (c)<-[:MERGED_INTO*1..]-(m:MergedCustomer) RETURN m.id ORDER BY m.id }", apart=True),
    )
    async def merged_ids(self, info: Info) -> list[strawberry.ID] | None:
        found = await info.context.loader(merged_into).load(self.row.id)
        return [strawberry.ID(customer_id) for customer_id in found]

    @own_field(
        "The evidence that makes the identifiers one customer, each piece once, newest first: the edges of a drawing "
        "whose nodes are `identifiers`.",
        scopes=READ,
        plan=asked.CUSTOMER_LINKS,
    )
    async def links(
        self,
        info: Info,
        ended: Ended = False,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> CustomerLinkConnection | None:
        page = customer_link_page(ended, first=first, after=after, last=last, before=before)
        found = await info.context.loader(customer_link_pages, ended, page).load(self.row.id)
        return CustomerLinkConnection.of(found, self.row.id, ended)

    @own_field(
        "Merges that made this customer, undone ones included, newest first.", scopes=READ, plan=asked_changes.MERGES
    )
    async def merges(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> MergeConnection | None:
        page = merge_page(first=first, after=after, last=last, before=before)
        return MergeConnection.of(await info.context.loader(merge_pages, page).load(self.row.id))

    @own_field(
        "Evidence around this customer that the identity rules refused, what was refused last first.",
        scopes=READ,
        plan=asked_changes.CUSTOMER_CONFLICTS,
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
    ) -> CustomerConflictConnection | None:
        page = conflict_page(first=first, after=after, last=last, before=before)
        loader = info.context.loader(conflict_pages, choice_of_conflicts(status, code), page)
        return CustomerConflictConnection.of(await loader.load(self.row.id))

    @own_field(
        "What happened to this customer's identity and to that of all customers merged into it: merges, splits and "
        "refused evidence, newest first.",
        scopes=READ,
        plan=asked_changes.HISTORY,
    )
    async def identity_history(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> IdentityChangeConnection | None:
        page = history_page(first=first, after=after, last=last, before=before)
        return IdentityChangeConnection.of(await info.context.loader(history_pages, page).load(self.row.id))

    @own_field("Segments that the customer is in now, entered last first.", plan=asked.MEMBERSHIPS)
    async def segments(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> CustomerSegmentConnection | None:
        return await customer_segments(info, self.row.id, first, after, last, before)

    @own_field(
        "Is the customer in the segment, or was it at a past time? False for an unknown segment.",
        plan=asked.IN_SEGMENT,
    )
    async def in_segment(self, info: Info, key: SegmentKey, at: PastTime = None) -> bool | None:
        return await in_segment(info, self.row.id, key, at)

    @own_field("Does the customer meet the condition now? Alias it to ask several.", cost=5, plan=asked.MATCHES)
    async def matches(self, info: Info, where: Condition) -> bool | None:
        return await matches(info, self.row.id, where)

    @field("Consent for every purpose that was ever asked, by purpose.", size=CONSENTS_SIZE, plan=CONSENTS)
    async def consents(self, info: Info) -> list[Consent]:
        return await customer_consents(info, self.row.id)

    @field("May data be used for the purpose now? False when never asked.", plan=IS_CONSENTED)
    async def consented(self, info: Info, to: Purpose) -> bool:
        return await is_consented(info, self.row.id, to)

    @own_field(
        "Customers who behave most alike, most alike first, by what the last discovery or renewal of behaviour saw.",
        scopes=READ,
        cost=20,
        size="first",
    )
    async def lookalikes(self, info: Info, first: HowMany = 10) -> list[Lookalike] | None:
        return await lookalikes(info, customer_lookalikes, self.row.id, first)

    async def _contacts(self, info: Info) -> Contacts:
        return await info.context.loader(contacts).load(self.row.id)


@strawberry.type(
    description=(
        "What is left of a customer that was merged into another. `node(id:)` returns this for an old id, "
        "so that client caches stay right."
    )
)
class MergedCustomer(Node):
    """Made of what the graph keeps of a merged customer by `of`."""

    id: strawberry.ID = id_read_as("m.id")
    merged_at: DateTime = value_field("When merged.", plan=time("merged.at"))
    row: strawberry.Private[MergedRow]

    @classmethod
    def of(cls, row: MergedRow) -> "MergedCustomer":
        """The merged customer of a row."""
        return cls(id=strawberry.ID(row.id), merged_at=row.at, row=row)

    @field(
        "Who the customer is now, at the end of the chain of merges.",
        plan=Nested("MATCH (m)-[:MERGED_INTO*1..]->(c:Customer)", ("c",)),
    )
    async def merged_into(self, info: Info) -> Customer:
        found = await customer_live(info, self.row.customer_id)
        if found is None:
            raise DatabaseError("The data changed while it was read: ask again.")
        return found

    @field(
        "The merge that did it; null when it was merged before merges were logged.",
        plan=Nested("MATCH (h:Merge {absorbed: m.id}) WHERE h.undoneAt IS NULL", ("h",)),
    )
    async def merge(self, info: Info) -> Merge | None:
        found = await info.context.loader(merge_of_absorbed).load(self.row.id)
        return None if found is None else await merge_with_id(info, found)


@strawberry.type(description="A customer in a list.")
class CustomerEdge:
    """A customer with its place and relevance."""

    cursor: str = value_field("The place in the list.", plan=Place.CURSOR)
    node: Customer = value_field("The customer.", plan=Place.NODE)
    score: float | None = value_field(
        "Relevance of the text search, greater is better; null without `search`.", plan=Leaf("score")
    )


@strawberry.type(description="A page of customers.")
class CustomerConnection:
    """Made of a slice by `of`."""

    edges: list[CustomerEdge] = value_field("Customers with cursors.", plan=Place.EDGES)
    nodes: list[Customer] = value_field("Just the customers.", plan=Place.NODES)
    page_info: PageInfo = value_field("Where the page stands.", plan=Place.PAGE_INFO)
    search: strawberry.Private[Search | None]
    condition: strawberry.Private[Statement | None]

    @classmethod
    def of(
        cls, page: Slice[ListedRow], order: Order, search: Search | None, condition: Statement | None
    ) -> "CustomerConnection":
        """The page of the list that was asked for in this way."""

        def cursor_of(listed: ListedRow) -> str:
            return customer_cursor(listed, order)

        edges = [
            CustomerEdge(cursor=cursor_of(listed), node=Customer.of(listed.customer), score=listed.score)
            for listed in page.items
        ]
        return cls(
            edges=edges,
            nodes=[edge.node for edge in edges],
            page_info=PageInfo.of(page, cursor_of),
            search=search,
            condition=condition,
        )

    @own_field("Exact without search and condition; else counted up to 10000, then AT_LEAST.", cost=5, plan=Place.TOTAL)
    async def total_count(self, info: Info) -> Count | None:
        total = await count_customers(info.context.store, self.search, self.condition)
        everybody = self.search is None and self.condition is None
        return Count.exact(total) if everybody else Count.capped(total)


async def customer_live(info: Info, customer_id: str) -> Customer | None:
    """The live customer with exactly this id."""
    row = await info.context.loader(customers_by_ids).load(customer_id)
    return None if row is None else Customer.of(row)


async def customer_after_merges(info: Info, customer_id: str) -> Customer | None:
    """The live customer behind an id, which may be that of a merged one."""
    found = await info.context.loader(survivors).load(customer_id)
    return None if found is None else await customer_live(info, found)


async def customer_with(info: Info, key: str) -> Customer | None:
    """The customer who has the identifier with this key."""
    found = await info.context.loader(holders).load(key)
    return None if found is None else await customer_live(info, found)
