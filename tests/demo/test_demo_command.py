"""The demo ends with 604 customers and one of them on the screen; started again, it loads nothing twice."""

import json
import os
import subprocess
import sys

import pytest
from graphql import parse, validate

from graphcdp.api.schema import schema
from graphcdp.demo import complete_journey as data
from graphcdp.demo import tour
from graphcdp.embedded import EmbeddedNeo4j
from graphcdp.model.statement import Statement
from graphcdp.store import Store

# The load is most of a minute's work for two cores.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def environment(neo4j: EmbeddedNeo4j) -> dict[str, str]:
    """The environment of a command that works on the tests' database."""
    connection = neo4j.connection
    return {
        **os.environ,
        "GRAPHCDP_NEO4J_URI": connection.uri,
        "GRAPHCDP_NEO4J_USER": connection.user,
        "GRAPHCDP_NEO4J_PASSWORD": connection.password,
    }


@pytest.mark.parametrize(
    "document", [*(operation.document for operation in tour.operations()), tour.CREATE_SEGMENT, tour.CUSTOMERS_TOTAL]
)
def test_operations_are_valid(document: str) -> None:
    assert validate(schema._schema, parse(document)) == []


def test_operations_say_what_they_show() -> None:
    assert all(operation.shows.endswith(".") for operation in tour.operations())
    assert not any(operation.document.startswith("#") for operation in tour.operations())


def test_the_sign_in_is_on_a_device_of_the_data_that_nobody_claimed() -> None:
    named = [dict(message["identifiers"]) for message in data.messages()]
    device = "12e5b63a31ffa78c9d08"
    assert device in tour.operations()[-1].document
    assert sum(identifiers.get("device") == device for identifiers in named) == 2
    assert not any(identifiers.get("device") == device and "user" in identifiers for identifiers in named)


async def test_load_only_and_again(environment: dict[str, str], store: Store) -> None:
    answers = []
    for _ in range(2):
        done = run_demo(environment)
        assert done.returncode == 0, done.stderr
        assert "17,759 messages make 604 customers" in done.stderr
        answers.append(json.loads(done.stdout)["data"]["customer"])
    assert answers[0] == answers[1]
    customer = answers[0]
    assert customer["displayName"] == "hh-1146"
    assert customer["devices"]["totalCount"]["value"] == 8
    assert {edge["node"]["key"] for edge in customer["segments"]["edges"]} == {
        "weekly_shoppers",
        "coupon_users",
        "families",
    }
    assert await counts(store) == {
        "customers": data.CUSTOMERS,
        "events": data.MESSAGES - 85,
        "statements": 85,
        "devices": data.DEVICES,
        "claimed": data.DEVICES_CLAIMED,
        "rejected": 0,
    }
    await store.transact(lambda tx: tx.run_generated(Statement("MATCH (n:Event) WITH n LIMIT 900 DETACH DELETE n")))
    assert run_demo(environment).returncode == 0
    assert (await counts(store))["events"] == data.MESSAGES - 85, "a load that was cut short is completed"


async def test_other_customers_are_left_alone(environment: dict[str, str], store: Store) -> None:
    await store.transact(lambda tx: tx.run_generated(Statement("CREATE (:Customer {id: 'cus_other'})")))
    done = run_demo(environment)
    assert done.returncode == 1
    assert "1 customer that is not the demo's" in done.stderr


def run_demo(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "graphcdp", "demo", "--load-only"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500, check=False)


async def counts(store: Store) -> dict[str, int]:
    """What the graph holds."""
    statement = Statement(
        "RETURN count { (:Customer) } AS customers, count { (:Event) } AS events, "
        "count { (:Statement) } AS statements, count { (:Device) } AS devices, count { (:Rejected) } AS rejected, "
        "count { (d:Device)-[:IDENTIFIES]->(:Customer)<-[:IDENTIFIES]-(:User) } AS claimed"
    )
    (row,) = await store.read_generated(statement)
    return row
