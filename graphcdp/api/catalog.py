"""Names seen in the data, for autocomplete and validation. Source: docs/catalog.md."""

from datetime import timedelta
from typing import Annotated

import strawberry

from graphcdp.api.context import Info
from graphcdp.api.fields import READ, field, own_field
from graphcdp.api.pages import Count
from graphcdp.api.scalars import JSON, DateTime
from graphcdp.model.catalog import Property
from graphcdp.model.errors import InvalidReferenceError
from graphcdp.read.catalog import (
    event_name_counts,
    event_names,
    event_properties,
    kinds,
    purposes,
    sources,
    trait_properties,
)

SEARCH_LENGTH_MAX = 200
COUNTED = timedelta(days=30)
CATALOG_COST = 500
"""For all below it, whose names other types have too: a cost counts for each field of its name."""
EVENTS_SIZE = 100
PROPERTIES_SIZE = 20

Words = Annotated[str | None, strawberry.argument(description="Part of a name, in any case.")]
PathWords = Annotated[str | None, strawberry.argument(description="Part of a path, in any case.")]


@strawberry.type(description="A property and its values, as a sample of the latest data shows them.")
class PropertyDefinition:
    """Made of what samples say by `of`."""

    path: str = strawberry.field(description="Dotted path.")
    types: list[str] = strawberry.field(
        description="JSON types seen, most frequent first: `string`, `number`, `boolean`, `object`, `array`."
    )
    is_personal: bool = strawberry.field(
        description="It is treated as personal data, by its name or by how its values look."
    )
    found: strawberry.Private[Property]

    @classmethod
    def of(cls, found: Property) -> "PropertyDefinition":
        """The definition of a property."""
        return cls(path=found.path, types=list(found.types), is_personal=found.personal, found=found)

    @field(
        "Frequent values, at most 5, each of at least two customers; empty for personal data, and without the scope "
        "`pii`."
    )
    def examples(self, info: Info) -> list[JSON]:
        return [JSON(value) for value in self.found.examples] if info.context.principal.sees_personal else []


@strawberry.type(description="An event name and what comes with it.")
class EventDefinition:
    """A name of events; the rest is read only when asked for."""

    name: str = strawberry.field(description="The name.")
    last_at: DateTime = strawberry.field(description="When last.")

    @field("How many in the last 30 days; capped at 10000, then AT_LEAST.")
    async def count(self, info: Info) -> Count:
        since = info.context.now() - COUNTED
        return Count.capped(await info.context.loader(event_name_counts, since).load(self.name))

    @own_field(
        "Its properties, by path: those in the latest 1000 events of the name, in fewer where more than ten names are "
        "asked for, as far as an event's properties have at most 4 KiB. At most 200.",
        size=PROPERTIES_SIZE,
    )
    async def properties(self, info: Info) -> list[PropertyDefinition] | None:
        found = await info.context.loader(event_properties).load(self.name)
        return [PropertyDefinition.of(one) for one in found]


@strawberry.type(description="Names seen in the data, for autocomplete and validation.")
class Catalog:
    """Everything is read when it is asked for."""

    @own_field("Events, by name: at most the first 1000 names.", size=EVENTS_SIZE)
    async def events(self, info: Info, search: Words = None) -> list[EventDefinition] | None:
        found = await event_names(info.context.store, _words(search))
        return [EventDefinition(name=one.name, last_at=one.last) for one in found]

    @own_field(
        "Traits, by path: those of the 1000 customers seen last, as far as a customer's traits have at most 4 KiB. "
        "At most 200.",
        size=PROPERTIES_SIZE,
    )
    async def traits(self, info: Info, search: PathWords = None) -> list[PropertyDefinition] | None:
        words = _words(search).casefold()
        found = await trait_properties(info.context.store)
        return [PropertyDefinition.of(one) for one in found if words in one.path.casefold()]

    @own_field("Kinds of identifiers that any customer has, those of your own included.")
    async def identifier_kinds(self, info: Info) -> list[str] | None:
        return await kinds(info.context.store)

    @own_field("Sources of the latest 5000 events, and of the 1000 customers seen last.")
    async def sources(self, info: Info) -> list[str] | None:
        return await sources(info.context.store)

    @own_field("Purposes of consent that anybody was asked about: at most the first 1000.")
    async def purposes(self, info: Info) -> list[str] | None:
        return await purposes(info.context.store)


@strawberry.type
class CatalogQueries:
    """The query for names."""

    @own_field(
        "Names seen in the data, for autocomplete and validation. Made of indexes and samples of the latest data, so "
        "that it costs the same however much there is.",
        scopes=READ,
        cost=CATALOG_COST,
    )
    def catalog(self) -> Catalog | None:
        return Catalog()


def _words(search: str | None) -> str:
    if search is not None and len(search) > SEARCH_LENGTH_MAX:
        raise InvalidReferenceError(f"`search` has at most {SEARCH_LENGTH_MAX} characters.", ("search",))
    return search or ""
