"""Events as callers see them, and pages of them."""

from typing import TYPE_CHECKING, Annotated

import orjson
import strawberry

from graphcdp.api.access import check_event_conditions
from graphcdp.api.context import Context, Info
from graphcdp.api.fields import READ, Shown, field, own_field, value_field
from graphcdp.api.node import Node, id_read_as
from graphcdp.api.pages import PageInfo
from graphcdp.api.predicates import PropertyPredicate, conditions_on_events
from graphcdp.api.properties import Properties, properties_of
from graphcdp.api.scalars import DateTime
from graphcdp.api.times import TimeOrder, TimeRange, bounds_of
from graphcdp.model.errors import InvalidReferenceError
from graphcdp.model.ids import Tag, tagged
from graphcdp.model.predicates import EventConditions
from graphcdp.plan.fields import Leaf, Nested, Place, Told, time
from graphcdp.plan.where import event_condition
from graphcdp.read.events import EventChoice, EventRow, event_cursor
from graphcdp.read.identities import identifiers_by_keys
from graphcdp.read.pages import Slice

if TYPE_CHECKING:
    from graphcdp.api.customers import Customer
    from graphcdp.api.identities import Identifier

NAMES_MAX = 50


@strawberry.input(description="Which events to list. All conditions that are given must hold.")
class EventFilter:
    """Which events; `choice_of` makes the reader's choice of it."""

    names: list[str] | None = strawberry.field(description="Only these names; at most 50.", default=None)
    during: TimeRange | None = strawberry.field(description="Only in this time.", default=None)
    sources: list[str] | None = strawberry.field(description="Only from these sources; at most 50.", default=None)
    where: list[PropertyPredicate] | None = strawberry.field(
        description="Conditions on properties; all must hold; at most 10. Needs the scope `pii`.", default=None
    )


Filter = Annotated[EventFilter | None, strawberry.argument(description="Which events.")]
InTime = Annotated[TimeOrder, strawberry.argument(description="Order in time.")]


@strawberry.type(description="Something that someone did.")
class Event(Node):
    """Made of a stored event by `of`."""

    id: strawberry.ID = id_read_as("'evt_' + e.id")
    event_id: str = value_field(
        "The id that the producer gave; the same id is never recorded twice.", plan=Leaf("e.id")
    )
    name: str = value_field("The name, for example `Order Completed`.", plan=Leaf("e.name"))
    at: DateTime = value_field("When it happened.", plan=time("e.at"))
    received_at: DateTime = value_field("When the platform received it.", plan=time("e.receivedAt"))
    properties: Properties = value_field(
        "What the producer said about it.",
        personal=Shown.EMPTY,
        plan=Told("e.json", properties_of, whole="json", absent="{}"),
    )
    context: Properties = value_field(
        "Where it happened: page, app, campaign, network.",
        personal=Shown.EMPTY,
        plan=Told("e.context", properties_of, whole="json", absent="{}"),
    )
    source: str | None = value_field("The source that sent it.", plan=Leaf("e.source"))
    violations: list[str] = value_field(
        "What the tracking plan says against it, in plain English and without values; empty when it is as expected, or "
        "when there was no plan.",
        plan=Leaf("coalesce(e.violations, [])"),
    )
    row: strawberry.Private[EventRow]

    @classmethod
    def of(cls, row: EventRow) -> "Event":
        """The event of a row."""
        return cls(
            id=strawberry.ID(tagged(Tag.EVENT, row.id)),
            event_id=row.id,
            name=row.name,
            at=row.at,
            received_at=row.received,
            properties=properties_of(row.properties),
            context=properties_of(row.context),
            source=row.source,
            violations=list(row.violations),
            row=row,
        )

    @field(
        "Who did it, after identity resolution; null once erased.",
        scopes=READ,
        plan=Nested("MATCH (:Identifier {key: e.subject})-[:IDENTIFIES]->(c:Customer)", ("c",)),
    )
    async def customer(self, info: Info) -> Annotated["Customer", strawberry.lazy("graphcdp.api.customers")] | None:
        from graphcdp.api.customers import customer_with  # the types refer to each other

        return await customer_with(info, self.row.subject)

    @own_field(
        "The identifiers that it carried.",
        size=5,
        plan=Nested("UNWIND e.identifiers AS key MATCH (i:Identifier {key: key})", ("i",), many=True),
    )
    async def identifiers(
        self, info: Info
    ) -> list[Annotated["Identifier", strawberry.lazy("graphcdp.api.identities")]] | None:
        from graphcdp.api.identities import Identifier  # the types refer to each other

        rows = await info.context.loader(identifiers_by_keys).load_many(self.row.identifiers)
        return [Identifier.of(row) for row in rows if row is not None]


@strawberry.type(description="An event in a list.")
class EventEdge:
    """An event with its place."""

    cursor: str = value_field("The place in the list.", plan=Place.CURSOR)
    node: Event = value_field("The event.", plan=Place.NODE)


@strawberry.type(description="A page of events. It has no total: use `Customer.eventCount`.")
class EventConnection:
    """Made of a slice by `of`."""

    edges: list[EventEdge] = value_field("Events with cursors.", plan=Place.EDGES)
    nodes: list[Event] = value_field("Just the events.", plan=Place.NODES)
    page_info: PageInfo = value_field("Where the page stands.", plan=Place.PAGE_INFO)

    @classmethod
    def of(cls, page: Slice[EventRow], newest_first: bool) -> "EventConnection":
        """The page of a history in this order."""

        def cursor_of(row: EventRow) -> str:
            return event_cursor(row, newest_first)

        edges = [EventEdge(cursor=cursor_of(row), node=Event.of(row)) for row in page.items]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=PageInfo.of(page, cursor_of))


def choice_of(given: EventFilter | None, context: Context) -> EventChoice:
    """The choice of events that the filter states.

    Raises InvalidReferenceError for too many names or sources and for conditions
    that cannot be used, NotAllowedError for conditions of who may not see values.
    """
    if given is None:
        return EventChoice()
    for name, values in (("names", given.names), ("sources", given.sources)):
        if values is not None and len(values) > NAMES_MAX:
            raise InvalidReferenceError(
                f"filter.{name}: {len(values)} were given; the most is {NAMES_MAX}.", ("filter", name)
            )
    since, until = bounds_of(given.during, context.now(), ("filter", "during"))
    conditions = conditions_of(given)
    if conditions is not None:
        check_event_conditions(context.principal)
    return EventChoice(
        names=None if given.names is None else tuple(sorted(set(given.names))),
        sources=None if given.sources is None else tuple(sorted(set(given.sources))),
        since=since,
        until=until,
        where=None if conditions is None else event_condition(conditions.where, context.now()),
        told="" if conditions is None else orjson.dumps(conditions.to_json()).decode(),
    )


def conditions_of(given: EventFilter) -> EventConditions | None:
    """The conditions on properties that the filter states; None for none. Raises BadPredicateError."""
    return conditions_on_events(given.where, ("filter",)) if given.where else None


def is_fleeting(given: EventFilter | None) -> bool:
    """Whether the events of a choice depend on the clock."""
    if given is None:
        return False
    conditions = conditions_of(given)
    within = given.during is not None and given.during.within is not None
    return within or (conditions is not None and conditions.depends_on_time)
