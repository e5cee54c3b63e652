"""Eight processes write over the same identifiers and are killed at random; nothing is lost, doubled or torn."""

import asyncio
import json
import random
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from graphcdp.embedded import EmbeddedNeo4j
from graphcdp.model.statement import Statement
from graphcdp.store import Store

WRITERS = 8
MESSAGES = 150
IDENTIFIERS = 300
KILLS = 12
SEED = 20261124
KINDS = ("user", "email", "device", "device", "anonymous", "anonymous", "anonymous")

OWNERS = Statement(
    """MATCH (i:Identifier)
RETURN i.key AS key, COLLECT { MATCH (i)-[:IDENTIFIES]->(c:Customer) RETURN c.id } AS customers"""
)
CUSTOMERS = Statement(
    """MATCH (c:Customer)
RETURN c.id AS id, c.identifiers AS told, COUNT { (c)<-[:IDENTIFIES]-() } AS held,
       [name IN keys(c) WHERE name STARTS WITH 'count.' | [substring(name, 6), c[name]]] AS counts"""
)
LINKS = Statement(
    "MATCH (a:Identifier)-[l:LINKED WHERE l.endedAt IS NULL]->(b:Identifier) RETURN a.key AS a, b.key AS b"
)
EVENTS = Statement(
    "MATCH (e:Event) RETURN e.id AS id, e.subject AS subject, COLLECT { MATCH (e)-[:BY]->(i) RETURN i.key } AS by"
)
ASTRAY = Statement(
    """MATCH (m:MergedCustomer)
WHERE COUNT { (m)-[:MERGED_INTO]->() } <> 1 OR NOT EXISTS { (m)-[:MERGED_INTO*1..]->(:Customer) }
RETURN m.id AS id"""
)


def _messages(chance: random.Random, writer: int) -> list[dict[str, Any]]:
    """Messages that name one to three of the same few hundred identifiers, each of them twice in ten times."""
    made = []
    for number in range(MESSAGES):
        chosen = [chance.randrange(IDENTIFIERS) for _ in range(chance.choice((1, 2, 2, 2, 3)))]
        claims = [(KINDS[n % len(KINDS)], _value(n)) for n in dict.fromkeys(chosen)]
        made.append(
            {
                "id": f"w{writer}-{number}",
                "name": "Seen",
                "at": f"2026-01-01T10:{number % 60:02}:00Z",
                "identifiers": claims,
                "traits": {"n": number},
            }
        )
    return made + [message for message in made if chance.random() < 0.2]


def _value(number: int) -> str:
    return f"v{number}@x.org" if KINDS[number % len(KINDS)] == "email" else f"v{number}"


async def _start(folder: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.identity.writer", str(folder))


async def _write_and_kill(folders: list[Path], chance: random.Random) -> None:
    """Run the writers until each is done, killing one now and then and starting it again."""
    running = {folder: await _start(folder) for folder in folders}
    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(0.2, 0.8))
        alive = [folder for folder, process in running.items() if process.returncode is None]
        if alive:
            folder = chance.choice(alive)
            running[folder].kill()
            await running[folder].wait()
            running[folder] = await _start(folder)
    for folder, process in running.items():
        assert await process.wait() == 0, f"{folder.name} failed"


async def test_eight_writers_that_are_killed(store: Store, neo4j: EmbeddedNeo4j, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    folders = []
    for writer in range(WRITERS):
        folder = tmp_path / f"w{writer}"
        folder.mkdir()
        plan = {"connection": asdict(neo4j.connection), "messages": _messages(chance, writer)}
        (folder / "plan.json").write_text(json.dumps(plan))
        folders.append(folder)
    await _write_and_kill(folders, chance)

    owner_by_key = {}
    for row in await store.read_generated(OWNERS):
        assert len(row["customers"]) == 1, f"{row['key']} is {row['customers']}'s"
        (owner_by_key[row["key"]],) = row["customers"]
    for row in await store.read_generated(CUSTOMERS):
        assert row["held"] == row["told"] > 0
        counts = dict(row["counts"])
        assert counts.get("user", 0) <= 1
        assert counts.get("email", 0) <= 5
        assert sum(counts.values()) == row["held"]
    links = await store.read_generated(LINKS)
    assert _partition(owner_by_key.items()) == _united(owner_by_key, ((row["a"], row["b"]) for row in links))
    events = await store.read_generated(EVENTS)
    assert sorted(row["id"] for row in events) == sorted({f"w{w}-{n}" for w in range(WRITERS) for n in range(MESSAGES)})
    assert all(row["by"] == [row["subject"]] for row in events)
    assert await store.read_generated(ASTRAY) == []


def _partition(owners: Iterable[tuple[str, str]]) -> set[frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for key, owner in owners:
        groups.setdefault(owner, set()).add(key)
    return {frozenset(group) for group in groups.values()}


def _united(keys: Iterable[str], pairs: Iterable[tuple[str, str]]) -> set[frozenset[str]]:
    """Union-find over the evidence."""
    parent = {key: key for key in keys}

    def root(key: str) -> str:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for one, other in pairs:
        parent[root(one)] = root(other)
    return _partition((key, root(key)) for key in parent)
