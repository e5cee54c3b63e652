"""Commands on the session's database."""

import pytest

from graphcdp.embedded import EmbeddedNeo4j


@pytest.fixture
def _external(neo4j: EmbeddedNeo4j, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands work on the session's database."""
    monkeypatch.setenv("GRAPHCDP_NEO4J_URI", neo4j.connection.uri)
    monkeypatch.setenv("GRAPHCDP_NEO4J_USER", neo4j.connection.user)
    monkeypatch.setenv("GRAPHCDP_NEO4J_PASSWORD", neo4j.connection.password)
    monkeypatch.setenv("COLUMNS", "200")
