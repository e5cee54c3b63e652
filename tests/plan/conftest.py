"""Plans of the database for generated statements."""

from collections.abc import AsyncIterator, Awaitable, Callable

import neo4j as driver
import pytest

from graphcdp.embedded import EmbeddedNeo4j
from graphcdp.model.statement import Statement
from tests.plans import operators


@pytest.fixture
async def explained(neo4j: EmbeddedNeo4j) -> AsyncIterator[Callable[[Statement], Awaitable[list[str]]]]:
    """Tells the operators that a statement is planned with."""
    given = neo4j.connection
    async with driver.AsyncGraphDatabase.driver(given.uri, auth=(given.user, given.password)) as opened:

        async def explain(statement: Statement) -> list[str]:
            result = await opened.execute_query("EXPLAIN " + statement.text, dict(statement.parameters))
            return [name for name, _ in operators(result.summary.plan)]

        yield explain
