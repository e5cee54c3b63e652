"""Refused evidence, as callers see it."""

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from graphcdp.api.access import read_as_shown
from graphcdp.api.context import Info
from graphcdp.api.fields import Shown, field, own_field, value_field
from graphcdp.api.merges import IdentityCause, IdentityChange
from graphcdp.api.node import id_read_as
from graphcdp.api.pages import Count, PageInfo
from graphcdp.api.scalars import DateTime
from graphcdp.plan import changes
from graphcdp.plan.fields import Leaf, Nested, Place, time
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

    kind: str = value_field("The kind.", plan=Leaf("kind"))
    value: str = value_field(
        "The normalised value.",
        personal=Shown.PSEUDONYM,
        plan=Leaf("value"),
        masked=read_as_shown("kind", "value"),
    )

    @classmethod
    def of(cls, key: str) -> "NamedIdentifier":
        """The identifier with this key."""
        kind, _, value = key.partition(":")
        return cls(kind=kind, value=value)


def _holder(key: str) -> Nested:
    return Nested(f"MATCH (:Identifier {{key: {key}}})-[:IDENTIFIES]->(c:Customer)", ("c",))


@strawberry.type(
    description=(
        "Evidence that two identifiers belong to one person, which the identity rules refused: kept for review, once "
        "for each pair."
    )
)
class IdentityConflict(IdentityChange):
    """Made of what the graph keeps of it by `of`; `at` is when it was first refused."""

    id: strawberry.ID = id_read_as("h.id")
    subject: NamedIdentifier = value_field(
        "The identifier that the message was about.", plan=Nested(changes.named("h.subject"), ("kind", "value"))
    )
    identifier: NamedIdentifier = value_field(
        "The identifier that was refused beside it; when it was new, it was not stored.",
        plan=Nested(changes.named("h.identifier"), ("kind", "value")),
    )
    code: ConflictCode = value_field("Why it was refused.", plan=Leaf("h.code"))
    kind: str | None = value_field("Of which kind there would be too many; null without a limit.", plan=Leaf("h.kind"))
    limit: int | None = value_field("How many of the kind are allowed; null without a limit.", plan=Leaf("h.limit"))
    actual: int | None = value_field(
        "How many of the kind there would be; null without a limit.", plan=Leaf("h.actual")
    )
    count: int = value_field("How many messages showed it.", plan=Leaf("h.count"))
    first_seen_at: DateTime = value_field("When first seen, by the time of the message.", plan=time("h.firstSeen"))
    last_seen_at: DateTime = value_field("When last seen, by the time of the message.", plan=time("h.lastSeen"))
    source: str | None = value_field("The source that first sent it.", plan=Leaf("h.source"))
    status: ConflictStatus = value_field("Where it stands.", plan=Leaf("h.status"))
    decided_at: DateTime | None = value_field(
        "When it was decided or solved; null while it is open.", plan=time("h.decidedAt")
    )
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

    @field("Who has the subject now; null for nobody.", plan=_holder("h.subject"))
    async def subject_customer(
        self, info: Info
    ) -> Annotated["Customer", strawberry.lazy("graphcdp.api.customers")] | None:
        from graphcdp.api.customers import customer_with  # the types refer to each other

        return await customer_with(info, self.row.subject)

    @field("Who has the refused identifier now; null for nobody.", plan=_holder("h.identifier"))
    async def identifier_customer(
        self, info: Info
    ) -> Annotated["Customer", strawberry.lazy("graphcdp.api.customers")] | None:
        from graphcdp.api.customers import customer_with  # the types refer to each other

        return await customer_with(info, self.row.identifier)


@strawberry.type(description="Refused evidence in a list.")
class IdentityConflictEdge:
    """Refused evidence with its place."""

    cursor: str = value_field("The place in the list.", plan=Place.CURSOR)
    node: IdentityConflict = value_field("The refused evidence.", plan=Place.NODE)

    @classmethod
    def of(cls, row: ConflictRow) -> "IdentityConflictEdge":
        """The edge of a row."""
        return cls(cursor=conflict_cursor(row), node=IdentityConflict.of(row))


@strawberry.type(description="A page of refused evidence of one customer.")
class CustomerConflictConnection:
    """Made of a slice by `of`."""

    edges: list[IdentityConflictEdge] = value_field("Refused evidence with cursors.", plan=Place.EDGES)
    nodes: list[IdentityConflict] = value_field("Just the refused evidence.", plan=Place.NODES)
    page_info: PageInfo = value_field("Where the page stands.", plan=Place.PAGE_INFO)

    @classmethod
    def of(cls, page: Slice[ConflictRow]) -> "CustomerConflictConnection":
        """The page of a customer's refused evidence."""
        edges = [IdentityConflictEdge.of(row) for row in page.items]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=PageInfo.of(page, conflict_cursor))


@strawberry.type(description="A page of refused evidence.")
class IdentityConflictConnection:
    """Made of a slice by `of`."""

    edges: list[IdentityConflictEdge] = value_field("Refused evidence with cursors.", plan=Place.EDGES)
    nodes: list[IdentityConflict] = value_field("Just the refused evidence.", plan=Place.NODES)
    page_info: PageInfo = value_field("Where the page stands.", plan=Place.PAGE_INFO)
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

    @own_field("Counted up to 10000, then AT_LEAST.", plan=Place.TOTAL)
    async def total_count(self, info: Info) -> Count | None:
        return Count.capped(await count_conflicts(info.context.store, self.choice))


def choice_of_conflicts(status: ConflictStatus | None, code: ConflictCode | None) -> ConflictChoice:
    """Which refused evidence a caller asked for."""
    statuses = sorted(one.name for one in ConflictStatus) if status is None else [status.name]
    return ConflictChoice(tuple(statuses), None if code is None else code.name)
