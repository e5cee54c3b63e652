"""The npm suite `graphql-http` holds the server against the specification "GraphQL over HTTP"."""

import asyncio
from typing import Any

import orjson

from tests.api.clients import installed, node
from tests.api.conftest import Caller

AUDITS = 61


async def test_every_audit_passes(caller: Caller) -> None:
    folder = await asyncio.to_thread(installed)
    running = await asyncio.create_subprocess_exec(
        node(),
        folder / "audit.mjs",
        str(caller.http.base_url.join("/graphql")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await running.communicate()
    assert running.returncode == 0, err.decode()
    results: list[dict[str, Any]] = orjson.loads(out)
    assert [one for one in results if one["status"] != "ok"] == []
    assert len(results) == AUDITS
