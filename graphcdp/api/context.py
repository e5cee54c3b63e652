"""What a resolver can reach: the store, the recorder, the settings, the clock and the request's loaders."""

import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeAlias, TypeVar

import strawberry
from strawberry.dataloader import DataLoader

from graphcdp.api.remembered import Remembered
from graphcdp.model.principals import ANONYMOUS, Principal
from graphcdp.notify.feed import Feed
from graphcdp.notify.polled import Polled
from graphcdp.read.jobs import JobRow
from graphcdp.record.background import BackgroundJobs
from graphcdp.record.clock import utc_now
from graphcdp.settings import Settings
from graphcdp.store.neo4j import Store

if TYPE_CHECKING:
    from graphcdp.record.recorder import Recorder

Arguments = ParamSpec("Arguments")
Key = TypeVar("Key", bound=Hashable)
Found = TypeVar("Found")


@dataclass(slots=True)
class Context:
    """One request's context.

    principal: who is asking; nobody known unless it is said. clock: tells the
    time. request_id: as in the log and in masked errors. jobs: those that the
    process runs beside its other work. job_feed: those that somebody follows.
    remembered: answers that need no reading; None when none are kept. feed: of the process; None where nobody can
    follow it.
    """

    store: Store
    recorder: "Recorder"
    settings: Settings
    principal: Principal = ANONYMOUS
    clock: Callable[[], datetime] = utc_now
    request_id: str = ""
    jobs: BackgroundJobs = field(default_factory=BackgroundJobs, repr=False)
    remembered: Remembered | None = field(default=None, repr=False)
    job_feed: Polled[str, JobRow] = field(default_factory=Polled, repr=False)
    feed: Feed | None = field(default=None, repr=False)
    _started_s: float = field(default_factory=time.monotonic, repr=False)
    _now: datetime | None = field(default=None, repr=False)
    _loaders: dict[Hashable, DataLoader[Any, Any]] = field(default_factory=dict, repr=False)

    def time_left_s(self) -> float:
        """How much longer the operation may take, in seconds; 0 when its time is over."""
        return max(0.0, self.settings.query_timeout_s - (time.monotonic() - self._started_s))

    def now(self) -> datetime:
        """The time, UTC; it stands still during a query, so that its parts agree and share loaders."""
        if self._now is None:
            self._now = self.clock()
        return self._now

    def loader(
        self,
        read: Callable[Concatenate[Store, Sequence[Key], Arguments], Awaitable[Sequence[Found]]],
        *arguments: Arguments.args,
        **named: Arguments.kwargs,
    ) -> DataLoader[Key, Found]:
        """The loader that gathers keys for `read(store, keys, *arguments)`.

        read: answers one item a key, in the order of the keys, with a constant
        number of statements. Arguments must be hashable: the same ones share a
        loader, so that a field of a hundred customers is read at once.
        """
        name = (read, arguments, tuple(sorted(named.items())))
        found = self._loaders.get(name)
        if found is None:

            async def load(keys: list[Key]) -> Sequence[Found]:
                return await read(self.store, keys, *arguments, **named)

            found = self._loaders[name] = DataLoader(load_fn=load)
        return found

    def forget(self) -> None:
        """Drop what was loaded, and the time, since a mutation changed the data."""
        self._loaders.clear()
        self._now = None

    def renew(self) -> None:
        """Begin the next event of a subscription: nothing loaded before, and its own time."""
        self.forget()
        self._started_s = time.monotonic()


Info: TypeAlias = strawberry.Info[Context, None]
