"""What became of messages, as callers see it."""

from collections.abc import Mapping, Sequence
from enum import Enum

import strawberry

from graphcdp.api.context import Info
from graphcdp.api.customers import Customer, customer_after_merges
from graphcdp.api.errors import Path, UserError, input_path, user_error
from graphcdp.api.events import Event
from graphcdp.api.fields import READ, field, own_field
from graphcdp.api.merges import Merge, merges_of_absorbed
from graphcdp.api.references import field_path
from graphcdp.model.identifiers import Claim
from graphcdp.model.outcomes import Outcome, Status
from graphcdp.model.problems import Problem, ProblemCode
from graphcdp.read.events import events_by_ids


@strawberry.enum(description="What became of an event or a statement.")
class RecordStatus(Enum):
    """As `graphcdp.model.outcomes.Status`."""

    RECORDED = strawberry.enum_value("RECORDED", description="Written now.")
    DUPLICATE = strawberry.enum_value("DUPLICATE", description="Was there already; nothing changed.")
    REJECTED = strawberry.enum_value(
        "REJECTED",
        description="Not recorded; kept for review in `Query.rejected`, with the reason, unless its code is LIMITED.",
    )


@strawberry.enum(description="Why something was left out, or is marked. New ones may appear.")
class RecordWarningCode(Enum):
    """As `graphcdp.model.problems.ProblemCode`."""

    INVALID = strawberry.enum_value("INVALID", description="The value is malformed.")
    UNKNOWN_KIND = strawberry.enum_value("UNKNOWN_KIND", description="The identity rules know no such kind.")
    BLOCKED = strawberry.enum_value("BLOCKED", description="The value stands for nobody, the rules say.")
    LIMIT = strawberry.enum_value(
        "LIMIT",
        description="The customer would have more of a kind than the rules allow; it stays with its owner.",
    )
    CUT = strawberry.enum_value("CUT", description="The evidence between the two was cut by hand.")
    MERGE_OFF = strawberry.enum_value("MERGE_OFF", description="It is another customer's, and the rules unite none.")
    SUPPRESSED = strawberry.enum_value("SUPPRESSED", description="The identifier was erased.")
    NO_IDENTIFIER = strawberry.enum_value("NO_IDENTIFIER", description="No identifier was usable.")
    FULL = strawberry.enum_value(
        "FULL", description="The customer has as many identifiers, or traits, as anybody may have."
    )
    PLAN = strawberry.enum_value(
        "PLAN", description="The tracking plan expects something else; it was recorded all the same, and marked."
    )


@strawberry.type(description="An identifier as a message named it, before it was cleaned.")
class GivenIdentifier:
    """Kind and value as they came."""

    kind: str = strawberry.field(description="The kind.")
    value: str = strawberry.field(description="The value.")


@strawberry.type(
    description=(
        "A part of a message that was left out, so that it was recorded without it, unless rejected; or that the "
        "tracking plan expects otherwise."
    )
)
class RecordWarning:
    """Made of a problem by `of`."""

    code: RecordWarningCode = strawberry.field(description="For code.")
    message: str = strawberry.field(description="In plain English, for developers.")
    path: Path = strawberry.field(description='Path of the input field, such as ["identifiers", "0", "email"].')
    identifier: GivenIdentifier | None = strawberry.field(
        description="The identifier that was left out; null when it is about none in particular."
    )

    @classmethod
    def of(cls, problem: Problem, sent: "Sent") -> "RecordWarning":
        """The warning that tells this problem."""
        identifier = None
        if problem.identifier is not None:
            kind, _, value = problem.identifier.partition(":")
            identifier = GivenIdentifier(kind=kind, value=value)
        return cls(
            code=RecordWarningCode(problem.code.value),
            message=problem.message,
            path=input_path(sent.path(problem), sent.names),
            identifier=identifier,
        )


class Sent:
    """How an input names what the recorder speaks of, so that problems point at the caller's own fields."""

    __slots__ = ("_kinds", "names")

    def __init__(self, claims: Sequence[Claim], names: Mapping[str, str]) -> None:
        self._kinds = {str(place): claim.kind for place, claim in enumerate(claims)}
        self.names = names

    def path(self, problem: Problem) -> tuple[str, ...]:
        """The problem's path, down to the identifier's field."""
        return field_path(problem.path, self._kinds)

    def error(self, problem: Problem) -> UserError:
        """The user error that tells this problem."""
        return user_error(problem, self.path(problem), self.names)


@strawberry.type(description="What became of an event.")
class RecordEventPayload:
    """Made of an outcome by `of`; the event and the customer are read only when asked for."""

    event_id: str = strawberry.field(description="The event's id, given or made; use it to match results and retries.")
    status: RecordStatus = strawberry.field(description="What became of it.")
    absorbed_ids: list[strawberry.ID] = strawberry.field(
        description="Ids of the customers that this event merged into the one whose it is."
    )
    warnings: list[RecordWarning] = strawberry.field(description="What was left out, or breaks the tracking plan.")
    errors: list[UserError] = strawberry.field(description="Why it was rejected; empty otherwise.")
    outcome: strawberry.Private[Outcome]

    @classmethod
    def of(cls, outcome: Outcome, sent: Sent) -> "RecordEventPayload":
        """What became of an event."""
        return cls(
            event_id=outcome.message_id,
            status=RecordStatus(outcome.status.value),
            absorbed_ids=[strawberry.ID(customer_id) for customer_id in outcome.absorbed],
            warnings=[RecordWarning.of(problem, sent) for problem in outcome.warnings],
            errors=[sent.error(problem) for problem in outcome.errors],
            outcome=outcome,
        )

    @own_field("The merges that this caused, in the order of `absorbedIds`.", scopes=READ, size=2)
    async def merges(self, info: Info) -> list[Merge] | None:
        return await merges_of_absorbed(info, self.outcome.absorbed)

    @field("The event; null when REJECTED.", scopes=READ)
    async def event(self, info: Info) -> Event | None:
        if self.outcome.status is Status.REJECTED:
            return None
        row = await info.context.loader(events_by_ids).load(self.event_id)
        return None if row is None else Event.of(row)

    @field("Whose the event is, after identity resolution; null when REJECTED.", scopes=READ)
    async def customer(self, info: Info) -> Customer | None:
        return await _customer_of(self.outcome, info)


@strawberry.type(description="What became of events.")
class RecordEventsPayload:
    """Results in the order of the input."""

    results: list[RecordEventPayload] = strawberry.field(description="One for each event, in the order of the input.")
    recorded: int = strawberry.field(description="How many were written now.")
    duplicates: int = strawberry.field(description="How many were there already.")
    rejected: int = strawberry.field(description="How many were not written.")
    errors: list[UserError] = strawberry.field(
        description=("What is wrong with the batch as a whole, such as too many events; then nothing was written.")
    )

    @classmethod
    def of(cls, outcomes: Sequence[Outcome], sent: Sequence[Sent]) -> "RecordEventsPayload":
        """What became of a batch."""
        statuses = [outcome.status for outcome in outcomes]
        return cls(
            results=[RecordEventPayload.of(outcome, one) for outcome, one in zip(outcomes, sent, strict=True)],
            recorded=statuses.count(Status.RECORDED),
            duplicates=statuses.count(Status.DUPLICATE),
            rejected=statuses.count(Status.REJECTED),
            errors=[],
        )

    @classmethod
    def refused(cls, error: UserError) -> "RecordEventsPayload":
        """A batch of which nothing was tried."""
        return cls(results=[], recorded=0, duplicates=0, rejected=0, errors=[error])


@strawberry.type(description="Who the identifiers belong to now.")
class IdentifyPayload:
    """Made of an outcome by `of`; the customer is read only when asked for."""

    message_id: str | None = strawberry.field(
        description="The message's id, given or made; null when nothing was tried."
    )
    status: RecordStatus = strawberry.field(description="What became of it.")
    absorbed_ids: list[strawberry.ID] = strawberry.field(
        description="Ids of the customers that this merged into the one whose the identifiers are."
    )
    warnings: list[RecordWarning] = strawberry.field(description="What was left out, or breaks the tracking plan.")
    errors: list[UserError] = strawberry.field(description="What to fix.")
    outcome: strawberry.Private[Outcome | None]

    @classmethod
    def of(cls, outcome: Outcome, sent: Sent) -> "IdentifyPayload":
        """What became of a statement."""
        return cls(
            message_id=outcome.message_id,
            status=RecordStatus(outcome.status.value),
            absorbed_ids=[strawberry.ID(customer_id) for customer_id in outcome.absorbed],
            warnings=[RecordWarning.of(problem, sent) for problem in outcome.warnings],
            errors=[sent.error(problem) for problem in outcome.errors],
            outcome=outcome,
        )

    @classmethod
    def refused(cls, problem: Problem, message_id: str | None, sent: Sent) -> "IdentifyPayload":
        """A statement that was not even tried."""
        return cls(
            message_id=message_id,
            status=RecordStatus.REJECTED,
            absorbed_ids=[],
            warnings=[],
            errors=[sent.error(problem)],
            outcome=None,
        )

    @own_field("The merges that this caused, in the order of `absorbedIds`.", scopes=READ, size=2)
    async def merges(self, info: Info) -> list[Merge] | None:
        return [] if self.outcome is None else await merges_of_absorbed(info, self.outcome.absorbed)

    @field("The customer; null on errors.", scopes=READ)
    async def customer(self, info: Info) -> Customer | None:
        return None if self.outcome is None else await _customer_of(self.outcome, info)


async def _customer_of(outcome: Outcome, info: Info) -> Customer | None:
    if outcome.customer_id is None:
        return None
    # A later message of the same batch may have merged it away since.
    return await customer_after_merges(info, outcome.customer_id)


def too_many(limit: int, actual: int, what: str) -> Problem:
    """The problem of a list that is too long."""
    return Problem(
        ProblemCode.LIMIT,
        f"{actual} {what} are too many for one request; the most is {limit}. Send them in several requests.",
        (what,),
        limit=limit,
        actual=actual,
    )
