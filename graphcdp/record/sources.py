"""What came from each source, counted with each batch. Source: docs/sources.md."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from graphcdp.model.messages import SOURCE_LENGTH_MAX, Message, MessageType, RawMessage
from graphcdp.model.outcomes import Outcome, Status
from graphcdp.model.problems import ProblemCode
from graphcdp.record.shapes import shape_of_message, shape_of_raw
from graphcdp.resolve.decide import Cleansed
from graphcdp.store import Transaction

SOURCES_MAX = 1000
OTHER = "(other)"
"""The source under which more than SOURCES_MAX are counted together."""


class Refused(Protocol):
    """A message that is not recorded, as far as it is counted."""

    @property
    def raw(self) -> RawMessage:
        """What was sent."""
        ...


@dataclass(slots=True)
class Tally:
    """How many messages of one source there were, and what became of them.

    rejected: kept in `Rejected`. limited: refused and not kept. violations: of those
    recorded or rejected, how many broke the tracking plan. latest: the last one, of
    those in the right shape if there are any.
    """

    messages: int = 0
    events: int = 0
    duplicates: int = 0
    rejected: int = 0
    limited: int = 0
    violations: int = 0
    latest: Message | RawMessage = field(default_factory=dict)

    def count(self, outcome: Outcome, is_event: bool, violates: bool) -> None:
        """Count what became of one message."""
        self.messages += 1
        if outcome.status is Status.RECORDED:
            self.events += is_event
            self.violations += violates
        elif outcome.status is Status.DUPLICATE:
            self.duplicates += 1
        elif outcome.errors and outcome.errors[0].code is ProblemCode.LIMITED:
            self.limited += 1
        else:
            self.rejected += 1
            self.violations += any(problem.code is ProblemCode.PLAN for problem in outcome.errors)


def tallied(taken: Iterable[Cleansed | Refused], outcomes: Sequence[Outcome]) -> dict[str, Tally]:
    """What became of the messages of a batch, by source."""
    found: dict[str, Tally] = {}
    for item, outcome in zip(taken, outcomes, strict=True):
        latest: Message | RawMessage
        if isinstance(item, Cleansed):
            latest = item.message
            source, is_event, violates = latest.source, latest.type is MessageType.TRACK, bool(item.violations)
        else:
            latest = item.raw
            source, is_event, violates = source_of(latest), False, False
        tally = found.get(source)
        if tally is None:
            tally = found[source] = Tally()
        tally.count(outcome, is_event, violates)
        if isinstance(latest, Message) or not isinstance(tally.latest, Message):
            tally.latest = latest
    return found


def source_of(raw: RawMessage) -> str:
    """The source that a message names, whatever its shape; half characters are question marks."""
    return str(raw.get("source") or "api")[:SOURCE_LENGTH_MAX].encode(errors="replace").decode()


def source_rows(tallies: dict[str, Tally]) -> list[dict[str, Any]]:
    """Rows of `record/count_sources`, ascending by name."""
    return [
        {
            "name": name,
            "messages": tally.messages,
            "events": tally.events,
            "duplicates": tally.duplicates,
            "rejected": tally.rejected,
            "limited": tally.limited,
            "violations": tally.violations,
            "sample": _shape(tally.latest),
        }
        for name, tally in sorted(tallies.items())
    ]


async def count_sources(tx: Transaction, tallies: dict[str, Tally], now: datetime) -> None:
    """Add to what is counted of these sources. Last in its transaction: all writers meet here."""
    await tx.run("record/count_sources", rows=source_rows(tallies), most=SOURCES_MAX, other=OTHER, now=now)


def _shape(latest: Message | RawMessage) -> str:
    return shape_of_message(latest) if isinstance(latest, Message) else shape_of_raw(latest)
