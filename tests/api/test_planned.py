"""Planned fields beside others, when things go wrong, and values at the edges of what text can be."""

import asyncio
from typing import Any

import orjson
import pytest

from graphcdp.api.answers import answer_of, to_bytes
from graphcdp.api.context import Context
from graphcdp.api.schema import executor, schema
from graphcdp.embedded import EmbeddedNeo4j
from graphcdp.model.principals import OWNER, Scope, key_principal, visitor_principal
from graphcdp.record.recorder import Recorder
from graphcdp.settings import Settings
from graphcdp.store import Store
from graphcdp.store.neo4j import read_timeout_s
from tests.api.conftest import Caller, event, record

MIXED = """query Mixed($who: CustomerRef!) {
  asking: caller { kind }
  __typename
  who: customer(by: $who) { displayName }
  then: snapshot(of: { userId: "nobody" }, at: "2026-01-01T00:00:00Z") { customerId }
  again: customer(by: $who) { id: displayName }
}"""


async def test_planned_fields_stand_among_others_in_the_documents_order(caller: Caller) -> None:
    await record(caller, event("e1", traits={"name": "Ann"}))
    answer = await caller.answer(MIXED, who={"userId": "u1"})
    assert orjson.dumps(answer) == orjson.dumps(
        {
            "data": {
                "asking": {"kind": "OWNER"},
                "__typename": "Query",
                "who": {"displayName": "Ann"},
                "then": None,
                "again": {"id": "Ann"},
            }
        }
    )


async def test_a_bad_argument_leaves_its_neighbours(caller: Caller) -> None:
    await record(caller, event("e1"))
    document = """{ customer(by: {userId: "u1"}) { displayName events(first: 0) { nodes { id } } }
                    other: customer(by: {userId: "u1"}) { displayName } }"""
    answer = await caller.answer(document)
    assert answer["data"] == {"customer": {"displayName": "u1", "events": None}, "other": {"displayName": "u1"}}
    assert [(error["path"], error["extensions"]["code"]) for error in answer["errors"]] == [
        (["customer", "events"], "BAD_USER_INPUT")
    ]


@pytest.mark.parametrize(
    ("document", "data"),
    [
        ('{ who: customer(by: {userId: "u1"}) { id } __typename }', {"who": None, "__typename": "Query"}),
        ('{ nodes(ids: ["cus_1"]) { id } }', None),
    ],
)
async def test_a_database_that_is_gone_is_told_as_by_resolvers(
    neo4j: EmbeddedNeo4j, recorder: Recorder, document: str, data: Any
) -> None:
    async with await Store.open(neo4j.connection) as store:
        context = Context(store=store, recorder=recorder, settings=Settings(), principal=OWNER)
    planned = answer_of(await executor.execute(document, None, context))
    plainly = answer_of(await schema.execute(document, context_value=context))
    assert planned == plainly
    assert planned["data"] == data
    assert {error["extensions"]["code"] for error in planned["errors"]} == {"UNAVAILABLE"}


async def test_a_read_that_takes_too_long_is_ended(store: Store, recorder: Recorder) -> None:
    context = Context(store=store, recorder=recorder, settings=Settings(), principal=OWNER)
    limit = read_timeout_s.set(0.000_001)
    try:
        answer = answer_of(await executor.execute('{ customer(by: {userId: "u1"}) { id } }', None, context))
    finally:
        read_timeout_s.reset(limit)
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["customer"], "TIMEOUT")
    # What was cut off is not used again.
    assert not (await executor.execute('{ customer(by: {userId: "u1"}) { id } }', None, context)).errors


async def test_a_crowd_is_answered_each_its_own_in_fewer_statements(caller: Caller) -> None:
    users = [f"u{number}" for number in range(60)]
    await record(caller, *(event(f"e{user}", by=[{"userId": user}], traits={"name": user.upper()}) for user in users))
    document = """query($user: String!) { customer(by: {userId: $user}) { displayName
                    events(first: 3) { nodes { eventId } } } }"""
    asked = [*users, *(f"nobody{number}" for number in range(4))]
    before = caller.store.statements_run
    answers = await asyncio.gather(*(caller.ask(document, user=user) for user in asked))
    assert [answer["customer"] for answer in answers] == [
        *({"displayName": user.upper(), "events": {"nodes": [{"eventId": f"e{user}"}]}} for user in users),
        *[None] * 4,
    ]
    assert caller.store.statements_run - before < len(asked)


async def test_half_a_character_is_given_back(caller: Caller) -> None:
    await record(caller, event("e1", traits={"plan": "pro"}, properties={"n": 1}))
    document = """query($path: String!) { customer(by: {userId: "u1"}) { traits { json } trait(path: $path) { path }
                  events { nodes { properties { json } } } } }"""
    assert (await caller.ask(document, path="\ud83d"))["customer"]["traits"] == {"json": {"plan": "pro"}}
    answer = {"data": {"bad": "\ud83d", "json": orjson.Fragment('{"n": 1}')}}
    assert to_bytes(answer) == b'{"data":{"bad":"\\ud83d","json":{"n":1}}}'


async def test_names_of_the_caller_never_become_text_of_a_statement(caller: Caller, recorder: Recorder) -> None:
    context = Context(store=caller.store, recorder=recorder, settings=Settings(), principal=OWNER)
    document = '{ sneakyAlias: customer(by: {userId: "sneakyValue"}) { sneakyToo: id } }'
    statement = executor.statement(document, {}, context)
    assert statement is not None
    assert "sneaky" not in statement.text
    assert statement.parameters == {"key_0": "user:sneakyValue"}


async def test_a_refused_field_is_null_with_an_error_at_each_object(caller: Caller, recorder: Recorder) -> None:
    await record(caller, event("e1"), event("e2"))
    visitor = visitor_principal("user:u1")
    context = Context(store=caller.store, recorder=recorder, settings=Settings(), principal=visitor)
    document = "{ me { mergedIds events { edges { node { eventId whose: customer { id } } } } } }"
    assert executor.statement(document, {}, context) is not None, "it is planned"
    answer = answer_of(await executor.execute(document, None, context))
    assert answer["data"]["me"]["mergedIds"] is None
    assert [edge["node"]["whose"] for edge in answer["data"]["me"]["events"]["edges"]] == [None, None]
    nodes = ["me", "events", "edges"]
    assert [(error["path"], error["extensions"]["code"]) for error in answer["errors"]] == [
        (["me", "mergedIds"], "FORBIDDEN"),
        ([*nodes, 0, "node", "whose"], "FORBIDDEN"),
        ([*nodes, 1, "node", "whose"], "FORBIDDEN"),
    ]


async def test_masked_values_stay_in_the_database(caller: Caller, recorder: Recorder) -> None:
    named = [{"userId": "u1"}, {"email": "ann@example.com"}]
    await record(caller, event("e1", by=named, traits={"name": "Ann", "plan": "pro"}, properties={"total": 1}))
    reader = key_principal("key_x", [Scope.READ])
    context = Context(store=caller.store, recorder=recorder, settings=Settings(), principal=reader)
    document = """{ customer(by: {userId: "u1"}) { id displayName email trait(path: "plan") { value }
      traits { json names } identifiers { nodes { value isMasked } } events { nodes { properties { json } } } } }"""
    statement = executor.statement(document, {}, context)
    assert statement is not None
    read = str(await caller.store.read_value(statement))
    assert "u1" in read
    assert not [word for word in ("Ann", "ann@", "pro", "total") if word in read]


async def test_what_the_graph_does_not_have_is_an_error_at_each_object(caller: Caller, recorder: Recorder) -> None:
    create = """mutation($key: String!) {
      createSegment(input: {key: $key, name: $key, where: {hasIdentifier: "user"}}) { errors { message } } }"""
    for key in ("one", "two"):
        await caller.ask(create, key=key)
    document = """{ segments { nodes { key known: overlap(with: {key: "one"}) { value }
                    unknown: overlap(with: {key: "none"}) { value } } } }"""
    context = Context(store=caller.store, recorder=recorder, settings=Settings(), principal=OWNER)
    assert executor.statement(document, {}, context) is not None, "it is planned"
    answer = await caller.answer(document)
    known = {"known": {"value": 0}, "unknown": None}
    assert answer["data"]["segments"]["nodes"] == [{"key": "one", **known}, {"key": "two", **known}]
    assert [(error["path"], error["message"]) for error in answer["errors"]] == [
        (["segments", "nodes", place, "unknown"], "There is no such segment.") for place in (0, 1)
    ]
