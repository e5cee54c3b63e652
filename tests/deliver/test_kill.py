"""docs/webhooks.md, rules 7 and 8: a server that is killed in the middle; another one goes on."""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path

from graphcdp.embedded import EmbeddedNeo4j
from graphcdp.record.clock import utc_now
from tests.deliver.conftest import Desk
from tests.deliver.receiver import HANG, TAKE, Got

ROOT = Path(__file__).parents[2]


async def test_each_change_comes_at_least_once_with_one_id_whatever_is_killed(desk: Desk, neo4j: EmbeddedNeo4j) -> None:
    webhook, secret = await desk.webhook(kinds=["EVENT"])
    await desk.record(*[(f"m{n}", "Paid", f"u{n % 5}") for n in range(200)])
    count = 0

    def some(got: Got) -> bytes:
        nonlocal count
        count += 1
        return TAKE if count <= 60 else HANG

    desk.receiver.answer = some
    given = neo4j.connection
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "GRAPHCDP_NEO4J_URI": given.uri,
        "GRAPHCDP_NEO4J_USER": given.user,
        "GRAPHCDP_NEO4J_PASSWORD": given.password,
        "GRAPHCDP_PORT": "0",
        "GRAPHCDP_WEBHOOK_PRIVATE_ALLOWED": "true",
    }
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "graphcdp", "serve", env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        # Some are taken, some under way, most not begun.
        await desk.receiver.until(lambda: len(desk.receiver.got) > 62, timeout_s=90)
    finally:
        server.kill()
        await server.wait()
    before = await desk.row(webhook)
    assert before.holder is not None
    desk.receiver.answer = lambda got: TAKE

    async with desk.delivering():
        # The lease of the dead one holds others off ...
        await asyncio.sleep(0.3)
        assert (await desk.row(webhook)).holder == before.holder
    async with desk.delivering(clock=lambda: utc_now() + timedelta(seconds=60)):
        # ... until it is over.
        await desk.receiver.until(lambda: len({one.id for one in desk.receiver.taken}) == 200)

    for one in desk.receiver.taken[:3]:
        one.check(secret)
    ids_by_event: dict[str, set[str]] = {}
    first_come: dict[str, list[int]] = {}
    for one in desk.receiver.taken:
        ids = ids_by_event.setdefault(one.data["event"]["id"], set())
        if not ids:
            first_come.setdefault(one.data["customerId"], []).append(one.data["sequence"])
        ids.add(one.id)
    assert len(ids_by_event) == 200
    assert all(len(ids) == 1 for ids in ids_by_event.values())
    assert all(sequences == sorted(sequences) for sequences in first_come.values())
    assert len(desk.receiver.taken) < 280, "only what was under way comes again"
