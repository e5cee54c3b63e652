"""Statements that are planned once, whatever the graph holds by then, must need no numbers to be planned well."""

import pytest
from neo4j import GraphDatabase

from graphcdp.embedded import EmbeddedNeo4j
from graphcdp.store import statements
from tests.plans import operators

ONCE = "CYPHER replan=skip\n"
NAMES = [name for name in statements.names() if ONCE in statements.text(name)]
BY_NAME = {
    "NodeUniqueIndexSeek",
    "NodeUniqueIndexSeekByRange",
    "NodeByElementIdSeek",
    "DirectedRelationshipByElementIdSeek",
}
FEW = ("force:RulesInForce", "e:SegmentEdition", "s:Segment", "f:Feed")
"""Of which there is one, or as many as people wrote."""


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("name", NAMES)
def test_what_is_planned_once_is_found_by_name_also_when_there_is_nothing(neo4j: EmbeddedNeo4j, name: str) -> None:
    to = neo4j.connection
    text = statements.text(name)
    with GraphDatabase.driver(to.uri, auth=(to.user, to.password)) as driver:
        plan = driver.execute_query(f"EXPLAIN {text.replace(ONCE, '')}").summary.plan
    starts = [(how.partition("(")[0], arguments.get("Details", "")) for how, arguments in operators(plan)]
    found = [(how, what) for how, what in starts if how.endswith(("Seek", "Scan")) and how not in BY_NAME]
    assert all(what.startswith(FEW) or "s:Segment(" in what for _, what in found), found


def test_the_statements_of_every_batch_are_planned_once() -> None:
    assert {"record/lock_identifiers", "record/read_known", "record/write_batch", "feed/append"} <= set(NAMES)
