"""What was refused, for other programs: a topic of dead letters. Source: docs/streams.md, rule 6."""

import asyncio
from collections.abc import Iterator, Sequence

from aiokafka import AIOKafkaProducer, ConsumerRecord
from aiokafka.errors import MessageSizeTooLargeError

from graphcdp.model.outcomes import Outcome
from graphcdp.model.problems import ProblemCode
from graphcdp.record.rejections import reason_of

REASON_LENGTH_MAX = 1000
AT_ONCE = 100

Header = tuple[str, bytes]


class DeadLetters:
    """Writes refused records as they came, with the reason and where they stood as headers."""

    def __init__(self, producer: AIOKafkaProducer, topic: str) -> None:
        self._producer = producer
        self._topic = topic

    async def put(self, refused: Sequence[tuple[ConsumerRecord, Outcome]]) -> None:
        """Write these; when it returns, the broker has them. Raises KafkaError; then some may be written twice."""
        for start in range(0, len(refused), AT_ONCE):
            part = refused[start : start + AT_ONCE]
            done = await asyncio.gather(*(self._put(*one) for one in part), return_exceptions=True)
            for one, error in zip(part, done, strict=True):
                if isinstance(error, MessageSizeTooLargeError):
                    # The broker refuses what the client has packed together, for the size of one in it or of all.
                    await self._put_alone(*one)
                elif error is not None:
                    raise error

    async def _put(self, record: ConsumerRecord, outcome: Outcome) -> None:
        told = list(_told(record, outcome))
        if any(problem.code is ProblemCode.SUPPRESSED for problem in outcome.warnings):
            # What an erased person sent must not stay in any form.
            await self._producer.send_and_wait(self._topic, b"", headers=told)
            return
        headers = [*record.headers, *told]
        await self._producer.send_and_wait(self._topic, record.value, record.key, headers=headers)

    async def _put_alone(self, record: ConsumerRecord, outcome: Outcome) -> None:
        try:
            await self._put(record, outcome)
        except MessageSizeTooLargeError:
            # It is too large for this topic. The graph has kept what it said.
            cut = [*_told(record, outcome), ("graphcdp-cut", b"true")]
            await self._producer.send_and_wait(self._topic, b"", record.key, headers=cut)


def _told(record: ConsumerRecord, outcome: Outcome) -> Iterator[Header]:
    yield "graphcdp-reason", reason_of(outcome.errors)[:REASON_LENGTH_MAX].encode()
    yield "graphcdp-code", outcome.errors[0].code.value.encode()
    yield "graphcdp-message-id", outcome.message_id.encode(errors="replace")
    yield "graphcdp-topic", record.topic.encode()
    yield "graphcdp-partition", str(record.partition).encode()
    yield "graphcdp-offset", str(record.offset).encode()
