"""What a device's events say about it is found wherever they hang, and without walking long histories."""

from datetime import UTC, datetime, timedelta
from typing import Any

from graphcdp.model.messages import RawMessage
from graphcdp.read.identities import devices_told
from graphcdp.record.recorder import Recorder
from graphcdp.store import Store

START = datetime(2026, 1, 1, tzinfo=UTC)


def visit(number: int, *identifiers: tuple[str, str], **context: Any) -> RawMessage:
    return {
        "id": f"e{number}",
        "name": "Visit",
        "at": START + timedelta(hours=number),
        "identifiers": list(identifiers),
        "context": context,
    }


async def test_the_latest_context_of_each_device(store: Store, recorder: Recorder) -> None:
    user, phone, tv = ("user", "u1"), ("device", "d-phone"), ("device", "d-tv")
    busy = [visit(number, user, ("device", "d-laptop"), page={"url": "/"}) for number in range(100, 200)]
    outcomes = await recorder.record(
        [
            visit(1, phone, os={"name": "Android", "version": "13"}),
            visit(2, user, phone, os={"name": "Android", "version": "14"}),
            visit(3, user, phone),
            visit(4, user, tv, platform="tvOS"),
            {**visit(5, user, phone), "type": "identify"},
            *busy,
        ]
    )
    assert {outcome.status.value for outcome in outcomes} == {"RECORDED"}
    keys = ["device:d-phone", "device:d-tv", "device:d-laptop", "device:none"]
    told = await devices_told(store, keys)
    assert [one.platform for one in told] == ["ANDROID", "TV", "WEB", None]
    assert [dict(one.attributes) for one in told] == [{"os": "Android", "osVersion": "14"}, {}, {}, {}]


async def test_a_busy_owner_is_not_walked(store: Store, recorder: Recorder, profiled: Any) -> None:
    user = ("user", "u1")
    await recorder.record([visit(0, user, ("device", "d1"), os="iOS")])
    await recorder.record([visit(number, user) for number in range(1, 500)])
    plan = await profiled("read/device_contexts", keys=["device:d1"], subjects=10, walked=20, limit=10)
    seeks = [operator for operator in plan if operator[0] == "NodeIndexSeek" and "Event(subject, at)" in operator[1]]
    assert seeks
    assert sum(rows for _, _, rows, _ in seeks) <= 40
    assert not {"AllNodesScan", "NodeByLabelScan"} & {name for name, *_ in plan}
