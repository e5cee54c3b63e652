"""The grocery data makes the customers that its note promises, whatever records it."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from graphcdp.demo import complete_journey as data
from graphcdp.model.messages import RawMessage
from graphcdp.record.intake import take

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def messages() -> list[RawMessage]:
    return data.messages()


def test_counts(messages: list[RawMessage]) -> None:
    assert len(messages) == data.MESSAGES
    assert len({message["id"] for message in messages}) == data.MESSAGES
    assert Counter(message.get("name", "identify") for message in messages) == {
        "Order Completed": 16_841,
        "Campaign Sent": 679,
        "Coupon Redeemed": 154,
        "identify": 85,
    }


def test_evidence_makes_604_customers(messages: list[RawMessage]) -> None:
    """Union-find over identifiers named together: the same rule that records them, without its limits."""
    parent: dict[tuple[str, str], tuple[str, str]] = {}

    def root(node: tuple[str, str]) -> tuple[str, str]:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for message in messages:
        first, *others = message["identifiers"]
        root(first)
        for other in others:
            parent[root(other)] = root(first)
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for node in parent:
        groups.setdefault(root(node), []).append(node)
    users = [sum(kind == "user" for kind, _ in group) for group in groups.values()]
    devices = [sum(kind == "device" for kind, _ in group) for group in groups.values()]
    with_user = [count for count, named in zip(devices, users, strict=True) if named]
    assert len(groups) == data.CUSTOMERS == 604
    assert sum(devices) == data.DEVICES == 977
    assert sum(with_user) == data.DEVICES_CLAIMED == 612
    assert len(with_user) == data.HOUSEHOLDS == 239
    assert sum(not named for named in users) == 365
    assert max(users) == 1
    assert max(with_user) == 10


def test_every_message_fits_the_limits(messages: list[RawMessage]) -> None:
    refused = [message["id"] for message in messages if isinstance(take(message, now=NOW, made_id="x"), tuple)]
    assert refused == []


def test_order_is_by_time(messages: list[RawMessage]) -> None:
    times = [message["at"] for message in messages]
    assert times == sorted(times)
    assert {at.tzinfo for at in times} == {UTC}
    assert times[0] == datetime(2016, 12, 6, tzinfo=UTC)


def test_a_device_is_anonymous_until_its_third_basket(messages: list[RawMessage]) -> None:
    named: dict[str, list[bool]] = {}
    for message in messages:
        identifiers = dict(message["identifiers"])
        if "device" in identifiers:
            named.setdefault(identifiers["device"], []).append("user" in identifiers)
    assert all(claims == sorted(claims) for claims in named.values()), "once claimed, always claimed"
    assert all(claims[2] for claims in named.values() if len(claims) > 2)


def test_unknown_products_and_no_quantity_are_kept(messages: list[RawMessage]) -> None:
    lines = [line for message in messages for line in message.get("properties", {}).get("products", ())]
    assert len(lines) == 152_400
    assert sum("name" not in line for line in lines) == 390
    assert sum(line["quantity"] == 0 for line in lines) == 799


def test_made_the_same_each_time(messages: list[RawMessage]) -> None:
    assert data.messages() == messages
