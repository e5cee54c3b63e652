"""The one write path: batches of messages -> outcomes. Acknowledged after the commit."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import NamedTuple

import structlog

from graphcdp.model.changes import Change
from graphcdp.model.errors import DatabaseError, DatabaseTimeoutError, GraphCDPError
from graphcdp.model.messages import Message, RawMessage
from graphcdp.model.outcomes import Outcome, Status
from graphcdp.model.problems import Problem, ProblemCode
from graphcdp.record import segments
from graphcdp.record.again import End, apply_again, batch_again, write_again
from graphcdp.record.apply import apply, keep_conflicts, plan_ahead
from graphcdp.record.clock import utc_now
from graphcdp.record.foresight import Foresight
from graphcdp.record.gathering import Gathering, overloaded
from graphcdp.record.ids import NewIds, new_ulid
from graphcdp.record.intake import take
from graphcdp.record.neighbours import RulesOutdatedError, lock_known, read_known
from graphcdp.record.pace import Pace
from graphcdp.record.rejections import rejection_row
from graphcdp.record.remembered import NOBODY_MET, Met, Recalled, Remembered, met_again
from graphcdp.record.rules import rules_in_force, rules_in_force_tx
from graphcdp.record.sources import count_sources, tallied
from graphcdp.record.tries import transact_again
from graphcdp.resolve.changes import changes_of, stored_traits
from graphcdp.resolve.clean import Cleaner
from graphcdp.resolve.decide import Cleansed, decide_batch, nobody
from graphcdp.resolve.facts import CustomerFacts, Known
from graphcdp.resolve.ledger import SWAP_FROM
from graphcdp.resolve.limits import NO_LIMITS, CustomerLimits
from graphcdp.resolve.rules import IdentityRules
from graphcdp.resolve.writes import Writes
from graphcdp.segment.concern import Seen, Touched, touched_by
from graphcdp.store import Store, Transaction
from graphcdp.tracking_plan.plan import FINE, TrackingPlan

log = structlog.get_logger("graphcdp.record")

BATCH_MAX = 1000
WAITING_MAX = 10_000
PARTS_MAX = 4
"""Batches of one caller that are prepared and not yet written."""
PREPARED_AT_ONCE = 50
PLANNED_S_MAX = 60.0


@dataclass(frozen=True, slots=True)
class _Rejection:
    """A message that cannot be recorded: what was sent and why it was refused; kept: for review."""

    message_id: str
    raw: RawMessage
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()
    kept: bool = True


@dataclass(slots=True)
class _Waiting:
    """A message on its way: as it was sent, and what was made of it by these rules."""

    raw: RawMessage
    taken: Cleansed | _Rejection
    rules: IdentityRules


class _Done(NamedTuple):
    """What a batch comes to: decided, told, and whom to remember when it is committed. touched: by customer.

    edition: of the segments, where that was asked for on the way.
    """

    writes: Writes
    outcomes: Sequence[Outcome]
    changes: Sequence[Change]
    touched: dict[str, Touched]
    met: Met
    edition: str | None = None


class _Recollection(NamedTuple):
    """What is remembered of those whom a batch names, and what was decided by that alone, which changed it."""

    recalled: Recalled
    again: _Done | None = None

    @property
    def forgotten(self) -> "_Recollection":
        """For another try, which has to read."""
        return _Recollection(self.recalled.strangers())


class Recorder:
    """Records messages, those of all callers that arrive at the same time in one transaction."""

    def __init__(
        self,
        store: Store,
        rules: IdentityRules,
        *,
        version: int | None = None,
        batch_max: int = BATCH_MAX,
        waiting_max: int = WAITING_MAX,
        swap_from: int = SWAP_FROM,
        limits: CustomerLimits = NO_LIMITS,
        pace: Pace | None = None,
        plan: TrackingPlan | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store = store
        self.follow(rules, version)
        self._batch_max = batch_max
        self._swap_from = swap_from
        self._limits = limits
        self._pace = pace
        self._plan = plan
        self._clock = clock
        self._gathering = Gathering(
            self._record_batch, batch_max=batch_max, waiting_max=waiting_max, names_of=_names_of
        )
        self._remembered = Remembered()
        self._last_moment = datetime.min.replace(tzinfo=UTC)
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._planned = asyncio.Event()
        self._planned.set()
        self._closed = False

    @property
    def rules(self) -> IdentityRules:
        """The identity rules that this recorder knows; another process may just have changed them."""
        return self._rules

    async def rules_now(self) -> IdentityRules:
        """The identity rules in force, asked of the graph."""
        current = await rules_in_force(self._store)
        if current is not None:
            self.follow(current.rules, current.version)
        return self._rules

    def follow(self, rules: IdentityRules, version: int | None = None) -> None:
        """Record by these identity rules from now on; version: theirs in the graph, None when it is not asked."""
        self._rules, self._version = rules, version
        self._cleaner = Cleaner(rules)

    async def record(self, raws: Sequence[RawMessage], *, paced: bool = True) -> list[Outcome]:
        """Record messages, each on its own: a bad one does not harm the others.

        paced: those of a customer that come too fast are refused; not so what is
        imported or tried again.

        Outcomes come in the order of the messages; when this returns, they are
        stored. Raises DatabaseError when the database cannot take them now, and
        OverloadedError when too many wait already; then sending them again with
        the same ids is safe.
        """
        parts = (raws[start : start + self._batch_max] for start in range(0, len(raws), self._batch_max))
        async with aclosing(self.record_each(parts, paced=paced)) as stored:
            return [outcome async for part in stored for outcome in part]

    async def record_each(
        self, batches: Iterable[Sequence[RawMessage]], *, paced: bool = True
    ) -> AsyncGenerator[list[Outcome]]:
        """Record batches, each at most as large as one of this recorder; the outcomes of each, in their order.

        While the database writes some, the next one is taken and prepared; who stops
        early leaves those that were taken to be stored. Otherwise as `record`.
        """
        if self._closed:
            raise DatabaseError("The server is stopping: send the message again, to another one or in a moment.")
        self._under_way += 1
        self._idle.clear()
        written: deque[asyncio.Future[list[Outcome]]] = deque()
        try:
            for raws in batches:
                part = await self._prepared(raws, paced)
                if len(written) >= PARTS_MAX:
                    yield await written.popleft()
                written.append(self._gathering.put(part))
            while written:
                yield await written.popleft()
        finally:
            for left in written:
                left.cancel()
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def plan_ahead(self) -> None:
        """Let the database plan the statements of a batch, which takes it a second, before the first one comes.

        What comes meanwhile waits: planned for each at the same time it would take longer. Raises DatabaseError.
        """

        async def work(tx: Transaction) -> None:
            now = self._clock()
            await lock_known(tx, (), lambda _: (), self._rules, NewIds(now))
            await tx.run("record/make_identifiers", batch={"identifiers": []})
            await plan_ahead(tx, now)
            await segments.plan_ahead(tx, now)

        self._planned.clear()
        try:
            await self._store.transact(work, timeout_s=PLANNED_S_MAX)
        finally:
            self._planned.set()

    async def foresee(self, raws: Sequence[RawMessage], foresight: Foresight) -> list[Outcome]:
        """What `record` would answer, unpaced; nothing is written. Raises DatabaseError."""
        now = self._clock()
        taken = [self._prepare(raw, now) for raw in raws]
        batch = [item for item in taken if isinstance(item, Cleansed)]
        return _in_order(taken, await foresight.decide(batch, self._rules, now, self._limits))

    async def drain(self) -> None:
        """Take nothing new, and return when all that was accepted is stored."""
        self._closed = True
        await self._idle.wait()
        # What callers gave and then left is stored as well.
        await self._gathering.settle()

    def check_room(self) -> None:
        """Raises OverloadedError when so many messages wait that others are turned away."""
        if self._gathering.is_full:
            raise overloaded()

    async def _record_batch(self, waiting: list[_Waiting], passed: Callable[[], None]) -> list[Outcome]:
        await self._planned.wait()
        while True:
            now = self._moment()
            for one in waiting:
                if one.rules is not self._rules and not _is_limited(one.taken):
                    one.taken, one.rules = self._prepare(one.raw, now), self._rules
            taken = [one.taken for one in waiting]
            try:
                outcomes, met = await self._written(taken, now, passed)
                self._remembered.keep(met)
                return outcomes
            except RulesOutdatedError:
                await self.rules_now()
            except GraphCDPError:
                raise
            except Exception as error:  # whatever the database says of data that it cannot hold
                if len(waiting) == 1:
                    (one,) = waiting
                    log.exception("a message cannot be stored")
                    if isinstance(one.taken, _Rejection):
                        raise
                    one.taken = _unstorable(one.taken.message.id, one.raw)
                    continue
                # One of them is at fault, and must not harm its neighbours.
                log.warning("a batch cannot be stored as a whole", messages=len(waiting), reason=type(error).__name__)
                half = len(waiting) // 2
                parts = (waiting[:half], waiting[half:])
                return [outcome for part in parts for outcome in await self._record_batch(part, passed)]

    async def _prepared(self, raws: Sequence[RawMessage], paced: bool) -> list[_Waiting]:
        found: list[_Waiting] = []
        for start in range(0, len(raws), PREPARED_AT_ONCE):
            if start:
                # Nobody else waits for the whole part.
                await asyncio.sleep(0)
            now = self._clock()
            part = raws[start : start + PREPARED_AT_ONCE]
            made = [_Waiting(raw, self._prepare(raw, now), self._rules) for raw in part]
            if paced and self._pace is not None:
                for one in made:
                    one.taken = self._paced(one.taken, one.raw, self._pace, now)
            found += made
        return found

    def _paced(self, taken: Cleansed | _Rejection, raw: RawMessage, pace: Pace, now: datetime) -> Cleansed | _Rejection:
        """The message, or its refusal when those of its subject come too fast."""
        if isinstance(taken, _Rejection):
            return taken
        subject = taken.identifiers[0]
        wait_s = pace.wait_s(subject.key, now.timestamp())
        if not wait_s:
            return taken
        # Not kept: whoever sends too much must not fill the list for review.
        return _Rejection(taken.message.id, raw, (pace.problem(subject.kind, wait_s),), kept=False)

    def _prepare(self, raw: RawMessage, now: datetime) -> Cleansed | _Rejection:
        made_id = new_ulid(now) if raw.get("id") is None else ""
        message = take(raw, now=now, made_id=made_id)
        if not isinstance(message, Message):
            return _Rejection(_told_id(raw, now), raw, message)
        verdict = FINE if self._plan is None else self._plan.judge(message)
        if verdict.refused:
            return _Rejection(message.id, raw, verdict.violations)
        cleaned = self._cleaner.clean(message.identifiers)
        if cleaned.identifiers:
            return Cleansed(message, cleaned.identifiers, cleaned.place, cleaned.problems, verdict.violations)
        return _Rejection(message.id, raw, (nobody(cleaned.problems),), cleaned.problems)

    async def _written(
        self, taken: Sequence[Cleansed | _Rejection], now: datetime, passed: Callable[[], None]
    ) -> tuple[list[Outcome], Met]:
        """What became of the messages, now that it is committed, and whom to remember from now on."""
        batch = [item for item in taken if isinstance(item, Cleansed)]
        rejections = [item for item in taken if isinstance(item, _Rejection) and item.kept]
        recollection = self._recollect(batch, now)
        if (again := recollection.again) is not None:
            # Whoever is remembered is in no other batch of this recorder.
            passed()
            if not rejections and (edition := segments.unmoved(again.touched, now)) is not None:
                outcomes = _in_order(taken, again.outcomes)
                end = End(edition, tallied(taken, outcomes), again.changes)
                if await self._write_alone(again, recollection.recalled, end, now):
                    return outcomes, again.met
                recollection = recollection.forgotten

        async def work(tx: Transaction) -> tuple[list[Outcome], Met]:
            nonlocal recollection
            # It holds for one try.
            this_time, recollection = recollection, recollection.forgotten
            done = await self._write_messages(tx, batch, this_time, now, passed)
            return await self._write_rest(tx, taken, rejections, done, now)

        # A conflict: another process recorded one of these ids at the same moment; next time it is seen.
        return await transact_again(self._store, work)

    def _recollect(self, batch: Sequence[Cleansed], now: datetime) -> _Recollection:
        recalled = self._remembered.recall(batch)
        if (
            not (batch and recalled.is_all)
            or self._rules.has_windows
            or any(one.message.states_traits for one in batch)
        ):
            return _Recollection(recalled)
        done = self._decided(batch, recalled.known, recalled, now, NewIds(now))
        recollection = _Recollection(recalled, done)
        is_again = done.writes.is_only_again and len(done.writes.customers) == len(recalled.acquaintances)
        return recollection if is_again else recollection.forgotten

    async def _write_alone(self, done: _Done, recalled: Recalled, end: End, now: datetime) -> bool:
        """Write what was decided by memory in one round trip.

        False when nothing was written, or nobody knows: then it is tried in a larger transaction.
        """
        rows = batch_again(done.writes, recalled, self._version, end)
        try:
            return await write_again(self._store, rows, done.writes.concerned, now)
        except DatabaseTimeoutError:
            raise
        except DatabaseError:
            return False

    async def _write_rest(
        self,
        tx: Transaction,
        taken: Sequence[Cleansed | _Rejection],
        rejections: Sequence[_Rejection],
        done: _Done | None,
        now: datetime,
    ) -> tuple[list[Outcome], Met]:
        """Write what hangs on the messages that are written: the feed, segments, what was refused, the sources."""
        kept = list(rejections)
        if done is not None:
            tx.tell(done.changes)
            await segments.follow(tx, done.touched, now, done.edition)
            tx.concerns(done.writes.concerned)
            kept += [_of_erased(outcome) for outcome in done.outcomes if outcome.status is Status.REJECTED]
        elif self._version is not None:
            # Nothing was locked, so nobody has asked yet whether these rules still hold.
            current = await rules_in_force_tx(tx)
            if current is not None and current.version != self._version:
                raise RulesOutdatedError
        if kept:
            rows = [rejection_row(one.message_id, one.raw, one.errors, now) for one in kept]
            await tx.run("record/create_rejected", rows=sorted(rows, key=itemgetter("hash")), now=now)
        outcomes = _in_order(taken, () if done is None else done.outcomes)
        await count_sources(tx, tallied(taken, outcomes), now)
        return outcomes, NOBODY_MET if done is None else done.met

    async def _write_messages(
        self,
        tx: Transaction,
        batch: Sequence[Cleansed],
        recollection: _Recollection,
        now: datetime,
        passed: Callable[[], None],
    ) -> _Done | None:
        if not batch:
            return None
        recalled, again = recollection
        if again is not None:
            written = await apply_again(tx, batch_again(again.writes, recalled, self._version), now)
            if written.is_written:
                return again._replace(edition=written.edition)
            recalled = recalled.strangers()
        ids = NewIds(now)
        known, recalled = await read_known(tx, batch, self._rules, ids, self._version, recalled)
        done = self._decided(batch, known, recalled, now, ids)
        await apply(tx, done.writes, known, now, passed, done.met)
        await keep_conflicts(tx, done.writes.refusals, ids)
        return done

    def _decided(
        self, batch: Sequence[Cleansed], known: Known, recalled: Recalled, now: datetime, ids: NewIds
    ) -> _Done:
        before = stored_traits(known)
        seen_before = _seen(known.customers.values())
        fresh = {key for key, facts in known.identifiers.items() if facts.stored is None}
        writes, outcomes = decide_batch(
            batch, known, self._rules, now=now, ids=ids, swap_from=self._swap_from, limits=self._limits
        )
        changes = changes_of(writes, before)
        touched = touched_by(_seen(writes.customers), seen_before, changes, writes.recompute, fresh)
        return _Done(writes, outcomes, changes, touched, met_again(recalled, known, writes, now))

    def _moment(self) -> datetime:
        """Now, but never the same twice: by their time of change what is remembered of customers is checked."""
        now = self._clock()
        if now <= self._last_moment < now + timedelta(seconds=1):
            now = self._last_moment + timedelta(microseconds=1)
        self._last_moment = now
        return now


def _seen(customers: Iterable[CustomerFacts]) -> dict[str, Seen]:
    return {facts.id: Seen(facts.first_seen, facts.last_seen) for facts in customers}


def _names_of(one: _Waiting) -> frozenset[str]:
    """What messages share that must not be written at the same time: identifiers; the id of one that is sent twice."""
    if isinstance(one.taken, _Rejection):
        return frozenset((one.taken.message_id,))
    return frozenset((one.taken.message.id, *(identifier.key for identifier in one.taken.identifiers)))


def _is_limited(taken: Cleansed | _Rejection) -> bool:
    return isinstance(taken, _Rejection) and not taken.kept


def _unstorable(message_id: str, raw: RawMessage) -> _Rejection:
    told = "The database cannot store this message. Keep to plain JSON values of ordinary size."
    return _Rejection(message_id, raw, (Problem(ProblemCode.INVALID, told),))


def _of_erased(outcome: Outcome) -> _Rejection:
    # All of its identifiers were erased: what it says of that person must not stay in any form.
    return _Rejection(outcome.message_id, {"id": outcome.message_id}, outcome.errors, outcome.warnings)


def _in_order(taken: Iterable[Cleansed | _Rejection], decided: Iterable[Outcome]) -> list[Outcome]:
    """The outcomes of all messages. decided: of those that are not refused, in their order."""
    in_order = iter(decided)
    return [next(in_order) if isinstance(item, Cleansed) else _refused(item) for item in taken]


def _told_id(raw: RawMessage, now: datetime) -> str:
    given = raw.get("id")
    return given if isinstance(given, str) and given else new_ulid(now)


def _refused(rejection: _Rejection) -> Outcome:
    return Outcome(rejection.message_id, Status.REJECTED, errors=rejection.errors, warnings=rejection.warnings)
