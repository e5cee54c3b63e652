"""Store: named statements in managed transactions, with retries and time limits.

The driver may run the work of a transaction again after a rollback, so work
decides purely. It does not retry a connection that was lost during a commit:
only the unique constraint on message ids makes a retry of those safe.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import datetime
from itertools import chain
from typing import Any, Self, TypeVar

from neo4j import (
    READ_ACCESS,
    WRITE_ACCESS,
    AsyncDriver,
    AsyncGraphDatabase,
    AsyncManagedTransaction,
    AsyncResult,
    AsyncSession,
    Query,
    unit_of_work,
)
from neo4j.exceptions import DriverError, Neo4jError

from graphcdp.model.changes import Change
from graphcdp.model.connection import Connection
from graphcdp.model.errors import DatabaseTimeoutError
from graphcdp.model.statement import SharedStatement, Statement
from graphcdp.store import migrations, statements
from graphcdp.store.failures import explained
from graphcdp.store.feed import pages_of
from graphcdp.store.together import Together
from graphcdp.store.values import lent, to_python
from graphcdp.store.versions import check_version

Row = dict[str, Any]
Result = TypeVar("Result")

CONNECT_TIMEOUT_S = 5
RETRY_TIME_MAX_S = 10
CONNECTIONS_MAX = 100

read_timeout_s: ContextVar[float] = ContextVar("read_timeout_s", default=30.0)
"""Longest time of a read; the API sets it for each operation."""

WRITE_TIMEOUT_S = 10.0

Watcher = Callable[[frozenset[str] | None], None]
"""Told which customers a write transaction may have changed, by id; None for anything at all."""


class Transaction:
    """A transaction in progress; what its statements write takes effect together or not at all."""

    def __init__(self, store: "Store", transaction: AsyncManagedTransaction) -> None:
        self._store = store
        self._transaction = transaction
        self.concerned: frozenset[str] | None = None
        self.told: list[Change] = []
        self.due: datetime | None = None

    def tell(self, changes: Iterable[Change]) -> None:
        """Add changes to the feed, in this order; they are numbered right before the commit, or never."""
        self.told.extend(changes)

    def comes_due(self, at: datetime) -> None:
        """Tell that something waits for a moment, once this is written; who looks after such moments is woken."""
        self.due = at if self.due is None else min(self.due, at)

    def concerns(self, customers: Iterable[str]) -> None:
        """Tell which customers this transaction changes, by id; without that it may change anything."""
        self.concerned = frozenset(customers)

    async def run(self, name: str, /, **parameters: Any) -> list[Row]:
        """Run a named statement and return its rows."""
        return await self._store.rows(self._transaction, statements.text(name), parameters)

    async def run_gathered(self, name: str, /, **parameters: Any) -> Row:
        """Run a named statement that answers one row, and return that as the driver gives it.

        For what each message reads, gathered in lists: the driver goes around the
        event loop several times for each row, and `run` looks at each value. So
        no native times may be in it.
        """
        self._store.statements_run += 1
        with lent(parameters) as given:
            return await _only_row(await self._transaction.run(statements.text(name), given))

    async def run_generated(self, statement: Statement) -> list[Row]:
        """Run a statement that a pure room generated and return its rows."""
        return await self._store.rows(self._transaction, statement.text, statement.parameters)


class Store:
    """The database, opened. Safe to share by all tasks of one event loop."""

    def __init__(self, driver: AsyncDriver, connection: Connection) -> None:
        self._driver = driver
        self._connection = connection
        # Sessions of a cluster share bookmarks, so that a read sees the writes acknowledged before it.
        clustered = connection.uri.startswith("neo4j")
        self._bookmarks = AsyncGraphDatabase.bookmark_manager() if clustered else None
        self._idle: dict[str, list[AsyncSession]] = {READ_ACCESS: [], WRITE_ACCESS: []}
        self._together = Together(self._read_alone)
        self.statements_run = 0
        self._watchers: list[Watcher] = []
        self._wakers: list[Callable[[], None]] = []
        self._timers: list[Callable[[datetime], None]] = []

    @classmethod
    async def open(cls, connection: Connection) -> Self:
        """Connect, and check that the server is one that can be worked with.

        Raises DatabaseUnreachableError, DatabaseAuthError or DatabaseVersionError.
        """
        driver = AsyncGraphDatabase.driver(
            connection.uri,
            auth=(connection.user, connection.password),
            connection_timeout=CONNECT_TIMEOUT_S,
            connection_acquisition_timeout=CONNECT_TIMEOUT_S * 2,
            max_transaction_retry_time=RETRY_TIME_MAX_S,
            max_connection_pool_size=CONNECTIONS_MAX,
            notifications_min_severity="OFF",
            telemetry_disabled=True,
            user_agent="graphcdp",
        )
        store = cls(driver, connection)
        try:
            await store.check()
        except BaseException:
            await driver.close()
            raise
        return store

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        for session in chain.from_iterable(self._idle.values()):
            await session.close()
        await self._driver.close()

    async def check(self) -> None:
        """Ask the server for its version and refuse an unusable one. Errors as `open`."""
        rows = await self.read("store/version")
        check_version(rows[0]["version"])

    async def migrate(self, on_share: Callable[[float], None] = lambda share: None) -> None:
        """Bring constraints, indexes and migrations up to date; safe when several servers start at once.

        on_share: told how much of the indexes is filled, 0 to 1.
        """
        with self._explaining():
            await migrations.migrate(self, on_share)

    async def read(self, name: str, /, **parameters: Any) -> list[Row]:
        """Rows of a named statement, in a read transaction of its own."""
        return await self._read(statements.text(name), parameters)

    async def read_generated(self, statement: Statement) -> list[Row]:
        """Rows of a statement that a pure room generated, in a read transaction of its own."""
        return await self._read(statement.text, statement.parameters)

    async def read_one(self, name: str, /, **parameters: Any) -> Any:
        """The only value of the only row of a named statement, as `read_value`."""
        return await self.read_value(Statement(statements.text(name), parameters))

    async def read_value(self, statement: Statement) -> Any:
        """The only value of the only row of a generated statement, as the driver gives it: it may hold no times.

        One round trip, where a managed transaction takes three; what may be tried
        again is tried again in one of those. Under load several shared statements take one together.
        """
        if not isinstance(statement, SharedStatement):
            return await self._read_alone(statement, read_timeout_s.get())
        try:
            return await self._together.read(statement, read_timeout_s.get())
        except TimeoutError as error:
            raise _unanswered() from error

    async def transact(
        self, work: Callable[[Transaction], Awaitable[Result]], *, timeout_s: float = WRITE_TIMEOUT_S
    ) -> Result:
        """Run `work` in one write transaction; again after a deadlock or a change of leader.

        timeout_s: for all tries together. Raises DatabaseTimeoutError when it is
        not known whether the work took effect.
        """
        concerned: frozenset[str] | None = None
        told = False
        due: datetime | None = None

        @unit_of_work(timeout=timeout_s)
        async def managed(transaction: AsyncManagedTransaction) -> Result:
            nonlocal concerned, told, due
            ours = Transaction(self, transaction)
            result = await work(ours)
            if ours.told:
                # Last of all: every writer waits for the counter from here until this one's commit.
                told = True
                await ours.run("feed/append", pages=pages_of(ours.told), count=len(ours.told))
            concerned, due = ours.concerned, ours.due
            return result

        try:
            async with self._limited(timeout_s), self._session(WRITE_ACCESS) as session:
                return await session.execute_write(managed)
        except BaseException:
            # Nobody knows what became of it.
            concerned = None
            raise
        finally:
            self._notice(concerned, told)
            if due is not None:
                for timer in self._timers:
                    timer(due)

    async def write(self, name: str, /, *, concerns: Iterable[str], **parameters: Any) -> Row:
        """Run one statement that writes and answers one row, in a transaction of its own.

        That takes one round trip, and whatever it locks waits for nobody but the database; but it is not tried
        again, and appends to the feed itself. concerns: the customers that it changes, by id. The row is as of
        `run_gathered`. Errors as `transact`.
        """
        self.statements_run += 1
        concerned: frozenset[str] | None = None
        try:
            async with self._limited(WRITE_TIMEOUT_S), self._kept(WRITE_ACCESS) as session:
                with lent(parameters) as given:
                    query = Query(statements.text(name), timeout=WRITE_TIMEOUT_S)
                    row = await _only_row(await session.run(query, given))
            concerned = frozenset(concerns)
            return row
        finally:
            self._notice(concerned, told=True)

    def _notice(self, concerned: frozenset[str] | None, told: bool) -> None:
        for watcher in self._watchers:
            watcher(concerned)
        if told:
            for waker in self._wakers:
                waker()

    def wake(self, waker: Callable[[], None]) -> None:
        """Call `waker` after each write transaction of this store that told changes; it may have failed after all."""
        self._wakers.append(waker)

    def time(self, timer: Callable[[datetime], None]) -> None:
        """Call `timer` with the moment that something waits for, after each write transaction that told one."""
        self._timers.append(timer)

    def untime(self, timer: Callable[[datetime], None]) -> None:
        """Call it no more."""
        self._timers.remove(timer)

    def unwake(self, waker: Callable[[], None]) -> None:
        """Call it no more."""
        self._wakers.remove(waker)

    async def consult(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Run `work` in one transaction in which the database refuses to write. Errors as `read`."""
        timeout_s = read_timeout_s.get()

        @unit_of_work(timeout=timeout_s)
        async def managed(transaction: AsyncManagedTransaction) -> Result:
            return await work(Transaction(self, transaction))

        async with self._limited(timeout_s), self._session(READ_ACCESS) as session:
            return await session.execute_read(managed)

    def watch(self, watcher: Watcher) -> None:
        """Call `watcher` after each write transaction of this store, before whoever asked for it goes on."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Watcher) -> None:
        """Call it no more."""
        self._watchers.remove(watcher)

    async def run_schema(self, text: str) -> None:
        """Run one statement that changes constraints or indexes; it must be harmless when repeated."""
        self.statements_run += 1
        async with self._driver.session(database=self._connection.database) as session:
            await session.execute_write(lambda transaction: _consume(transaction, text))

    async def rows(self, transaction: AsyncManagedTransaction, text: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Rows of a statement inside a transaction."""
        self.statements_run += 1
        with lent(parameters) as given:
            result = await transaction.run(text, given)
            names = result.keys()
            # Not record.data(), which walks each value once more: statements return maps, never nodes.
            return [dict(zip(names, map(to_python, record), strict=True)) async for record in result]

    async def _read_alone(self, statement: Statement, timeout_s: float) -> Any:
        self.statements_run += 1
        query = Query(statement.text, timeout=timeout_s)
        try:
            async with asyncio.timeout(timeout_s):
                return await self._read_value(query, dict(statement.parameters))
        except TimeoutError as error:
            raise _unanswered() from error
        except (DriverError, Neo4jError, OSError) as error:
            if not isinstance(error, DriverError | Neo4jError) or not error.is_retryable():
                ours = explained(error, self._connection)
                if ours is error:
                    raise
                raise ours from error
        (row,) = await self.read_generated(statement)
        return next(iter(row.values()))

    async def _read_value(self, query: Query, parameters: dict[str, Any]) -> Any:
        async with self._kept(READ_ACCESS) as session:
            (value,) = await (await session.run(query, parameters)).value()
        return value

    @asynccontextmanager
    async def _kept(self, access: str) -> AsyncIterator[AsyncSession]:
        """A session for one statement, whose answer is read to the end; one that has been used so is as new.

        Making one takes as long as a small read.
        """
        idle = self._idle[access]
        session = idle.pop() if idle else self._session(access)
        try:
            yield session
        except BaseException as error:
            # As at the end of a block: what is cancelled is cut off, anything else is put in order.
            await session.__aexit__(  # type: ignore[no-untyped-call]  # the driver has no types there
                type(error), error, error.__traceback__
            )
            raise
        idle.append(session)

    def _session(self, access: str) -> AsyncSession:
        return self._driver.session(
            database=self._connection.database, default_access_mode=access, bookmark_manager=self._bookmarks
        )

    async def _read(self, text: str, parameters: Mapping[str, Any]) -> list[Row]:
        return await self.consult(lambda tx: tx.run_generated(Statement(text, parameters)))

    @asynccontextmanager
    async def _limited(self, timeout_s: float) -> AsyncIterator[None]:
        # The server ends the work at the same limit; this one is for a server that no longer answers.
        try:
            async with asyncio.timeout(timeout_s):
                with self._explaining():
                    yield
        except TimeoutError as error:
            raise _unanswered() from error

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        """Turn the driver's errors into ours."""
        try:
            yield
        except TimeoutError:
            raise
        except (DriverError, Neo4jError, OSError) as error:
            ours = explained(error, self._connection)
            if ours is error:
                raise
            raise ours from error


def _unanswered() -> DatabaseTimeoutError:
    return DatabaseTimeoutError(
        "The database did not answer in time. A message may be sent again with the same id: it is never recorded twice."
    )


async def _only_row(result: AsyncResult) -> Row:
    record = await result.single(strict=True)
    return dict(zip(record.keys(), record.values(), strict=True))


async def _consume(transaction: AsyncManagedTransaction, text: str) -> None:
    result = await transaction.run(text)
    await result.consume()
