"""The feed as pages, and its changes as callers see them. Source: docs/feed.md, rule 7."""

from enum import Enum
from typing import Annotated, TypeVar, cast

import strawberry

from graphcdp.api.consents import Consent
from graphcdp.api.context import Info
from graphcdp.api.customers import Customer, customer_after_merges, customer_with
from graphcdp.api.events import Event
from graphcdp.api.fields import READ, Shown, field, own_field, value_field
from graphcdp.api.identities import Identifier
from graphcdp.api.me import visitor_with
from graphcdp.api.merges import Merge, merge_with_id
from graphcdp.api.pages import After, PageInfo
from graphcdp.api.references import CustomerRef, claim_of, key_of
from graphcdp.api.scalars import JSON, BigInt, DateTime
from graphcdp.api.segments import Segment, segment_with_id
from graphcdp.model import changes as model
from graphcdp.model.changes import Sequenced
from graphcdp.model.consent import Decision
from graphcdp.model.errors import InvalidReferenceError, unknown_customer
from graphcdp.read.customers import holders
from graphcdp.read.events import events_by_ids
from graphcdp.read.feed import (
    LIMIT_MAX,
    Found,
    choose_changes,
    feed_cursor,
    ids_of_customer,
    number_of,
    standing,
)
from graphcdp.read.identities import identifiers_by_keys

FIRST_DEFAULT = 100

Of = TypeVar("Of")


@strawberry.enum(description="Kinds of changes.")
class ChangeKind(Enum):
    """As `graphcdp.model.changes.ChangeKind`."""

    CREATED = strawberry.enum_value("CREATED", description="CustomerCreated.")
    IDENTIFIER = strawberry.enum_value("IDENTIFIER", description="IdentifierLinked.")
    MERGED = strawberry.enum_value("MERGED", description="CustomersMerged.")
    SPLIT = strawberry.enum_value("SPLIT", description="CustomerParted.")
    TRAITS = strawberry.enum_value("TRAITS", description="TraitsChanged.")
    EVENT = strawberry.enum_value("EVENT", description="EventRecorded.")
    ENTERED = strawberry.enum_value("ENTERED", description="SegmentEntered.")
    EXITED = strawberry.enum_value("EXITED", description="SegmentExited.")
    CONSENT = strawberry.enum_value("CONSENT", description="ConsentChanged.")
    ERASED = strawberry.enum_value("ERASED", description="CustomerErased.")


Kinds = Annotated[list[ChangeKind] | None, strawberry.argument(description="Only these kinds.")]
OfCustomer = Annotated[
    CustomerRef | None,
    strawberry.argument(description="Only changes of this customer, under all ids that lead to it now."),
]
FirstChanges = Annotated[
    int,
    strawberry.argument(description=f"Page size, 1..{LIMIT_MAX}."),
]


@strawberry.interface(description="Something that became of a customer. New kinds may appear: select `kind` always.")
class Change:
    """What all changes have. told: the change with its number."""

    told: strawberry.Private[Sequenced]

    @field("The place in the feed: give it as `after` to go on from here.")
    def cursor(self) -> str:
        return feed_cursor(self.told.seq)

    @field("The number in the feed: it goes up by one with each change, without gaps.")
    def sequence(self) -> BigInt:
        return BigInt(self.told.seq)

    @field("When, by the database's clock.")
    def at(self) -> DateTime:
        return self.told.at

    @field("What kind.")
    def kind(self) -> ChangeKind:
        return ChangeKind[self.told.change.kind.value]

    @field("The id of whom it concerns, as of then.")
    def customer_id(self) -> strawberry.ID:
        return strawberry.ID(self.told.change.customer)

    @field("Who that is now, after merges; null once erased.")
    async def customer(self, info: Info) -> Customer | None:
        subject = info.context.principal.subject
        if subject is not None:
            # The id may be somebody else's by now: a visitor sees itself only.
            return await visitor_with(info, subject)
        return await customer_after_merges(info, self.told.change.customer)

    @field("An erasure took out of it what it told of somebody: read the customer anew.")
    def redacted(self) -> bool:
        return bool(getattr(self.told.change, "redacted", False))


def _as(change: Change, _: type[Of]) -> Of:
    """What was told, which is of this type, or of one that has the same fields."""
    return cast("Of", change.told.change)


async def _may_see(info: Info, key: str) -> bool:
    """Whether what hangs on this identifier may be seen: by visitors only while the identifier is their own."""
    subject = info.context.principal.subject
    if subject is None:
        return True
    own = await visitor_with(info, subject)
    return own is not None and await info.context.loader(holders).load(key) == str(own.id)


@strawberry.type(description="A customer was seen for the first time.")
class CustomerCreated(Change):
    """Of `model.Created`."""


@strawberry.type(
    description="An identifier came to the customer, or left it. What moves with a merge or a split is not told singly."
)
class IdentifierLinked(Change):
    """Of `model.IdentifierMoved`."""

    @field("True when it left the customer.")
    def removed(self) -> bool:
        return _as(self, model.IdentifierMoved).removed

    @field("The identifier; null once erased, and to visitors when it is no longer their own.")
    async def identifier(self, info: Info) -> Identifier | None:
        key = _as(self, model.IdentifierMoved).key
        if key is None or not await _may_see(info, key):
            return None
        row = await info.context.loader(identifiers_by_keys).load(key)
        return None if row is None else Identifier.of(row)


@strawberry.type(description="One customer went into another, with all that it had; `customerId` is who remained.")
class CustomersMerged(Change):
    """Of `model.Merged`."""

    @field("The id of who was absorbed.")
    def absorbed_id(self) -> strawberry.ID:
        return strawberry.ID(_as(self, model.Merged).absorbed)

    @field("The merge in the log; null once one of the two was erased.", scopes=READ)
    async def merge(self, info: Info) -> Merge | None:
        return await merge_with_id(info, _as(self, model.Merged).merge)


@strawberry.type(description="Parts came out of a customer: it was split, evidence was cut, or a merge undone.")
class CustomerParted(Change):
    """Of `model.Split`."""

    @field("The ids of the parts: new ones, or ids that had been merged and live again.")
    def separated_ids(self) -> list[strawberry.ID]:
        return [strawberry.ID(part.customer) for part in _as(self, model.Split).parts]


@strawberry.type(description="How one trait changed.")
class TraitChange:
    """Of `model.TraitChange`."""

    name: str = value_field("Top-level name of the trait.")
    before: JSON | None = value_field("The value before; null when there was none.", personal=Shown.NULL)
    after: JSON | None = value_field("The value after; null when there is none.", personal=Shown.NULL)


@strawberry.type(description="Traits have other values.")
class TraitsChanged(Change):
    """Of `model.TraitsChanged`."""

    @field("Which, by name; none once an erasure took them out.")
    def traits(self) -> list[TraitChange]:
        return [
            TraitChange(name=one.name, before=one.before, after=one.after)
            for one in _as(self, model.TraitsChanged).traits
        ]


@strawberry.type(description="An event was recorded.")
class EventRecorded(Change):
    """Of `model.EventRecorded`."""

    @field("The event's name; null once erased.")
    def name(self) -> str | None:
        return _as(self, model.EventRecorded).name

    @field("The event; null once erased, and to visitors when it is no longer their own.")
    async def event(self, info: Info) -> Event | None:
        told = _as(self, model.EventRecorded)
        if told.event is None or told.subject is None or not await _may_see(info, told.subject):
            return None
        row = await info.context.loader(events_by_ids).load(told.event)
        return None if row is None else Event.of(row)


@strawberry.interface(description="A customer entered or left a segment.")
class SegmentMove(Change):
    """Of `model.SegmentEntered` and `model.SegmentExited`."""

    @field("The segment's key.")
    def segment_key(self) -> str:
        return _as(self, model.SegmentEntered).key

    @field("The segment; null once deleted.")
    async def segment(self, info: Info) -> Segment | None:
        return await segment_with_id(info, _as(self, model.SegmentEntered).segment)


@strawberry.type(description="A customer entered a segment.")
class SegmentEntered(SegmentMove):
    """Of `model.SegmentEntered`."""


@strawberry.type(description="A customer left a segment, or the segment was deleted.")
class SegmentExited(SegmentMove):
    """Of `model.SegmentExited`."""


@strawberry.type(description="A decision on consent was recorded.")
class ConsentChanged(Change):
    """Of `model.ConsentChanged`."""

    @field("The decision, as it stands by itself: another identifier's may be later. Null once erased.")
    def consent(self, info: Info) -> Consent | None:
        told = _as(self, model.ConsentChanged)
        if told.purpose is None or told.at is None:
            return None
        decision = Decision(told.purpose, told.granted, told.at, told.expires_at, told.source)
        return Consent.of(decision, info.context.now())


@strawberry.type(description="A customer was erased: copies must be dropped. Told for each id that it ever had.")
class CustomerErased(Change):
    """Of `model.Erased`."""


_TYPE_BY_KIND: dict[model.ChangeKind, type[Change]] = {
    model.ChangeKind.CREATED: CustomerCreated,
    model.ChangeKind.IDENTIFIER: IdentifierLinked,
    model.ChangeKind.MERGED: CustomersMerged,
    model.ChangeKind.SPLIT: CustomerParted,
    model.ChangeKind.TRAITS: TraitsChanged,
    model.ChangeKind.EVENT: EventRecorded,
    model.ChangeKind.ENTERED: SegmentEntered,
    model.ChangeKind.EXITED: SegmentExited,
    model.ChangeKind.CONSENT: ConsentChanged,
    model.ChangeKind.ERASED: CustomerErased,
}
CHANGES = tuple(_TYPE_BY_KIND.values())
"""For the schema, which finds them behind no field."""


def type_name_of(change: model.Change) -> str:
    """The name of the type that callers see the change as."""
    return _TYPE_BY_KIND[change.kind].__name__


def change_of(told: Sequenced) -> Change:
    """The change as callers see it."""
    return _TYPE_BY_KIND[told.change.kind](told=told)


@strawberry.type(description="A change in a list.")
class ChangeEdge:
    """A change with its place."""

    cursor: str = value_field("The place in the list.")
    node: Change = value_field("The change.")


@strawberry.type(
    description=(
        "A page of changes, oldest first. `pageInfo.endCursor` stands behind all that was looked at, even when nothing "
        "fitted: go on from there."
    )
)
class ChangeConnection:
    """Made of what was found by `of`."""

    edges: list[ChangeEdge] = value_field("Changes with cursors.")
    nodes: list[Change] = value_field("Just the changes.")
    page_info: PageInfo = value_field("Where the page stands.")

    @field("The cursor behind the newest change now: ask for it before reading customers, then follow from there.")
    async def newest_cursor(self, info: Info) -> str:
        return feed_cursor((await standing(info.context.store)).newest)

    @classmethod
    def of(cls, found: Found, *, is_first: bool) -> "ChangeConnection":
        """The page of these changes."""
        edges = [ChangeEdge(cursor=feed_cursor(one.seq), node=change_of(one)) for one in found.changes]
        info = PageInfo(
            has_next_page=found.more,
            has_previous_page=not is_first,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=feed_cursor(found.last),
        )
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=info)


@strawberry.type
class ChangeQueries:
    """The feed as pages."""

    @own_field(
        "The feed: what became of customers, oldest first, from the oldest change that is kept. A cursor behind which "
        "changes were dropped fails with CURSOR_EXPIRED. What does not fit is read over, some thousands at a time: a "
        "page may be empty although more follow.",
        scopes=READ,
    )
    async def changes(
        self,
        info: Info,
        kinds: Kinds = None,
        customer: OfCustomer = None,
        first: FirstChanges = FIRST_DEFAULT,
        after: After = None,
    ) -> ChangeConnection | None:
        if not 1 <= first <= LIMIT_MAX:
            raise InvalidReferenceError(f"`first` is 1..{LIMIT_MAX}; {first} was given.", ("first",))
        store = info.context.store
        start = (await standing(store)).dropped if after is None else number_of(after)
        chosen = [model.ChangeKind[kind.name] for kind in kinds or ()]
        ids = () if customer is None else await _ids_of(info, customer)
        found = await choose_changes(store, start, first, chosen, ids)
        return ChangeConnection.of(found, is_first=after is None)


async def _ids_of(info: Info, customer: CustomerRef) -> tuple[str, ...]:
    if customer.id is not None:
        return await ids_of_customer(info.context.store, customer.id.value)
    key = key_of(claim_of(customer), info.context.recorder.rules)
    found = None if key is None else await customer_with(info, key)
    if found is None:
        raise unknown_customer("customer")
    return await ids_of_customer(info.context.store, str(found.id))
