"""Many messages through the recorder, in their order, batch by batch."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol, Self

import orjson

from graphcdp.model.messages import RawMessage
from graphcdp.model.outcomes import Outcome, Status
from graphcdp.model.problems import ProblemCode
from graphcdp.record.files import BadRow, Row
from graphcdp.store import Store

BATCH_MAX = 1000
_IDS_MAX = 20_000


@dataclass(slots=True)
class LoadReport:
    """What became of the rows so far; it grows with each batch that is stored.

    read = recorded + duplicates + rejected. unread: of the rejected, those
    that never became a message. warnings, rejections: how many by code.
    """

    read: int = 0
    recorded: int = 0
    duplicates: int = 0
    rejected: int = 0
    unread: int = 0
    merged: int = 0  # customers that were merged into others on the way
    warnings: Counter[ProblemCode] = field(default_factory=Counter)
    rejections: Counter[ProblemCode] = field(default_factory=Counter)
    first_warnings: dict[ProblemCode, str] = field(default_factory=dict)  # a line and sentence for each code

    def add(self, row: Row, outcome: Outcome) -> None:
        """Count one outcome."""
        self.read += 1
        self.recorded += outcome.status is Status.RECORDED
        self.duplicates += outcome.status is Status.DUPLICATE
        self.rejected += outcome.status is Status.REJECTED
        self.merged += len(outcome.absorbed)
        self.rejections.update(problem.code for problem in outcome.errors)
        if outcome.status is Status.RECORDED:
            for problem in outcome.warnings:
                self.warnings[problem.code] += 1
                self.first_warnings.setdefault(problem.code, f"line {row.line}: {problem.message}")

    def to_json(self) -> str:
        """The report as text, to be kept: without sentences, which may quote identifiers."""
        by_code = {name: {code.value: told for code, told in getattr(self, name).items()} for name in _BY_CODE}
        return orjson.dumps({name: getattr(self, name) for name in _NUMBERS} | by_code).decode()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The report that `to_json` wrote; `first_warnings` are of what comes after."""
        told: dict[str, Any] = orjson.loads(text)
        report = cls(**{name: told[name] for name in _NUMBERS})
        for name in _BY_CODE:
            getattr(report, name).update({ProblemCode(code): about for code, about in told[name].items()})
        return report


_NUMBERS = ("read", "recorded", "duplicates", "rejected", "unread", "merged")
_BY_CODE = ("warnings", "rejections")


async def _nothing(report: LoadReport) -> None:
    return None


class Recording(Protocol):
    """What takes messages: a recorder, or what tells what one would do."""

    def record_each(
        self, batches: Iterable[Sequence[RawMessage]], *, paced: bool = True
    ) -> AsyncGenerator[list[Outcome]]: ...


async def load_rows(
    recorder: Recording,
    rows: Iterable[Row | BadRow],
    *,
    report: LoadReport,
    done: int = 0,
    batch_max: int = BATCH_MAX,
    on_progress: Callable[[LoadReport], None] = lambda report: None,
    on_bad: Callable[[BadRow], None] = lambda bad: None,
    on_stored: Callable[[LoadReport], Awaitable[None]] = _nothing,
) -> LoadReport:
    """Record rows in their order. Bad and rejected ones go to `on_bad`, in the order of lines within a batch.

    report: is added to after each stored batch, so that it tells the truth
    when this is stopped; returned at the end. done: so many rows are passed over,
    which the report tells of already. batch_max: rows in one transaction.
    on_stored: after each batch, when its bad rows were given too. Raises
    DatabaseError; recording the same rows again is safe.
    """
    in_order = iter(rows)
    while done > 0 and (passed := sum(1 for _ in islice(in_order, min(done, batch_max)))):
        done -= passed
        on_progress(report)
        # So that this can be stopped.
        await asyncio.sleep(0)
    taken: deque[list[Row | BadRow]] = deque()

    def batches() -> Iterator[list[RawMessage]]:
        while batch := list(islice(in_order, batch_max)):
            taken.append(batch)
            yield [row.message for row in batch if isinstance(row, Row)]

    async with aclosing(recorder.record_each(batches(), paced=False)) as stored:
        async for outcomes in stored:
            for refused in _added(report, taken.popleft(), outcomes):
                on_bad(refused)
            await on_stored(report)
            on_progress(report)
    return report


def _added(report: LoadReport, batch: Sequence[Row | BadRow], outcomes: Sequence[Outcome]) -> list[BadRow]:
    """Count a batch that is stored; those of it that are not, by line. outcomes: of the rows that are messages."""
    bad = [row for row in batch if isinstance(row, BadRow)]
    report.read += len(bad)
    report.rejected += len(bad)
    report.unread += len(bad)
    for row, outcome in zip((row for row in batch if isinstance(row, Row)), outcomes, strict=True):
        report.add(row, outcome)
        if outcome.status is Status.REJECTED:
            bad.append(BadRow(row.line, " ".join(problem.message for problem in outcome.errors), row.text))
    return sorted(bad, key=lambda refused: refused.line)


async def unrecorded(store: Store, messages: Sequence[RawMessage]) -> list[RawMessage]:
    """Those of the messages whose id was never taken, in their order. All must have ids."""
    taken: set[str] = set()
    for start in range(0, len(messages), _IDS_MAX):
        ids = [message["id"] for message in messages[start : start + _IDS_MAX]]
        taken.update(row["id"] for row in await store.read("record/taken_ids", ids=ids))
    return [message for message in messages if message["id"] not in taken]


def as_rows(messages: Iterable[RawMessage]) -> Iterator[Row]:
    """Messages that come from no file, as rows numbered from 1."""
    for number, message in enumerate(messages, start=1):
        yield Row(number, message)
