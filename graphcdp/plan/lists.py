"""Clauses for lists: which items, between which bounds, in which order. At most $limit rows each.

Times come as text, since the driver takes long over native ones. Texts are few
and fixed: they depend on which bounds there are, never on a value.
"""

from functools import cache, lru_cache

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

CUSTOMER_BY_ID = """CALL () {
  MATCH (c:Customer {id: $id})
  RETURN c
  UNION
  MATCH (:MergedCustomer {id: $id})-[:MERGED_INTO*1..]->(c:Customer)
  RETURN c
}
WITH c"""
"""The live customer behind an id, after any merges."""

CUSTOMER_BY_KEY = "MATCH (:Identifier {key: $key})-[:IDENTIFIES]->(c:Customer)"

EVENT_KEY = "[toString(e.at), e.id]"
IDENTIFIER_KEY = "[place]"
DEVICE_KEY = "[toString(i.lastSeen), i.id]"
LINK_KEY = "[toString(l.firstSeen), l.id]"
MEMBERSHIP_KEY = "[toString(since), s.id]"
MEMBER_KEY = "[toString(since), c.id]"

SHAPES_MAX = 500
"""Of clauses that hold a caller's conditions; above it the oldest are written anew."""

MEMBERSHIPS_TOTAL = f"WITH COUNT {{ (c)-[:IN_SEGMENT]->(:Segment) }} AS value, {_EXACT}"
MEMBERS_TOTAL = f"WITH COUNT {{ (s)<-[:IN_SEGMENT]-(:Customer) }} AS value, {_EXACT}"
DEVICES_TOTAL = f"WITH coalesce(c.`count.device`, 0) AS value, {_EXACT}"


@cache
def identifiers(*, kinds: bool, after: bool, before: bool, backward: bool) -> str:
    """Identifiers of `c`: binds i, since, place; $kinds, $after, $before."""
    bounds = [bound for bound, given in (("place > $after", after), ("place < $before", before)) if given]
    return _lines(
        "MATCH (c)<-[m:IDENTIFIES]-(i:Identifier)",
        "WHERE i.kind IN $kinds" if kinds else "",
        "WITH i, m.since AS since,",
        "     CASE i.kind WHEN 'user' THEN '0' WHEN 'email' THEN '1' WHEN 'phone' THEN '2'",
        "                 WHEN 'device' THEN '4' WHEN 'anonymous' THEN '5' ELSE '3' END + i.kind + ':' + i.id AS place",
        _where(bounds),
        f"WITH i, since, place ORDER BY place{' DESC' if backward else ''} LIMIT $limit",
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
    return _lines(
        "MATCH (c)<-[:IDENTIFIES]-(i:Device)",
        _where(_between("i.lastSeen", "i.id", after, before)),
        f"WITH i ORDER BY {_falling('i.lastSeen', 'i.id', backward)} LIMIT $limit",
    )


@cache
def links(*, after: bool, before: bool, backward: bool) -> str:
    """Evidence of `i`, newest first: binds l, other; parameters as `devices`."""
    return _lines(
        "MATCH (i)-[l:LINKED]-(other:Identifier)",
        _where(_between("l.firstSeen", "l.id", after, before)),
        f"WITH l, other ORDER BY {_falling('l.firstSeen', 'l.id', backward)} LIMIT $limit",
    )


@cache
def customer_links(*, ended: bool, after: bool, before: bool, backward: bool) -> str:
    """Evidence around `c`, each piece once, newest first: binds l; parameters as `devices`."""
    active = [] if ended else ["l.endedAt IS NULL"]
    return _lines(
        "MATCH (c)<-[:IDENTIFIES]-(:Identifier)-[l:LINKED]-(:Identifier)",
        _where([*active, *_between("l.firstSeen", "l.id", after, before)]),
        "WITH DISTINCT l",
        f"WITH l ORDER BY {_falling('l.firstSeen', 'l.id', backward)} LIMIT $limit",
    )


@cache
def customer_links_total(*, ended: bool) -> str:
    """How many pieces of evidence there are around `c`."""
    return _lines(
        "MATCH (c)<-[:IDENTIFIES]-(:Identifier)-[l:LINKED]-(:Identifier)",
        "" if ended else "WHERE l.endedAt IS NULL",
        # Apart: beside an aggregate a constant is a key, and no rows would make no groups.
        "WITH count(DISTINCT l) AS value",
        f"WITH value, {_EXACT}",
    )


@cache
def memberships(*, after: bool, before: bool, backward: bool) -> str:
    """Segments that `c` is in, entered last first: binds s, since; parameters as `devices`."""
    return _lines(
        "MATCH (c)-[member:IN_SEGMENT]->(s:Segment)",
        "WITH s, member.since AS since",
        _where(_between("since", "s.id", after, before)),
        f"WITH s, since ORDER BY {_falling('since', 's.id', backward)} LIMIT $limit",
    )


@cache
def members(*, after: bool, before: bool, backward: bool) -> str:
    """Members of `s`, entered last first: binds c, since; parameters as `devices`."""
    return _lines(
        "MATCH (s)<-[member:IN_SEGMENT]-(c:Customer)",
        "WITH c, member.since AS since",
        _where(_between("since", "c.id", after, before)),
        f"WITH c, since ORDER BY {_falling('since', 'c.id', backward)} LIMIT $limit",
    )


@lru_cache(maxsize=SHAPES_MAX)
def events(*, names: bool, sources: bool, bounded: bool, newest: bool, where: str = "") -> str:
    """Events of `c` over all identifiers, newest or oldest first: binds e.

    $names; $sources; bounded: $low, $low_id, $high, $high_id, places that they lie between. where: a
    condition on `e`, see where.py.

    Each identifier's own events are an index walk. An identifier that has as
    many others before it as the page is long, each with an event nearer to the
    page's start, cannot be on the page and is not walked: exact, since
    lastEventAt and firstEventAt are times of real events.
    """
    direction, near = (" DESC", "lastEventAt") if newest else ("", "firstEventAt")
    found = [
        "WITH datetime($low) AS low, datetime($high) AS high" if bounded else "",
        "MATCH (c)<-[:IDENTIFIES]-(i:Identifier)",
        f"WHERE {'i.lastEventAt >= low AND i.firstEventAt <= high' if bounded else 'i.lastEventAt IS NOT NULL'}",
    ]
    if names:
        found.append(f"UNWIND $names AS name\nWITH i.key AS key, name{', low, high' if bounded else ''}")
    elif sources or where:
        # The filter may leave nothing of an identifier, so each one has to be walked.
        found.append(f"WITH i.key AS key{', low, high' if bounded else ''}")
    else:
        inside = f"x.near {'< high' if newest else '> low'}" if bounded else "true"
        kept = f"x.near {'>=' if newest else '<='} edge"
        also = ", low, high" if bounded else ""
        found.append(
            f"WITH i.key AS key, i.{near} AS near{also} ORDER BY near{direction}\n"
            f"WITH collect({{key: key, near: near}}) AS all{also}\n"
            f"WITH all{also}, [x IN all WHERE {inside} | x.near][$limit - 1] AS edge\n"
            f"UNWIND [x IN all WHERE edge IS NULL OR {kept} | x.key] AS key"
        )
    by = f"e.subject{direction}, {f'e.name{direction}, ' if names else ''}e.at{direction}, e.id{direction}"
    found += [
        f"CALL (key{', name' if names else ''}{', low, high' if bounded else ''}) {{",
        *_walk(names=names, sources=sources, bounded=bounded, where=where),
        f"  RETURN e ORDER BY {by} LIMIT $limit",
        "}",
        f"WITH e ORDER BY e.at{direction}, e.id{direction} LIMIT $limit",
    ]
    return _lines(*found)


@lru_cache(maxsize=SHAPES_MAX)
def events_count(*, names: bool, sources: bool, bounded: bool, where: str = "") -> str:
    """How many events `c` has: binds value and precision; counting stops above $most. Parameters as `events`."""
    return _lines(
        "WITH datetime($low) AS low, datetime($high) AS high" if bounded else "",
        "MATCH (c)<-[:IDENTIFIES]-(i:Identifier)",
        f"WHERE {'i.lastEventAt >= low AND i.firstEventAt <= high' if bounded else 'i.lastEventAt IS NOT NULL'}",
        "UNWIND $names AS name" if names else "",
        f"WITH i.key AS key{', name' if names else ''}{', low, high' if bounded else ''}",
        f"CALL (key{', name' if names else ''}{', low, high' if bounded else ''}) {{",
        *_walk(names=names, sources=sources, bounded=bounded, where=where),
        "  RETURN e LIMIT $most + 1",
        "}",
        "WITH e LIMIT $most + 1",
        "WITH count(e) AS found",
        "WITH CASE WHEN found > $most THEN $most ELSE found END AS value,",
        "     CASE WHEN found > $most THEN 'AT_LEAST' ELSE 'EXACT' END AS precision",
    )


@lru_cache(maxsize=SHAPES_MAX)
def stream(*, names: bool, sources: bool, newest: bool, where: str = "") -> str:
    """Events of all customers, newest or oldest first: binds e; parameters as `events`, bounded."""
    direction = " DESC" if newest else ""
    conditions = [
        # The index is used where there is a condition on each of its keys.
        "e.at >= low AND e.at <= high AND e.id IS NOT NULL",
        *_ties(),
        *(["e.name IN $names"] if names else []),
        *(["e.source IN $sources"] if sources else []),
        *([where] if where else []),
    ]
    return _lines(
        "WITH datetime($low) AS low, datetime($high) AS high",
        "MATCH (e:Event)",
        "USING INDEX SEEK e:Event(at, id)",
        _where(conditions),
        f"WITH e ORDER BY e.at{direction}, e.id{direction} LIMIT $limit",
    )


def _walk(*, names: bool, sources: bool, bounded: bool, where: str) -> list[str]:
    conditions = ["e.subject = key"]
    if names:
        conditions.append("e.name = name")
    if bounded:
        conditions += ["e.at >= low AND e.at <= high", *_ties()]
    else:
        # The index is used where there is a condition on each of its keys.
        conditions.append("e.at IS NOT NULL")
    if sources:
        conditions.append("e.source IN $sources")
    if where:
        conditions.append(where)
    return ["  MATCH (e:Event)", "  WHERE " + " AND ".join(conditions)]


def _ties() -> list[str]:
    """Conditions on the ids of events that lie on a bound in time."""
    # CASE, not OR: with OR the planner leaves the index's order.
    return [
        "CASE WHEN e.at = low THEN e.id > $low_id ELSE true END",
        "CASE WHEN e.at = high THEN e.id < $high_id ELSE true END",
    ]


def _between(at: str, tie: str, after: bool, before: bool) -> list[str]:
    """Conditions that keep a list from the newest between its bounds."""
    found = []
    for name, sign, given in (("after", "<", after), ("before", ">", before)):
        if given:
            bound = f"datetime(${name}_at)"
            found.append(f"({at} {sign} {bound} OR ({at} = {bound} AND {tie} {sign} ${name}_id))")
    return found


def _falling(at: str, tie: str, backward: bool) -> str:
    direction = "" if backward else " DESC"
    return f"{at}{direction}, {tie}{direction}"


def _where(conditions: list[str]) -> str:
    return "WHERE " + " AND ".join(conditions) if conditions else ""


def _lines(*lines: str) -> str:
    return "\n".join(line for line in lines if line)
