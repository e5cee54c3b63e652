"""What happened to the identity of a customer, as callers see it."""

import strawberry

from graphcdp.api.conflicts import IdentityConflict
from graphcdp.api.fields import value_field
from graphcdp.api.merges import CustomerSplit, IdentityChange, Merge
from graphcdp.api.pages import PageInfo
from graphcdp.plan.fields import Place
from graphcdp.read.conflicts import ConflictRow
from graphcdp.read.history import HistoryRow, history_cursor
from graphcdp.read.merges import MergeRow, SplitRow
from graphcdp.read.pages import Slice


@strawberry.type(description="A change of identity in a list.")
class IdentityChangeEdge:
    """A change with its place."""

    cursor: str = value_field("The place in the list.", plan=Place.CURSOR)
    node: IdentityChange = value_field("The change.", plan=Place.NODE)


@strawberry.type(description="A page of changes of identity.")
class IdentityChangeConnection:
    """Made of a slice by `of`."""

    edges: list[IdentityChangeEdge] = value_field("Changes with cursors.", plan=Place.EDGES)
    nodes: list[IdentityChange] = value_field("Just the changes.", plan=Place.NODES)
    page_info: PageInfo = value_field("Where the page stands.", plan=Place.PAGE_INFO)

    @classmethod
    def of(cls, page: Slice[HistoryRow]) -> "IdentityChangeConnection":
        """The page of a customer's history."""
        edges = [IdentityChangeEdge(cursor=history_cursor(row), node=change_of(row.change)) for row in page.items]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=PageInfo.of(page, history_cursor))


def change_of(row: MergeRow | SplitRow | ConflictRow) -> IdentityChange:
    """The change of a row."""
    match row:
        case MergeRow():
            return Merge.of(row)
        case SplitRow():
            return CustomerSplit.of(row)
        case ConflictRow():
            return IdentityConflict.of(row)
