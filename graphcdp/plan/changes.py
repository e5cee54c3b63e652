"""Clauses for what happened to identity: merges, splits and refused evidence, all of them called `h`.

Bounds and filters as in lists.py; at most $limit rows each.
"""

from functools import cache

from graphcdp.plan.fields import Nested
from graphcdp.plan.lists import between, capped, falling, inside, lines, where

AT = (
    "coalesce(h.at, datetime({epochMillis: reduce(t = 0, n IN range(4, 13) |\n"
    "  t * 32 + size(split('0123456789abcdefghjkmnpqrstvwxyz', substring(h.id, n, 1))[0]))}))"
)
"""When something happened; refused evidence tells it by its id alone."""

CAUSE = "coalesce(h.cause, CASE WHEN h.code IN ['BLOCKED', 'RULES'] THEN 'RULES' ELSE 'EVIDENCE' END)"

BY_TYPE = {
    "Merge": Nested("MATCH (h:Merge {id: one})", ("h",)),
    "CustomerSplit": Nested("MATCH (h:Split {id: one})", ("h",)),
    "IdentityConflict": Nested("MATCH (h:Conflict {id: one})", ("h",)),
}
"""By the global id `one`."""

MERGE_KEY = "[toString(h.at), h.id]"
CONFLICT_KEY = "[h.id]"
CHANGE_KEY = "[toString(at), one]"

_WANTED = "CASE WHEN $code IS NULL THEN h.status <> 'OPEN' OR h.code <> 'BLOCKED' ELSE h.code = $code END"

_AROUND = """MATCH (c)<-[:IDENTIFIES]-(i:Identifier)
CALL (i) {
  MATCH (h:Conflict {one: i.key})
  RETURN h
  UNION
  MATCH (h:Conflict {other: i.key})
  RETURN h
}"""
"""Refused evidence around `c`; what lies between two identifiers of it comes twice."""

EVIDENCE = """CALL (h) {
  MATCH (message:Event|Statement {id: h.message})
  MATCH (near:Identifier {key: message.subject})-[l:LINKED {event: h.message}]-(far:Identifier)
  WHERE EXISTS { (near)-[:IDENTIFIED {merge: h.id}]->() } <> EXISTS { (far)-[:IDENTIFIED {merge: h.id}]->() }
  RETURN l
  UNION
  MATCH (:Customer|MergedCustomer {id: h.absorbed})<-[:IDENTIFIED {merge: h.id}]-(near:Identifier)
  MATCH (near)-[l:LINKED]-(far:Identifier)
  WHERE h.message IS NULL AND l.id STARTS WITH 'lnk_' + substring(h.id, 4, 10)
    AND NOT EXISTS { (far)-[:IDENTIFIED {merge: h.id}]->() }
    AND EXISTS {
      MATCH (near)-[one:IDENTIFIES|IDENTIFIED]->()<-[other:IDENTIFIES|IDENTIFIED]-(far)
      WHERE one.since <= h.at AND (one.until IS NULL OR one.until > h.at)
        AND other.since <= h.at AND (other.until IS NULL OR other.until > h.at)
    }
  RETURN l
}
WITH l ORDER BY l.firstSeen, l.id"""
"""The evidence that led to a merge, oldest first, as cypher/read/merge_evidence.cypher explains it: binds l."""


def survivor(customer_id: str) -> str:
    """The live customer behind an id, an expression of `h`, after any merges: binds c."""
    return f"""CALL (h) {{
  MATCH (c:Customer {{id: {customer_id}}})
  RETURN c
  UNION
  MATCH (:MergedCustomer {{id: {customer_id}}})-[:MERGED_INTO*1..]->(c:Customer)
  RETURN c
}}
WITH c"""


def named(key: str) -> str:
    """The identifier that a key names, stored or not: binds kind, value."""
    return f"WITH {key} AS named, split({key}, ':')[0] AS kind\nWITH kind, substring(named, size(kind) + 1) AS value"


@cache
def merges(*, after: bool, before: bool, backward: bool) -> str:
    """Merges that made `c`, newest first: binds h; $after_at, $after_id, $before_at, $before_id."""
    return lines(
        "MATCH (c)<-[:MERGED_INTO*0..]-(was)",
        "MATCH (h:Merge {survivor: was.id})",
        where(between("h.at", "h.id", after, before)),
        f"WITH h ORDER BY {falling('h.at', 'h.id', backward)} LIMIT $limit",
    )


@cache
def conflicts(*, after: bool, before: bool, backward: bool) -> str:
    """Refused evidence, what was refused last first: binds h; $statuses, $code, $after, $before."""
    turned = "" if backward else " DESC"
    return lines(
        "UNWIND $statuses AS wanted",
        "CALL (wanted) {",
        "  MATCH (h:Conflict)",
        "  USING INDEX SEEK h:Conflict(status, id)",
        f"  WHERE h.status = wanted AND {inside('h.id', 'cfl', after, before)}",
        f"    AND {_WANTED}",
        f"  RETURN h ORDER BY h.status{turned}, h.id{turned} LIMIT $limit",
        "}",
        f"WITH h ORDER BY h.id{turned} LIMIT $limit",
    )


CONFLICTS_TOTAL = lines(
    "CALL () {",
    "  UNWIND $statuses AS wanted",
    "  MATCH (h:Conflict)",
    "  USING INDEX SEEK h:Conflict(status, id)",
    "  WHERE h.status = wanted AND h.id > 'cfl_'",
    f"    AND {_WANTED}",
    "  RETURN h LIMIT $most + 1",
    "}",
    capped("h"),
)
"""How much of it there is: binds value and precision; counting stops above $most."""


@cache
def customer_conflicts(*, after: bool, before: bool, backward: bool) -> str:
    """Refused evidence around `c`: binds h; parameters as `conflicts`."""
    bounds = [bound for bound, given in (("h.id < $after", after), ("h.id > $before", before)) if given]
    return lines(
        _AROUND,
        "WITH DISTINCT h",
        where(["h.status IN $statuses", _WANTED, *bounds]),
        f"WITH h ORDER BY h.id{'' if backward else ' DESC'} LIMIT $limit",
    )


@cache
def history(*, after: bool, before: bool, backward: bool) -> str:
    """What happened to `c` and all that went into it, newest first: binds at, one (the id); parameters as `merges`."""
    found = [
        f"  MATCH (c)<-[:MERGED_INTO*0..]-(was)\n  MATCH (h:{label} {{{end}: was.id}})\n  RETURN h\n  UNION"
        for label, end in (("Merge", "survivor"), ("Merge", "absorbed"), ("Split", "customer"), ("Split", "part"))
    ]
    around = "\n".join(f"  {line}" for line in _AROUND.split("\n"))
    return lines(
        "CALL (c) {",
        *found,
        around,
        "  RETURN h",
        "}",
        f"WITH {AT} AS at, h.id AS one",
        where(between("at", "one", after, before)),
        f"WITH at, one ORDER BY {falling('at', 'one', backward)} LIMIT $limit",
    )
