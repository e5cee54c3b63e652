"""Refused evidence, as callers see it."""

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from graphcdp.api.context import Info
from graphcdp.api.fields import Shown, field, own_field, value_field
from graphcdp.api.merges import IdentityCause, IdentityChange
from graphcdp.api.pages import Count, PageInfo
from graphcdp.api.scalars import DateTime
from graphcdp.read.conflicts import ConflictChoice, ConflictRow, conflict_cursor, count_conflicts
from graphcdp.read.pages import Slice

if TYPE_CHECKING:
    from graphcdp.api.customers import Customer


@strawberry.enum(description="Where refused evidence stands.")
class ConflictStatus(Enum):
    """As stored."""

    OPEN = strawberry.enum_value("OPEN", description="Waits for a decision.")
    MERGED = strawberry.enum_value("MERGED", description="A person united the two.")
    KEPT_APART = strawberry.enum_value("KEPT_APART", description="A person keeps the two apart.")
    BLOCKED = strawberry.enum_value("BLOCKED", description="A person blocked the value.")
    SOLVED = strawberry.enum_value("SOLVED", description="Such evidence was accepted later.")


@strawberry.enum(description="Why evidence was refused.")
class ConflictCode(Enum):
    """As stored."""

    LIMIT = strawberry.enum_value("LIMIT", description="One customer would have too many identifiers of a kind.")
    MERGE_OFF = strawberry.enum_value("MERGE_OFF", description="The identity rules unite no customers.")
    BLOCKED = strawberry.enum_value(
        "BLOCKED", description="Changed rules block a value; kept in case they change again."
    )
    RULES = strawberry.enum_value("RULES", description="Changed rules no longer take the evidence.")


_CHANGED_RULES = (ConflictCode.BLOCKED, ConflictCode.RULES)

Status = Annotated[
    ConflictStatus | None, strawberry.argument(description="Only where it stands like this; null for all.")
]
Code = Annotated[
    ConflictCode | None,
    strawberry.argument(
        description=(
            "Only what was refused for this reason. Without it, open ones of code BLOCKED are left out: there is "
            "nothing to review about them."
        )
    ),
]


@strawberry.type(description="An identifier by kind and normalised value; it need not be stored.")
class NamedIdentifier:
    """Made of a key by `of`."""

    kind: str = strawberry.field(description="The kind.")
    value: str = value_field("The normalised value.", personal=Shown.PSEUDONYM)

    @classmethod
    def of(cls, key: str) -> "NamedIdentifier":
        """The identifier with this key."""
        kind, _, value = key.partition(":")
        return cls(kind=kind, value=value)


@strawberry.type(
    description=(
        "Evidence that two identifiers belong to one person, which the identity rules refused: kept for review, once "
        "for each pair."
    )
)
class IdentityConflict(IdentityChange):
    """Made of what the graph keeps of it by `of`; `at` is when it was first refused."""

    subject: NamedIdentifier = strawberry.field(description="The identifier that the message was about.")
    identifier: NamedIdentifier = strawberry.field(
        description="The identifier that was refused beside it; when it was new, it was not stored."
    )
    code: ConflictCode = strawberry.field(description="Why it was refused.")
    kind: str | None = strawberry.field(description="Of which kind there would be too many; null without a limit.")
    limit: int | None = strawberry.field(description="How many of the kind are allowed; null without a limit.")
    actual: int | None = strawberry.field(description="How many of the kind there would be; null without a limit.")
    count: int = strawberry.field(description="How many messages showed it.")
    first_seen_at: DateTime = strawberry.field(description="When first seen, by the time of the message.")
    last_seen_at: DateTime = strawberry.field(description="When last seen, by the time of the message.")
    source: str | None = strawberry.field(description="The source that first sent it.")
    status: ConflictStatus = strawberry.field(description="Where it stands.")
    decided_at: DateTime | None = strawberry.field(description="When it was decided or solved; null while it is open.")
    row: strawberry.Private[ConflictRow]

    @classmethod
    def of(cls, row: ConflictRow) -> "IdentityConflict":
        """The refused evidence of a row."""
        code = ConflictCode[row.code]
        return cls(
            id=strawberry.ID(row.id),
            at=row.at,
            cause=IdentityCause.RULES if code in _CHANGED_RULES else IdentityCause.EVIDENCE,
            message_id=row.message,
            reason=row.reason,
            subject=NamedIdentifier.of(row.subject),
            identifier=NamedIdentifier.of(row.identifier),
            code=code,
            kind=row.kind,
            limit=row.limit,
            actual=row.actual,
            count=row.times,
            first_seen_at=row.first_seen,
            last_seen_at=row.last_seen,
            source=row.source,
            status=ConflictStatus[row.status],
            decided_at=row.decided,
            row=row,
        )

    @field("Who has the subject now; null for nobody.")
    async def subject_customer(
        self, info: Info
    ) -> Annotated["Customer", strawberry.lazy("graphcdp.api.customers")] | None:
        from graphcdp.api.customers import customer_with  # the types refer to each other

        return await customer_with(info, self.row.subject)

    @field("Who has the refused identifier now; null for nobody.")
    async def identifier_customer(
        self, info: Info
    ) -> Annotated["Customer", strawberry.lazy("graphcdp.api.customers")] | None:
        from graphcdp.api.customers import customer_with  # the types refer to each other

        return await customer_with(info, self.row.identifier)


@strawberry.type(description="Refused evidence in a list.")
class IdentityConflictEdge:
    """Refused evidence with its place."""

    cursor: str = strawberry.field(description="The place in the list.")
    node: IdentityConflict = strawberry.field(description="The refused evidence.")

    @classmethod
    def of(cls, row: ConflictRow) -> "IdentityConflictEdge":
        """The edge of a row."""
        return cls(cursor=conflict_cursor(row), node=IdentityConflict.of(row))


@strawberry.type(description="A page of refused evidence of one customer.")
class CustomerConflictConnection:
    """Made of a slice by `of`."""

    edges: list[IdentityConflictEdge] = strawberry.field(description="Refused evidence with cursors.")
    nodes: list[IdentityConflict] = strawberry.field(description="Just the refused evidence.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")

    @classmethod
    def of(cls, page: Slice[ConflictRow]) -> "CustomerConflictConnection":
        """The page of a customer's refused evidence."""
        edges = [IdentityConflictEdge.of(row) for row in page.items]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=PageInfo.of(page, conflict_cursor))


@strawberry.type(description="A page of refused evidence.")
class IdentityConflictConnection:
    """Made of a slice by `of`."""

    edges: list[IdentityConflictEdge] = strawberry.field(description="Refused evidence with cursors.")
    nodes: list[IdentityConflict] = strawberry.field(description="Just the refused evidence.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
    choice: strawberry.Private[ConflictChoice]

    @classmethod
    def of(cls, page: Slice[ConflictRow], choice: ConflictChoice) -> "IdentityConflictConnection":
        """The page of the refused evidence that was chosen so."""
        edges = [IdentityConflictEdge.of(row) for row in page.items]
        return cls(
            edges=edges,
            nodes=[edge.node for edge in edges],
            page_info=PageInfo.of(page, conflict_cursor),
            choice=choice,
        )

    @own_field("Counted up to 10000, then AT_LEAST.")
    async def total_count(self, info: Info) -> Count | None:
        return Count.capped(await count_conflicts(info.context.store, self.choice))


def choice_of_conflicts(status: ConflictStatus | None, code: ConflictCode | None) -> ConflictChoice:
    """Which refused evidence a caller asked for."""
    statuses = sorted(one.name for one in ConflictStatus) if status is None else [status.name]
    return ConflictChoice(tuple(statuses), None if code is None else code.name)
