"""The door to Neo4j: clear refusals, migrations once, named statements described in their heads."""

import asyncio
import re
from dataclasses import replace

import pytest
from neo4j.exceptions import ClientError

from graphcdp.embedded import EmbeddedNeo4j
from graphcdp.model.errors import (
    DatabaseAuthError,
    DatabaseUnreachableError,
    DatabaseVersionError,
    MigrationError,
)
from graphcdp.store import Store, migrations, statements
from graphcdp.store.versions import check_version


async def test_a_wrong_password_is_one_clear_line(neo4j: EmbeddedNeo4j) -> None:
    with pytest.raises(DatabaseAuthError, match=r"^Neo4j at .* refused the user 'neo4j' or its password.*$"):
        await Store.open(replace(neo4j.connection, password="wrong"))


async def test_an_unreachable_server_is_one_clear_line(neo4j: EmbeddedNeo4j) -> None:
    with pytest.raises(DatabaseUnreachableError, match=r"^No Neo4j answers at bolt://127.0.0.1:9: .*$"):
        await Store.open(replace(neo4j.connection, uri="bolt://127.0.0.1:9"))


@pytest.mark.parametrize("version", ["4.4.30", "5.25.1", "2025.11.0", "2025.12.1", "2026.01.4"])
def test_unusable_versions_are_refused(version: str) -> None:
    with pytest.raises(DatabaseVersionError, match=version):
        check_version(version)


@pytest.mark.parametrize("version", ["5.26.0", "5.26.12", "2025.10.1", "2026.02.0", "2026.04.0"])
def test_usable_versions_are_taken(version: str) -> None:
    check_version(version)


async def test_who_watches_is_told_whom_a_single_statement_changed_or_that_nobody_knows(store: Store) -> None:
    told: list[frozenset[str] | None] = []
    woken: list[bool] = []
    store.watch(told.append)
    store.wake(wake := lambda: woken.append(True))
    try:
        assert await store.write("feed/append", concerns=["cus_1"], pages=[], count=2) == {"first": 1}
        with pytest.raises(ClientError):
            await store.write("feed/append", concerns=["cus_1"], pages="none", count=0)
        assert await store.write("feed/append", concerns=[], pages=[], count=1) == {"first": 3}
    finally:
        store.unwatch(told.append)
        store.unwake(wake)
    assert told == [frozenset({"cus_1"}), None, frozenset()]
    assert len(woken) == 3


async def test_migrating_twice_at_once_is_safe(session_store: Store) -> None:
    await asyncio.gather(session_store.migrate(), session_store.migrate())
    applied = await session_store.read("store/applied_migrations")
    assert [row["number"] for row in applied] == [migration.number for migration in migrations.shipped()]


def test_a_changed_migration_is_refused() -> None:
    shipped = migrations.shipped()
    with pytest.raises(MigrationError, match="0001_graph"):
        migrations.pending(shipped, {1: "another"})
    with pytest.raises(MigrationError, match="newer"):
        migrations.pending(shipped, {99: "of the future"})


@pytest.mark.parametrize("name", [name for name in statements.names() if not name.startswith("migrations/")])
def test_a_statement_describes_its_parameters(name: str) -> None:
    lines = statements.text(name).splitlines()
    head = "\n".join(line for line in lines if line.startswith("//"))
    body = "\n".join(line for line in lines if not line.lstrip().startswith("//"))
    assert re.search(r"^// Parameters", head, re.MULTILINE), "the head names no parameters"
    assert re.search(r"^// Columns", head, re.MULTILINE), "the head names no columns"
    for parameter in set(re.findall(r"\$(\w+)", body)):
        assert re.search(rf"\b{parameter}\b", head), f"${parameter} is not in the head"
