"""Lists of customers: by order, by search, by condition, or by all of them.

A condition is an expression on `c` that the planner wrote, so the statement
around it is put together here: from fixed pieces only, every value is a
parameter. Their names begin with `list_`, which those of a condition do not.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from graphcdp.model.statement import Statement
from graphcdp.model.times import to_wire
from graphcdp.read.customers import CustomerRow
from graphcdp.read.pages import Page, Slice, cursor, page_of, sliced
from graphcdp.read.rows import Row
from graphcdp.store.neo4j import Store

COUNT_MAX = 10_000
EXACT_SCORE = 1000.0
"""Relevance of a customer who has exactly the identifier that was searched; above any text match."""


class Order(StrEnum):
    """Order of customers; ties are broken by id."""

    RELEVANCE = "relevance"
    LAST_SEEN = "last_seen"
    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched: query is Lucene's, see search.py; keys are identifiers that the words may be."""

    query: str | None
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListedRow:
    """A customer in a list; score is None without a search."""

    customer: CustomerRow
    score: float | None


_TEXT_MATCHES = """
  CALL db.index.fulltext.queryNodes('customer_text', $list_query, {limit: $list_hits}) YIELD node, score
  RETURN node AS c, score
  UNION ALL
  CALL db.index.fulltext.queryNodes('identifier_text', $list_query, {limit: $list_hits}) YIELD node, score
  MATCH (node)-[:IDENTIFIES]->(c:Customer)
  RETURN c, score
  UNION ALL"""

_FOUND = """CALL () {%s
  UNWIND $list_keys AS key
  MATCH (:Identifier {key: key})-[:IDENTIFIES]->(c:Customer)
  RETURN c, $list_exact AS score
}
WITH c, max(score) AS score"""

_EVERYBODY = "MATCH (c:Customer)"

_ROW = """
RETURN c.id AS id, c.createdAt AS created, c.firstSeen AS first_seen, c.lastSeen AS last_seen,
       c.updatedAt AS updated, c.traits AS traits, c.traitTimes AS trait_times, %s AS score
ORDER BY %s LIMIT $list_limit"""

_SORT_KEY = {
    Order.RELEVANCE: "score",
    Order.LAST_SEEN: "c.lastSeen",
    Order.NEWEST: "c.createdAt",
    Order.OLDEST: "c.createdAt",
}


def customer_page(order: Order, *, first: int | None, after: str | None, last: int | None, before: str | None) -> Page:
    """The page of customers that Relay's arguments ask for. Errors as `page_of`."""
    kind = float if order is Order.RELEVANCE else datetime
    return page_of(list_order(order), (kind, str), first=first, after=after, last=last, before=before)


def customer_cursor(listed: ListedRow, order: Order) -> str:
    """The cursor of a customer in a list of this order."""
    customer = listed.customer
    key = {
        Order.RELEVANCE: listed.score,
        Order.LAST_SEEN: customer.last_seen,
        Order.NEWEST: customer.created,
        Order.OLDEST: customer.created,
    }[order]
    return cursor(list_order(order), (key, customer.id))


async def list_customers(
    store: Store, order: Order, page: Page, search: Search | None, condition: Statement | None
) -> Slice[ListedRow]:
    """A page of the customers that fit the search and the condition, each when given.

    RELEVANCE needs a search.
    """
    rows = await store.read_generated(list_statement(order, page, search, condition))
    return sliced(page, rows, _listed)


async def count_customers(store: Store, search: Search | None, condition: Statement | None) -> int:
    """How many customers fit; with a search or a condition, counting stops just above COUNT_MAX."""
    if search is None and condition is None:
        rows = await store.read("read/customers_total")
    else:
        rows = await store.read_generated(count_statement(search, condition))
    return int(rows[0]["total"])


def list_statement(order: Order, page: Page, search: Search | None, condition: Statement | None) -> Statement:
    """The statement for a page: rows as of customers_by_ids with `score`, nearest to the page's end first."""
    falling = (order is not Order.OLDEST) == page.forward
    sort_key = _SORT_KEY[order]
    conditions, parameters = _bounds(order, sort_key, page)
    if condition is not None:
        conditions.append(f"({condition.text})")
        parameters |= condition.parameters
    direction = " DESC" if falling else ""
    text = (
        _source(search)
        + ("\nWHERE " + "\n  AND ".join(conditions) if conditions else "")
        + _ROW % ("null" if search is None else "score", f"{sort_key}{direction}, c.id{direction}")
    )
    return Statement(text, parameters | _search_parameters(search) | {"list_limit": page.fetch})


def list_clauses(order: Order, page: Page, search: Search | None, condition: Statement | None) -> Statement:
    """The clauses of a page for the planner: they bind `c` and `score`, at most $limit rows; times are text."""
    falling = (order is not Order.OLDEST) == page.forward
    direction = " DESC" if falling else ""
    sort_key = _SORT_KEY[order]
    dated = order is not Order.RELEVANCE
    conditions, parameters = _bounds(order, sort_key, page, "datetime(%s)" if dated else "%s")
    if condition is not None:
        conditions.append(f"({condition.text})")
        parameters |= condition.parameters
    text = (
        _source(search)
        + ("\nWHERE " + "\n  AND ".join(conditions) if conditions else "")
        + f"\nWITH c, {'null AS ' if search is None else ''}score"
        + f"\nORDER BY {sort_key}{direction}, c.id{direction} LIMIT $limit"
    )
    values = {name: to_wire(value) if isinstance(value, datetime) else value for name, value in parameters.items()}
    return Statement(text, values | _search_parameters(search))


def total_clauses(search: Search | None, condition: Statement | None) -> Statement:
    """The clauses that bind `value` and `precision` for the planner; counting stops just above COUNT_MAX."""
    if search is None and condition is None:
        return Statement("MATCH (c:Customer)\nWITH count(c) AS value\nWITH value, 'EXACT' AS precision")
    text = (
        _source(search)
        + ("" if condition is None else f"\nWHERE ({condition.text})")
        + "\nWITH c LIMIT $list_most + 1\nWITH count(c) AS found"
        + "\nWITH CASE WHEN found > $list_most THEN $list_most ELSE found END AS value,"
        + "\n     CASE WHEN found > $list_most THEN 'AT_LEAST' ELSE 'EXACT' END AS precision"
    )
    parameters = {} if condition is None else dict(condition.parameters)
    return Statement(text, parameters | _search_parameters(search) | {"list_most": COUNT_MAX})


def key_expression(order: Order) -> str:
    """The sort key of a customer in a list, as its cursor holds it, for the planner."""
    sort_key = _SORT_KEY[order]
    return f"[{sort_key if order is Order.RELEVANCE else f'toString({sort_key})'}, c.id]"


def list_order(order: Order) -> str:
    """The name of a list of customers in its cursors."""
    return f"customers:{order}"


def count_statement(search: Search | None, condition: Statement | None) -> Statement:
    """The statement that counts who fits: one row, `total`, at most COUNT_MAX + 1."""
    text = (
        _source(search)
        + ("" if condition is None else f"\nWHERE ({condition.text})")
        + "\nWITH c LIMIT $list_limit\nRETURN count(c) AS total"
    )
    parameters = {} if condition is None else dict(condition.parameters)
    return Statement(text, parameters | _search_parameters(search) | {"list_limit": COUNT_MAX + 1})


def _source(search: Search | None) -> str:
    if search is None:
        return _EVERYBODY
    return _FOUND % ("" if search.query is None else _TEXT_MATCHES)


def _search_parameters(search: Search | None) -> dict[str, Any]:
    if search is None:
        return {}
    found: dict[str, Any] = {"list_keys": list(search.keys), "list_exact": EXACT_SCORE}
    if search.query is not None:
        found |= {"list_query": search.query, "list_hits": COUNT_MAX + 1}
    return found


def _bounds(order: Order, sort_key: str, page: Page, read: str = "%s") -> tuple[list[str], dict[str, Any]]:
    """Conditions that keep the list between the page's bounds; read: how a parameter becomes a sort key."""
    # The index on (lastSeen, id) and on (createdAt, id) gives its order only to a condition on its first key.
    conditions = [] if order is Order.RELEVANCE else [f"{sort_key} IS NOT NULL AND c.id IS NOT NULL"]
    parameters: dict[str, Any] = {}
    for name, bound, later in (
        ("after", page.after, order is Order.OLDEST),
        ("before", page.before, order is not Order.OLDEST),
    ):
        if bound is None:
            continue
        sign = ">" if later else "<"
        key, tie = read % f"$list_{name}", f"$list_{name}_id"
        conditions.append(f"{sort_key} {sign}= {key} AND ({sort_key} {sign} {key} OR c.id {sign} {tie})")
        parameters |= {f"list_{name}": bound[0], f"list_{name}_id": bound[1]}
    return conditions, parameters


def _listed(row: Row) -> ListedRow:
    return ListedRow(customer=CustomerRow.of(row), score=row["score"])
