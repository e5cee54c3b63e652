"""Reads together: what is asked in the same words while such reads are under way goes into one statement.

What a read costs apart from what it reads, in the driver and in the database, is then paid once for all. Who comes
alone waits for nobody, and nobody waits long for a place. When a statement for several fails, each of them
is asked alone, so that what becomes of one never decides about another.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import orjson

from graphcdp.model.statement import SharedStatement, Statement, together

TOGETHER_MAX = 10
"""Reads in one statement, which is begun beside others when it is full: more would cost hardly less for each, and
while some are answered the database works on others."""
PATIENCE_S = 0.01
"""So long a read waits for those under way, which may be slow ones; then it goes beside them."""

# The exact values alone, so that 1, 1.0 and true stay apart; times and the like are not told apart from text.
_EXACT = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS

_Name: TypeAlias = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A read that waits. answer: [it]; None when it is to be asked alone. timeout_s: of it, from `since_s`."""

    statement: SharedStatement
    answer: "asyncio.Future[list[Any] | None]"
    since_s: float
    timeout_s: float


@dataclass(slots=True)
class _Line:
    """Reads of the same words. timer: looks after those who wait."""

    name: _Name
    under_way: int = 0
    waiting: deque[_Waiting] = field(default_factory=deque)
    timer: asyncio.TimerHandle | None = None


class Together:
    """Gathers reads for `read(statement, timeout_s)`, which answers a statement's only value. For one event loop."""

    def __init__(self, read: Callable[[Statement, float], Awaitable[Any]]) -> None:
        self._read = read
        self._lines: dict[_Name, _Line] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def read(self, statement: SharedStatement, timeout_s: float) -> Any:
        """The statement's only value for this request, within about this time. Raises what `read` raises for it alone.

        Raises TimeoutError when the time is over before it could be asked for alone.
        """
        name = _name_of(statement)
        if name is None:
            return await self._read(statement, timeout_s)
        line = self._lines.get(name)
        if line is None:
            line = self._lines[name] = _Line(name)
        if not line.under_way:
            line.under_way = 1
            try:
                return await self._read(statement, timeout_s)
            finally:
                self._ended(line)
        loop = asyncio.get_running_loop()
        waiting = _Waiting(statement, loop.create_future(), loop.time(), timeout_s)
        line.waiting.append(waiting)
        if len(line.waiting) >= TOGETHER_MAX:
            self._begin(line)
        elif line.timer is None:
            self._look_later(line)
        found = await waiting.answer
        if found is not None:
            return found[0]
        left_s = waiting.since_s + timeout_s - loop.time()
        if left_s <= 0:
            raise TimeoutError
        return await self._read(statement, left_s)

    def _ended(self, line: _Line) -> None:
        line.under_way -= 1
        if not line.under_way:
            self._begin(line)
        if not line.under_way:
            # Nobody waits either.
            del self._lines[line.name]

    def _begin(self, line: _Line) -> None:
        """Ask for the next of those who wait, and wait still."""
        chosen: list[_Waiting] = []
        while line.waiting and len(chosen) < TOGETHER_MAX:
            one = line.waiting.popleft()
            if not one.answer.done():
                chosen.append(one)
        if not chosen:
            return
        line.under_way += 1
        # Not in the context of whoever came first: the statement is everybody's.
        task = asyncio.get_running_loop().create_task(self._ask(line, chosen), context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _look_after(self, line: _Line) -> None:
        """Begin for those who have waited long enough."""
        line.timer = None
        while line.waiting and line.waiting[0].since_s + PATIENCE_S <= asyncio.get_running_loop().time():
            self._begin(line)
        if line.waiting:
            self._look_later(line)

    def _look_later(self, line: _Line) -> None:
        due_s = line.waiting[0].since_s + PATIENCE_S
        line.timer = asyncio.get_running_loop().call_at(due_s, self._look_after, line, context=Context())

    async def _ask(self, line: _Line, chosen: Sequence[_Waiting]) -> None:
        answers: dict[int, Any] = {}
        try:
            # Whatever is wrong is told to those whom it concerns when each is asked alone.
            with suppress(Exception):
                statement = together([one.statement for one in chosen])
                answers = dict(await self._read(statement, max(one.timeout_s for one in chosen)))
        finally:
            # The next ones first: the database works on them while these are answered.
            self._ended(line)
            for place, one in enumerate(chosen):
                if not one.answer.done():
                    one.answer.set_result([answers[place]] if place in answers else None)


def _name_of(statement: SharedStatement) -> _Name | None:
    """What reads must have in common; None for values that cannot be compared."""
    try:
        return statement.together, orjson.dumps(statement.common, option=_EXACT)
    except TypeError:
        return None
