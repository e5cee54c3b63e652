"""Where messages come from, as callers see it. Source: docs/sources.md."""

from typing import Annotated

import orjson
import strawberry

from graphcdp.api import asked
from graphcdp.api.context import Info
from graphcdp.api.fields import READ, field, own_field, value_field
from graphcdp.api.pages import After, Before, First, Last, PageInfo
from graphcdp.api.scalars import JSON, BigInt, DateTime, JsonText
from graphcdp.plan.fields import Leaf, Place, time
from graphcdp.read.pages import Slice
from graphcdp.read.sources import SourceRow, list_sources, source_cursor, source_page, sources_by_names

Name = Annotated[str, strawberry.argument(description="Its name.")]


@strawberry.type(
    description=(
        "Where messages come from, with what came, counted since the first one. `(other)` counts those of more than "
        "1000 names together."
    )
)
class Source:
    """Made of what is counted by `of`."""

    name: str = value_field("The name that its messages say.", plan=Leaf("s.name"))
    messages: BigInt = value_field(
        "How many messages came, whatever became of them.", plan=Leaf("s.messages", finish=str)
    )
    events: BigInt = value_field("Of them: how many were recorded as events.", plan=Leaf("s.events", finish=str))
    duplicates: BigInt = value_field("Of them: how many were there already.", plan=Leaf("s.duplicates", finish=str))
    rejected: BigInt = value_field(
        "Of them: how many were refused and kept in `rejected`.", plan=Leaf("s.rejected", finish=str)
    )
    limited: BigInt = value_field(
        "Of them: how many were refused since one customer sent too many at once; these are not kept.",
        plan=Leaf("s.limited", finish=str),
    )
    violations: BigInt = value_field(
        "Of them: how many broke the tracking plan, recorded or rejected.", plan=Leaf("s.violations", finish=str)
    )
    rejected_share: float = value_field(
        "`rejected` as a part of `messages`, 0 to 1.",
        plan=Leaf("CASE WHEN s.messages = 0 THEN 0.0 ELSE toFloat(s.rejected) / s.messages END"),
    )
    first_seen: DateTime = value_field("When its first message came.", plan=time("s.firstSeen"))
    last_seen: DateTime = value_field("When its latest message came.", plan=time("s.lastSeen"))
    sample: JSON = value_field(
        "The shape of its latest message: names of fields with the types of their values, never a value.",
        plan=Leaf("s.sample", finish=orjson.Fragment),
    )

    @classmethod
    def of(cls, row: SourceRow) -> "Source":
        """The source of a row."""
        return cls(
            name=row.name,
            messages=BigInt(row.messages),
            events=BigInt(row.events),
            duplicates=BigInt(row.duplicates),
            rejected=BigInt(row.rejected),
            limited=BigInt(row.limited),
            violations=BigInt(row.violations),
            rejected_share=row.rejected_share,
            first_seen=row.first,
            last_seen=row.last,
            sample=JSON(JsonText(row.sample)),
        )


@strawberry.type(description="A source in a list.")
class SourceEdge:
    """A source with its place."""

    cursor: str = value_field("The place in the list.", plan=Place.CURSOR)
    node: Source = value_field("The source.", plan=Place.NODE)


@strawberry.type(description="A page of sources.")
class SourceConnection:
    """Made of a slice by `of`."""

    edges: list[SourceEdge] = value_field("Sources with cursors.", plan=Place.EDGES)
    nodes: list[Source] = value_field("Just the sources.", plan=Place.NODES)
    page_info: PageInfo = value_field("Where the page stands.", plan=Place.PAGE_INFO)

    @classmethod
    def of(cls, page: Slice[SourceRow]) -> "SourceConnection":
        """The page of these sources."""
        edges = [SourceEdge(cursor=source_cursor(row), node=Source.of(row)) for row in page.items]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=PageInfo.of(page, source_cursor))


@strawberry.type
class SourceQueries:
    """Queries for sources."""

    @own_field("Where messages come from, by name.", scopes=READ, plan=asked.SOURCES)
    async def sources(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> SourceConnection | None:
        page = source_page(first=first, after=after, last=last, before=before)
        return SourceConnection.of(await list_sources(info.context.store, page))

    @field("One source; null when nothing came from it.", scopes=READ, plan=asked.SOURCE)
    async def source(self, info: Info, name: Name) -> Source | None:
        (row,) = await sources_by_names(info.context.store, [name])
        return None if row is None else Source.of(row)
