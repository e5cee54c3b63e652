"""The reference clients of graphql-transport-ws and graphql-sse (both modes), run by Node, get what they ask for."""

import asyncio
from typing import Any

import orjson
import pytest

from graphcdp.app import Platform
from graphcdp.record.clock import utc_now
from graphcdp.record.keys import create_key
from graphcdp.record.recorder import Recorder
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.api.clients import installed, node
from tests.api.conftest import serving
from tests.api.live import nothing_left, set_job

TYPENAME = {"found": [{"data": {"__typename": "Query"}}], "error": None}


@pytest.fixture
async def told(store: Store, recorder: Recorder) -> dict[str, Any]:
    """What the clients got; the job moves while they look."""
    folder = await asyncio.to_thread(installed)
    await set_job(store)
    _, key = await create_key(store, "client", ["read"], utc_now())
    async with serving(Platform(Settings(keys_fresh_s=0.05), store, recorder)) as http:
        running = await asyncio.create_subprocess_exec(
            node(),
            folder / "live.mjs",
            str(http.base_url.join("/graphql")),
            key,
            "job_a",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        ending = asyncio.create_task(_move(store))
        try:
            async with asyncio.timeout(120):
                out, err = await running.communicate()
        finally:
            ending.cancel()
            if running.returncode is None:
                running.kill()
    assert running.returncode == 0, err.decode()
    await nothing_left()
    found: dict[str, Any] = orjson.loads(out)
    return found


async def _move(store: Store) -> None:
    done = 0
    while True:
        await asyncio.sleep(0.3)
        done += 1
        # Over for a moment now and then, so that every follower sees an end.
        await set_job(store, done=done, status="SUCCEEDED" if done % 8 == 0 else "RUNNING")
        if done % 8 == 0:
            await asyncio.sleep(3)


async def test_they_get_what_they_ask_for(told: dict[str, Any]) -> None:
    for name in ("socket", "stream", "single"):
        got = told[name]
        assert got["query"] == TYPENAME
        assert got["together"] == [TYPENAME] * 3
        assert got["first"]["data"]["jobChanged"]["status"]
        assert got["follow"]["error"] is None
        states = [one["data"]["jobChanged"] for one in got["follow"]["found"]]
        assert states[-1]["status"] == "SUCCEEDED"
        assert all(one["status"] == "RUNNING" for one in states[:-1])
    (error,) = told["socket"]["invalid"]["error"]
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    (result,) = told["stream"]["invalid"]["found"]
    assert result["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert told["single"]["invalid"] == {"found": [], "error": "Server responded with 400: Bad Request"}
    assert all(told[name]["stranger"]["found"] == [] for name in ("socket", "stream", "single"))
    assert told["closes"][-1] == 4403
    assert "401" in told["stream"]["stranger"]["error"]
    assert "401" in told["single"]["stranger"]["error"]
