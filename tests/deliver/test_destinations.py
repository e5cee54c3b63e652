"""docs/destinations.md: files, plug-ins, and the file that configures them."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from graphcdp.deliver.backoff import Backoff
from graphcdp.deliver.configured import Configured, read_destinations
from graphcdp.deliver.destination import Outgoing, make_of
from graphcdp.deliver.file import FileDestination
from graphcdp.model.change_filter import ChangeFilter
from graphcdp.model.changes import Created, Sequenced
from graphcdp.model.errors import DeliveryError, DestinationError
from graphcdp.record.clock import utc_now
from graphcdp.record.webhooks import replay_from
from graphcdp.settings import Settings
from tests.deliver.conftest import Desk

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "destination"


def configured(name: str, type_: str, **options: Any) -> Configured:
    return Configured(name, type_, ChangeFilter.of(events=["Paid"]), True, options)


def outgoing(*numbers: int) -> list[Outgoing]:
    return [Outgoing(f"dlv_x_{n}", Sequenced(n, utc_now(), Created("cus_1"))) for n in numbers]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def sequences(path: Path) -> list[int]:
    return [line["data"]["sequence"] for line in lines(path)]


async def test_rule_8_a_file_gets_the_changes_as_lines(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "changes.jsonl"
    await desk.record(("m1", "Paid", "ann"), ("m2", "Seen", "ann"))
    async with desk.delivering(configured("lake", "file", path=str(path))):

        async def told() -> bool:
            return path.exists() and len(lines(path)) == 1

        await desk.until(told)
        await desk.record(("m3", "Paid", "bob"))

        async def again() -> bool:
            return len(lines(path)) == 2

        await desk.until(again)
    assert [line["data"]["event"]["id"] for line in lines(path)] == ["m1", "m3"]
    assert path.stat().st_mode & 0o077 == 0
    # It goes on where it stopped; a replay tells all again.
    await desk.record(("m4", "Paid", "bob"))
    async with desk.delivering(configured("lake", "file", path=str(path))):

        async def third() -> bool:
            return len(lines(path)) == 3

        await desk.until(third)
        await replay_from(desk.store, "dst_lake", 0, utc_now())

        async def replayed() -> bool:
            return len(lines(path)) == 6

        await desk.until(replayed)
    assert [line["data"]["event"]["id"] for line in lines(path)] == ["m1", "m3", "m4"] * 2


async def test_rule_9_half_a_line_that_a_crash_left_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "changes.jsonl"
    file = FileDestination(path)
    await file.open()
    await file.deliver(outgoing(1, 2))
    await file.close()
    with path.open("ab") as opened:
        opened.write(b'{"type":"customer.cre' + b"x" * 70_000)
    await file.open()
    await file.deliver(outgoing(3))
    await file.close()
    assert sequences(path) == [1, 2, 3]
    path.write_bytes(b"no end of a line")
    await file.open()
    await file.close()
    assert path.read_bytes() == b""


async def test_rule_10_a_file_is_rotated_and_old_ones_go(tmp_path: Path) -> None:
    path = tmp_path / "changes.jsonl"
    (tmp_path / "changes-of-mine.jsonl").write_text("stays")
    file = FileDestination(path, rotate_bytes=1, kept_max=2)
    await file.open()
    for number in range(1, 6):
        await file.deliver(outgoing(number))
    await file.close()
    old = sorted(one for one in tmp_path.iterdir() if one.name.startswith("changes-0"))  # noqa: ASYNC240  # a test
    assert [sequences(one) for one in old] == [[4], [5]]
    assert path.read_bytes() == b""
    assert (tmp_path / "changes-of-mine.jsonl").exists()


async def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "changes.jsonl").mkdir()
    with pytest.raises(DeliveryError, match="cannot be written"):
        await FileDestination(tmp_path / "changes.jsonl").open()


class Stubborn:
    """Takes nothing at first, then all; notes what it was asked."""

    def __init__(self) -> None:
        self.calls: list[str | list[int]] = []
        self.failures = 2

    async def open(self) -> None:
        self.calls.append("open")

    async def deliver(self, batch: Sequence[Outgoing]) -> None:
        self.calls.append([one.sequence for one in batch])
        if self.failures:
            self.failures -= 1
            raise DeliveryError("not today")

    async def close(self) -> None:
        self.calls.append("close")


async def test_rules_3_to_6_a_batch_is_tried_until_it_is_taken(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    stubborn = Stubborn()
    monkeypatch.setattr(Backoff, "wait_s", lambda *_: 0.01)
    monkeypatch.setattr(Configured, "make", lambda *_: stubborn)
    await desk.record(("m1", "Paid", "ann"), ("m2", "Paid", "bob"))
    async with desk.delivering(configured("other", "stubborn")):

        async def taken() -> bool:
            return stubborn.failures == 0 and len(stubborn.calls) >= 6

        await desk.until(taken)
    batches = [call for call in stubborn.calls if isinstance(call, list)]
    assert batches[0] == batches[1] == batches[2]
    assert stubborn.calls == ["open", batches[0], "open", batches[0], "open", batches[0], "close"]


async def test_rule_7_a_package_adds_a_destination_by_an_entry_point(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example package of the docs, installed as pip would: its module and the entry points in its metadata."""
    import tomllib

    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    module = EXAMPLE / "graphcdp_counter.py"
    (tmp_path / module.name).write_text(module.read_text())
    metadata = tmp_path / "graphcdp_counter-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1.0\n")
    points = project["entry-points"]["graphcdp.destinations"]
    (metadata / "entry_points.txt").write_text(
        "[graphcdp.destinations]\n" + "\n".join(f"{name} = {value}" for name, value in points.items()) + "\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    counts = tmp_path / "counts.json"
    await desk.record(("m1", "Paid", "ann"), ("m2", "Paid", "bob"))
    async with desk.delivering(configured("counts", "counter", path=str(counts))):

        async def told() -> bool:
            return counts.exists() and json.loads(counts.read_text())["counts"] == {"event.recorded": 2}

        await desk.until(told)
    sys.modules.pop("graphcdp_counter")


def test_rule_2_a_file_of_destinations(tmp_path: Path) -> None:
    path = tmp_path / "destinations.yaml"
    path.write_text(
        "lake:\n  type: file\n  start: start\n  kinds: [EVENT]\n  options: {path: /tmp/changes.jsonl}\n"
        "bus:\n  type: kafka\n  options: {topic: changes, brokers: 'localhost:9092'}\n"
        "crm:\n  type: webhook\n  options: {url: 'https://crm.example/', secret: whsec_c2VjcmV0}\n"
    )
    lake, bus, crm = read_destinations(path)
    assert (lake.id, lake.from_start, lake.filter) == ("dst_lake", True, ChangeFilter.of(kinds=["EVENT"]))
    assert not bus.from_start
    for one in (lake, bus, crm):
        one.make(Settings())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[1", "is no YAML"),
        ("- file", "one destination a name"),
        ("Lake: {type: file}", "a-z"),
        ("lake: {}", "`type` is missing"),
        ("lake: {type: file, paths: x}", "'paths' is not known"),
        ("lake: {type: file, start: never}", "now or start"),
        ("lake: {type: file, kinds: EVENT}", "a list of names"),
        ("lake: {type: file, kinds: [EVENTS]}", "no kind of change"),
        ("lake: {type: file, options: [x]}", "one option a name"),
        ("lake: {type: pigeon}", "no type of destination 'pigeon'; there are file, kafka, webhook"),
        ("lake: {type: file}", "path is missing"),
        ("lake: {type: file, options: {path: 5}}", "wrong type"),
        ("lake: {type: file, options: {path: x, size: 5}}", "no option 'size'"),
        ("lake: {type: file, options: {path: x, kept_max: 0}}", "1 or more"),
        ("lake: {type: kafka, options: {}}", "topic is missing"),
        ("lake: {type: kafka, options: {topic: x}}", "No broker"),
        ("lake: {type: webhook, options: {url: 'https://127.0.0.1/', secret: whsec_c2VjcmV0}}", "public address"),
        ("lake: {type: webhook, options: {url: 'https://crm.example/', secret: '%'}}", "secret"),
    ],
)
def test_rule_2_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "destinations.yaml"
    path.write_text(text)
    with pytest.raises(DestinationError) as raised:
        [one.make(Settings()) for one in read_destinations(path)]
    assert reason in str(raised.value)


def test_a_plug_in_that_cannot_be_loaded_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metadata = tmp_path / "broken-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[graphcdp.destinations]\nbroken = no_such_module:make\nfile = no_such_module:make\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(DestinationError, match="cannot be loaded"):
        make_of("broken")
    # Ours keep their names.
    assert make_of("file").__module__ == "graphcdp.deliver.file"
