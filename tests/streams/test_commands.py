"""`graphcdp produce kafka` and `graphcdp consume kafka`, as people run them, and ended as machines end them."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from graphcdp.embedded import EmbeddedNeo4j
from graphcdp.model.statement import Statement
from graphcdp.store import Store
from tests.streams.conftest import MakeTopic, everything

ROWS = 1500
BATCH = 10  # so small that the signals come before the end on any machine


@pytest.fixture
def environment(neo4j: EmbeddedNeo4j, store: Store, brokers: str, tmp_path: Path) -> dict[str, str]:
    """The environment of commands on the test's own, empty database and on the broker."""
    options = tmp_path / "client.properties"
    options.write_text("session.timeout.ms=1500\nheartbeat.interval.ms=200\n")
    connection = neo4j.connection
    return {
        **os.environ,
        "GRAPHCDP_NEO4J_URI": connection.uri,
        "GRAPHCDP_NEO4J_USER": connection.user,
        "GRAPHCDP_NEO4J_PASSWORD": connection.password,
        "GRAPHCDP_KAFKA_BROKERS": brokers,
        "GRAPHCDP_KAFKA_CONFIG": str(options),
    }


async def start(environment: dict[str, str], *arguments: str) -> asyncio.subprocess.Process:
    command = [sys.executable, "-m", "graphcdp", *arguments]
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*command, env=environment, stdout=pipe, stderr=pipe)


async def run(environment: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    process = await start(environment, *arguments)
    async with asyncio.timeout(60):
        said, told = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode(), told.decode()


async def events(store: Store) -> int:
    (row,) = await store.read_generated(Statement("MATCH (e:Event) RETURN count(e) AS total"))
    total: int = row["total"]
    return total


async def some(store: Store, more_than: int) -> None:
    async with asyncio.timeout(60):
        while await events(store) <= more_than:  # noqa: ASYNC110  # another process tells no event of ours
            await asyncio.sleep(0.02)


async def test_a_file_goes_through_a_topic_although_its_consumer_is_killed(
    environment: dict[str, str], store: Store, topic: MakeTopic, brokers: str, tmp_path: Path
) -> None:
    name = await topic(1)
    path = tmp_path / "many.csv"
    path.write_text("user,email,name\n" + "".join(f"U{n % 50},a{n % 50}@x.org,N{n}\n" for n in range(ROWS)) + "1\n")
    code, said, told = await run(environment, "produce", "kafka", str(path), "--topic", name)
    assert (code, said) == (2, f"Published: {ROWS:,}. Not readable: 1.\n")
    assert f"{path}:{ROWS + 2}: 1 fields" in told
    records = await everything(brokers, name, ROWS)
    assert {record.key for record in records} == {b"user:U%d" % n for n in range(50)}

    arguments = ("consume", "kafka", "--topic", name)
    killed = await start(environment, *arguments, "--batch-max", str(BATCH))
    await some(store, 5 * BATCH)
    killed.kill()
    await killed.communicate()
    stopped = await start(environment, *arguments, "--batch-max", str(BATCH))
    # More than the killed one's last batch, which the database may still finish, and which is read again first.
    await some(store, await events(store) + 2 * BATCH)
    stopped.send_signal(signal.SIGTERM)
    said_last, _ = await stopped.communicate()
    assert stopped.returncode == 0
    assert said_last.startswith(b"Records: ")
    assert await events(store) < ROWS
    code, said, _ = await run(environment, *arguments, "--until-end")
    assert code == 0
    assert await events(store) == ROWS
    # A stop, unlike a kill, leaves nothing that is read again.
    assert "Known already: 0." in said
    (row,) = await store.read_generated(Statement("MATCH (c:Customer) RETURN count(c) AS total"))
    assert row["total"] == 50


async def test_what_is_missing_is_one_line(environment: dict[str, str]) -> None:
    del environment["GRAPHCDP_KAFKA_BROKERS"]
    code, said, told = await run(environment, "consume", "kafka", "--topic", "none")
    assert (code, said) == (1, "")
    assert "No broker is named" in told
    assert len(told.splitlines()) == 1
