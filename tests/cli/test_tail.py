"""`graphcdp tail` on a real database: filters, JSON, resumed from a file, ended by Ctrl-C."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from graphcdp.cli.main import app
from graphcdp.model.errors import CursorExpiredError, UnknownReferenceError
from graphcdp.read.feed import feed_cursor, standing
from graphcdp.read.pages import BadCursorError
from graphcdp.record.feed import trim
from graphcdp.record.recorder import Recorder
from graphcdp.store import Store


async def tail(*arguments: str) -> Result:
    """The result of the command, which has an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, app, ["tail", "--until-end", *arguments])


async def told(*arguments: str) -> list[dict[str, Any]]:
    result = await tail("--json", *arguments)
    assert result.exit_code == 0, result.exception
    return [json.loads(line) for line in result.stdout.splitlines()]


def message(number: int, name: str, *users: str, **more: Any) -> dict[str, Any]:
    return {"id": f"m{number}", "name": name, "identifiers": [("user", one) for one in users], **more}


@pytest.mark.usefixtures("_external")
async def test_the_feed_is_shown_filtered_and_resumed(store: Store, recorder: Recorder, tmp_path: Path) -> None:
    state = str(tmp_path / "here.cursor")
    await recorder.record([message(1, "Seen", "ann"), message(2, "Paid", "ann", traits={"plan": "gold"})])
    assert await told("--after", "now") == []
    everything = await told("--after", "start", "--state", state)
    assert [one["data"]["sequence"] for one in everything] == [1, 2, 3, 4, 5]
    assert [one["data"]["event"]["name"] for one in await told("--after", "start", "--event", "Paid")] == ["Paid"]
    assert [one["type"] for one in await told("--after", "start", "--kind", "CREATED")] == ["customer.created"]
    assert [one["type"] for one in await told("--after", "start", "--trait", "plan")] == ["customer.traits"]
    assert await told("--after", "start", "--segment", "vip") == []

    # Gone on from where it was, whatever --after says.
    assert await told("--after", "start", "--state", state) == []
    await recorder.record([message(3, "Paid", "bob"), message(4, "Paid", "ann")])
    more = await told("--after", "start", "--state", state)
    assert [one["data"]["sequence"] for one in more] == [6, 7, 8, 9]
    assert (tmp_path / "here.cursor").read_text().strip() == feed_cursor(9)

    assert {
        one["data"].get("event", {}).get("id") for one in await told("--after", "start", "--customer", "user:bob")
    } == {
        None,
        "m3",
    }
    shown = await tail("--after", everything[2]["data"]["cursor"])
    assert 'plan: null -> "gold"' in shown.stdout or "Paid by user:bob (m3)" in shown.stdout
    assert f"To go on from here: --after {feed_cursor(9)}" in shown.stderr


@pytest.mark.usefixtures("_external")
async def test_a_customer_is_followed_through_merges(store: Store, recorder: Recorder) -> None:
    await recorder.record([message(1, "Seen", "ann")])
    await recorder.record([{"id": "m2", "name": "Seen", "identifiers": [("anonymous", "v1")]}])
    start = feed_cursor((await standing(store)).newest)
    await recorder.record([{"id": "m3", "name": "In", "identifiers": [("anonymous", "v1"), ("user", "ann")]}])
    await recorder.record([message(4, "Paid", "ann"), message(5, "Paid", "bob")])
    kinds = [one["data"]["kind"] for one in await told("--after", start, "--customer", "anonymous:v1")]
    assert kinds == ["MERGED", "EVENT", "EVENT"]


@pytest.mark.usefixtures("_external")
async def test_what_cannot_be_followed_is_said(store: Store, recorder: Recorder) -> None:
    await recorder.record([message(1, "Seen", "ann")])
    assert isinstance((await tail("--after", "yesterday")).exception, BadCursorError)
    assert isinstance((await tail("--customer", "user:nobody")).exception, UnknownReferenceError)
    await recorder.record([message(2, "Seen", "ann")])
    await trim(store, keep_s=1e9, keep_max=1)
    assert isinstance((await tail("--after", feed_cursor(0))).exception, CursorExpiredError)


@pytest.mark.usefixtures("_external")
async def test_ctrl_c_ends_it_with_the_cursor(store: Store, recorder: Recorder) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "graphcdp",
        "tail",
        "--json",
        "--after",
        "start",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        assert process.stdout is not None
        await recorder.record([message(1, "Seen", "ann")])
        lines = [json.loads(await asyncio.wait_for(process.stdout.readline(), 60)) for _ in range(3)]
        await recorder.record([message(2, "Paid", "ann")])
        # As it happens, not only when it began.
        lines.append(json.loads(await asyncio.wait_for(process.stdout.readline(), 60)))
        process.send_signal(signal.SIGINT)
        _, errors = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert [one["data"]["sequence"] for one in lines] == [1, 2, 3, 4]
    assert (process.returncode, errors.decode().splitlines()[-1]) == (
        0,
        f"To go on from here: --after {feed_cursor(4)}",
    )
