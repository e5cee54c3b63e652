"""docs/discovery.md over HTTP: a search is asked for, its suggestions are read and taken; who behaves alike."""

from typing import Any

from graphcdp.record.background import follow_job
from graphcdp.record.recorder import Recorder
from graphcdp.store import Store
from tests.api.conftest import Caller
from tests.insight.graph import messages

Json = dict[str, Any]

DISCOVER = """mutation($input: DiscoverSegmentsInput!) { discoverSegments(input: $input) {
  job { id kind } errors { __typename message path }
} }"""
JOB = """query($id: ID!) { job(id: $id) { status progress failure result { __typename ... on SegmentDiscovery {
  customers
  suggestions { name rule ruleText size { value precision } share quality precision recall
    distinctions { text lift share } }
} } } }"""
CREATE = """mutation($input: CreateSegmentInput!) { createSegment(input: $input) {
  segment { size { value }
    distinctions(first: 3) { text lift share }
    lookalikes(first: 3) { similarity reasons { text weight } customer { id inSegment(key: "found") } } }
  errors { message path }
} }"""
ALIKE = """query($id: ID!) { customer(by: {id: $id}) {
  lookalikes(first: 2) { customer { id } reasons { text } }
} }"""


async def test_a_suggestion_is_found_read_and_taken(caller: Caller, store: Store, recorder: Recorder) -> None:
    found, _ = messages()
    await recorder.record(found)
    features = ["Order Completed", "Page Viewed"]
    answer = (await caller.ask(DISCOVER, input={"features": features, "count": 3}))["discoverSegments"]
    assert (answer["job"]["kind"], answer["errors"]) == ("DISCOVERY", [])
    job = answer["job"]["id"]
    await follow_job(store, job)
    told = (await caller.ask(JOB, id=job))["job"]
    assert (told["status"], told["progress"], told["failure"]) == ("SUCCEEDED", 1.0, None)
    suggestions = told["result"]["suggestions"]
    assert 1 <= len(suggestions) <= 3
    best = suggestions[0]
    assert best["size"]["precision"] == "EXACT"
    assert all(0 < best[name] <= 1 for name in ("share", "quality", "precision", "recall"))
    assert best["distinctions"]

    made = await caller.ask(CREATE, input={"key": "found", "name": best["name"], "where": best["rule"]})
    segment = made["createSegment"]["segment"]
    assert segment["size"]["value"] == best["size"]["value"]
    assert len(segment["distinctions"]) == 3
    assert len(segment["lookalikes"]) == 3
    assert not any(one["customer"]["inSegment"] for one in segment["lookalikes"])
    assert all(0 < one["similarity"] <= 1 for one in segment["lookalikes"])
    one = segment["lookalikes"][0]["customer"]["id"]
    alike = (await caller.ask(ALIKE, id=one))["customer"]["lookalikes"]
    assert len(alike) == 2
    assert one not in {found["customer"]["id"] for found in alike}


REFUSED = [
    ({"count": 0}, "InvalidInputError", ["count"]),
    ({"minimumShare": 0.9}, "InvalidInputError", ["minimumShare"]),
    ({"features": []}, "InvalidInputError", ["features"]),
    ({"within": {"trait": {"path": "plan", "is": {"eq": []}}}}, "InvalidInputError", ["within", "trait", "is", "eq"]),
    ({"within": {"inSegment": {"key": "unknown"}}}, "NotFoundError", ["within", "inSegment"]),
]


async def test_a_search_that_cannot_be_done_is_refused(caller: Caller) -> None:
    for given, kind, path in REFUSED:
        answer = (await caller.ask(DISCOVER, input=given))["discoverSegments"]
        (error,) = answer["errors"]
        assert answer["job"] is None
        assert (error["__typename"], error["path"]) == (kind, path)


async def test_who_asks_for_likeness_too_early_or_too_much_is_told(caller: Caller, recorder: Recorder) -> None:
    await recorder.record([{"type": "identify", "identifiers": [("user", "ann")]}])
    document = """query($first: Int!) { customer(by: {userId: "ann"}) { lookalikes(first: $first) { similarity } } }"""
    assert "discoverSegments" in (await caller.failure(document, first=1))["message"]
    assert (await caller.failure(document, first=51))["path"] == ["customer", "lookalikes"]
