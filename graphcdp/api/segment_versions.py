"""What a segment was after each edit, and how many members it had over time."""

from enum import Enum

import orjson
import strawberry

from graphcdp.api import asked
from graphcdp.api.context import Info
from graphcdp.api.fields import READ, field, value_field
from graphcdp.api.pages import Count, PageInfo
from graphcdp.api.scalars import JSON, DateTime, JsonText
from graphcdp.api.segment_words import SegmentStatus
from graphcdp.model.times import full_time
from graphcdp.plan.fields import Leaf, Place, time
from graphcdp.read.pages import Slice
from graphcdp.read.segment_sizes import Size
from graphcdp.read.segment_versions import VersionRow, version_cursor, version_totals, versions_by_numbers


@strawberry.enum(description="What an edit of a segment was. New ones may appear.")
class SegmentAction(Enum):
    """As `graphcdp.segment.versions.Action`."""

    CREATED = strawberry.enum_value("CREATED", description="It was created.")
    CHANGED = strawberry.enum_value("CHANGED", description="Its name, description or rule changed, or it was paused.")
    REVERTED = strawberry.enum_value("REVERTED", description="It was made again what it was at an older version.")
    ARCHIVED = strawberry.enum_value("ARCHIVED", description="It was put away.")
    RESTORED = strawberry.enum_value("RESTORED", description="It was brought back.")
    KEPT = strawberry.enum_value("KEPT", description="No edit: what it was when versions began to be kept.")


@strawberry.enum(description="What an edit of a segment can make different.")
class SegmentField(Enum):
    """As `graphcdp.segment.versions.Field`."""

    NAME = strawberry.enum_value("NAME", description="The name.")
    DESCRIPTION = strawberry.enum_value("DESCRIPTION", description="The description.")
    RULE = strawberry.enum_value("RULE", description="The rule.")
    STATUS = strawberry.enum_value("STATUS", description="Whether it is live, paused or archived.")


@strawberry.type(description="What a segment was after an edit.")
class SegmentVersion:
    """Made of a row by `of`."""

    number: int = value_field("The segment's `version` after the edit.", plan=Leaf("v.number"))
    at: DateTime = value_field("When it was edited.", plan=time("v.at"))
    by: str | None = value_field(
        "Who edited: the id of an API key, key_...; `owner` on a server without keys; `cli` at the command line. Null "
        "for what was before versions were kept.",
        scopes=READ,
        plan=Leaf("v.by"),
    )
    by_name: str | None = value_field(
        "What the API key was called then; null when it was none.", scopes=READ, plan=Leaf("v.byName")
    )
    action: SegmentAction = value_field("What the edit was.", plan=Leaf("v.action"))
    changed: list[SegmentField] = value_field("What became different by it.", plan=Leaf("v.changed"))
    name: str = value_field("The name after it.", plan=Leaf("v.name"))
    description: str | None = value_field("The description after it.", scopes=READ, plan=Leaf("v.description"))
    rule: JSON = value_field(
        "The rule after it, as JSON in the shape of CustomerPredicate.",
        scopes=READ,
        plan=Leaf("v.rule", finish=orjson.Fragment),
    )
    rule_text: str = value_field("The rule after it, in plain words.", scopes=READ, plan=Leaf("v.ruleText"))
    status: SegmentStatus = value_field("LIVE, PAUSED or ARCHIVED, as it was after it.", plan=Leaf("v.status"))
    segment_id: strawberry.Private[str]

    @classmethod
    def of(cls, row: VersionRow) -> "SegmentVersion":
        """The version of a row."""
        return cls(
            number=row.number,
            at=row.at,
            by=row.by,
            by_name=row.by_name,
            action=SegmentAction[row.action],
            changed=[SegmentField[name] for name in row.changed],
            name=row.name,
            description=row.description,
            rule=JSON(JsonText(row.rule)),
            rule_text=row.rule_text,
            status=SegmentStatus[row.status],
            segment_id=row.segment,
        )

    @field("What the segment was before the edit; null where that is not kept.", plan=asked.VERSION_BEFORE)
    async def previous(self, info: Info) -> "SegmentVersion | None":
        row = await info.context.loader(versions_by_numbers).load((self.segment_id, self.number - 1))
        return None if row is None else SegmentVersion.of(row)


@strawberry.type(description="A version in a list.")
class SegmentVersionEdge:
    """A version with its place."""

    cursor: str = value_field("The place in the list.", plan=Place.CURSOR)
    node: SegmentVersion = value_field("The version.", plan=Place.NODE)


@strawberry.type(description="A page of versions.")
class SegmentVersionConnection:
    """Made of a slice by `of`."""

    edges: list[SegmentVersionEdge] = value_field("Versions with cursors.", plan=Place.EDGES)
    nodes: list[SegmentVersion] = value_field("Just the versions.", plan=Place.NODES)
    page_info: PageInfo = value_field("Where the page stands.", plan=Place.PAGE_INFO)
    segment_id: strawberry.Private[str]

    @classmethod
    def of(cls, segment_id: str, page: Slice[VersionRow]) -> "SegmentVersionConnection":
        """The page of these versions of a segment."""
        edges = [SegmentVersionEdge(cursor=version_cursor(row), node=SegmentVersion.of(row)) for row in page.items]
        return cls(
            edges=edges,
            nodes=[edge.node for edge in edges],
            page_info=PageInfo.of(page, version_cursor),
            segment_id=segment_id,
        )

    @field("Exact: how many are kept.", plan=Place.TOTAL)
    async def total_count(self, info: Info) -> Count:
        return Count.exact(await info.context.loader(version_totals).load(self.segment_id))


@strawberry.type(description="How many members a segment had.")
class SegmentSize:
    """Made of what was measured by `of`."""

    at: DateTime = value_field("When the hour or day began.", plan=Leaf("at", finish=full_time))
    size: int = value_field("How many members, as last measured within it.", plan=Leaf("size"))

    @classmethod
    def of(cls, found: Size) -> "SegmentSize":
        """The point that was measured."""
        return cls(at=found.at, size=found.size)
