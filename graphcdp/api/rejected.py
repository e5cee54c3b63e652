"""Messages that could not be taken, as callers see them."""

import strawberry

from graphcdp.api.fields import Shown, value_field
from graphcdp.api.pages import PageInfo
from graphcdp.api.scalars import DateTime
from graphcdp.plan.fields import Leaf, Place, time
from graphcdp.read.pages import Slice
from graphcdp.read.rejected import RejectedRow, rejected_cursor


@strawberry.type(description="A message that could not be taken, kept with the reason.")
class RejectedMessage:
    """Made of what the graph keeps of it by `of`."""

    id: strawberry.ID = value_field("Its id, rej_....", plan=Leaf("r.id"))
    message_id: str = value_field("The id that the producer gave, or that was made.", plan=Leaf("r.messageId"))
    received_at: DateTime = value_field("When the platform received it.", plan=time("r.receivedAt"))
    source: str | None = value_field("The source that sent it.", plan=Leaf("r.source"))
    code: str = value_field("Why, for code: INVALID, LIMIT, NO_IDENTIFIER and the like.", plan=Leaf("r.code"))
    reason: str = value_field("Why, in plain English, with what to do.", personal=Shown.STARS, plan=Leaf("r.reason"))
    content: str = value_field(
        "The message as it came, as text: JSON unless it holds what JSON cannot say.",
        personal=Shown.STARS,
        plan=Leaf("CASE WHEN r.json <> '' THEN r.json ELSE 'null' END"),
    )

    tries: int = value_field(
        "How often it was refused: 1, and one more for each `replayRejected`.", plan=Leaf("coalesce(r.tries, 1)")
    )
    tried_at: DateTime | None = value_field("When it was tried again last; null for never.", plan=time("r.triedAt"))

    @classmethod
    def of(cls, row: RejectedRow) -> "RejectedMessage":
        """The message of a row."""
        return cls(
            id=strawberry.ID(row.id),
            message_id=row.message_id,
            received_at=row.received,
            source=row.source,
            code=row.code,
            reason=row.reason,
            content=row.json,
            tries=row.tries,
            tried_at=row.tried,
        )


@strawberry.type(description="A refused message in a list.")
class RejectedMessageEdge:
    """A refused message with its place."""

    cursor: str = value_field("The place in the list.", plan=Place.CURSOR)
    node: RejectedMessage = value_field("The message.", plan=Place.NODE)


@strawberry.type(description="A page of refused messages.")
class RejectedMessageConnection:
    """Made of a slice by `of`."""

    edges: list[RejectedMessageEdge] = value_field("Messages with cursors.", plan=Place.EDGES)
    nodes: list[RejectedMessage] = value_field("Just the messages.", plan=Place.NODES)
    page_info: PageInfo = value_field("Where the page stands.", plan=Place.PAGE_INFO)

    @classmethod
    def of(cls, page: Slice[RejectedRow]) -> "RejectedMessageConnection":
        """The page of these messages."""
        edges = [RejectedMessageEdge(cursor=rejected_cursor(row), node=RejectedMessage.of(row)) for row in page.items]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=PageInfo.of(page, rejected_cursor))
