"""Events: single ones, the history of customers and of all of them, and counts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from graphcdp.model.statement import Statement
from graphcdp.model.times import to_wire
from graphcdp.plan import lists
from graphcdp.read.pages import Page, Slice, cursor, page_of, sliced
from graphcdp.read.rows import Row, many_each, one_each
from graphcdp.store.neo4j import Store

COUNT_MAX = 10_000
NEWEST_FIRST = "events:newest"
OLDEST_FIRST = "events:oldest"

_ALWAYS = (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))

Place = tuple[datetime, str]
"""Where an event stands in time: its own time, and its id among those of the same time."""


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event as it is stored.

    id: the producer's. subject: key of the identifier that it hangs on.
    properties, context: JSON objects as text. identifiers: keys that it carried.
    violations: what the tracking plan says against it.
    """

    id: str
    name: str
    at: datetime
    received: datetime
    subject: str
    source: str | None
    properties: str
    context: str
    identifiers: tuple[str, ...]
    violations: tuple[str, ...] = ()

    @classmethod
    def of(cls, row: Row) -> "EventRow":
        """The event of a row."""
        return cls(
            id=row["id"],
            name=row["name"],
            at=row["at"],
            received=row["received"],
            subject=row["subject"],
            source=row["source"],
            properties=row["json"] or "{}",
            context=row["context"] or "{}",
            identifiers=tuple(row["identifiers"] or ()),
            violations=tuple(row["violations"] or ()),
        )


@dataclass(frozen=True, slots=True)
class EventChoice:
    """Which events: every condition that is given must hold.

    names, sources: None for all. since included, until not. where: an expression on
    `e`, see plan/where.py; told: what is asked in it, so that choices can be compared.
    """

    names: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    where: Statement | None = field(default=None, compare=False)
    told: str = ""

    @property
    def shape(self) -> dict[str, Any]:
        """What the clauses of plan/lists.py on events depend on, bounds and order aside."""
        meets = "" if self.where is None else self.where.text
        return {"names": self.names is not None, "sources": self.sources is not None, "meets": meets}


_FOUND = """RETURN %s AS customer_id, e.id AS id, e.name AS name, e.at AS at, e.receivedAt AS received,
       e.subject AS subject, e.source AS source, e.json AS json, e.context AS context, e.identifiers AS identifiers,
       e.violations AS violations"""
_OF_EACH = """UNWIND $ids AS wanted
MATCH (c:Customer {id: wanted})
CALL (c) {
%s
RETURN %s
}
"""


def event_page(
    newest_first: bool, *, first: int | None, after: str | None, last: int | None, before: str | None
) -> Page:
    """The page of a history that Relay's arguments ask for. Errors as `page_of`."""
    return page_of(history_order(newest_first), (datetime, str), first=first, after=after, last=last, before=before)


def event_cursor(event: EventRow, newest_first: bool) -> str:
    """The cursor of an event in a history."""
    return cursor(history_order(newest_first), (event.at, event.id))


async def events_by_ids(store: Store, ids: Sequence[str]) -> list[EventRow | None]:
    """Events by the producer's id."""
    rows = await store.read("read/events_by_ids", ids=list(ids))
    return one_each(ids, rows, "id", EventRow.of)


async def histories(
    store: Store, ids: Sequence[str], choice: EventChoice, page: Page, newest_first: bool
) -> list[Slice[EventRow]]:
    """A page of the history of each customer, over all of its identifiers."""
    direction = "newest" if newest_first == page.forward else "oldest"
    earlier, later = places_around(page, newest_first)
    if choice.where is not None:
        clauses = lists.events(**choice.shape, bounded=True, newest=direction == "newest")
        text = _OF_EACH % (clauses, "e") + _FOUND % "c.id"
        parameters = {**_conditional(choice, earlier, later), "ids": list(ids), "limit": page.fetch}
        rows = await store.read_generated(Statement(text, parameters))
        return [sliced(page, found, EventRow.of) for found in many_each(ids, rows, "customer_id")]
    named = "" if choice.names is None else "named_"
    rows = await store.read(
        f"read/events_{named}{direction}",
        ids=list(ids),
        limit=page.fetch,
        **choice_parameters(choice, earlier, later),
    )
    return [sliced(page, found, EventRow.of) for found in many_each(ids, rows, "customer_id")]


async def stream(store: Store, choice: EventChoice, page: Page, newest_first: bool) -> Slice[EventRow]:
    """A page of the events of all customers; its cursors are those of a history."""
    direction = "newest" if newest_first == page.forward else "oldest"
    earlier, later = places_around(page, newest_first)
    if choice.where is not None:
        clauses = lists.stream(**choice.shape, newest=direction == "newest")
        conditional = {**_conditional(choice, earlier, later), "limit": page.fetch}
        rows = await store.read_generated(Statement(f"{clauses}\n{_FOUND % 'null'}", conditional))
        return sliced(page, rows, EventRow.of)
    parameters = {"names": None, **choice_parameters(choice, earlier, later)}
    return sliced(page, await store.read(f"read/stream_{direction}", limit=page.fetch, **parameters), EventRow.of)


async def event_counts(store: Store, ids: Sequence[str], choice: EventChoice) -> list[int]:
    """How many events of each customer are chosen; counting stops just above COUNT_MAX."""
    if choice.where is not None:
        clauses = lists.events_count(**choice.shape, bounded=True)
        text = _OF_EACH % (clauses, "value") + "RETURN c.id AS id, value AS events"
        # The clauses cap the number that they bind at $most.
        parameters = {**_conditional(choice, None, None), "ids": list(ids), "most": COUNT_MAX + 1}
        rows = await store.read_generated(Statement(text, parameters))
        return [count or 0 for count in one_each(ids, rows, "id", lambda row: int(row["events"]))]
    named = "" if choice.names is None else "named_"
    rows = await store.read(
        f"read/events_{named}count", ids=list(ids), limit=COUNT_MAX + 1, **choice_parameters(choice, None, None)
    )
    return [count or 0 for count in one_each(ids, rows, "id", lambda row: int(row["events"]))]


def history_order(newest_first: bool) -> str:
    """The name of a history in its cursors."""
    return NEWEST_FIRST if newest_first else OLDEST_FIRST


def places_around(page: Page, newest_first: bool) -> tuple[Place | None, Place | None]:
    """The places in time that a page of a history lies between: the earlier one, and the later one."""
    earlier, later = (page.before, page.after) if newest_first else (page.after, page.before)
    return _place(earlier), _place(later)


def choice_parameters(choice: EventChoice, earlier: Place | None, later: Place | None) -> dict[str, Any]:
    """Parameters of a statement on the events of a choice between two places."""
    # The bounds of the choice and of the page are the same thing: places that the events lie between.
    # No id is less than '', so a bound with it includes the moment from below and excludes it from above.
    low, low_id = max(place for place in ((choice.since or _ALWAYS[0], ""), earlier) if place is not None)
    high, high_id = min(place for place in ((choice.until or _ALWAYS[1], ""), later) if place is not None)
    parameters: dict[str, Any] = {
        "low": low,
        "low_id": low_id,
        "high": high,
        "high_id": high_id,
        "sources": None if choice.sources is None else list(choice.sources),
    }
    if choice.names is not None:
        parameters["names"] = list(choice.names)
    if choice.where is not None:
        parameters |= choice.where.parameters
    return parameters


def _conditional(choice: EventChoice, earlier: Place | None, later: Place | None) -> dict[str, Any]:
    """Parameters of clauses with a condition between two places; times are text."""
    found = choice_parameters(choice, earlier, later)
    return {**found, "low": to_wire(found["low"]), "high": to_wire(found["high"])}


def _place(key: tuple[Any, ...] | None) -> Place | None:
    return None if key is None else (key[0], key[1])
