"""Segments over GraphQL: edits and their errors, lists both ways, previews, and a customer's segments without N+1."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from graphcdp.api import segments
from graphcdp.api.context import Context
from graphcdp.api.schema import schema
from graphcdp.model.principals import OWNER
from graphcdp.model.statement import Statement
from graphcdp.read.segments import estimate_meeting
from graphcdp.record.recorder import Recorder
from graphcdp.settings import Settings
from graphcdp.store import Store

Json = dict[str, Any]
Ask = Callable[..., Awaitable[Json]]

CREATE = """mutation($input: CreateSegmentInput!) { createSegment(input: $input) {
  segment { id key name description kind status rule ruleText version size { value precision } createdAt updatedAt }
  errors { __typename code message path
    ... on InvalidInputError { expected } ... on ConflictError { current { id } } ... on LimitError { limit actual } }
} }"""
UPDATE = """mutation($input: UpdateSegmentInput!) { updateSegment(input: $input) {
  segment { name description version status ruleText } errors { __typename message path }
} }"""
DELETE = """mutation($input: DeleteSegmentInput!) { deleteSegment(input: $input) {
  deletedId errors { __typename message path }
} }"""

PRO = {"trait": {"path": "plan", "is": {"eq": "pro"}}}


@pytest.fixture
def context(store: Store, recorder: Recorder) -> Callable[[], Context]:
    settings = Settings(query_timeout_s=30)
    return lambda: Context(store=store, recorder=recorder, settings=settings, principal=OWNER)


@pytest.fixture
def answer(context: Callable[[], Context]) -> Ask:
    async def execute(document: str, **variables: Any) -> Json:
        result = await schema.execute(document, variable_values=variables, context_value=context())
        return {"data": result.data, "errors": [error.formatted for error in result.errors or []]}

    return execute


@pytest.fixture
def ask(answer: Ask) -> Ask:
    async def data(document: str, **variables: Any) -> Json:
        found = await answer(document, **variables)
        assert not found["errors"], found["errors"]
        values: Json = found["data"]
        return values

    return data


async def create(ask: Ask, key: str, where: Json = PRO, **more: Any) -> Json:
    found: Json = (await ask(CREATE, input={"key": key, "name": key, "where": where, **more}))["createSegment"]
    return found


async def people(recorder: Recorder, *names: str, plan: str = "pro") -> None:
    await recorder.record(
        [{"type": "identify", "identifiers": [("user", name)], "traits": {"plan": plan}} for name in names]
    )


async def test_what_a_created_segment_tells(ask: Ask, recorder: Recorder) -> None:
    await people(recorder, "ann", "bob")
    made = await create(ask, "pro", description="Paying.")
    segment = made["segment"]
    assert made["errors"] == []
    assert segment["id"].startswith("seg_")
    assert (segment["key"], segment["description"], segment["kind"], segment["status"]) == (
        "pro",
        "Paying.",
        "RULE",
        "LIVE",
    )
    assert segment["size"] == {"value": 2, "precision": "EXACT"}
    assert segment["ruleText"] == 'plan = "pro"'
    assert (await create(ask, "again", where=_parsed(segment["rule"])))["errors"] == []


def _parsed(rule: Any) -> Json:
    """The rule as a client has it: inside the server it is text that goes out unparsed."""
    found: Json = rule.parsed() if hasattr(rule, "parsed") else rule
    return found


REFUSED = [
    ({"key": "No Key"}, "InvalidInputError", ["key"]),
    ({"key": "taken"}, "ConflictError", ["key"]),
    ({"name": " "}, "InvalidInputError", ["name"]),
    ({"where": {"inSegment": {"key": "unknown"}}}, "NotFoundError", ["where", "inSegment"]),
    (
        {"where": {"all": [PRO, {"did": {"event": {"name": "a"}, "during": {"since": "soon"}}}]}},
        "InvalidInputError",
        ["where", "all", "1", "did", "during", "since"],
    ),
    ({"where": {"trait": {"path": "a", "is": {"eq": []}}}}, "InvalidInputError", ["where", "trait", "is", "eq"]),
]


@pytest.mark.parametrize(("given", "kind", "path"), REFUSED)
async def test_refused_creations(ask: Ask, given: Json, kind: str, path: list[str]) -> None:
    await create(ask, "taken")
    made = (await ask(CREATE, input={"key": "new", "name": "New", "where": PRO, **given}))["createSegment"]
    (error,) = made["errors"]
    assert made["segment"] is None
    assert (error["__typename"], error["path"]) == (kind, path)


async def test_an_edit_and_a_deletion(ask: Ask, recorder: Recorder) -> None:
    made = await create(ask, "pro", description="Paying.")
    by_key = {"segment": {"key": "pro"}}
    edit: Json = {**by_key, "version": 1, "name": "Pros", "description": None, "where": {"any": []}, "paused": True}
    edited = (await ask(UPDATE, input=edit))["updateSegment"]
    assert edited["segment"] == {
        "name": "Pros",
        "description": None,
        "version": 2,
        "status": "PAUSED",
        "ruleText": "nobody",
    }
    (error,) = (await ask(UPDATE, input={**by_key, "version": 1}))["updateSegment"]["errors"]
    assert (error["__typename"], error["path"]) == ("ConflictError", ["version"])
    (error,) = (await ask(DELETE, input={"segment": {"key": ""}}))["deleteSegment"]["errors"]
    assert (error["__typename"], error["path"]) == ("InvalidInputError", ["segment", "key"])
    assert (await ask(DELETE, input=by_key))["deleteSegment"] == {"deletedId": made["segment"]["id"], "errors": []}
    assert (await ask('{ segment(by: {key: "pro"}) { id } }'))["segment"] is None
    (error,) = (await ask(DELETE, input=by_key))["deleteSegment"]["errors"]
    assert error["__typename"] == "NotFoundError"


SEGMENTS = """query($search: String, $first: Int, $after: String, $last: Int, $before: String) {
  segments(search: $search, first: $first, after: $after, last: $last, before: $before) {
    nodes { key } totalCount { value } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""


async def test_segments_by_name_both_ways(ask: Ask) -> None:
    for name in ("beta", "Alpha", "delta", "Gamma", "Étage"):
        await create(ask, name.lower().replace("é", "e"), name=name)

    async def page(**arguments: Any) -> tuple[list[str], Json]:
        found = (await ask(SEGMENTS, **arguments))["segments"]
        return [node["key"] for node in found["nodes"]], found

    assert (await page())[0] == ["alpha", "beta", "delta", "gamma", "etage"]
    keys, first = await page(first=2)
    assert (keys, first["totalCount"]["value"]) == (["alpha", "beta"], 5)
    keys, second = await page(first=2, after=first["pageInfo"]["endCursor"])
    assert (keys, second["pageInfo"]["hasNextPage"]) == (["delta", "gamma"], True)
    assert (await page(last=2, before=second["pageInfo"]["startCursor"]))[0] == ["alpha", "beta"]
    assert (await page(last=1))[0] == ["etage"]
    keys, found = await page(search="ETA")
    assert (keys, found["totalCount"]["value"]) == (["beta", "etage"], 2)


MEMBERS = """query($first: Int, $after: String, $last: Int) { segment(by: {key: "pro"}) {
  size { value }
  members(first: $first, after: $after, last: $last) {
    edges { cursor enteredAt node { displayName } } nodes { displayName }
    totalCount { value precision } pageInfo { hasNextPage endCursor }
  }
} }"""


async def test_members_who_entered_last_come_first(ask: Ask, recorder: Recorder) -> None:
    await create(ask, "pro")
    for name in ("ann", "bob", "cem"):
        await people(recorder, name)
    page = (await ask(MEMBERS, first=2))["segment"]["members"]
    assert [node["displayName"] for node in page["nodes"]] == ["cem", "bob"]
    assert page["totalCount"] == {"value": 3, "precision": "EXACT"}
    assert page["edges"][0]["enteredAt"] > page["edges"][1]["enteredAt"]
    rest = (await ask(MEMBERS, first=2, after=page["pageInfo"]["endCursor"]))["segment"]["members"]
    assert ([node["displayName"] for node in rest["nodes"]], rest["pageInfo"]["hasNextPage"]) == (["ann"], False)
    back = (await ask(MEMBERS, last=2))["segment"]["members"]
    assert [node["displayName"] for node in back["nodes"]] == ["bob", "ann"]


PREVIEW = """query($where: CustomerPredicate!, $sample: Int! = 5) { previewSegment(where: $where, sample: $sample) {
  count { value precision } standardError share sample { displayName } ruleText
} }"""


async def test_a_preview_counts_and_shows(ask: Ask, answer: Ask, recorder: Recorder) -> None:
    assert (await ask(PREVIEW, where=PRO))["previewSegment"]["share"] == 0
    await people(recorder, "ann", "bob", "cem")
    await people(recorder, "dan", plan="free")
    found = (await ask(PREVIEW, where=PRO, sample=2))["previewSegment"]
    assert (found["count"], found["share"]) == ({"value": 3, "precision": "EXACT"}, 0.75)
    assert found["standardError"] == 0
    assert len(found["sample"]) == 2
    assert found["ruleText"] == 'plan = "pro"'
    (error,) = (await answer(PREVIEW, where={"not": {"inSegment": {"key": "no"}}}))["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "There is no segment 'no'" in error["message"]


async def test_a_preview_that_takes_too_long_estimates(ask: Ask, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "UNWIND range(1, 8000) AS n CREATE (:Customer {id: 'c' + n, `traits.n`: n % 4})"
    await store.transact(lambda tx: tx.run_generated(Statement(text)))
    monkeypatch.setattr(segments, "estimate_meeting", partial(estimate_meeting, exact_s=0))
    found = (await ask(PREVIEW, where={"trait": {"path": "n", "is": {"eq": 1}}}, sample=0))["previewSegment"]
    assert found["count"]["precision"] == "ESTIMATE"
    assert abs(found["count"]["value"] - 2000) < 3 * found["standardError"] < 150
    assert found["share"] == found["count"]["value"] / 8000


OF_CUSTOMERS = """query($where: CustomerPredicate!) { customers(order: OLDEST, where: {hasIdentifier: "user"}) { nodes {
  displayName
  segments { edges { cursor enteredAt node { key name } } totalCount { value } pageInfo { hasNextPage } }
  lastOne: segments(last: 1) { nodes { key } pageInfo { hasPreviousPage } }
  inPro: inSegment(key: "pro") inUnknown: inSegment(key: "unknown")
  matches(where: $where) isOne: matches(where: {trait: {path: "n", is: {eq: 1}}})
  isTrue: matches(where: {trait: {path: "n", is: {eq: true}}})
} } }"""


async def test_segments_of_customers_with_few_statements(ask: Ask, store: Store, recorder: Recorder) -> None:
    await create(ask, "pro")
    await create(ask, "everybody", where={"all": []})

    async def statements() -> tuple[int, list[Json]]:
        before = store.statements_run
        nodes = (await ask(OF_CUSTOMERS, where={"inSegment": {"key": "pro"}}))["customers"]["nodes"]
        return store.statements_run - before, nodes

    await recorder.record([{"type": "identify", "identifiers": [("user", "ann")], "traits": {"plan": "pro", "n": 1}}])
    for_one, nodes = await statements()
    (ann,) = nodes
    assert sorted(edge["node"]["key"] for edge in ann["segments"]["edges"]) == ["everybody", "pro"]
    assert ann["segments"]["totalCount"] == {"value": 2}
    assert ann["lastOne"]["pageInfo"] == {"hasPreviousPage": True}
    assert (ann["inPro"], ann["inUnknown"], ann["matches"]) == (True, False, True)
    assert (ann["isOne"], ann["isTrue"]) == (True, False)

    await people(recorder, "bob", "cem", plan="free")
    for_three, nodes = await statements()
    assert [(node["displayName"], node["inPro"], node["matches"]) for node in nodes] == [
        ("ann", True, True),
        ("bob", False, False),
        ("cem", False, False),
    ]
    assert for_three == for_one


async def test_a_segment_by_its_id(ask: Ask) -> None:
    segment_id = (await create(ask, "pro"))["segment"]["id"]
    document = "query($id: ID!) { node(id: $id) { id ... on Segment { key } } segment(by: {id: $id}) { key } }"
    assert await ask(document, id=segment_id) == {
        "node": {"id": segment_id, "key": "pro"},
        "segment": {"key": "pro"},
    }


async def test_how_much_two_segments_have_in_common(ask: Ask, answer: Ask, recorder: Recorder) -> None:
    await people(recorder, "u1", "u2", "u3")
    await people(recorder, "u4", plan="free")
    await create(ask, "pro")
    await create(ask, "everybody", {"hasIdentifier": "user"})
    await create(ask, "free", {"trait": {"path": "plan", "is": {"eq": "free"}}})
    document = """query($by: SegmentRef!, $with: SegmentRef!) {
      segment(by: $by) { overlap(with: $with) { value precision } } }"""
    for one, other, total in (("pro", "everybody", 3), ("everybody", "pro", 3), ("pro", "free", 0), ("pro", "pro", 3)):
        found = await ask(document, by={"key": one}, **{"with": {"key": other}})
        assert found["segment"]["overlap"] == {"value": total, "precision": "EXACT"}
    (error,) = (await answer(document, by={"key": "pro"}, **{"with": {"key": "none"}}))["errors"]
    assert error["path"] == ["segment", "overlap"]


PARSE = "query($text: String!) { parseRule(text: $text) { rule text errors { __typename message path } } }"


async def test_a_rule_is_read_from_text(ask: Ask) -> None:
    found = (await ask(PARSE, text='plan = "pro" and did Order at least 1 times'))["parseRule"]
    assert found == {
        "rule": {"all": [PRO, {"did": {"event": {"name": "Order"}}}]},
        "text": 'plan = "pro" and did "Order"',
        "errors": [],
    }
    assert (await create(ask, "buyers", where=found["rule"]))["segment"]["ruleText"] == found["text"]
    found = (await ask(PARSE, text="plan = pro"))["parseRule"]
    (error,) = found["errors"]
    assert (found["rule"], found["text"]) == (None, None)
    assert (error["__typename"], error["path"]) == ("InvalidInputError", ["text", "1:8"])
    assert error["message"].endswith("plan = pro\n         ^")


async def who(ask: Ask, key: str, where: Json) -> list[str]:
    """Names of the members of a segment, who are those whom its condition filters."""
    names = "nodes { displayName }"
    found = await ask(
        f"query($where: CustomerPredicate, $key: String!) {{ customers(where: $where) {{ {names} }} "
        f"segment(by: {{key: $key}}) {{ members {{ {names} }} }} }}",
        where=where,
        key=key,
    )
    assert found["customers"]["nodes"] == found["segment"]["members"]["nodes"]
    return [node["displayName"] for node in found["customers"]["nodes"]]


async def test_predictions_are_traits(ask: Ask, recorder: Recorder) -> None:
    likely: Json = {"trait": {"path": "predictions.churn", "is": {"gte": 0.7}}}
    await create(ask, "leaving", where=likely)
    for name, churn in (("ann", 0.8), ("bob", 0.1)):
        traits = {"predictions": {"churn": churn}}
        await recorder.record([{"type": "identify", "identifiers": [("user", name)], "traits": traits}])
    assert await who(ask, "leaving", likely) == ["ann"]


def track(name: str, event: str, at: datetime) -> Json:
    return {"type": "track", "id": f"{name} {event} {at}", "name": event, "identifiers": [("user", name)], "at": at}


async def test_aggregates_orders_and_numbers_of_identifiers(ask: Ask, recorder: Recorder) -> None:
    conditions: list[Json] = [
        {
            "aggregate": {
                "event": {"name": "Order"},
                "property": "total",
                "measure": "SUM",
                "during": {"within": "P30D"},
                "is": {"gte": 100},
            }
        },
        {
            "didInOrder": {
                "steps": [{"name": "Cart"}, {"name": "Order"}],
                "within": "P1D",
                "without": {"name": "Return"},
            }
        },
        {"identifiers": {"kind": "device", "times": {"atLeast": 2}}},
    ]
    for number, where in enumerate(conditions):
        await create(ask, f"s{number}", where=where)
    for name, devices, between in (("ann", ["a1", "a2"], "View"), ("bob", ["b1"], "Return")):
        identifiers = [("user", name), *(("device", device) for device in devices)]
        await recorder.record([{"type": "identify", "identifiers": identifiers}])
        for minutes, event, total in ((9, "Cart", None), (6, between, None), (3, "Order", 33.3), (2, "Order", 33.3)):
            message = track(name, event, datetime.now(UTC) - timedelta(minutes=minutes))
            await recorder.record([message | ({} if total is None else {"properties": {"total": total}})])
    await recorder.record([track("bob", "Order", datetime.now(UTC)) | {"properties": {"total": 33.4}}])
    found = [await who(ask, f"s{number}", where) for number, where in enumerate(conditions)]
    assert found == [["bob"], ["ann"], ["ann"]]
