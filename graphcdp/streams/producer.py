"""Messages -> a topic, keyed by whose they are. Source: docs/streams.md, rules 7 and 8."""

import asyncio
from collections.abc import Callable, Iterable

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from graphcdp.model.errors import StreamError
from graphcdp.record.files import BadRow, Row
from graphcdp.resolve.rules import IdentityRules
from graphcdp.streams.messages import partition_key, value_of
from graphcdp.streams.options import ClientOptions

WAITING_MAX = 1000


async def produce(
    rows: Iterable[Row | BadRow],
    topic: str,
    options: ClientOptions,
    rules: IdentityRules,
    on_bad: Callable[[BadRow], None],
) -> int:
    """Publish rows in their order; how many were written, when the broker has them all. Raises StreamError."""
    given = {"compression_type": "gzip", "linger_ms": 20, **options.shared, **options.producer}
    producer = AIOKafkaProducer(enable_idempotence=True, **given)
    written = 0
    waiting: list[asyncio.Future[object]] = []
    try:
        await producer.start()
        if topic not in (await producer.client.fetch_all_metadata()).topics():
            raise StreamError(f"There is no topic {topic!r}, or it may not be seen: create it, or ask for the right.")
        for row in rows:
            if isinstance(row, BadRow):
                on_bad(row)
                continue
            key = partition_key(row.message, rules)
            sent = await producer.send(topic, value_of(row.message), None if key is None else key.encode())
            waiting.append(sent)
            written += 1
            if len(waiting) >= WAITING_MAX:
                await asyncio.gather(*waiting)
                waiting.clear()
        await asyncio.gather(*waiting)
    except KafkaError as error:
        raise StreamError(f"Kafka does not take the messages: {error}.") from error
    finally:
        await producer.stop()
    return written
