"""What random histories on the graph share: the session's loop and store, and a clock."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from graphcdp.model.statement import Statement
from graphcdp.store import Store

START = datetime(2026, 1, 1, tzinfo=UTC)
PHASES = (Phase.explicit, Phase.generate)
"""Without shrinking: each step takes a real graph some time."""


class OnTheGraph(RuleBasedStateMachine):
    """A state machine, in a thread of its own, on the session's graph."""

    loop: ClassVar[asyncio.AbstractEventLoop]
    store: ClassVar[Store]

    def __init__(self) -> None:
        super().__init__()
        self.ticks = 0

    @classmethod
    async def hold(cls, store: Store, *, examples: int) -> None:
        """Try so many histories of 25 steps; raises what one of them raises."""
        cls.loop, cls.store = asyncio.get_running_loop(), store
        run: Callable[..., None] = run_state_machine_as_test
        slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
        await asyncio.to_thread(
            run,
            cls,
            settings=settings(max_examples=examples, stateful_step_count=25, suppress_health_check=slow, phases=PHASES),
        )

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """The result of work that is done in the session's loop, while this thread waits."""
        done: Future[Any] = asyncio.run_coroutine_threadsafe(work, self.loop)
        return done.result(60)

    def now(self) -> datetime:
        """The server's time: a second later each time."""
        self.ticks += 1
        return START + timedelta(days=300, seconds=self.ticks)

    def rows(self, statement: Statement) -> list[dict[str, Any]]:
        """Rows of a statement."""
        found: list[dict[str, Any]] = self.run(self.store.read_generated(statement))
        return found
