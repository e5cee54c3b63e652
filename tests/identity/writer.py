"""A writer of its own process: sends a list of messages until each is acknowledged, and may be killed at any time.

Run as `python -m tests.identity.writer FOLDER`, where `plan.json` holds the
connection and the messages. What was acknowledged is written to `log` and
synced before the next batch, so that whoever starts it again goes on from there.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from graphcdp.model.connection import Connection
from graphcdp.model.errors import DatabaseError
from graphcdp.record.recorder import Recorder
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store

BATCH = 5


async def write(folder: Path) -> None:
    """Record all messages that no earlier run was told to be recorded."""
    plan = json.loads((folder / "plan.json").read_text())
    log = folder / "log"
    done = set(log.read_text().split()) if log.exists() else set()
    left = [message for message in plan["messages"] if message["id"] not in done]
    async with await Store.open(Connection(**plan["connection"])) as store:
        recorder = Recorder(store, IdentityRules(region="VN"))
        with log.open("a") as acknowledged:
            while left:
                batch, left = left[:BATCH], left[BATCH:]
                try:
                    outcomes = await recorder.record(batch)
                except DatabaseError:
                    left = batch + left
                    continue
                # A line that was cut off by a kill must not swallow the next.
                acknowledged.write("\n" + "\n".join(outcome.message_id for outcome in outcomes) + "\n")
                acknowledged.flush()
                os.fsync(acknowledged.fileno())


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1])))
