"""Records -> recorder -> dead letters -> offsets, batch by batch. Source: docs/streams.md.

One batch is in hand at a time. Its offsets are committed when the graph has
it and its dead letters are written; whatever happens before that, it is read
again, and ids see to it that nothing is recorded twice. Partitions are given
away between two batches only.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from graphcdp.model.errors import DatabaseError, OverloadedError, StreamError
from graphcdp.model.messages import RawMessage
from graphcdp.model.outcomes import Outcome, Status
from graphcdp.record.clock import utc_now
from graphcdp.record.recorder import Recorder
from graphcdp.streams.dead import DeadLetters
from graphcdp.streams.messages import Place, Wire, message_of_record, time_of
from graphcdp.streams.options import ClientOptions
from graphcdp.streams.progress import ConsumeReport, UntilEnd, lag_by_partition

log = structlog.get_logger("graphcdp.streams")

POLL_MS = 250
REBALANCE_TIMEOUT_MS = 60_000
HAND_OVER_S = REBALANCE_TIMEOUT_MS / 1000 / 2
"""How long partitions that are asked back are kept for the batch in hand."""
PAUSE_MIN_S = 0.2
PAUSE_MAX_S = 30.0
STARTING_S = 15
LETTER_BYTES_MAX = 16 * 1024 * 1024
"""So much that the topic's own limit is the one that counts."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to consume, and how.

    source: of every message; None: what each says, else the topic. batch_max:
    records in one batch, at most 10,000. until_end: stop when all that
    stands in the topics at the start is taken. progress_s: between two lines
    of the log.
    """

    topics: tuple[str, ...]
    group: str
    wire: Wire = Wire.GRAPHCDP
    source: str | None = None
    dead_letters: str | None = None
    batch_max: int = 1000
    until_end: bool = False
    progress_s: float = 10
    keeps_ip: bool = False
    stop_timeout_s: float = 30


async def consume(wanted: Wanted, options: ClientOptions, recorder: Recorder, stopping: asyncio.Event) -> ConsumeReport:
    """Record what comes, until `stopping` is set or the end is reached; the batch in hand is finished first.

    Raises StreamError when brokers or topics cannot be used. A database that is
    away is waited for.
    """
    if wanted.dead_letters in wanted.topics:
        raise StreamError(f"The topic {wanted.dead_letters} cannot have its own dead letters: name another one.")
    async with _opened(_consumer(wanted, options), options) as consumer:
        await _check_topics(consumer, wanted)
        async with _dead_letters(wanted, options) as dead:
            work = _Consuming(wanted, recorder, stopping, consumer, dead)
            consumer.subscribe(list(wanted.topics), listener=_Listener(work))
            try:
                await work.run()
            except KafkaError as error:
                raise StreamError(f"Kafka refuses to go on: {error}.") from error
            return work.report


def _consumer(wanted: Wanted, options: ClientOptions) -> AIOKafkaConsumer:
    defaults = {
        # What was written before anybody read it counts, too.
        "auto_offset_reset": "earliest",
        # What a producer took back never happened.
        "isolation_level": "read_committed",
        "rebalance_timeout_ms": REBALANCE_TIMEOUT_MS,
    }
    given = {**defaults, **options.shared, **options.consumer}
    return AIOKafkaConsumer(group_id=wanted.group, enable_auto_commit=False, **given)


@asynccontextmanager
async def _opened(client: Any, options: ClientOptions) -> AsyncIterator[Any]:
    try:
        async with asyncio.timeout(STARTING_S):
            await client.start()
    except (KafkaError, TimeoutError, OSError) as error:
        await client.stop()
        brokers = options.shared["bootstrap_servers"]
        raise StreamError(f"Kafka cannot be reached at {brokers}: {error or 'no answer in time'}.") from error
    try:
        yield client
    finally:
        await client.stop()


async def _check_topics(consumer: AIOKafkaConsumer, wanted: Wanted) -> None:
    known = await consumer.topics()
    named = (*wanted.topics, wanted.dead_letters) if wanted.dead_letters else wanted.topics
    for topic in named:
        if topic not in known:
            raise StreamError(f"There is no topic {topic!r}, or it may not be seen: create it, or ask for the right.")


@asynccontextmanager
async def _dead_letters(wanted: Wanted, options: ClientOptions) -> AsyncIterator[DeadLetters | None]:
    if wanted.dead_letters is None:
        yield None
        return
    # Not idempotent: after one that the broker finds too large, such a producer cannot go on.
    defaults = {"acks": "all", "max_request_size": LETTER_BYTES_MAX}
    producer = AIOKafkaProducer(**{**defaults, **options.shared, **options.producer})
    async with _opened(producer, options) as opened:
        yield DeadLetters(opened, wanted.dead_letters)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # the client has no types
    """Hears that partitions are asked back, or given."""

    def __init__(self, work: "_Consuming") -> None:
        self._work = work

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        if revoked:
            await self._work.hand_over()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._work.begin(assigned)


@dataclass(slots=True)
class _Consuming:
    """One run.

    generation: goes up with each assignment that is over, so that an old batch
    is known as such. assignments: how many there were. is_behind: a batch was
    left, and what is read next is not yet what comes after the last commit; the
    next assignment puts that right.
    """

    wanted: Wanted
    recorder: Recorder
    stopping: asyncio.Event
    consumer: AIOKafkaConsumer
    dead: DeadLetters | None
    report: ConsumeReport = field(default_factory=ConsumeReport)
    generation: int = 0
    assignments: int = 0
    is_behind: bool = False
    in_hand: asyncio.Lock = field(default_factory=asyncio.Lock)
    next_by_partition: dict[TopicPartition, int] = field(default_factory=dict)
    told_at: float = field(default_factory=time.monotonic)

    async def run(self) -> None:
        """Batch after batch, until told to stop or at the end."""
        batches = asyncio.create_task(self._batches())
        stop = asyncio.create_task(self.stopping.wait())
        try:
            await asyncio.wait({batches, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not batches.done():
                # A batch in hand is finished; who only waits for records is not waited for.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.wanted.stop_timeout_s), self.in_hand:
                        batches.cancel()
        finally:
            for task in (batches, stop):
                task.cancel()
            self._tell("consumed")
        with contextlib.suppress(asyncio.CancelledError):
            await batches

    def begin(self, partitions: set[TopicPartition]) -> None:
        """Read these partitions from now on, from where the group is."""
        self.next_by_partition.clear()
        self.assignments += 1
        self.is_behind = False
        log.info("partitions taken", partitions=_named(partitions))

    async def hand_over(self) -> None:
        """Return when no batch is in hand; after a time the batch is left to whoever gets the partitions."""
        try:
            async with asyncio.timeout(HAND_OVER_S), self.in_hand:
                self.generation += 1
        except TimeoutError:
            self.generation += 1
            log.warning("partitions are given away with a batch in hand: it will be read again")

    async def _batches(self) -> None:
        end = await UntilEnd.of(self.consumer, self.wanted.topics) if self.wanted.until_end else None
        while not self.stopping.is_set():
            records = await self.consumer.getmany(timeout_ms=POLL_MS, max_records=self.wanted.batch_max)
            # Nothing is awaited between the two, so that no partition is given away there.
            if records:
                async with self.in_hand:
                    assignments = self.assignments
                    if not await self._take(records, self.generation):
                        self.is_behind = assignments == self.assignments
                        log.warning("a batch is left: it will be read again")
            if time.monotonic() - self.told_at >= self.wanted.progress_s:
                self._tell("consuming")
            if end is not None and not self.is_behind and await end.is_reached():
                return

    async def _take(self, records_by_partition: dict[TopicPartition, list[ConsumerRecord]], generation: int) -> bool:
        """Whether a batch is recorded and its offsets are committed."""
        records = [record for some in records_by_partition.values() for record in some]
        # A tombstone says that its key is to be forgotten by the topic; of the customer it says nothing.
        full = [record for record in records if record.value]
        messages = [self._message(record) for record in full]
        outcomes = await self._until_done(lambda: self.recorder.record(messages, paced=False), generation)
        if outcomes is None:
            return False
        refused = [pair for pair in zip(full, outcomes, strict=True) if pair[1].status is Status.REJECTED]
        if refused and await self._until_done(lambda: self._settle(refused), generation) is None:
            return False
        ends = {partition: some[-1].offset + 1 for partition, some in records_by_partition.items()}
        if generation != self.generation or not await self._commit(ends):
            return False
        self.report.add(outcomes, len(records) - len(full))
        return True

    def _message(self, record: ConsumerRecord) -> RawMessage:
        place = Place(record.topic, record.partition, record.offset, time_of(record.timestamp))
        wanted = self.wanted
        return message_of_record(
            record.value, place, wire=wanted.wire, source=wanted.source, keeps_ip=wanted.keeps_ip, now=utc_now()
        )

    async def _settle(self, refused: Sequence[tuple[ConsumerRecord, Outcome]]) -> bool:
        """Keep what was refused in the topic of dead letters too."""
        if self.dead is not None:
            await self.dead.put(refused)
        return True

    async def _until_done(self, work: Callable[[], Awaitable[Result]], generation: int) -> Result | None:
        """Try until it is done; None when there is a stop, or when the partitions are others' meanwhile."""
        tries = 0
        while True:
            try:
                return await work()
            except (DatabaseError, OverloadedError, KafkaError) as error:
                if isinstance(error, KafkaError) and not error.retriable:
                    raise
                tries += 1
                self.report.retries += 1
                pause_s = _pause_s(tries, error)
                log.warning("a batch is not taken yet", reason=str(error), tries=tries, again_in_s=round(pause_s, 1))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self.stopping.wait()
            if self.stopping.is_set() or generation != self.generation:
                return None

    async def _commit(self, next_by_partition: dict[TopicPartition, int]) -> bool:
        """Whether the offsets are committed. When they are not, the partitions are others' now, who read them again."""
        try:
            await self.consumer.commit(next_by_partition)
        except (CommitFailedError, IllegalStateError) as error:
            log.warning("offsets are not committed", reason=str(error).splitlines()[0])
            return False
        self.next_by_partition.update(next_by_partition)
        return True

    def _tell(self, what: str) -> None:
        self.told_at = time.monotonic()
        lag = lag_by_partition(self.consumer, self.next_by_partition)
        log.info(what, **self.report.counts, lag=lag)


def _pause_s(tries: int, error: Exception) -> float:
    """How long to wait before the next try: longer each time, and by chance, so that many do not come at once."""
    least = float(error.retry_after_s) if isinstance(error, OverloadedError) else PAUSE_MIN_S
    return least + random.uniform(0, min(PAUSE_MAX_S, PAUSE_MIN_S * 2**tries))  # noqa: S311  # no secret


def _named(partitions: set[TopicPartition]) -> list[str]:
    return [f"{partition.topic}-{partition.partition}" for partition in sorted(partitions)]
