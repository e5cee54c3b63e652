"""Deliveries of a process on a real graph, to a real receiver."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from graphcdp.app import feed_of
from graphcdp.deliver.backoff import Backoff
from graphcdp.deliver.configured import Configured
from graphcdp.deliver.supervisor import Deliveries
from graphcdp.deliver.worker import Surroundings
from graphcdp.model.change_filter import ChangeFilter
from graphcdp.read.deliveries import (
    DeliveryRow,
    DeliveryStatus,
    DestinationRow,
    deliveries,
    delivery_page,
    webhooks_by_ids,
)
from graphcdp.read.feed import read_changes
from graphcdp.record.clock import utc_now
from graphcdp.record.recorder import Recorder
from graphcdp.record.webhooks import create_webhook
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.deliver.receiver import Receiver, receiving

QUICK = Backoff(first_s=0.02, factor=2.0, max_s=0.05, tries_max=4)


@dataclass(slots=True)
class Desk:
    """Makes webhooks and looks at what became of deliveries."""

    store: Store
    recorder: Recorder
    settings: Settings
    receiver: Receiver

    async def webhook(self, url: str | None = None, after: int = 0, **names: list[str]) -> tuple[str, str]:
        """Id and secret of a new webhook, told all changes from the first."""
        reach = self.settings.webhook_reach
        given = ChangeFilter.of(**names)
        return await create_webhook(
            self.store, url or self.receiver.url, given, utc_now(), reach=reach, after=after, name="till"
        )

    async def record(self, *messages: tuple[str, str, str]) -> None:
        """Events of (id, name, user); one batch."""
        raws = [{"id": one, "name": name, "identifiers": [("user", user)]} for one, name, user in messages]
        for outcome in await self.recorder.record(raws):
            assert outcome.status == "RECORDED", outcome

    async def rows(self, webhook: str, status: DeliveryStatus | None = None) -> list[DeliveryRow]:
        """What became of deliveries, newest change first."""
        page = delivery_page(first=100, after=None, last=None, before=None)
        return list((await deliveries(self.store, webhook, page, status)).items)

    async def row(self, webhook: str) -> DestinationRow:
        """The webhook."""
        (found,) = await webhooks_by_ids(self.store, [webhook])
        assert found is not None
        return found

    async def until(self, done: Callable[[], Any], timeout_s: float = 30) -> None:
        """Wait until the answer of `done` is true."""
        async with asyncio.timeout(timeout_s):
            while not await done():  # noqa: ASYNC110  # the graph offers no event
                await asyncio.sleep(0.05)

    @asynccontextmanager
    async def delivering(self, *configured: Configured, **changes: Any) -> AsyncIterator[Deliveries]:
        """Meanwhile deliver, with short waits; changes: of the surroundings of workers."""
        feed = feed_of(self.store)
        quick = {"backoff": QUICK, "endpoint_backoff": QUICK, "lease": timedelta(seconds=3), **changes}

        def around(given: Surroundings) -> Surroundings:
            return replace(given, **quick)

        made = Deliveries(
            self.store,
            self.settings,
            feed.follow,
            partial(read_changes, self.store),
            configured=configured,
            around=around,
            look_s=0.05,
        )
        task = asyncio.create_task(made.run())
        try:
            yield made
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that takes all, unless told otherwise."""
    async with receiving() as found:
        yield found


@pytest.fixture
def desk(store: Store, recorder: Recorder, receiver: Receiver) -> Desk:
    """On an emptied graph; private addresses are allowed, since the receiver's is one."""
    settings = Settings(webhook_private_allowed=True, webhook_timeout_s=1)
    return Desk(store, recorder, settings, receiver)
