"""One real Neo4j for the session, emptied for each test that asks for it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from neo4j import AsyncGraphDatabase

from graphcdp import embedded
from graphcdp.embedded import EmbeddedNeo4j
from graphcdp.model.statement import Statement
from graphcdp.record.recorder import Recorder
from graphcdp.resolve.rules import IdentityRules
from graphcdp.settings import Settings
from graphcdp.store import Store, statements
from tests.emptied import EMPTY
from tests.plans import operators

# The same examples each time, however slow the machine is.
hypothesis.settings.register_profile("suite", derandomize=True, deadline=None)
hypothesis.settings.load_profile("suite")


@pytest.fixture(scope="session")
def neo4j(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedNeo4j]:
    """A server on a folder of its own; its files come from the cache that the settings name."""
    folder: Path = tmp_path_factory.mktemp("neo4j")
    with embedded.start(folder, cache_dir=Settings.load().cache_dir, heap_max="768m", page_cache="64m") as server:
        yield server


@pytest.fixture(scope="session")
async def session_store(neo4j: EmbeddedNeo4j) -> AsyncIterator[Store]:
    """The store on the session's server, migrated."""
    async with await Store.open(neo4j.connection) as store:
        await store.migrate()
        yield store


@pytest.fixture
async def store(session_store: Store) -> Store:
    """The store on an emptied graph; migrations stay applied."""
    await session_store.transact(lambda tx: tx.run_generated(EMPTY), timeout_s=60)
    return session_store


@pytest.fixture
def rules() -> IdentityRules:
    """The default rules, with phone numbers of Viet Nam."""
    return IdentityRules(region="VN")


@pytest.fixture
def recorder(store: Store, rules: IdentityRules) -> Recorder:
    """A recorder on the emptied graph."""
    return Recorder(store, rules)


@pytest.fixture
async def profiled(neo4j: EmbeddedNeo4j, store: Store) -> AsyncIterator[Any]:
    """Runs a named or generated statement and tells its operators: (name, details, rows, hits), from the top."""
    there = neo4j.connection

    async with AsyncGraphDatabase.driver(
        there.uri, auth=(there.user, there.password), notifications_min_severity="OFF"
    ) as opened:

        async def profile(asked: str | Statement, **parameters: Any) -> list[tuple[str, str, int, int]]:
            text = asked.text if isinstance(asked, Statement) else statements.text(asked)
            given = asked.parameters if isinstance(asked, Statement) else parameters
            result = await opened.execute_query("PROFILE " + text, dict(given))
            return [
                (name, arguments.get("Details", ""), arguments.get("Rows", 0), arguments.get("DbHits", 0))
                for name, arguments in operators(result.summary.profile)
            ]

        yield profile
