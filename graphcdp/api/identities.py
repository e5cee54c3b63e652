"""Identifiers, devices and the evidence between them, as callers see them."""

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import orjson
import strawberry

from graphcdp.api import asked
from graphcdp.api.access import read_as_shown, shown_identifier
from graphcdp.api.context import Info
from graphcdp.api.events import Event
from graphcdp.api.fields import READ, Shown, field, own_field, value_field
from graphcdp.api.node import Node, id_read_as
from graphcdp.api.pages import After, Before, Count, First, Last, PageInfo
from graphcdp.api.properties import Properties, properties_of
from graphcdp.api.scalars import DateTime
from graphcdp.model.devices import DeviceTold, device_told
from graphcdp.model.errors import DatabaseError
from graphcdp.model.ids import Tag, tagged
from graphcdp.plan.fields import Leaf, Nested, Place, Told, time
from graphcdp.plan.lists import DEVICE_CONTEXTS
from graphcdp.read.events import events_by_ids
from graphcdp.read.identities import (
    HeldRow,
    IdentifierRow,
    LinkRow,
    customer_link_cursor,
    customer_link_totals,
    device_cursor,
    devices_told,
    identifier_cursor,
    identifier_totals,
    identifiers_by_keys,
    link_cursor,
    link_page,
    link_pages,
)
from graphcdp.read.pages import Slice

if TYPE_CHECKING:
    from graphcdp.api.customers import Customer

Kinds = tuple[str, ...] | None


@strawberry.type(description="A value that stands for someone: an e-mail address, a device, a user id.")
class Identifier(Node):
    """Made of a stored identifier by `of`."""

    id: strawberry.ID = id_read_as("i.id")
    kind: str = value_field(
        "The kind: `user`, `email`, `phone`, `device`, `anonymous` or your own.", plan=Leaf("i.kind")
    )
    value: str = value_field(
        "The normalised value.",
        personal=Shown.PSEUDONYM,
        plan=Leaf("i.value"),
        masked=read_as_shown("i.kind", "i.value"),
    )
    first_seen_at: DateTime = value_field("When first seen.", plan=time("i.firstSeen"))
    last_seen_at: DateTime = value_field("When last seen.", plan=time("i.lastSeen"))
    sources: list[str] = value_field("Sources that reported it.", plan=Leaf("coalesce(i.sources, [])"))
    row: strawberry.Private[IdentifierRow]

    @classmethod
    def of(cls, row: IdentifierRow) -> "Identifier":
        """The identifier of a row."""
        return cls(
            id=strawberry.ID(row.id),
            kind=row.kind,
            value=row.value,
            first_seen_at=row.first_seen,
            last_seen_at=row.last_seen,
            sources=list(row.sources),
            row=row,
        )

    @field("The value is hidden from this caller.", plan=asked.IS_MASKED)
    def is_masked(self, info: Info) -> bool:
        hidden = shown_identifier(self.kind, self.value) != self.value
        return hidden and not info.context.principal.sees_personal

    @field("Whose it is now; null when erased.", scopes=READ, plan=asked.HOLDER)
    async def customer(self, info: Info) -> Annotated["Customer", strawberry.lazy("graphcdp.api.customers")] | None:
        from graphcdp.api.customers import customer_with  # the types refer to each other

        return await customer_with(info, self.row.key)

    @own_field("Evidence that ties it to other identifiers, newest first.", scopes=READ, plan=asked.LINKS)
    async def links(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> "LinkConnection | None":
        page = link_page(first=first, after=after, last=last, before=before)
        return LinkConnection.of(await info.context.loader(link_pages, page).load(self.row.id))


@strawberry.enum(description="Why evidence no longer counts.")
class LinkEnd(Enum):
    """As stored, in capitals."""

    LAST_LOGIN = strawberry.enum_value("LAST_LOGIN", description="A shared device went to the user who signed in last.")
    CUT = strawberry.enum_value("CUT", description="A person cut it.")
    RULES = strawberry.enum_value("RULES", description="The identity rules changed.")


@strawberry.type(description="A piece of evidence that two identifiers belong to one person.")
class Link(Node):
    """Made of stored evidence by `of`."""

    id: strawberry.ID = id_read_as("l.id")
    count: int = value_field("How many messages showed it.", plan=Leaf("l.count"))
    first_seen_at: DateTime = value_field("When first seen.", plan=time("l.firstSeen"))
    last_seen_at: DateTime = value_field("When last seen.", plan=time("l.lastSeen"))
    source: str | None = value_field("The source that first sent it.", plan=Leaf("l.source"))
    message_id: str | None = value_field(
        "The id of the message that first showed it; null when a person made it.", plan=Leaf("l.event")
    )
    by_hand: bool = value_field("A person made it: no limit applies to it.", plan=Leaf("coalesce(l.byHand, false)"))
    removed_at: DateTime | None = value_field("When it stopped counting; null while it counts.", plan=time("l.endedAt"))
    ended_by: LinkEnd | None = value_field(
        "Why it stopped counting; null while it counts.", plan=Leaf("toUpper(l.endedBy)")
    )
    allowed_at: DateTime | None = value_field(
        (
            "When a cut was lifted: a message that shows it again makes new evidence. Null while the cut stands, "
            "and where there was none."
        ),
        plan=time("l.allowedAt"),
    )
    row: strawberry.Private[LinkRow]

    @classmethod
    def of(cls, row: LinkRow) -> "Link":
        """The evidence of a row."""
        return cls(
            id=strawberry.ID(row.id),
            count=row.times,
            first_seen_at=row.first_seen,
            last_seen_at=row.last_seen,
            source=row.source,
            message_id=row.message,
            by_hand=row.by_hand,
            removed_at=row.ended,
            ended_by=None if row.ended_by is None else LinkEnd[row.ended_by.upper()],
            allowed_at=row.allowed,
            row=row,
        )

    @field("One end.", name="from", plan=Nested("WITH startNode(l) AS i", ("i",)))
    async def from_(self, info: Info) -> Identifier:
        return await identifier_with(info, self.row.from_key)

    @field("The other end.", plan=Nested("WITH endNode(l) AS i", ("i",)))
    async def to(self, info: Info) -> Identifier:
        return await identifier_with(info, self.row.to_key)

    @field(
        "The event that first showed it; null when it was no event, such as identify or alias.",
        plan=Nested("MATCH (e:Event {id: l.event})", ("e",)),
    )
    async def event(self, info: Info) -> Event | None:
        if self.row.message is None:
            return None
        row = await info.context.loader(events_by_ids).load(self.row.message)
        return None if row is None else Event.of(row)


@strawberry.type(description="A link in a list.")
class LinkEdge:
    """Evidence with its place, seen from one end."""

    cursor: str = value_field("The place in the list.", plan=Place.CURSOR)
    node: Link = value_field("The link.", plan=Place.NODE)

    @field("The end that is not the identifier whose links are listed.", plan=Nested("WITH other AS i", ("i",)))
    async def other(self, info: Info) -> Identifier:
        return await identifier_with(info, self.node.row.other_key)


@strawberry.type(description="A page of links.")
class LinkConnection:
    """Made of a slice by `of`."""

    edges: list[LinkEdge] = value_field("Links with cursors.", plan=Place.EDGES)
    nodes: list[Link] = value_field("Just the links.", plan=Place.NODES)
    page_info: PageInfo = value_field("Where the page stands.", plan=Place.PAGE_INFO)

    @classmethod
    def of(cls, page: Slice[LinkRow]) -> "LinkConnection":
        """The page of an identifier's evidence."""
        edges = [LinkEdge(cursor=link_cursor(row), node=Link.of(row)) for row in page.items]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=PageInfo.of(page, link_cursor))


@strawberry.type(description="A link in a customer's list.")
class CustomerLinkEdge:
    """Evidence with its place."""

    cursor: str = value_field("The place in the list.", plan=Place.CURSOR)
    node: Link = value_field("The link.", plan=Place.NODE)


@strawberry.type(description="A page of the evidence that makes a customer one: the edges of a drawing.")
class CustomerLinkConnection:
    """Made of a slice by `of`."""

    edges: list[CustomerLinkEdge] = value_field("Links with cursors.", plan=Place.EDGES)
    nodes: list[Link] = value_field("Just the links.", plan=Place.NODES)
    page_info: PageInfo = value_field("Where the page stands.", plan=Place.PAGE_INFO)
    customer_id: strawberry.Private[str]
    ended: strawberry.Private[bool]

    @classmethod
    def of(cls, page: Slice[LinkRow], customer_id: str, ended: bool) -> "CustomerLinkConnection":
        """The page of a customer's evidence; ended: whether it holds what no longer counts as well."""

        def cursor_of(row: LinkRow) -> str:
            return customer_link_cursor(row, ended)

        edges = [CustomerLinkEdge(cursor=cursor_of(row), node=Link.of(row)) for row in page.items]
        return cls(
            edges=edges,
            nodes=[edge.node for edge in edges],
            page_info=PageInfo.of(page, cursor_of),
            customer_id=customer_id,
            ended=ended,
        )

    @own_field("Exact.", plan=Place.TOTAL)
    async def total_count(self, info: Info) -> Count | None:
        return Count.exact(await info.context.loader(customer_link_totals, self.ended).load(self.customer_id))


@strawberry.type(description="An identifier of a customer.")
class IdentifierEdge:
    """An identifier with its place and since when it is the customer's."""

    cursor: str = value_field("The place in the list.", plan=Place.CURSOR)
    node: Identifier = value_field("The identifier.", plan=Place.NODE)
    since: DateTime = value_field("Since when it belongs to the customer.", plan=time("held.since"))


@strawberry.type(description="A page of identifiers.")
class IdentifierConnection:
    """Made of a slice by `of`."""

    edges: list[IdentifierEdge] = value_field("Identifiers with cursors.", plan=Place.EDGES)
    nodes: list[Identifier] = value_field("Just the identifiers.", plan=Place.NODES)
    page_info: PageInfo = value_field("Where the page stands.", plan=Place.PAGE_INFO)
    customer_id: strawberry.Private[str]
    kinds: strawberry.Private[Kinds]

    @classmethod
    def of(cls, page: Slice[HeldRow], customer_id: str, kinds: Kinds) -> "IdentifierConnection":
        """The page of a customer's identifiers of these kinds."""
        edges = [
            IdentifierEdge(cursor=identifier_cursor(held), node=Identifier.of(held.identifier), since=held.since)
            for held in page.items
        ]
        return cls(
            edges=edges,
            nodes=[edge.node for edge in edges],
            page_info=PageInfo.of(page, identifier_cursor),
            customer_id=customer_id,
            kinds=kinds,
        )

    @own_field("Exact.", plan=Place.TOTAL)
    async def total_count(self, info: Info) -> Count | None:
        return Count.exact(await info.context.loader(identifier_totals, self.kinds).load(self.customer_id))


@strawberry.enum(description="What a device is.")
class DevicePlatform(Enum):
    """As `graphcdp.model.devices.Platform`."""

    WEB = strawberry.enum_value("WEB", description="A browser, on whatever device.")
    IOS = strawberry.enum_value("IOS", description="An app on a phone or tablet of Apple.")
    ANDROID = strawberry.enum_value("ANDROID", description="An app on Android.")
    TV = strawberry.enum_value("TV", description="A television, or a box at one.")
    SERVER = strawberry.enum_value("SERVER", description="A server.")
    OTHER = strawberry.enum_value("OTHER", description="Something else.")


def _bag(told: DeviceTold) -> Properties:
    return properties_of(orjson.dumps(dict(told.attributes)).decode())


def _attributes(contexts: list[str]) -> Properties:
    return _bag(device_told(contexts))


@strawberry.type(description="A device or installation.")
class Device(Node):
    """An identifier of the kind `device`, made by `of`."""

    id: strawberry.ID = id_read_as("'dev_' + substring(i.id, 4)")
    device_id: str = value_field(
        "The device id that was reported.",
        personal=Shown.PSEUDONYM,
        plan=Leaf("i.value"),
        masked=read_as_shown("i.kind", "i.value"),
    )
    first_seen_at: DateTime = value_field("When first seen.", plan=time("i.firstSeen"))
    last_seen_at: DateTime = value_field("When last seen.", plan=time("i.lastSeen"))
    row: strawberry.Private[IdentifierRow]

    @classmethod
    def of(cls, row: IdentifierRow) -> "Device":
        """The device of a row."""
        return cls(
            id=strawberry.ID(tagged(Tag.DEVICE, row.id.partition("_")[2])),
            device_id=row.value,
            first_seen_at=row.first_seen,
            last_seen_at=row.last_seen,
            row=row,
        )

    @property
    def kind(self) -> str:
        """The identifier's kind, by which its value is masked."""
        return self.row.kind

    @property
    def value(self) -> str:
        """The identifier's value."""
        return self.row.value

    @field(
        "What it is, as the context of its latest events says: `platform`, `device.type`, `os`, a page or a browser. "
        "Null when none of them says anything.",
        cost=3,
        plan=Told("contexts", lambda contexts: device_told(contexts).platform, DEVICE_CONTEXTS),
    )
    async def platform(self, info: Info) -> DevicePlatform | None:
        told = await info.context.loader(devices_told).load(self.row.key)
        return None if told.platform is None else DevicePlatform[told.platform]

    @field(
        "Texts that the context of its latest events gives: `model`, `manufacturer`, `type`, `os`, `osVersion`, "
        "`browser`, `browserVersion`, `app`, `appVersion`; those that are not given are absent.",
        personal=Shown.EMPTY,
        cost=3,
        plan=Told("contexts", _attributes, DEVICE_CONTEXTS),
    )
    async def attributes(self, info: Info) -> Properties:
        return _bag(await info.context.loader(devices_told).load(self.row.key))

    @field("Whose it is now; null when erased.", scopes=READ, plan=asked.HOLDER)
    async def customer(self, info: Info) -> Annotated["Customer", strawberry.lazy("graphcdp.api.customers")] | None:
        from graphcdp.api.customers import customer_with  # the types refer to each other

        return await customer_with(info, self.row.key)


@strawberry.type(description="A device in a list.")
class DeviceEdge:
    """A device with its place."""

    cursor: str = value_field("The place in the list.", plan=Place.CURSOR)
    node: Device = value_field("The device.", plan=Place.NODE)


@strawberry.type(description="A page of devices.")
class DeviceConnection:
    """Made of a slice by `of`."""

    edges: list[DeviceEdge] = value_field("Devices with cursors.", plan=Place.EDGES)
    nodes: list[Device] = value_field("Just the devices.", plan=Place.NODES)
    page_info: PageInfo = value_field("Where the page stands.", plan=Place.PAGE_INFO)
    customer_id: strawberry.Private[str]

    @classmethod
    def of(cls, page: Slice[IdentifierRow], customer_id: str) -> "DeviceConnection":
        """The page of a customer's devices."""
        edges = [DeviceEdge(cursor=device_cursor(row), node=Device.of(row)) for row in page.items]
        return cls(
            edges=edges,
            nodes=[edge.node for edge in edges],
            page_info=PageInfo.of(page, device_cursor),
            customer_id=customer_id,
        )

    @own_field("Exact.", plan=Place.TOTAL)
    async def total_count(self, info: Info) -> Count | None:
        return Count.exact(await info.context.loader(identifier_totals, ("device",)).load(self.customer_id))


async def identifier_with(info: Info, key: str) -> Identifier:
    """The identifier with this key, which evidence names.

    Raises DatabaseError when it was erased between two statements of one request.
    """
    row = await info.context.loader(identifiers_by_keys).load(key)
    if row is None:
        raise DatabaseError("The data changed while it was read: ask again.")
    return Identifier.of(row)
