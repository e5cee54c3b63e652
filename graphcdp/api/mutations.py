"""Root fields that write: events, identify, alias. All go to the recorder, the one write path."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import strawberry

from graphcdp.api.context import Info
from graphcdp.api.errors import InvalidInputError
from graphcdp.api.fields import WRITE, own_field
from graphcdp.api.recording import (
    IdentifyPayload,
    RecordEventPayload,
    RecordEventsPayload,
    Sent,
    too_many,
)
from graphcdp.api.references import IdentifierInput, claim_of
from graphcdp.api.scalars import JSON, DateTime
from graphcdp.model.errors import DatabaseTimeoutError
from graphcdp.model.identifiers import Claim
from graphcdp.model.messages import MessageType, RawMessage
from graphcdp.model.outcomes import Outcome
from graphcdp.model.problems import Problem, ProblemCode

EVENTS_MAX = 1000
ALIAS_MIN = 2


@strawberry.input(description="An event to record.")
class EventInput:
    """An event as the caller wrote it; all of it is checked by the recorder, event by event."""

    name: str = strawberry.field(description="The name, at most 200 characters.")
    event_id: str | None = strawberry.field(
        description="Your id for the event, at most 200 characters; makes retries safe. Made when absent.",
        default=None,
    )
    identifiers: list[IdentifierInput] | None = strawberry.field(
        description=(
            "Who did it; 1..20. Identifiers in one event are evidence that they belong together. "
            "One that is not usable is left out, with a warning."
        ),
        default=None,
    )
    at: DateTime | None = strawberry.field(description="When; now when absent. At most 24 hours ahead.", default=None)
    properties: JSON | None = strawberry.field(description="What to know of it; an object.", default=None)
    context: JSON | None = strawberry.field(
        description="Where it happened: page, app, campaign; an object.", default=None
    )
    traits: JSON | None = strawberry.field(
        description=("What the event tells of the customer, as of its time; an object, as in `identify`. Others stay."),
        default=None,
    )
    source: str | None = strawberry.field(
        description="The source, at most 100 characters; `api` when absent.", default=None
    )


@strawberry.input(description="Events to record.")
class RecordEventsInput:
    """A batch."""

    events: list[EventInput] = strawberry.field(description="1..1000 events; at most 4 MiB.")


@strawberry.input(description="Who, and what is known.")
class IdentifyInput:
    """A statement about a customer as the caller wrote it."""

    identifiers: list[IdentifierInput] = strawberry.field(description="Identifiers of one person; 1..20.")
    message_id: str | None = strawberry.field(
        description="The message's own id: sent again, it changes nothing. Made by the server when absent.",
        default=None,
    )
    traits: JSON | None = strawberry.field(
        description="Traits to set; an object. Others stay; null removes one.", default=None
    )
    unset: list[str] | None = strawberry.field(description="Names of traits to remove; at most 100.", default=None)
    at: DateTime | None = strawberry.field(
        description="As of when; an older statement never overwrites a newer one. Now when absent.",
        default=None,
    )
    source: str | None = strawberry.field(
        description="The source, at most 100 characters; `api` when absent.", default=None
    )


@strawberry.input(description="Identifiers of one person.")
class AliasInput:
    """A statement that identifiers are one person, as the caller wrote it."""

    identifiers: list[IdentifierInput] = strawberry.field(description="2..20 identifiers.")
    message_id: str | None = strawberry.field(
        description="The message's own id: sent again, it changes nothing. Made by the server when absent.",
        default=None,
    )


TheEvent = Annotated[EventInput, strawberry.argument(description="The event.")]
TheEvents = Annotated[RecordEventsInput, strawberry.argument(description="The events.")]
TheStatement = Annotated[IdentifyInput, strawberry.argument(description="Who, and what is known.")]
TheIdentifiers = Annotated[AliasInput, strawberry.argument(description="The identifiers.")]

_EVENT_NAMES = {"id": "eventId"}
_STATEMENT_NAMES = {"id": "messageId"}


@strawberry.type
class RecordMutations:
    """Mutations that record."""

    @own_field(
        "Records one event. Repeating an `eventId` changes nothing and answers DUPLICATE. "
        "The event is readable when the answer arrives.",
        scopes=WRITE,
    )
    async def record_event(
        self,
        info: Info,
        # The name is GraphQL's, where it hides nothing.
        input: TheEvent,  # noqa: A002
    ) -> RecordEventPayload | None:
        raw, sent = _event(input)
        (outcome,) = await _record(info, [raw])
        return RecordEventPayload.of(outcome, sent)

    @own_field(
        "Records up to 1000 events, each on its own: a bad one does not harm the others. "
        "Results come in the order of the input.",
        scopes=WRITE,
        size="input.events",
    )
    async def record_events(
        self,
        info: Info,
        input: TheEvents,  # noqa: A002  # as above
    ) -> RecordEventsPayload | None:
        count = len(input.events)
        if count > EVENTS_MAX:
            problem = too_many(EVENTS_MAX, count, "events")
            return RecordEventsPayload.refused(Sent((), {}).error(problem))
        if count == 0:
            return RecordEventsPayload.refused(
                InvalidInputError(
                    message="The batch is empty: send at least one event.",
                    path=["events"],
                    expected=f"1..{EVENTS_MAX} events",
                )
            )
        prepared = [_event(event) for event in input.events]
        outcomes = await _record(info, [raw for raw, _ in prepared])
        return RecordEventsPayload.of(outcomes, [sent for _, sent in prepared])

    @own_field("States that identifiers belong to one person, and sets traits.", scopes=WRITE)
    async def identify(
        self,
        info: Info,
        input: TheStatement,  # noqa: A002  # as above
    ) -> IdentifyPayload | None:
        claims = [claim_of(given) for given in input.identifiers]
        raw: RawMessage = {
            "type": MessageType.IDENTIFY,
            "id": input.message_id,
            "identifiers": _pairs(claims),
            "traits": input.traits,
            "unset": input.unset,
            "at": input.at,
            "source": input.source,
        }
        (outcome,) = await _record(info, [raw])
        return IdentifyPayload.of(outcome, Sent(claims, _STATEMENT_NAMES))

    @own_field("States that identifiers belong to one person. The order does not matter.", scopes=WRITE)
    async def alias(
        self,
        info: Info,
        input: TheIdentifiers,  # noqa: A002  # as above
    ) -> IdentifyPayload | None:
        claims = [claim_of(given) for given in input.identifiers]
        sent = Sent(claims, _STATEMENT_NAMES)
        if len(claims) < ALIAS_MIN:
            return IdentifyPayload.refused(_lonely(len(claims)), input.message_id, sent)
        raw: RawMessage = {"type": MessageType.ALIAS, "id": input.message_id, "identifiers": _pairs(claims)}
        (outcome,) = await _record(info, [raw])
        return IdentifyPayload.of(outcome, sent)


def _event(given: EventInput) -> tuple[RawMessage, Sent]:
    claims = [claim_of(one) for one in given.identifiers or ()]
    raw: RawMessage = {
        "type": MessageType.TRACK,
        "id": given.event_id,
        "name": given.name,
        "identifiers": _pairs(claims),
        "at": given.at,
        "properties": given.properties,
        "context": given.context,
        "traits": given.traits,
        "source": given.source,
    }
    return raw, Sent(claims, _EVENT_NAMES)


def _pairs(claims: Sequence[Claim]) -> list[list[str]]:
    # Lists and not tuples: a message that is refused is kept as JSON.
    return [list(claim) for claim in claims]


def _lonely(count: int) -> Problem:
    return Problem(
        ProblemCode.INVALID,
        f"{count} identifier says nothing about who belongs together: name at least {ALIAS_MIN}, or use `identify`.",
        ("identifiers",),
        expected="2..20 identifiers",
    )


def _given(raw: RawMessage) -> RawMessage:
    return {name: value for name, value in raw.items() if value is not None}


async def _record(info: Info, raws: Sequence[RawMessage]) -> list[Outcome]:
    """Record, within what is left of the request's time; what was loaded before is forgotten.

    Raises DatabaseTimeoutError when it is not known what became of the messages.
    """
    context = info.context
    try:
        async with asyncio.timeout(context.time_left_s()):
            return await context.recorder.record([_given(raw) for raw in raws])
    except TimeoutError as error:
        raise DatabaseTimeoutError(
            "The database did not take this in time. Send it again with the same id: it is never recorded twice."
        ) from error
    finally:
        context.forget()
