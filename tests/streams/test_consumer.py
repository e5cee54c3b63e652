"""docs/streams.md on a real broker and a real graph: each message once, in order, none lost, none in another's way."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaProducer

from graphcdp.embedded import EmbeddedNeo4j
from graphcdp.model.connection import Connection
from graphcdp.model.errors import StreamError
from graphcdp.model.messages import RawMessage
from graphcdp.model.outcomes import Outcome
from graphcdp.model.statement import Statement
from graphcdp.record.erase import erase_customer
from graphcdp.record.recorder import Recorder
from graphcdp.record.rejected import replay_next
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store
from graphcdp.streams.consumer import Wanted, consume
from graphcdp.streams.messages import Wire, partition_key, value_of
from graphcdp.streams.options import ClientOptions
from graphcdp.streams.progress import ConsumeReport
from tests.streams.conftest import MakeTopic, Relay, everything


def seen(message_id: str, user: str = "u1", **more: Any) -> RawMessage:
    return {"id": message_id, "name": "Seen", "identifiers": [("user", user)], **more}


async def publish(producer: AIOKafkaProducer, topic: str, messages: Sequence[RawMessage]) -> None:
    sent = []
    for message in messages:
        key = partition_key(message, IdentityRules())
        sent.append(await producer.send(topic, value_of(message), (key or "").encode()))
    await asyncio.gather(*sent)


async def count(store: Store, pattern: str) -> int:
    (row,) = await store.read_generated(Statement(f"MATCH {pattern} RETURN count(n) AS total"))
    total: int = row["total"]
    return total


async def until(ready: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not ready():  # noqa: ASYNC110  # several tasks make it true
            await asyncio.sleep(0.02)


class Watched(Recorder):
    """A recorder that remembers which messages it was given, in which order, and can be held up."""

    def __init__(self, store: Store, rules: IdentityRules) -> None:
        super().__init__(store, rules)
        self.given: list[str] = []
        self.open = asyncio.Event()
        self.open.set()

    async def record(self, raws: Sequence[RawMessage], *, paced: bool = True) -> list[Outcome]:
        self.given += [raw["id"] for raw in raws]
        await self.open.wait()
        return await super().record(raws, paced=paced)


async def to_the_end(recorder: Recorder, options: ClientOptions, *topics: str, **more: Any) -> ConsumeReport:
    wanted = Wanted(topics, group=more.pop("group", topics[0]), until_end=True, **more)
    async with asyncio.timeout(30):
        return await consume(wanted, options, recorder, asyncio.Event())


async def test_what_stands_in_topics_is_recorded_once(
    store: Store, recorder: Recorder, options: ClientOptions, topic: MakeTopic, producer: AIOKafkaProducer
) -> None:
    ours, segments = await topic(3), await topic(1)
    await publish(producer, ours, [seen(f"m{n}", f"u{n % 7}") for n in range(250)])
    sent = {"type": "track", "event": "Paid", "userId": "u1", "messageId": "s1"}
    await producer.send_and_wait(segments, orjson.dumps(sent))
    report = await to_the_end(recorder, options, ours, batch_max=100)
    assert (report.read, report.recorded, report.duplicates, report.refused) == (250, 250, 0, 0)
    assert await count(store, f"(n:Event {{source: '{ours}'}})") == 250
    assert await count(store, "(n:Customer)") == 7
    # The same group goes on where it was; another one reads all again, and changes nothing.
    assert (await to_the_end(recorder, options, ours)).read == 0
    again = await to_the_end(recorder, options, ours, group="another")
    assert (again.recorded, again.duplicates) == (0, 250)
    assert (await to_the_end(recorder, options, segments, wire=Wire.SEGMENT)).recorded == 1
    assert await count(store, "(n:Event {id: 's1', name: 'Paid'})") == 1


async def test_messages_of_one_key_stay_in_their_order(
    store: Store, rules: IdentityRules, options: ClientOptions, topic: MakeTopic, producer: AIOKafkaProducer
) -> None:
    name = await topic(4)
    await publish(producer, name, [seen(f"u{n % 5}/{n:03}", f"u{n % 5}") for n in range(200)])
    recorder = Watched(store, rules)
    await to_the_end(recorder, options, name, batch_max=17)
    for user in range(5):
        own = [given for given in recorder.given if given.startswith(f"u{user}/")]
        assert len(own) == 40
        assert own == sorted(own)


async def test_what_is_refused_harms_nobody_and_is_kept_in_the_graph_and_as_a_dead_letter(
    store: Store,
    recorder: Recorder,
    options: ClientOptions,
    topic: MakeTopic,
    producer: AIOKafkaProducer,
    brokers: str,
) -> None:
    name, dead = await topic(), await topic(1, **{"max.message.bytes": "5000"})
    values = [
        value_of(seen("m1")), b"{no json", None, b"", value_of(seen("m2", user="null")), value_of(seen("m3")),
        b"x" * 6000,
    ]  # fmt: skip
    for place, value in enumerate(values):
        await producer.send_and_wait(name, value, b"k%d" % place, headers=[("trace", b"t%d" % place)])
    report = await to_the_end(recorder, options, name, dead_letters=dead)
    assert (report.read, report.recorded, report.refused, report.empty) == (7, 2, 3, 2)
    assert report.reasons == {"INVALID": 2, "NO_IDENTIFIER": 1}
    rows = await store.read_generated(
        Statement("MATCH (r:Rejected) RETURN r.messageId AS id, r.source AS source, r.reason AS reason ORDER BY id")
    )
    assert [row["id"].rpartition("-")[0] for row in rows[:2]] == [f"kafka-{name}-0-1", f"kafka-{name}-0-6"]
    assert rows[0]["source"] == name
    assert "no JSON" in rows[0]["reason"]
    assert rows[2]["id"] == "m2"

    letters = {dict(letter.headers)["graphcdp-offset"]: letter for letter in await everything(brokers, dead, 3)}
    headers = dict(letters[b"1"].headers)
    assert (letters[b"1"].value, letters[b"1"].key) == (b"{no json", b"k1")
    assert (headers["graphcdp-topic"], headers["graphcdp-partition"], headers["trace"]) == (name.encode(), b"0", b"t1")
    assert b"no JSON" in headers["graphcdp-reason"]
    assert dict(letters[b"4"].headers)["graphcdp-code"] == b"NO_IDENTIFIER"
    # One that is too large for the topic of dead letters is there by its headers, and whole in the graph.
    assert letters[b"6"].value == b""
    assert letters[b"4"].value == values[4]
    assert dict(letters[b"6"].headers)["graphcdp-cut"] == b"true"
    assert await count(store, "(n:Rejected) WHERE size(n.json) > 6000") == 1
    replayed = await replay_next(store, recorder)
    assert len(replayed.refused) == 3


async def test_a_crash_between_the_graphs_commit_and_kafkas_doubles_nothing(
    store: Store, rules: IdentityRules, options: ClientOptions, topic: MakeTopic, producer: AIOKafkaProducer
) -> None:
    class Crashing(Recorder):
        async def record(self, raws: Sequence[RawMessage], *, paced: bool = True) -> list[Outcome]:
            await super().record(raws, paced=paced)
            raise RuntimeError("the power is out")

    name = await topic()
    nameless = [{**seen("x"), "id": None} for _ in range(20)]
    await publish(producer, name, [*nameless, {**seen("bad"), "name": ""}])
    with pytest.raises(RuntimeError, match="power"):
        await to_the_end(Crashing(store, rules), options, name)
    assert await count(store, "(n:Event)") == 20
    report = await to_the_end(Recorder(store, rules), options, name)
    assert (report.read, report.duplicates, report.refused) == (21, 20, 1)
    assert await count(store, "(n:Event)") == 20
    assert await count(store, "(n:Rejected)") == 1


async def test_a_batch_in_hand_is_finished_before_partitions_are_given_away(
    store: Store, rules: IdentityRules, options: ClientOptions, topic: MakeTopic, producer: AIOKafkaProducer
) -> None:
    name = await topic(2)
    first, second = Watched(store, rules), Watched(store, rules)
    first.open.clear()
    await publish(producer, name, [seen(f"a{n}", f"u{n}") for n in range(40)])
    wanted, stopping = Wanted((name,), group=name, batch_max=10, progress_s=0.1), asyncio.Event()
    one = asyncio.create_task(consume(wanted, options, first, stopping))
    await until(lambda: bool(first.given))
    two = asyncio.create_task(consume(wanted, options, second, stopping))
    await asyncio.sleep(1)
    # The second has asked for its share, and waits for the first one's batch.
    assert not second.given
    first.open.set()
    await until(lambda: len(first.given) + len(second.given) == 40)
    await until(lambda: bool(second.given))
    await publish(producer, name, [seen(f"b{n}", f"u{n}") for n in range(40)])
    await until(lambda: len(first.given) + len(second.given) == 80)
    stopping.set()
    reports = await asyncio.gather(one, two)
    # Nothing was read twice, and each has read a share.
    assert set(first.given).isdisjoint(second.given)
    assert sum(report.recorded for report in reports) == 80
    assert sum(report.duplicates for report in reports) == 0
    assert all({given[0] for given in each.given} >= {"b"} for each in (first, second))
    assert await count(store, "(n:Event)") == 80


async def test_a_batch_that_takes_too_long_is_left_to_whoever_gets_the_partitions(
    store: Store,
    rules: IdentityRules,
    options: ClientOptions,
    topic: MakeTopic,
    producer: AIOKafkaProducer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("graphcdp.streams.consumer.HAND_OVER_S", 0.2)
    name = await topic(2)
    slow, quick = Watched(store, rules), Watched(store, rules)
    slow.open.clear()
    await publish(producer, name, [seen(f"m{n}", f"u{n}") for n in range(40)])
    one = asyncio.create_task(to_the_end(slow, options, name))
    await until(lambda: bool(slow.given))
    two = asyncio.create_task(to_the_end(quick, options, name))
    # The other one has its share, although the first one's batch is in hand.
    await until(lambda: bool(quick.given))
    slow.open.set()
    reports = await asyncio.gather(one, two)
    # What was left is read again, by the one or the other, and counted once.
    assert sum(report.read for report in reports) == 40
    assert all(report.read for report in reports)
    assert await count(store, "(n:Event)") == 40


async def test_a_dead_letter_says_nothing_of_an_erased_person(
    store: Store,
    recorder: Recorder,
    options: ClientOptions,
    topic: MakeTopic,
    producer: AIOKafkaProducer,
    brokers: str,
) -> None:
    name, dead = await topic(), await topic()
    (outcome,) = await recorder.record([seen("m1")])
    assert outcome.customer_id is not None
    await erase_customer(store, outcome.customer_id)
    await producer.send_and_wait(name, value_of(seen("m2")), b"user:u1", headers=[("of", b"u1")])
    assert (await to_the_end(recorder, options, name, dead_letters=dead)).refused == 1
    (letter,) = await everything(brokers, dead, 1)
    assert (letter.key, letter.value) == (None, b"")
    headers = dict(letter.headers)
    assert headers["graphcdp-offset"] == b"0"
    assert not any(b"u1" in value for value in headers.values())


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_compressed_records_are_read(
    store: Store, recorder: Recorder, options: ClientOptions, topic: MakeTopic, brokers: str, codec: str
) -> None:
    name = await topic()
    producer = AIOKafkaProducer(bootstrap_servers=brokers, compression_type=codec)
    await producer.start()
    await publish(producer, name, [seen(f"m{n}") for n in range(20)])
    await producer.stop()
    assert (await to_the_end(recorder, options, name)).recorded == 20


@pytest.fixture
async def relay(neo4j: EmbeddedNeo4j) -> AsyncIterator[Relay]:
    """A way to the graph that can be cut."""
    host, port = neo4j.connection.uri.removeprefix("bolt://").split(":")
    made = Relay(host, int(port))
    await made.join()
    yield made
    await made.cut()


@pytest.fixture
async def far(
    neo4j: EmbeddedNeo4j, store: Store, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Store]:
    """The store by this way; its own tries end soon, so that those of the consumer are what is seen."""
    monkeypatch.setattr("graphcdp.store.neo4j.RETRY_TIME_MAX_S", 0.2)
    given = neo4j.connection
    async with await Store.open(Connection(f"bolt://127.0.0.1:{relay.port}", given.user, given.password)) as opened:
        yield opened


async def test_a_database_that_is_away_is_waited_for(
    store: Store,
    far: Store,
    relay: Relay,
    rules: IdentityRules,
    options: ClientOptions,
    topic: MakeTopic,
    producer: AIOKafkaProducer,
) -> None:
    name, recorder, stopping = await topic(), Watched(far, rules), asyncio.Event()
    await relay.cut()
    await publish(producer, name, [seen(f"m{n}") for n in range(30)])
    wanted = Wanted((name,), group=name, batch_max=10)
    work = asyncio.create_task(consume(wanted, options, recorder, stopping))
    await until(lambda: len(recorder.given) >= 30)
    # Three times or more, and still the same.
    assert set(recorder.given) == {f"m{n}" for n in range(10)}
    await relay.join()
    await until(lambda: "m29" in recorder.given)
    stopping.set()
    report = await work
    assert (report.recorded, report.read) == (30, 30)
    assert report.retries >= 2
    assert list(dict.fromkeys(recorder.given)) == [f"m{n}" for n in range(30)]
    assert await count(store, "(n:Event)") == 30


async def test_a_stop_while_the_database_is_away_leaves_the_batch_to_the_next_start(
    store: Store,
    far: Store,
    relay: Relay,
    rules: IdentityRules,
    options: ClientOptions,
    topic: MakeTopic,
    producer: AIOKafkaProducer,
) -> None:
    name, recorder, stopping = await topic(), Watched(far, rules), asyncio.Event()
    await relay.cut()
    await publish(producer, name, [seen("m1")])
    work = asyncio.create_task(consume(Wanted((name,), group=name), options, recorder, stopping))
    await until(lambda: len(recorder.given) >= 2)
    stopping.set()
    async with asyncio.timeout(15):
        assert (await work).read == 0
    assert (await to_the_end(Recorder(store, rules), options, name)).recorded == 1


async def test_what_a_producer_took_back_never_happened(
    store: Store, recorder: Recorder, options: ClientOptions, topic: MakeTopic, brokers: str
) -> None:
    name = await topic()
    producer = AIOKafkaProducer(bootstrap_servers=brokers, transactional_id=name)
    await producer.start()
    try:
        for message_id, kept in (("m1", True), ("m2", False), ("m3", True)):
            await producer.begin_transaction()
            await producer.send_and_wait(name, value_of(seen(message_id)))
            await (producer.commit_transaction() if kept else producer.abort_transaction())
    finally:
        await producer.stop()
    assert (await to_the_end(recorder, options, name)).recorded == 2
    assert await count(store, "(n:Event {id: 'm2'})") == 0


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"topics": ("none",)}, "There is no topic 'none'"),
        ({"dead_letters": "none"}, "There is no topic 'none'"),
        ({"dead_letters": "{topic}"}, "cannot have its own dead letters"),
    ],
)
async def test_what_cannot_work_is_said_at_once(
    store: Store, recorder: Recorder, options: ClientOptions, topic: MakeTopic, named: dict[str, Any], said: str
) -> None:
    name = await topic()
    given = {"topics": (name,), **named}
    if given.get("dead_letters") == "{topic}":
        given["dead_letters"] = name
    with pytest.raises(StreamError, match=said):
        await consume(Wanted(group=name, **given), options, recorder, asyncio.Event())


async def test_a_broker_that_does_not_answer_is_one_clear_line(store: Store, recorder: Recorder) -> None:
    options = ClientOptions({"bootstrap_servers": "127.0.0.1:1"}, {}, {})
    with pytest.raises(StreamError, match=r"Kafka cannot be reached at 127\.0\.0\.1:1"):
        await consume(Wanted(("t",), group="g"), options, recorder, asyncio.Event())
