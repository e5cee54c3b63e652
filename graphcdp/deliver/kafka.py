"""The destination `kafka`: a topic, keyed by customer. Source: docs/destinations.md, rules 11 and 12."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphcdp.deliver.destination import Outgoing, take_options
from graphcdp.model.errors import DeliveryError, DestinationError, StreamError
from graphcdp.settings import Settings
from graphcdp.streams.options import ClientOptions, client_options, require_client

if TYPE_CHECKING:
    from aiokafka import AIOKafkaProducer


class KafkaDestination:
    """Publishes changes, each with its customer's id as key, so that a customer's stay in order."""

    def __init__(self, topic: str, options: ClientOptions) -> None:
        self._topic = topic
        self._options = options
        self._producer: AIOKafkaProducer | None = None

    async def open(self) -> None:
        """Connect, and see that the topic is there. Raises DeliveryError."""
        from aiokafka import AIOKafkaProducer
        from aiokafka.errors import KafkaError

        await self.close()
        given = {"compression_type": "gzip", "linger_ms": 5, **self._options.shared, **self._options.producer}
        producer = AIOKafkaProducer(enable_idempotence=True, **given)
        try:
            await producer.start()
            topics = (await producer.client.fetch_all_metadata()).topics()
        except KafkaError as error:
            await producer.stop()
            raise DeliveryError(f"Kafka does not answer: {error}") from error
        if self._topic not in topics:
            await producer.stop()
            raise DeliveryError(f"there is no topic {self._topic!r}, or it may not be seen: create it")
        self._producer = producer

    async def deliver(self, batch: Sequence[Outgoing]) -> None:
        """Publish the changes, and wait until the broker has them all. Raises DeliveryError."""
        from aiokafka.errors import KafkaError

        if self._producer is None:
            raise DeliveryError("Kafka is not connected")
        try:
            sent = [
                await self._producer.send(
                    self._topic, one.text(), one.customer.encode(), headers=[("webhook-id", one.id.encode())]
                )
                for one in batch
            ]
            await asyncio.gather(*sent)
        except KafkaError as error:
            raise DeliveryError(f"Kafka does not take changes: {error}") from error

    async def close(self) -> None:
        """Disconnect."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()


def make(options: Mapping[str, Any], settings: Settings) -> KafkaDestination:
    """Of the options `topic`, `brokers` and `config`; those of the settings by default. Raises DestinationError."""
    given = take_options(options, topic=str, brokers=str, config=str)
    if not given.get("topic"):
        raise DestinationError("The option topic is missing.")
    try:
        require_client()
        config = Path(given["config"]) if "config" in given else settings.kafka_config
        found = client_options(given.get("brokers") or settings.kafka_brokers, config)
    except StreamError as error:
        raise DestinationError(str(error)) from error
    return KafkaDestination(given["topic"], found)
