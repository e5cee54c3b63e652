"""One real broker for the session, and topics of their own for each test."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from graphcdp.settings import Settings
from graphcdp.streams.options import ClientOptions
from tests.streams.broker import broker

MakeTopic = Callable[..., Awaitable[str]]


@pytest.fixture(scope="session")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker's `host:port`."""
    with broker(tmp_path_factory.mktemp("kafka"), Settings.load().cache_dir) as address:
        yield address


@pytest.fixture
def options(brokers: str) -> ClientOptions:
    """A client of the broker that is missed soon when it is gone."""
    soon = {"session_timeout_ms": 1500, "heartbeat_interval_ms": 200}
    return ClientOptions({"bootstrap_servers": brokers}, soon, {})


@pytest.fixture
async def topic(brokers: str) -> MakeTopic:
    """Makes a topic; its name is new."""

    async def make(partitions: int = 1, **settings: str) -> str:
        name = f"t-{uuid.uuid4().hex[:12]}"
        admin = AIOKafkaAdminClient(bootstrap_servers=brokers)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=settings)])
        finally:
            await admin.close()
        return name

    return make


@pytest.fixture
async def producer(brokers: str) -> AsyncIterator[AIOKafkaProducer]:
    """A producer of the broker."""
    made = AIOKafkaProducer(bootstrap_servers=brokers, enable_idempotence=True)
    await made.start()
    yield made
    await made.stop()


async def everything(brokers: str, topic: str, count: int) -> list[ConsumerRecord]:
    """The first records of a topic, as any other program reads them."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=brokers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(10):
            return [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()


class Relay:
    """A way to a server that can be cut."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self.port: int | None = None

    async def join(self) -> None:
        """Let everybody through, on the port of before."""
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Nobody gets through, nor on."""
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection(*self._target)
        self._writers += [writer, to_writer]

        async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            with suppress(OSError):
                while piece := await source.read(65536):
                    target.write(piece)
                    await target.drain()
            target.close()

        await asyncio.gather(copy(reader, to_writer), copy(to_reader, writer))
