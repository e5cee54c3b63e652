"""The log of merges and splits, as callers see it."""

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from graphcdp.api.context import Info
from graphcdp.api.events import Event
from graphcdp.api.fields import field, own_field, value_field
from graphcdp.api.identities import Identifier, Link
from graphcdp.api.node import Node, id_read_as
from graphcdp.api.pages import PageInfo
from graphcdp.api.scalars import DateTime
from graphcdp.plan import changes
from graphcdp.plan.fields import Leaf, Nested, Place, time
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

    at: DateTime = value_field("When, by the server's clock.", plan=time(changes.AT))
    cause: IdentityCause = value_field("Why.", plan=Leaf(changes.CAUSE))
    message_id: str | None = value_field(
        "The id of the message that led to it; null when it was a person, or other rules.", plan=Leaf("h.message")
    )
    reason: str | None = value_field(
        "What the person gave as the reason; null when there is none.", plan=Leaf("h.reason")
    )

    @field(
        "The event that led to it; null when it was no event, such as identify, alias or a person.",
        plan=Nested("MATCH (e:Event {id: h.message})", ("e",)),
    )
    async def event(self, info: Info) -> Event | None:
        if self.message_id is None:
            return None
        row = await info.context.loader(events_by_ids).load(self.message_id)
        return None if row is None else Event.of(row)


@strawberry.type(description="One customer went into another. A message that unites three makes two of these.")
class Merge(IdentityChange):
    """Made of what the log keeps by `of`."""

    id: strawberry.ID = id_read_as("h.id")
    survivor_id: strawberry.ID = value_field("The id of who remained.", plan=Leaf("h.survivor"))
    absorbed_id: strawberry.ID = value_field("The id of who was absorbed.", plan=Leaf("h.absorbed"))
    source: str | None = value_field("The source of the message; null when there is none.", plan=Leaf("h.source"))
    undone_at: DateTime | None = value_field("When it was undone; null while it stands.", plan=time("h.undoneAt"))
    undone_reason: str | None = value_field(
        "Why it was undone, as far as a reason was given.", plan=Leaf("h.undoneReason")
    )

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

    @field("Who remained, after later merges; null once gone.", plan=Nested(changes.survivor("h.survivor"), ("c",)))
    async def survivor(self, info: Info) -> Annotated["Customer", strawberry.lazy("graphcdp.api.customers")] | None:
        from graphcdp.api.customers import customer_after_merges  # the types refer to each other

        return await customer_after_merges(info, self.survivor_id)

    @own_field(
        "The evidence that led to it: the links between the two sides that it came with, oldest first.",
        size=10,
        plan=Nested(changes.EVIDENCE, ("l",), many=True),
    )
    async def evidence(self, info: Info) -> list[Link] | None:
        return [Link.of(row) for row in await info.context.loader(merge_evidence).load(str(self.id))]


@strawberry.type(description="A part came out of a customer. A split into three makes two of these.")
class CustomerSplit(IdentityChange):
    """Made of what the log keeps by `of`."""

    id: strawberry.ID = id_read_as("h.id")
    customer_id: strawberry.ID = value_field("The id of who was split.", plan=Leaf("h.customer"))
    part_id: strawberry.ID = value_field("The id of who came out.", plan=Leaf("h.part"))
    identifier_count: int = value_field(
        "How many identifiers went with the part.", plan=Leaf("size(coalesce(h.identifiers, []))")
    )
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

    @field("Who came out, after later merges; null once gone.", plan=Nested(changes.survivor("h.part"), ("c",)))
    async def part(self, info: Info) -> Annotated["Customer", strawberry.lazy("graphcdp.api.customers")] | None:
        from graphcdp.api.customers import customer_after_merges  # the types refer to each other

        return await customer_after_merges(info, self.part_id)

    @own_field(
        f"The identifiers that went with the part, without erased ones; at most {SPLIT_IDENTIFIERS_MAX}.",
        size=20,
        plan=Nested(
            f"UNWIND h.identifiers[..{SPLIT_IDENTIFIERS_MAX}] AS key MATCH (i:Identifier {{key: key}})",
            ("i",),
            many=True,
        ),
    )
    async def identifiers(self, info: Info) -> list[Identifier] | None:
        keys = list(self.row.identifiers[:SPLIT_IDENTIFIERS_MAX])
        rows = await info.context.loader(identifiers_by_keys).load_many(keys)
        return [Identifier.of(row) for row in rows if row is not None]

    @field(
        "The merge that was undone; null when it was another kind of split.",
        plan=Nested("MATCH (h:Merge {id: one})", ("h",), one="h.merge"),
    )
    async def merge(self, info: Info) -> Merge | None:
        return None if self.row.merge is None else await merge_with_id(info, self.row.merge)


@strawberry.type(description="A merge in a list.")
class MergeEdge:
    """A merge with its place."""

    cursor: str = value_field("The place in the list.", plan=Place.CURSOR)
    node: Merge = value_field("The merge.", plan=Place.NODE)


@strawberry.type(description="A page of merges.")
class MergeConnection:
    """Made of a slice by `of`."""

    edges: list[MergeEdge] = value_field("Merges with cursors.", plan=Place.EDGES)
    nodes: list[Merge] = value_field("Just the merges.", plan=Place.NODES)
    page_info: PageInfo = value_field("Where the page stands.", plan=Place.PAGE_INFO)

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
