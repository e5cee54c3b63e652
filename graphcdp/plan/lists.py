"""Clauses for lists: which items, between which bounds, in which order. At most $limit rows each.

Times come as text, since the driver takes long over native ones. Texts are few
and fixed: they depend on which bounds there are, never on a value.
"""

from functools import cache, lru_cache

from graphcdp.model.devices import CONTEXTS_MAX, EVENTS_MAX, SUBJECTS_MAX
from graphcdp.plan.fields import Need

_EXACT = "'EXACT' AS precision"

CONTACTS = Need(
    "contacts",
    """MATCH (c)<-[:IDENTIFIES]-(i:Email|Phone|User)
WITH i ORDER BY i.lastSeen DESC, i.key
WITH collect([i.kind, i.value]) AS all
RETURN [kind IN ['email', 'phone', 'user'] | head([x IN all WHERE x[0] = kind | x[1]])]""",
)
"""Of each kind the value seen last: e-mail address, phone number, user id."""

CUSTOMER_BY_ID = """CALL (*) {
  MATCH (c:Customer {id: $id})
  RETURN c
  UNION
  MATCH (:MergedCustomer {id: $id})-[:MERGED_INTO*1..]->(c:Customer)
  RETURN c
}
WITH c"""
"""The live customer behind an id, after any merges."""

CUSTOMER_BY_KEY = "MATCH (:Identifier {key: $key})-[:IDENTIFIES]->(c:Customer)"

DEVICE_CONTEXTS = Need(
    "contexts",
    f"""CALL (i) {{
  RETURN i.key AS subject, i.lastEventAt AS near
  UNION ALL
  MATCH (i)-[l:LINKED]-(other:Identifier)
  WITH other.key AS subject, max(l.lastSeen) AS near ORDER BY near DESC LIMIT {SUBJECTS_MAX}
  RETURN subject, near
}}
WITH i.key AS carried, subject, near
WHERE near IS NOT NULL
CALL (carried, subject, near) {{
  MATCH (e:Event)
  WHERE e.subject = subject AND e.at <= near
  WITH e ORDER BY e.subject DESC, e.at DESC LIMIT {EVENTS_MAX}
  WITH e WHERE carried IN e.identifiers AND e.context <> '{{}}'
  RETURN e LIMIT {CONTEXTS_MAX}
}}
WITH e ORDER BY e.at DESC, e.id DESC LIMIT {CONTEXTS_MAX}
RETURN collect(e.context)""",
)
"""Contexts of the latest events of the device `i`, as cypher/read/device_contexts.cypher explains it."""

OVERLAP = f"""WITH CASE WHEN COUNT {{ (s)<-[:IN_SEGMENT]-() }} <= COUNT {{ (other)<-[:IN_SEGMENT]-() }}
          THEN [s, other] ELSE [other, s] END AS ordered
WITH ordered[0] AS smaller, ordered[1] AS greater
WITH COUNT {{
  MATCH (smaller)<-[:IN_SEGMENT]-(c:Customer)
  WHERE EXISTS {{ (c)-[:IN_SEGMENT]->(greater) }}
}} AS value, {_EXACT}"""
"""How many customers `s` and `other` have in common, from the members of the smaller one."""

EVENT_KEY = "[toString(e.at), e.id]"
EVENT_BOUND = {"e.at": "at", "e.id": "id"}
IDENTIFIER_KEY = "[place]"
DEVICE_KEY = "[toString(i.lastSeen), i.id]"
LINK_KEY = "[toString(l.firstSeen), l.id]"
MEMBERSHIP_KEY = "[toString(since), s.id]"
MEMBER_KEY = "[toString(since), c.id]"
SEGMENT_KEY = "[place, s.id]"
REJECTED_KEY = "[r.id]"
SOURCE_KEY = "[s.name]"

SHAPES_MAX = 500
"""Of clauses that hold a caller's conditions; above it the oldest are written anew."""

MEMBERSHIPS_TOTAL = f"WITH COUNT {{ (c)-[:IN_SEGMENT]->(:Segment) }} AS value, {_EXACT}"
PAST_MEMBERS_TOTAL = f"""MATCH (s)<-[member:IN_SEGMENT|WAS_IN]-(c:Customer)
WHERE member.since <= $at AND coalesce(member.until > $at, true)
WITH count(DISTINCT c) AS value, {_EXACT}"""
MEMBERS_TOTAL = f"WITH COUNT {{ (s)<-[:IN_SEGMENT]-(:Customer) }} AS value, {_EXACT}"
DEVICES_TOTAL = f"WITH coalesce(c.`count.device`, 0) AS value, {_EXACT}"

UNTIL = "head(COLLECT { MATCH (c)-[due:DUE]->(s) RETURN due.at })"
"""When it is looked again whether `c` is in the segment `s`."""


@cache
def identifiers(*, kinds: bool, after: bool, before: bool, backward: bool) -> str:
    """Identifiers of `c`: binds i, held, place; $kinds, $after, $before."""
    bounds = [bound for bound, given in (("place > $after", after), ("place < $before", before)) if given]
    return lines(
        "MATCH (c)<-[held:IDENTIFIES]-(i:Identifier)",
        "WHERE i.kind IN $kinds" if kinds else "",
        "WITH i, held,",
        "     CASE i.kind WHEN 'user' THEN '0' WHEN 'email' THEN '1' WHEN 'phone' THEN '2'",
        "                 WHEN 'device' THEN '4' WHEN 'anonymous' THEN '5' ELSE '3' END + i.kind + ':' + i.id AS place",
        where(bounds),
        f"WITH i, held, place ORDER BY place{' DESC' if backward else ''} LIMIT $limit",
    )


@cache
def identifiers_total(*, kinds: bool) -> str:
    """How many identifiers `c` has; $kinds, each once."""
    counted = (
        "reduce(sum = 0, kind IN $kinds | sum + coalesce(c['count.' + kind], 0))"
        if kinds
        else "coalesce(c.identifiers, 0)"
    )
    return f"WITH {counted} AS value, {_EXACT}"


@cache
def devices(*, after: bool, before: bool, backward: bool) -> str:
    """Devices of `c`, last seen first: binds i; $after_at, $after_id, $before_at, $before_id."""
    return lines(
        "MATCH (c)<-[:IDENTIFIES]-(i:Device)",
        where(between("i.lastSeen", "i.id", after, before)),
        f"WITH i ORDER BY {falling('i.lastSeen', 'i.id', backward)} LIMIT $limit",
    )


@cache
def links(*, after: bool, before: bool, backward: bool) -> str:
    """Evidence of `i`, newest first: binds l, other; parameters as `devices`."""
    return lines(
        "MATCH (i)-[l:LINKED]-(other:Identifier)",
        where(between("l.firstSeen", "l.id", after, before)),
        f"WITH l, other ORDER BY {falling('l.firstSeen', 'l.id', backward)} LIMIT $limit",
    )


@cache
def customer_links(*, ended: bool, after: bool, before: bool, backward: bool) -> str:
    """Evidence around `c`, each piece once, newest first: binds l; parameters as `devices`."""
    active = [] if ended else ["l.endedAt IS NULL"]
    return lines(
        "MATCH (c)<-[:IDENTIFIES]-(:Identifier)-[l:LINKED]-(:Identifier)",
        where([*active, *between("l.firstSeen", "l.id", after, before)]),
        "WITH DISTINCT l",
        f"WITH l ORDER BY {falling('l.firstSeen', 'l.id', backward)} LIMIT $limit",
    )


@cache
def customer_links_total(*, ended: bool) -> str:
    """How many pieces of evidence there are around `c`."""
    return lines(
        "MATCH (c)<-[:IDENTIFIES]-(:Identifier)-[l:LINKED]-(:Identifier)",
        "" if ended else "WHERE l.endedAt IS NULL",
        # Apart: beside an aggregate a constant is a key, and no rows would make no groups.
        "WITH count(DISTINCT l) AS value",
        f"WITH value, {_EXACT}",
    )


@cache
def memberships(*, after: bool, before: bool, backward: bool) -> str:
    """Segments that `c` is in, entered last first: binds c, s, since; parameters as `devices`."""
    return lines(
        "MATCH (c)-[member:IN_SEGMENT]->(s:Segment)",
        "WITH c, s, member.since AS since",
        where(between("since", "s.id", after, before)),
        f"WITH c, s, since ORDER BY {falling('since', 's.id', backward)} LIMIT $limit",
    )


@cache
def members(*, after: bool, before: bool, backward: bool, past: bool = False) -> str:
    """Members of `s`, entered last first: binds c, since, until; parameters as `devices`. past: those at $at."""
    now = ["MATCH (s)<-[member:IN_SEGMENT]-(c:Customer)", "WITH s, c, member.since AS since"]
    then = [
        "MATCH (s)<-[member:IN_SEGMENT|WAS_IN]-(c:Customer)",
        "WHERE member.since <= $at AND coalesce(member.until > $at, true)",
        "WITH s, c, max(member.since) AS since",
    ]
    return lines(
        *(then if past else now),
        where(between("since", "c.id", after, before)),
        f"WITH s, c, since ORDER BY {falling('since', 'c.id', backward)} LIMIT $limit",
        f"WITH c, since, {'null' if past else UNTIL} AS until",
    )


_FIRST, _LAST = "datetime('0001-01-01T00:00:00Z')", "datetime('9999-12-31T23:59:59.999999Z')"
"""Bounds that leave nothing out: times are recorded as RFC 3339 has them, whose years have four digits."""


@lru_cache(maxsize=SHAPES_MAX)
def events(*, names: bool, sources: bool, bounded: bool, newest: bool, meets: str = "") -> str:
    """Events of `c` over all identifiers, newest or oldest first: binds e, at, id.

    $names; $sources; bounded: $low, $low_id, $high, $high_id, places that they lie between. meets: a
    condition on `e`, see where.py.

    Each identifier's own events are an index walk. An identifier that has as
    many others before it as the page is long, each with an event nearer to the
    page's start, cannot be on the page and is not walked, nor are events that
    lie further off than those: exact, since lastEventAt and firstEventAt are
    times of real events.
    """
    direction, near = (" DESC", "lastEventAt") if newest else ("", "firstEventAt")
    edged = not (names or sources or meets)
    found = ["WITH datetime($low) AS low, datetime($high) AS high" if bounded else ""]
    if edged and not bounded:
        found.append(_nearest(near, newest=newest))
    elif edged:
        also = "i.firstEventAt <= high" if newest else "i.lastEventAt >= low"
        found += [
            f"WITH low, high, {_edge(near, newest=newest)} AS edge",
            "MATCH (c)<-[:IDENTIFIES]-(i:Identifier)",
            f"WHERE i.{near} {'>=' if newest else '<='} edge AND {also}",
        ]
    else:
        # The filter may leave nothing of an identifier, so each one has to be walked.
        found += ["MATCH (c)<-[:IDENTIFIES]-(i:Identifier)", f"WHERE {_reached(bounded=bounded)}"]
    if names:
        found.append("UNWIND $names AS name")
    beside = f"{', edge' if edged else ''}{', name' if names else ''}{', low, high' if bounded else ''}"
    by = f"e.subject{direction}, {f'e.name{direction}, ' if names else ''}at{direction}, id{direction}"
    found += [
        f"WITH i.key AS key{beside}",
        f"CALL (key{beside}) {{",
        *_walk(names=names, sources=sources, bounded=bounded, edged=newest if edged else None, meets=meets),
        f"  RETURN e, e.at AS at, e.id AS id ORDER BY {by} LIMIT $limit",
        "}",
        f"WITH e, at, id ORDER BY at{direction}, id{direction} LIMIT $limit",
    ]
    return lines(*found)


def _reached(*, bounded: bool) -> str:
    """Whether `i` has events, between the bounds where there are any, as far as it tells itself."""
    return "i.lastEventAt >= low AND i.firstEventAt <= high" if bounded else "i.lastEventAt IS NOT NULL"


def _nearest(near: str, *, newest: bool) -> str:
    """Binds the identifiers of `c` that can have events on the first page, and the edge beyond which none are on it.

    In one look at all of them, of whom there may be thousands; only identifiers identify. Where the last one's time
    is that of others too, which of these has the page's last event is told by its id alone, so all of them stay.
    """
    among = "MATCH (c)<-[:IDENTIFIES]-(i)"
    last = "nearest[$limit - 1][1]"
    return f"""WITH c, COLLECT {{
  {among}
  WITH i, i.{near} AS near
  WHERE near IS NOT NULL
  WITH i, near ORDER BY near{" DESC" if newest else ""} LIMIT $limit + 1
  RETURN [i, near]
}} AS nearest
WITH coalesce({last}, {_FIRST if newest else _LAST}) AS edge,
     CASE WHEN nearest[$limit][1] = {last} THEN COLLECT {{
       {among}
       WHERE i.{near} {">=" if newest else "<="} {last}
       RETURN [i]
     }} ELSE nearest[..$limit] END AS nearest
UNWIND nearest AS one
WITH one[0] AS i, edge"""


def _edge(near: str, *, newest: bool) -> str:
    """The time beyond which none of the events of `c` can be on a bounded page, from when its identifiers were busy.

    Few have as many identifiers as a page is long, so it is looked for only then; how many there are need not be
    right, since an edge further off only lets more be walked.
    """
    farthest = "low" if newest else "high"
    return f"""CASE WHEN c.identifiers >= $limit THEN coalesce(COLLECT {{
  MATCH (c)<-[:IDENTIFIES]-(i:Identifier)
  WHERE {_reached(bounded=True)} AND i.{near} {"< high" if newest else "> low"}
  RETURN i.{near} AS near ORDER BY near{" DESC" if newest else ""} LIMIT $limit
}}[$limit - 1], {farthest}) ELSE {farthest} END"""


@lru_cache(maxsize=SHAPES_MAX)
def events_count(*, names: bool, sources: bool, bounded: bool, meets: str = "") -> str:
    """How many events `c` has: binds value and precision; counting stops above $most. Parameters as `events`."""
    return lines(
        "WITH datetime($low) AS low, datetime($high) AS high" if bounded else "",
        "MATCH (c)<-[:IDENTIFIES]-(i:Identifier)",
        f"WHERE {_reached(bounded=bounded)}",
        "UNWIND $names AS name" if names else "",
        f"WITH i.key AS key{', name' if names else ''}{', low, high' if bounded else ''}",
        f"CALL (key{', name' if names else ''}{', low, high' if bounded else ''}) {{",
        *_walk(names=names, sources=sources, bounded=bounded, meets=meets),
        "  RETURN e LIMIT $most + 1",
        "}",
        "WITH e LIMIT $most + 1",
        capped("e"),
    )


@lru_cache(maxsize=SHAPES_MAX)
def stream(*, names: bool, sources: bool, newest: bool, meets: str = "") -> str:
    """Events of all customers, newest or oldest first: binds e, at, id; parameters as `events`, bounds always."""
    direction = " DESC" if newest else ""
    # The walk of an index on two keys needs a condition on each; the others as in `_walk`.
    return lines(
        "MATCH (e:Event)",
        "USING INDEX SEEK e:Event(at, id)",
        "WHERE e.at >= datetime($low) AND e.at <= datetime($high) AND e.id IS NOT NULL",
        "  AND CASE WHEN e.at = datetime($low) THEN e.id > $low_id ELSE true END",
        "  AND CASE WHEN e.at = datetime($high) THEN e.id < $high_id ELSE true END",
        "  AND e.name IN $names" if names else "",
        "  AND e.source IN $sources" if sources else "",
        f"  AND {meets}" if meets else "",
        f"WITH e, e.at AS at, e.id AS id ORDER BY at{direction}, id{direction} LIMIT $limit",
    )


@cache
def segments(*, search: bool, after: bool, before: bool, backward: bool) -> str:
    """Segments by name, in any case: binds s, place.

    $search, $statuses, $after_place, $after_id, $before_place, $before_id.
    """
    bounds = [
        f"(place {sign} ${end}_place OR (place = ${end}_place AND s.id {sign} ${end}_id))"
        for end, sign, given in (("after", ">", after), ("before", "<", before))
        if given
    ]
    direction = " DESC" if backward else ""
    return lines(
        _segments(search),
        "WITH s, toLower(s.name) AS place",
        where(bounds),
        f"WITH s, place ORDER BY place{direction}, s.id{direction} LIMIT $limit",
    )


@cache
def segments_total(*, search: bool) -> str:
    """How many segments there are; $search, $statuses."""
    return lines(_segments(search), "WITH count(s) AS value", f"WITH value, {_EXACT}")


def _segments(search: bool) -> str:
    found = "  AND (toLower(s.name) CONTAINS toLower($search) OR s.key CONTAINS toLower($search))" if search else ""
    return lines("MATCH (s:Segment)", "WHERE s.status IN $statuses", found)


@cache
def rejected(*, after: bool, before: bool, backward: bool) -> str:
    """Refused messages, newest first: binds r; $after, $before."""
    return lines(
        "MATCH (r:Rejected)",
        f"WHERE {inside('r.id', 'rej', after, before)}",
        f"WITH r ORDER BY r.id{'' if backward else ' DESC'} LIMIT $limit",
    )


@cache
def sources(*, after: bool, before: bool, backward: bool) -> str:
    """Sources by name: binds s; $after, $before."""
    return lines(
        "MATCH (s:Source)",
        # A condition always, so that the index is walked in order; no name is empty.
        f"WHERE s.name > {'$after' if after else repr('')}{' AND s.name < $before' if before else ''}",
        f"WITH s ORDER BY s.name{' DESC' if backward else ''} LIMIT $limit",
    )


def _walk(*, names: bool, sources: bool, bounded: bool, edged: bool | None = None, meets: str = "") -> list[str]:
    """Clauses that bind e. edged: `edge` bounds the newest events (True), or the oldest ones (False)."""
    low, high = "edge" if edged is True else "low", "edge" if edged is False else "high"
    conditions = ["e.subject = key"]
    if names:
        conditions.append("e.name = name")
    if bounded:
        # CASE, not OR: with OR the planner leaves the index's order.
        conditions += [
            f"e.at >= {low} AND e.at <= {high}",
            "CASE WHEN e.at = low THEN e.id > $low_id ELSE true END",
            "CASE WHEN e.at = high THEN e.id < $high_id ELSE true END",
        ]
    elif edged is not None:
        conditions.append(f"e.at {'>=' if edged else '<='} edge")
    else:
        # The index is used where there is a condition on each of its keys.
        conditions.append("e.at IS NOT NULL")
    if sources:
        conditions.append("e.source IN $sources")
    if meets:
        conditions.append(meets)
    return ["  MATCH (e:Event)", "  WHERE " + " AND ".join(conditions)]


def between(at: str, tie: str, after: bool, before: bool) -> list[str]:
    """Conditions that keep a list from the newest between its bounds."""
    found = []
    for name, sign, given in (("after", "<", after), ("before", ">", before)):
        if given:
            bound = f"datetime(${name}_at)"
            found.append(f"({at} {sign} {bound} OR ({at} = {bound} AND {tie} {sign} ${name}_id))")
    return found


def inside(name: str, tag: str, after: bool, before: bool) -> str:
    """The condition that an id with this tag, of a list from the newest, lies between its bounds.

    There always are both, so that an index is walked in order.
    """
    first, last = "$after" if after else f"'{tag}_~'", "$before" if before else f"'{tag}_'"
    return f"{name} < {first} AND {name} > {last}"


def falling(at: str, tie: str, backward: bool) -> str:
    """The order from the newest, or from the oldest when backward."""
    direction = "" if backward else " DESC"
    return f"{at}{direction}, {tie}{direction}"


def where(conditions: list[str]) -> str:
    """All of the conditions; nothing for none."""
    return "WHERE " + " AND ".join(conditions) if conditions else ""


def capped(counted: str) -> str:
    """Clauses that count a variable of at most $most + 1 rows: they bind value and precision."""
    return lines(
        f"WITH count({counted}) AS found",
        "WITH CASE WHEN found > $most THEN $most ELSE found END AS value,",
        "     CASE WHEN found > $most THEN 'AT_LEAST' ELSE 'EXACT' END AS precision",
    )


def lines(*clauses: str) -> str:
    """Those of the clauses that there are, a line each."""
    return "\n".join(clause for clause in clauses if clause)
