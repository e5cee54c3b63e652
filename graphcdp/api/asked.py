"""From the arguments of a planned field to what it comes to: clauses, and the values of their parameters.

Each function has its field's arguments as the field's resolver has them, and
raises what the resolver would: such a request is answered by the resolvers, which tell it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from graphcdp.api.access import read_as_shown
from graphcdp.api.context import Context
from graphcdp.api.events import EventFilter, choice_of, is_fleeting
from graphcdp.api.listing import listing
from graphcdp.api.pages import COUNT_MAX, IDS_MAX
from graphcdp.api.paging import bounds, dated, ends, paged, relay
from graphcdp.api.predicates import CustomerPredicate, SegmentRef, condition_of
from graphcdp.api.references import claim_in, key_of, part_of_name
from graphcdp.api.segment_words import SegmentSizeStep, SegmentStatus, span_of_sizes, statuses_of
from graphcdp.api.times import TimeOrder, TimeRange
from graphcdp.model.errors import InvalidReferenceError, UnknownReferenceError
from graphcdp.model.identifiers import Claim
from graphcdp.model.ids import Tag, split_id
from graphcdp.model.times import to_wire
from graphcdp.plan import changes, lists
from graphcdp.plan import segments as of_segments
from graphcdp.plan.fields import Asked, Leaf, Nested, OneOf, Paged
from graphcdp.read import events, identities, rejected, segment_versions, segments, sources
from graphcdp.read import lists as lists_of_customers


def _customer(context: Context, by: Mapping[str, Any]) -> Asked:
    if "id" in by:
        return Asked(lists.CUSTOMER_BY_ID, {"id": by["id"]})
    # Nobody has the key null.
    return Asked(lists.CUSTOMER_BY_KEY, {"key": key_of(claim_in(by), context.recorder.rules)}, fleeting=True)


def _me(context: Context) -> Asked:
    subject = context.principal.subject or ""
    found = split_id(subject)
    if found is not None and found[0] is Tag.CUSTOMER:
        return Asked(lists.CUSTOMER_BY_ID, {"id": subject}, fleeting=True)
    kind, colon, value = subject.partition(":")
    key = key_of(Claim(kind, value), context.recorder.rules) if colon else None
    return Asked(lists.CUSTOMER_BY_KEY, {"key": key}, fleeting=True)


def _identifier(context: Context, **given: Mapping[str, Any]) -> Asked:
    key = key_of(claim_in(given["is"]), context.recorder.rules)
    return Asked("MATCH (i:Identifier {key: $key})", {"key": key}, fleeting=True)


def _segment(context: Context, by: SegmentRef) -> Asked:
    if by.id is not None:
        return Asked("MATCH (s:Segment {id: $id})", {"id": by.id.value})
    return Asked("MATCH (s:Segment {key: $key})", {"key": by.key.value if by.key else None})


def _node(context: Context, id: str) -> Asked:  # noqa: A002  # the name is GraphQL's
    return _nodes(context, [id])


def _nodes(context: Context, ids: list[str]) -> Asked:
    if len(ids) > IDS_MAX:
        raise InvalidReferenceError("too many")
    tags = {found[0] for found in map(split_id, ids) if found is not None}
    types = [name for tag in Tag if tag in tags for name in _TYPES.get(tag, ())]
    return Asked(parameters={"ids": list(ids)}, types=tuple(types))


def _customers(context: Context, **given: Any) -> Asked:
    found = listing(context, **given)
    page = lists_of_customers.list_clauses(found.order, found.page, found.search, found.condition)
    total = lists_of_customers.total_clauses(found.search, found.condition)
    asked = paged(
        found.page,
        page.text,
        lists_of_customers.list_order(found.order),
        {**page.parameters, **total.parameters},
        total.text,
    )
    return replace(asked, key=lists_of_customers.key_expression(found.order), fleeting=True)


def _identifiers(context: Context, kinds: list[str] | None = None, **page: Any) -> Asked:
    found = identities.identifier_page(**relay(page))
    cypher = lists.identifiers(kinds=kinds is not None, **bounds(found))
    parameters = {"kinds": None if kinds is None else sorted(set(kinds)), **ends(found)}
    return paged(found, cypher, identities.IDENTIFIERS, parameters, lists.identifiers_total(kinds=kinds is not None))


def _devices(context: Context, **page: Any) -> Asked:
    found = identities.device_page(**relay(page))
    return dated(found, lists.devices(**bounds(found)), identities.DEVICES, lists.DEVICES_TOTAL)


def _links(context: Context, **page: Any) -> Asked:
    found = identities.link_page(**relay(page))
    return dated(found, lists.links(**bounds(found)), identities.LINKS)


def _customer_links(context: Context, ended: bool = False, **page: Any) -> Asked:
    found = identities.customer_link_page(ended, **relay(page))
    cypher = lists.customer_links(ended=ended, **bounds(found))
    return dated(found, cypher, identities.customer_links_order(ended), lists.customer_links_total(ended=ended))


def _memberships(context: Context, **page: Any) -> Asked:
    found = segments.membership_page(**relay(page))
    return dated(found, lists.memberships(**bounds(found)), segments.MEMBERSHIPS, lists.MEMBERSHIPS_TOTAL)


def _members(context: Context, at: datetime | None = None, **page: Any) -> Asked:
    found = segments.member_page(**relay(page))
    if at is None:
        return dated(found, lists.members(**bounds(found)), segments.MEMBERS, lists.MEMBERS_TOTAL)
    asked = dated(found, lists.members(**bounds(found), past=True), segments.MEMBERS, lists.PAST_MEMBERS_TOTAL)
    return replace(asked, parameters={**asked.parameters, "at": at})


def _events(
    context: Context,
    filter: EventFilter | None = None,  # noqa: A002  # the name is GraphQL's
    order: TimeOrder = TimeOrder.NEWEST_FIRST,
    **page: Any,
) -> Asked:
    return _event_list(lists.events, context, filter, order, page)


def _stream(
    context: Context,
    filter: EventFilter | None = None,  # noqa: A002  # as above
    order: TimeOrder = TimeOrder.NEWEST_FIRST,
    **page: Any,
) -> Asked:
    # It walks between bounds always.
    return _event_list(lambda *, bounded, **shape: lists.stream(**shape), context, filter, order, page)


def _event_list(
    clauses: Callable[..., str], context: Context, given: EventFilter | None, order: TimeOrder, page: Mapping[str, Any]
) -> Asked:
    newest_first = order is TimeOrder.NEWEST_FIRST
    found = events.event_page(newest_first, **relay(page))
    choice = choice_of(given, context)
    parameters, bounded = _places(choice, *events.places_around(found, newest_first))
    cypher = clauses(**choice.shape, bounded=bounded, newest=newest_first == found.forward)
    asked = paged(found, cypher, events.history_order(newest_first), parameters)
    return replace(asked, fleeting=is_fleeting(given))


def _event_count(
    context: Context,
    filter: EventFilter | None = None,  # noqa: A002  # as above
) -> Asked:
    choice = choice_of(filter, context)
    parameters, bounded = _places(choice, None, None)
    cypher = lists.events_count(**choice.shape, bounded=bounded)
    return Asked(cypher, {**parameters, "most": COUNT_MAX}, fleeting=is_fleeting(filter))


def _is_masked(context: Context) -> Asked:
    if context.principal.sees_personal:
        return Asked("false")
    return Asked(f"{read_as_shown('i.kind', 'i.value').cypher} <> i.value")


def _segments(
    context: Context, search: str | None = None, statuses: list[SegmentStatus] | None = None, **page: Any
) -> Asked:
    found = segments.segment_page(**relay(page))
    words = part_of_name(search)
    asked_for = words is not None
    parameters = {name: value for name, value in found.bounds("place").items() if name != "limit"}
    cypher = lists.segments(search=asked_for, **bounds(found))
    return paged(
        found,
        cypher,
        segments.SEGMENTS,
        {**parameters, "search": words, "statuses": statuses_of(statuses)},
        lists.segments_total(search=asked_for),
    )


def _versions(context: Context, **page: Any) -> Asked:
    found = segment_versions.version_page(**relay(page))
    cypher = of_segments.versions(**bounds(found))
    return paged(found, cypher, segment_versions.VERSIONS, ends(found), of_segments.VERSIONS_TOTAL)


def _size_history(
    context: Context, during: TimeRange | None = None, every: SegmentSizeStep = SegmentSizeStep.DAY
) -> Asked:
    span = span_of_sizes(during, every, context.now())
    return Asked(of_segments.sizes(hourly=span.hourly), {"since": span.since, "until": span.until}, fleeting=True)


def _overlap(context: Context, with_: SegmentRef) -> Asked:
    named = _segment(context, with_)
    return replace(named, cypher=f"{named.cypher.replace('(s:', '(other:')}\n{lists.OVERLAP}")


def _rejected(context: Context, **page: Any) -> Asked:
    found = rejected.rejected_page(**relay(page))
    return paged(found, lists.rejected(**bounds(found)), rejected.REJECTED, ends(found))


def _sources(context: Context, **page: Any) -> Asked:
    found = sources.source_page(**relay(page))
    return paged(found, lists.sources(**bounds(found)), sources.SOURCES, ends(found))


def _source(context: Context, name: str) -> Asked:
    return Asked("MATCH (s:Source {name: $name})", {"name": name})


def _job(context: Context, id: str) -> Asked:  # noqa: A002  # the name is GraphQL's
    return Asked("MATCH (j:Job {id: $id})", {"id": id})


def _in_segment(context: Context, key: str, at: datetime | None = None) -> Asked:
    if at is None:
        return Asked("EXISTS { (c)-[:IN_SEGMENT]->(:Segment {key: $key}) }", {"key": key})
    then = (
        "EXISTS { MATCH (c)-[member:IN_SEGMENT|WAS_IN]->(:Segment {key: $key}) "
        "WHERE member.since <= $at AND coalesce(member.until > $at, true) }"
    )
    return Asked(then, {"key": key, "at": at})


def _matches(context: Context, where: CustomerPredicate) -> Asked:
    condition = condition_of(where, context.principal, context.now())
    return Asked(condition.text, condition.parameters, fleeting=True)


CUSTOMER = Nested(variables=("c",), ask=_customer, plainly=True)
ME = Nested(variables=("c",), ask=_me, plainly=True)
IDENTIFIER = Nested(variables=("i",), ask=_identifier, plainly=True)
CUSTOMERS = Paged(_customers, ("c", "score"), "c", "")
SEGMENT = Nested(variables=("s",), ask=_segment)
_BY_TYPE = {
    "Customer": Nested("MATCH (c:Customer {id: one})", ("c",)),
    "MergedCustomer": Nested(
        "MATCH (m:MergedCustomer {id: one})-[merged:MERGED_INTO]->()\n"
        "WHERE EXISTS { (m)-[:MERGED_INTO*1..]->(:Customer) }",
        ("m", "merged"),
    ),
    "Event": Nested("MATCH (e:Event {id: substring(one, 4)}) WHERE one STARTS WITH 'evt_'", ("e",)),
    "Identifier": Nested("MATCH (i:Identifier {id: one})", ("i",)),
    "Device": Nested(
        "MATCH (i:Identifier {id: 'idn_' + substring(one, 4)}) WHERE one STARTS WITH 'dev_' AND i.kind = 'device'",
        ("i",),
    ),
    "Segment": Nested("MATCH (s:Segment {id: one})", ("s",)),
    "Link": Nested("MATCH ()-[l:LINKED {id: one}]->() USING INDEX SEEK l:LINKED(id)", ("l",)),
    "Job": Nested("MATCH (j:Job {id: one})", ("j",)),
    **changes.BY_TYPE,
}
_TYPES = {
    Tag.CUSTOMER: ("Customer", "MergedCustomer"),
    Tag.EVENT: ("Event",),
    Tag.IDENTIFIER: ("Identifier",),
    Tag.DEVICE: ("Device",),
    Tag.SEGMENT: ("Segment",),
    Tag.LINK: ("Link",),
    Tag.JOB: ("Job",),
    Tag.MERGE: ("Merge",),
    Tag.SPLIT: ("CustomerSplit",),
    Tag.CONFLICT: ("IdentityConflict",),
}
"""What else has an id is reached from what it belongs to."""
NODE = OneOf(_BY_TYPE, _node)
NODES = OneOf(_BY_TYPE, _nodes, many=True)
HOLDER = Nested("MATCH (i)-[:IDENTIFIES]->(c:Customer)", ("c",))
IDENTIFIERS = Paged(_identifiers, ("i", "held", "place"), "i", lists.IDENTIFIER_KEY)
DEVICES = Paged(_devices, ("i",), "i", lists.DEVICE_KEY)
LINKS = Paged(_links, ("l", "other"), "l", lists.LINK_KEY)
CUSTOMER_LINKS = Paged(_customer_links, ("l",), "l", lists.LINK_KEY)
MEMBERSHIPS = Paged(_memberships, ("c", "s", "since"), "s", lists.MEMBERSHIP_KEY)
MEMBERS = Paged(_members, ("c", "since", "until"), "c", lists.MEMBER_KEY)
EVENTS = Paged(_events, ("e",), "e", lists.EVENT_KEY, bound=lists.EVENT_BOUND)
EVENT_COUNT = Nested(variables=("value", "precision"), ask=_event_count)
IN_SEGMENT = Leaf(ask=_in_segment, apart=True)
STREAM = Paged(_stream, ("e",), "e", lists.EVENT_KEY, bound=lists.EVENT_BOUND)
SEGMENTS = Paged(_segments, ("s", "place"), "s", lists.SEGMENT_KEY)
OVERLAP = Nested(
    variables=("value", "precision"),
    ask=_overlap,
    missing=UnknownReferenceError("There is no such segment.", ("with",)),
)
VERSIONS = Paged(_versions, ("v",), "v", of_segments.VERSION_KEY)
VERSION_BEFORE = Nested(of_segments.VERSION_BEFORE, ("v",), one="[v.segment, v.number]")
SIZE_HISTORY = Nested(variables=("at", "size"), ask=_size_history, many=True)
REJECTED = Paged(_rejected, ("r",), "r", lists.REJECTED_KEY)
SOURCES = Paged(_sources, ("s",), "s", lists.SOURCE_KEY)
SOURCE = Nested(variables=("s",), ask=_source)
JOB = Nested(variables=("j",), ask=_job)
SEGMENT_OF_JOB = Nested("MATCH (s:Segment {id: j.segment})", ("s",))
IS_MASKED = Leaf(ask=_is_masked)
MATCHES = Leaf(ask=_matches, apart=True)


def _places(
    choice: events.EventChoice, earlier: events.Place | None, later: events.Place | None
) -> tuple[dict[str, Any], bool]:
    """Parameters of clauses on events, and whether there are bounds in time at all."""
    parameters = events.choice_parameters(choice, earlier, later)
    parameters |= {"low": to_wire(parameters["low"]), "high": to_wire(parameters["high"])}
    return parameters, any(bound is not None for bound in (choice.since, choice.until, earlier, later))
