"""The log of merges and splits, as callers see it."""

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from graphcdp.api.context import Info
from graphcdp.api.events import Event
from graphcdp.api.fields import field, own_field
from graphcdp.api.identities import Identifier, Link
from graphcdp.api.node import Node
from graphcdp.api.pages import PageInfo
from graphcdp.api.scalars import DateTime
from graphcdp.read.events import events_by_ids
from graphcdp.read.identities import identifiers_by_keys
from graphcdp.read.merges import MergeRow, SplitRow, merge_cursor, merge_evidence, merge_of_absorbed, merges_by_ids
from graphcdp.read.pages import Slice

if TYPE_CHECKING:
    from graphcdp.api.customers import Customer

SPLIT_IDENTIFIERS_MAX = 500


@strawberry.enum(description="Why identity changed.")
class IdentityCause(Enum):
    """Causes of merges, splits and refusals together, so that one selection can ask all for theirs."""

    EVIDENCE = strawberry.enum_value("EVIDENCE", description="A message named identifiers together.")
    ALIAS = strawberry.enum_value("ALIAS", description="The mutation `alias`.")
    MANUAL = strawberry.enum_value("MANUAL", description="A person united customers, or decided a conflict.")
    CUT = strawberry.enum_value("CUT", description="A person cut a piece of evidence.")
    SPLIT = strawberry.enum_value("SPLIT", description="A person split identifiers off.")
    UNDO = strawberry.enum_value("UNDO", description="A person undid a merge.")
    RULES = strawberry.enum_value("RULES", description="The identity rules changed.")


@strawberry.interface(description="Something that happened to the identity of customers.")
class IdentityChange(Node):
    """What merges, splits and refused evidence have in common."""

    at: DateTime = strawberry.field(description="When, by the server's clock.")
    cause: IdentityCause = strawberry.field(description="Why.")
    message_id: str | None = strawberry.field(
        description="The id of the message that led to it; null when it was a person, or other rules."
    )
    reason: str | None = strawberry.field(description="What the person gave as the reason; null when there is none.")

    @field("The event that led to it; null when it was no event, such as identify, alias or a person.")
    async def event(self, info: Info) -> Event | None:
        if self.message_id is None:
            return None
        row = await info.context.loader(events_by_ids).load(self.message_id)
        return None if row is None else Event.of(row)


@strawberry.type(description="One customer went into another. A message that unites three makes two of these.")
class Merge(IdentityChange):
    """Made of what the log keeps by `of`."""

    survivor_id: strawberry.ID = strawberry.field(description="The id of who remained.")
    absorbed_id: strawberry.ID = strawberry.field(description="The id of who was absorbed.")
    source: str | None = strawberry.field(description="The source of the message; null when there is none.")
    undone_at: DateTime | None = strawberry.field(description="When it was undone; null while it stands.")
    undone_reason: str | None = strawberry.field(description="Why it was undone, as far as a reason was given.")

    @classmethod
    def of(cls, row: MergeRow) -> "Merge":
        """The merge of a row."""
        return cls(
            id=strawberry.ID(row.id),
            at=row.at,
            cause=IdentityCause[row.cause],
            message_id=row.message,
            reason=row.reason,
            survivor_id=strawberry.ID(row.survivor),
            absorbed_id=strawberry.ID(row.absorbed),
            source=row.source,
            undone_at=row.undone,
            undone_reason=row.undone_reason,
        )

    @field("Who remained, after later merges; null once gone.")
    async def survivor(self, info: Info) -> Annotated["Customer", strawberry.lazy("graphcdp.api.customers")] | None:
        from graphcdp.api.customers import customer_after_merges  # the types refer to each other

        return await customer_after_merges(info, self.survivor_id)

    @own_field("The evidence that led to it: the links between the two sides that it came with, oldest first.", size=10)
    async def evidence(self, info: Info) -> list[Link] | None:
        return [Link.of(row) for row in await info.context.loader(merge_evidence).load(str(self.id))]


@strawberry.type(description="A part came out of a customer. A split into three makes two of these.")
class CustomerSplit(IdentityChange):
    """Made of what the log keeps by `of`."""

    customer_id: strawberry.ID = strawberry.field(description="The id of who was split.")
    part_id: strawberry.ID = strawberry.field(description="The id of who came out.")
    identifier_count: int = strawberry.field(description="How many identifiers went with the part.")
    row: strawberry.Private[SplitRow]

    @classmethod
    def of(cls, row: SplitRow) -> "CustomerSplit":
        """The split of a row."""
        return cls(
            id=strawberry.ID(row.id),
            at=row.at,
            cause=IdentityCause[row.cause],
            message_id=None,
            reason=row.reason,
            customer_id=strawberry.ID(row.customer),
            part_id=strawberry.ID(row.part),
            identifier_count=len(row.identifiers),
            row=row,
        )

    @field("Who came out, after later merges; null once gone.")
    async def part(self, info: Info) -> Annotated["Customer", strawberry.lazy("graphcdp.api.customers")] | None:
        from graphcdp.api.customers import customer_after_merges  # the types refer to each other

        return await customer_after_merges(info, self.part_id)

    @own_field(
        f"The identifiers that went with the part, without erased ones; at most {SPLIT_IDENTIFIERS_MAX}.", size=20
    )
    async def identifiers(self, info: Info) -> list[Identifier] | None:
        keys = list(self.row.identifiers[:SPLIT_IDENTIFIERS_MAX])
        rows = await info.context.loader(identifiers_by_keys).load_many(keys)
        return [Identifier.of(row) for row in rows if row is not None]

    @field("The merge that was undone; null when it was another kind of split.")
    async def merge(self, info: Info) -> Merge | None:
        return None if self.row.merge is None else await merge_with_id(info, self.row.merge)


@strawberry.type(description="A merge in a list.")
class MergeEdge:
    """A merge with its place."""

    cursor: str = strawberry.field(description="The place in the list.")
    node: Merge = strawberry.field(description="The merge.")


@strawberry.type(description="A page of merges.")
class MergeConnection:
    """Made of a slice by `of`."""

    edges: list[MergeEdge] = strawberry.field(description="Merges with cursors.")
    nodes: list[Merge] = strawberry.field(description="Just the merges.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")

    @classmethod
    def of(cls, page: Slice[MergeRow]) -> "MergeConnection":
        """The page of a customer's merges."""
        edges = [MergeEdge(cursor=merge_cursor(row), node=Merge.of(row)) for row in page.items]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=PageInfo.of(page, merge_cursor))


async def merge_with_id(info: Info, merge_id: str) -> Merge | None:
    """The merge with this id, mrg_...."""
    row = await info.context.loader(merges_by_ids).load(merge_id)
    return None if row is None else Merge.of(row)


async def merges_of_absorbed(info: Info, absorbed: Sequence[str]) -> list[Merge]:
    """The merges that stand for these customers, by the ids that they had, in the same order."""
    ids = await info.context.loader(merge_of_absorbed).load_many(absorbed)
    merges = [await merge_with_id(info, one) for one in ids if one is not None]
    return [one for one in merges if one is not None]
