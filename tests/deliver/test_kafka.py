"""docs/destinations.md, rules 11 and 12, on a real broker."""

import json
from typing import Any

import pytest

from graphcdp.deliver.backoff import Backoff
from graphcdp.deliver.configured import Configured
from graphcdp.model.change_filter import ChangeFilter
from graphcdp.model.errors import DeliveryError
from graphcdp.settings import Settings
from tests.deliver.conftest import Desk
from tests.streams.conftest import MakeTopic, brokers, everything, topic

__all__ = ["brokers", "topic"]


def bus(brokers: str, topic: str, **options: Any) -> Configured:
    wanted = ChangeFilter.of(kinds=["CREATED", "EVENT"])
    return Configured("bus", "kafka", wanted, True, {"topic": topic, "brokers": brokers, **options})


async def test_rule_11_changes_are_records_keyed_by_customer(
    desk: Desk, brokers: str, topic: MakeTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Backoff, "wait_s", lambda *_: 0.01)
    name = await topic(3)
    await desk.record(("m1", "Paid", "ann"), ("m2", "Paid", "bob"))
    async with desk.delivering(bus(brokers, name)):
        records = await everything(brokers, name, 4)
        # It goes on after a stop, from where it was.
    await desk.record(("m3", "Paid", "ann"))
    async with desk.delivering(bus(brokers, name)):
        records = await everything(brokers, name, 5)
    bodies = [json.loads(record.value) for record in records]
    assert sorted(body["data"]["event"]["id"] for body in bodies if body["type"] == "event.recorded") == [
        "m1",
        "m2",
        "m3",
    ]
    by_partition: dict[bytes, set[int]] = {}
    sequences: dict[bytes, list[int]] = {}
    for record, body in zip(records, bodies, strict=True):
        assert record.key.decode() == body["data"]["customerId"]
        assert dict(record.headers) == {"webhook-id": f"dlv_bus_{body['data']['sequence']}".encode()}
        by_partition.setdefault(record.key, set()).add(record.partition)
        sequences.setdefault(record.key, []).append(body["data"]["sequence"])
    assert all(len(partitions) == 1 for partitions in by_partition.values())
    assert all(one == sorted(one) for one in sequences.values())


async def test_rule_12_a_topic_that_is_not_there_is_said(brokers: str) -> None:
    destination = bus(brokers, "no-such-topic").make(Settings())
    with pytest.raises(DeliveryError, match="no topic 'no-such-topic'"):
        await destination.open()
    await destination.close()


async def test_rule_12_no_broker_is_said() -> None:
    destination = bus("127.0.0.1:1", "changes").make(Settings())
    with pytest.raises(DeliveryError, match="Kafka does not answer"):
        await destination.open()
    await destination.close()
