"""docs/http.md, rules 11 and 12: what an operation may cost, and that the time limit ends the database's work too."""

import asyncio
from typing import Any

import pytest
from graphql import GraphQLList, GraphQLNonNull, GraphQLObjectType, get_named_type, is_composite_type, parse

from graphcdp.api.answers import AnswerTooLargeError, to_bytes
from graphcdp.api.cost import COST_MAX, prices_of
from graphcdp.api.limits import DIRECTIVES_MAX, measured
from graphcdp.api.scalars import JsonText
from graphcdp.api.schema import schema
from graphcdp.model.errors import DatabaseTimeoutError
from graphcdp.model.statement import Statement
from graphcdp.store import Store
from graphcdp.store.neo4j import read_timeout_s
from tests.api.conftest import RECORD, Caller, event, record

SIZED_ABOVE = {"edges", "results", "sample", "sampleMerges", "sampleSplits"}
SHORT = {"errors", "warnings"}
CONNECTION = "{ nodes { id } }"


def cost(document: str, **variables: Any) -> int:
    return measured(parse(document), variables, schema).cost


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{ __typename }", 0),
        ('{ customer(by: {userId: "u1"}) { id displayName } }', 1),
        ("{ customers(first: 7) { nodes { id } } }", 7),
        ("{ customers { nodes { id } } }", 20),
        ("{ customers(first: 7) { edges { cursor node { id } } pageInfo { endCursor } } }", 7),
        ("{ customers(last: 3) { nodes { events(first: 50) { nodes { name } } } } }", 3 * (1 + 50)),
        ("{ customers(first: 1000000) { nodes { id } } }", 100),
        ("{ customers(first: -1) { nodes { id } } }", 1),
        ('{ customer(by: {userId: "u1"}) { eventCount { value } matches(where: {all: []}) } }', 1 + 5 + 5),
        ('{ nodes(ids: ["a", "b", "c"]) { ... on Customer { events(first: 10) { nodes { id } } } } }', 1 + 3 * 10),
        ("{ previewIdentityRules(rules: {}) { mergeCount } }", 5000),
        ("{ previewIdentityRules(rules: {}, sample: 2) { sampleMerges { customers { id } } } }", 5000 + 2 * (1 + 1)),
        (
            'mutation { recordEvents(input: {events: [{name: "a"}, {name: "b"}]}) { results { customer { id } } } }',
            1 + 2 * 2,
        ),
        ("{ a: customers { nodes { id } } ...F } fragment F on Query { b: customers(first: 5) { nodes { id } } }", 25),
    ],
)
def test_rule_11_what_an_operation_costs(document: str, expected: int) -> None:
    found = cost(document)
    assert found == expected


@pytest.mark.parametrize(
    ("head", "variables", "expected"),
    [
        ("query($n: Int)", {"n": 9}, 9),
        ("query($n: Int)", {}, 20),
        ("query($n: Int)", {"n": None}, 20),
        ("query($n: Int = 90)", {}, 90),
        ("query($n: Int = 90)", {"n": 3}, 3),
        ("query($n: Int)", {"n": True}, 20),
        ("query($n: Int)", {"n": "100"}, 20),
    ],
)
def test_rule_11_sizes_in_variables(head: str, variables: dict[str, Any], expected: int) -> None:
    assert cost(head + " { customers(first: $n) { nodes { id } } }", **variables) == expected


def test_rule_11_lists_in_variables() -> None:
    of_ids = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Customer { devices { nodes { id } } } } }"
    assert cost(of_ids, ids=["a"] * 100) == 1 + 100 * 20
    of_events = "mutation($e: [EventInput!]!) { recordEvents(input: {events: $e}) { results { customer { id } } } }"
    assert cost(of_events, e=[{"name": "x"}] * 1000) == 1 + 1000 * 2
    whole = "mutation($i: RecordEventsInput!) { recordEvents(input: $i) { results { customer { id } } } }"
    assert cost(whole, i={"events": [{"name": "x"}] * 1000}) == 1 + 1000 * 2


def test_rule_11_every_list_has_a_size() -> None:
    prices = prices_of(schema)
    endless = []
    for kind in schema._schema.type_map.values():
        if not isinstance(kind, GraphQLObjectType) or kind.name.startswith("__"):
            continue
        for name, one in kind.fields.items():
            bare = one.type.of_type if isinstance(one.type, GraphQLNonNull) else one.type
            if not isinstance(bare, GraphQLList) or not is_composite_type(get_named_type(bare)):
                continue
            is_page = name == "nodes" and kind.name != "Query"
            if not is_page and name not in SIZED_ABOVE | SHORT and name not in prices.size_by_name:
                endless.append(f"{kind.name}.{name}")
    assert endless == [], "give them `size=` beside their definition"


async def test_rule_11_the_error_tells_what_it_costs(caller: Caller) -> None:
    document = "{ customers(first: 100) { nodes { events(first: 100) { nodes { identifiers { value } } } } } }"
    error = await caller.failure(document)
    assert error["extensions"] == {
        "code": "COST_EXCEEDED",
        "what": "points of cost",
        "limit": COST_MAX,
        "actual": cost(document),
    }
    assert str(cost(document)) in error["message"]


async def test_rule_11_directives(caller: Caller) -> None:
    few = "{ __typename " + "@include(if: true) " + "}"
    await caller.ask(few)
    for document in (
        "{ __typename " + "@x " * (DIRECTIVES_MAX + 1) + "}",
        "{" + " ".join(f"a{n}: __typename @skip(if: false)" for n in range(DIRECTIVES_MAX + 1)) + "}",
        "query " + "@x " * (DIRECTIVES_MAX + 1) + "{ __typename }",
        "query($a: Int " + "@x " * (DIRECTIVES_MAX + 1) + ") { __typename }",
        "{ __typename } fragment F on Query " + "@x " * (DIRECTIVES_MAX + 1) + "{ __typename }",
        "{ __typename } fragment F on Query { __typename " + "@x " * (DIRECTIVES_MAX + 1) + "}",
    ):
        assert (await caller.failure(document))["extensions"]["code"] == "COST_EXCEEDED"


async def test_rule_11_a_full_batch_is_within(caller: Caller) -> None:
    found = await record(caller, *(event(f"e{n}") for n in range(1000)))
    assert found["recorded"] == 1000
    assert cost(RECORD, events=[{}] * 1000) < COST_MAX


def test_rule_11_an_answer_has_a_size() -> None:
    answer = {"data": {"json": [JsonText('"' + "x" * 98 + '"')] * 10}}
    assert len(to_bytes(answer, bytes_max=1100)) < 1100
    with pytest.raises(AnswerTooLargeError, match="1000 bytes"):
        to_bytes(answer, bytes_max=1000)
    with pytest.raises(AnswerTooLargeError):
        to_bytes({"data": "x" * 2000}, bytes_max=1000)


async def test_rule_11_the_time_limit_ends_the_statement(store: Store) -> None:
    endless = Statement("UNWIND range(1, 2000000000) AS n WITH n WHERE n % 7 = 8 RETURN count(n) AS n")
    read_timeout_s.set(0.5)
    try:
        with pytest.raises(DatabaseTimeoutError):
            await store.read_generated(endless)
    finally:
        read_timeout_s.set(30)
    for _ in range(50):
        running = await store.read_generated(
            Statement("SHOW TRANSACTIONS YIELD currentQuery AS q WHERE q STARTS WITH 'UNWIND range' RETURN q")
        )
        if not running:
            return
        await asyncio.sleep(0.1)
    pytest.fail("the statement is still running")
