"""Names that occur in the data. Work is bounded: by how many names there are, and by samples of the latest data."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graphcdp.model.catalog import Property, properties_in
from graphcdp.read.rows import many_each, one_each
from graphcdp.store.neo4j import Store

NAMES_MAX = 1000
"""Of events, purposes and kinds; the first in the order of code points."""
COUNT_MAX = 10_000
SAMPLE_MAX = 1000
"""Of events of one name, and of customers."""
SAMPLES_MAX = 10_000
"""Of events of all names that are asked for at once."""
SAMPLE_BYTES_MAX = 4096
SOURCE_EVENTS = 5000


@dataclass(frozen=True, slots=True)
class EventName:
    """A name of events, and when one of these happened last."""

    name: str
    last: datetime


async def event_names(store: Store, search: str) -> list[EventName]:
    """The names that hold this text in any case, sorted."""
    rows = await store.read("read/catalog_event_names", most=NAMES_MAX)
    names = [name for name in rows[0]["names"] if search.casefold() in name.casefold()]
    found = one_each(names, await store.read("read/catalog_events_last", names=names), "name", lambda row: row["at"])
    # The last event of a name may just have been erased.
    return [EventName(name, at) for name, at in zip(names, found, strict=True) if at is not None]


async def event_name_counts(store: Store, names: Sequence[str], since: datetime) -> list[int]:
    """How many events of each name there are since a moment; counting stops just above COUNT_MAX."""
    rows = await store.read("read/catalog_event_counts", names=list(names), since=since, limit=COUNT_MAX + 1)
    return [count or 0 for count in one_each(names, rows, "name", lambda row: int(row["events"]))]


async def event_properties(store: Store, names: Sequence[str]) -> list[list[Property]]:
    """The properties of the latest events of each name."""
    limit = max(1, min(SAMPLE_MAX, SAMPLES_MAX // max(1, len(names))))
    rows = await store.read("read/catalog_event_samples", names=list(names), limit=limit, bytes=SAMPLE_BYTES_MAX)
    samples = [[(row["json"], row["customer"]) for row in of_one] for of_one in many_each(names, rows, "name")]
    # Apart: so much JSON takes longer than others should wait for their answers.
    return await asyncio.to_thread(lambda: [properties_in(of_one) for of_one in samples])


async def trait_properties(store: Store) -> list[Property]:
    """The traits of the customers seen last."""
    rows = await store.read("read/catalog_trait_samples", limit=SAMPLE_MAX, bytes=SAMPLE_BYTES_MAX)
    return await asyncio.to_thread(properties_in, [(row["json"], row["customer"]) for row in rows])


async def kinds(store: Store) -> list[str]:
    """Kinds of identifiers that anybody has, sorted."""
    rows = await store.read("read/catalog_kinds", most=NAMES_MAX)
    return list(rows[0]["kinds"])


async def sources(store: Store) -> list[str]:
    """Sources of the latest events, and of the customers seen last, sorted."""
    rows = await store.read("read/catalog_sources", events=SOURCE_EVENTS, customers=SAMPLE_MAX)
    return [row["source"] for row in rows]


async def purposes(store: Store) -> list[str]:
    """Purposes that anybody decided on, sorted."""
    rows = await store.read("read/catalog_purposes", most=NAMES_MAX)
    return list(rows[0]["purposes"])
