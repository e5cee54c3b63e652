"""Messages that could not be taken, as callers see them."""

import strawberry

from graphcdp.api.fields import Shown, value_field
from graphcdp.api.pages import PageInfo
from graphcdp.api.scalars import DateTime
from graphcdp.read.pages import Slice
from graphcdp.read.rejected import RejectedRow, rejected_cursor


@strawberry.type(description="A message that could not be taken, kept with the reason.")
class RejectedMessage:
    """Made of what the graph keeps of it by `of`."""

    id: strawberry.ID = strawberry.field(description="Its id, rej_....")
    message_id: str = strawberry.field(description="The id that the producer gave, or that was made.")
    received_at: DateTime = strawberry.field(description="When the platform received it.")
    source: str | None = strawberry.field(description="The source that sent it.")
    code: str = strawberry.field(description="Why, for code: INVALID, LIMIT, NO_IDENTIFIER and the like.")
    reason: str = value_field("Why, in plain English, with what to do.", personal=Shown.STARS)
    content: str = value_field(
        "The message as it came, as text: JSON unless it holds what JSON cannot say.", personal=Shown.STARS
    )

    tries: int = strawberry.field(description="How often it was refused: 1, and one more for each `replayRejected`.")
    tried_at: DateTime | None = strawberry.field(description="When it was tried again last; null for never.")

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

    cursor: str = strawberry.field(description="The place in the list.")
    node: RejectedMessage = strawberry.field(description="The message.")


@strawberry.type(description="A page of refused messages.")
class RejectedMessageConnection:
    """Made of a slice by `of`."""

    edges: list[RejectedMessageEdge] = strawberry.field(description="Messages with cursors.")
    nodes: list[RejectedMessage] = strawberry.field(description="Just the messages.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")

    @classmethod
    def of(cls, page: Slice[RejectedRow]) -> "RejectedMessageConnection":
        """The page of these messages."""
        edges = [RejectedMessageEdge(cursor=rejected_cursor(row), node=RejectedMessage.of(row)) for row in page.items]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=PageInfo.of(page, rejected_cursor))
