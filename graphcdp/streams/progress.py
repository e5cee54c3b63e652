"""How far a consumer is: counts, lag, whether the end is reached."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError

from graphcdp.model.outcomes import Outcome, Status


@dataclass(slots=True)
class ConsumeReport:
    """What became of the records whose offsets are committed, or are about to be.

    read = recorded + duplicates + refused + empty. empty: tombstones. retries:
    tries after which a batch was tried again.
    """

    read: int = 0
    recorded: int = 0
    duplicates: int = 0
    refused: int = 0
    empty: int = 0
    retries: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def add(self, outcomes: Sequence[Outcome], empty: int) -> None:
        """Count a batch. empty: records of it without a value."""
        self.read += len(outcomes) + empty
        self.empty += empty
        for outcome in outcomes:
            self.recorded += outcome.status is Status.RECORDED
            self.duplicates += outcome.status is Status.DUPLICATE
            self.refused += outcome.status is Status.REJECTED
            for problem in outcome.errors[:1]:
                self.reasons[problem.code] = self.reasons.get(problem.code, 0) + 1

    @property
    def counts(self) -> dict[str, Any]:
        """The counts by name; reasons only when there are any."""
        return {name: value for name, value in asdict(self).items() if value != {}}


def lag_by_partition(consumer: AIOKafkaConsumer, position_by_partition: dict[TopicPartition, int]) -> dict[str, int]:
    """Records that wait in each partition of ours, as far as the broker has told, by `topic-partition`."""
    lag: dict[str, int] = {}
    for partition in sorted(consumer.assignment()):
        end, position = consumer.highwater(partition), position_by_partition.get(partition)
        if end is not None and position is not None:
            lag[f"{partition.topic}-{partition.partition}"] = max(end - position, 0)
    return lag


class UntilEnd:
    """Whether all that stood in some topics at one moment was taken, by this member of the group or by another."""

    def __init__(self, consumer: AIOKafkaConsumer, end_by_partition: dict[TopicPartition, int]) -> None:
        self._consumer = consumer
        self._left = {partition: end for partition, end in end_by_partition.items() if end > 0}

    @classmethod
    async def of(cls, consumer: AIOKafkaConsumer, topics: Iterable[str]) -> "UntilEnd":
        """The end as of now of topics that the consumer has subscribed to. Raises KafkaError."""
        partitions: list[TopicPartition] = []
        for topic in topics:
            while (known := consumer.partitions_for_topic(topic)) is None:  # noqa: ASYNC110  # the client tells nobody
                # It asks since it subscribed.
                await asyncio.sleep(0.05)
            partitions += [TopicPartition(topic, partition) for partition in known]
        return cls(consumer, await consumer.end_offsets(partitions))

    async def is_reached(self) -> bool:
        """Ask between two batches, when what was read is committed. Raises KafkaError."""
        for partition, end in list(self._left.items()):
            if await self._taken(partition) >= end:
                del self._left[partition]
        return not self._left

    async def _taken(self, partition: TopicPartition) -> int:
        if partition in self._consumer.assignment():
            try:
                return int(await self._consumer.position(partition))
            except IllegalStateError:
                # It was given away this moment.
                return 0
        return await self._consumer.committed(partition) or 0
