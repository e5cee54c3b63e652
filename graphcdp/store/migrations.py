"""Numbered migrations: each file under cypher/migrations/ is applied once, in order.

A file's statements end with a semicolon at the end of a line. One node guards
the whole run by its lock, so that of several servers starting at once one
migrates and the others wait, then find everything done. Schema and data cannot
change in one transaction in Neo4j; so statements are harmless when repeated,
and a run that was broken off is simply taken up again.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from graphcdp.model.errors import MigrationError
from graphcdp.store import statements

if TYPE_CHECKING:
    from graphcdp.store.neo4j import Store, Transaction

FOLDER = "migrations/"
LONGEST_S = 3600.0
LOOK_EVERY_S = 0.2


class Migration(NamedTuple):
    """number: 1..; name: without folder and ending; sha256: of the file's statements."""

    number: int
    name: str
    statements: tuple[str, ...]
    sha256: str


def split_statements(text: str) -> tuple[str, ...]:
    """The statements of a file, without comments and semicolons."""
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//"))
    return tuple(part.strip() for part in re.split(r";[ \t]*(?:\n|$)", code) if part.strip())


def shipped() -> list[Migration]:
    """The migrations of this version, in order."""
    found = []
    for name in statements.names():
        if name.startswith(FOLDER):
            parts = split_statements(statements.text(name))
            short = name.removeprefix(FOLDER)
            sha256 = hashlib.sha256("\n".join(parts).encode()).hexdigest()
            found.append(Migration(int(short.split("_")[0]), short, parts, sha256))
    return found


def pending(migrations: list[Migration], applied: dict[int, str]) -> list[Migration]:
    """Those that are still to be applied.

    applied: sha256 by number. Raises MigrationError when one that was applied
    differs from the shipped one, or when the graph is of a newer version.
    """
    known = {migration.number for migration in migrations}
    unknown = sorted(set(applied) - known)
    if unknown:
        raise MigrationError(
            f"The graph was migrated to number {unknown[-1]} by a newer GraphCDP: upgrade this one to match."
        )
    for migration in migrations:
        if applied.get(migration.number, migration.sha256) != migration.sha256:
            raise MigrationError(
                f"Migration {migration.name} is not the one that was applied to this graph: "
                f"use the version of GraphCDP that made it, or restore the file."
            )
    return [migration for migration in migrations if migration.number not in applied]


async def migrate(store: "Store", on_share: Callable[[float], None] = lambda share: None) -> None:
    """Apply what is pending, while holding the migration lock, and wait until all indexes are filled.

    on_share: told how much of the indexes is filled, 0 to 1. Errors as `pending`, and
    MigrationError for an index that cannot be filled.
    """
    await store.run_schema(statements.text("store/migration_constraint"))

    async def work(guard: "Transaction") -> None:
        await guard.run("store/lock_migrations")
        rows = await guard.run("store/applied_migrations")
        applied = {row["number"]: row["sha256"] for row in rows}
        for migration in pending(shipped(), applied):
            for statement in migration.statements:
                await store.run_schema(statement)
            await guard.run(
                "store/record_migration",
                number=migration.number,
                name=migration.name,
                sha256=migration.sha256,
            )

    await store.transact(work, timeout_s=LONGEST_S)
    await _filled(store, on_share)


async def _filled(store: "Store", on_share: Callable[[float], None]) -> None:
    # Over many events this takes minutes, so no statement waits for it, which would have a time limit.
    while True:
        (row,) = await store.read("store/index_progress")
        if row["failed"]:
            raise MigrationError(f"The index {row['failed'][0]} cannot be filled: the database's debug.log says why.")
        on_share(row["share"])
        if not row["waiting"]:
            return
        await asyncio.sleep(LOOK_EVERY_S)
