"""Over GraphQL: versions, going back, archives, sizes over time, and what previews compare."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graphcdp.api.context import Context
from graphcdp.api.schema import executor, schema
from graphcdp.model.principals import OWNER, Principal, Scope, key_principal
from graphcdp.record.recorder import Recorder
from graphcdp.record.segment_sizes import measure_sizes
from graphcdp.settings import Settings
from graphcdp.store import Store

Json = dict[str, Any]
Answer = Callable[..., Awaitable[Json]]

NOW = datetime(2026, 3, 31, 12, 20, tzinfo=UTC)
ANN = key_principal("key_ann", [Scope.ADMIN], "Ann's key")
PRO = {"trait": {"path": "plan", "is": {"eq": "pro"}}}
A = {"segment": {"key": "a"}}

CREATE = """mutation($input: CreateSegmentInput!) { createSegment(input: $input) { errors { message } } }"""
UPDATE = """mutation($input: UpdateSegmentInput!) { updateSegment(input: $input) { errors { message } } }"""
MOVE = """mutation($input: %sSegmentInput!) { %sSegment(input: $input) {
  segment { key name version status ruleText size { value } } errors { __typename message path }
} }"""
ARCHIVE, RESTORE, REVERT = (MOVE % (name, name.lower()) for name in ("Archive", "Restore", "Revert"))


@pytest.fixture
def answer(store: Store, recorder: Recorder) -> Answer:
    async def execute(document: str, principal: Principal = OWNER, **variables: Any) -> Json:
        context = Context(store=store, recorder=recorder, settings=Settings(), principal=principal, clock=lambda: NOW)
        result = await schema.execute(document, variable_values=variables, context_value=context)
        assert not result.errors, result.errors
        assert result.data is not None
        return result.data

    return execute


async def create(answer: Answer, key: str, where: Json = PRO, principal: Principal = OWNER) -> None:
    made = await answer(CREATE, principal, input={"key": key, "name": key, "where": where})
    assert made["createSegment"]["errors"] == []


async def people(recorder: Recorder, **plans: str) -> None:
    await recorder.record(
        [{"type": "identify", "identifiers": [("user", who)], "traits": {"plan": plan}} for who, plan in plans.items()]
    )


VERSIONS = """query($first: Int, $after: String, $last: Int) { segment(by: {key: "a"}) {
  versions(first: $first, after: $after, last: $last) {
    nodes { number by byName action changed name ruleText previous { number name previous { number } } }
    totalCount { value } pageInfo { hasNextPage endCursor }
  } } }"""


async def test_versions_tell_who_changed_what(answer: Answer) -> None:
    await create(answer, "a", principal=ANN)
    for number in range(1, 4):
        await answer(UPDATE, input={**A, "version": number, "name": f"Name {number + 1}"})
    page = (await answer(VERSIONS, first=2))["segment"]["versions"]
    assert page["totalCount"] == {"value": 4}
    assert [(node["number"], node["changed"], node["by"]) for node in page["nodes"]] == [
        (4, ["NAME"], "owner"),
        (3, ["NAME"], "owner"),
    ]
    assert page["nodes"][0]["previous"] == {"number": 3, "name": "Name 3", "previous": {"number": 2}}
    rest = (await answer(VERSIONS, first=2, after=page["pageInfo"]["endCursor"]))["segment"]["versions"]
    oldest = rest["nodes"][1]
    assert (oldest["by"], oldest["byName"], oldest["action"], oldest["previous"]) == (
        *("key_ann", "Ann's key", "CREATED"),
        None,
    )
    assert rest["pageInfo"]["hasNextPage"] is False
    assert [node["number"] for node in (await answer(VERSIONS, last=1))["segment"]["versions"]["nodes"]] == [1]


async def test_an_archive_hides_and_a_restore_brings_back(answer: Answer, recorder: Recorder) -> None:
    await people(recorder, ann="pro")
    await create(answer, "a")
    await create(answer, "b", {"inSegment": {"key": "a"}})
    (error,) = (await answer(ARCHIVE, input=A))["archiveSegment"]["errors"]
    assert (error["__typename"], error["path"]) == ("ConflictError", ["segment"])
    await answer(ARCHIVE, input={"segment": {"key": "b"}})
    gone = (await answer(ARCHIVE, input=A))["archiveSegment"]["segment"]
    assert (gone["status"], gone["version"], gone["size"]) == ("ARCHIVED", 2, {"value": 0})
    lists = """{ listed: segments { nodes { key } totalCount { value } }
      archived: segments(statuses: [ARCHIVED]) { nodes { key } totalCount { value } } }"""
    assert await answer(lists) == {
        "listed": {"nodes": [], "totalCount": {"value": 0}},
        "archived": {"nodes": [{"key": "a"}, {"key": "b"}], "totalCount": {"value": 2}},
    }
    (error,) = (await answer(RESTORE, input={"segment": {"key": "b"}}))["restoreSegment"]["errors"]
    assert "'a' is archived" in error["message"]
    back = (await answer(RESTORE, input=A))["restoreSegment"]["segment"]
    assert (back["status"], back["version"], back["size"]) == ("LIVE", 3, {"value": 1})
    (error,) = (await answer(ARCHIVE, input={"segment": {"key": "none"}}))["archiveSegment"]["errors"]
    assert error["__typename"] == "NotFoundError"


async def test_back_to_an_older_version(answer: Answer, recorder: Recorder) -> None:
    await people(recorder, ann="pro")
    await create(answer, "a")
    await answer(UPDATE, input={**A, "version": 1, "name": "B", "where": {"any": []}})
    back = (await answer(REVERT, input={**A, "version": 2, "to": 1}))["revertSegment"]["segment"]
    assert back == {
        "key": "a",
        "name": "a",
        "version": 3,
        "status": "LIVE",
        "ruleText": 'plan = "pro"',
        "size": {"value": 1},
    }
    (error,) = (await answer(REVERT, input={**A, "version": 3, "to": 8}))["revertSegment"]["errors"]
    assert (error["__typename"], error["path"]) == ("NotFoundError", ["to"])
    (error,) = (await answer(REVERT, input={**A, "version": 1, "to": 1}))["revertSegment"]["errors"]
    assert (error["__typename"], error["path"]) == ("ConflictError", ["version"])


SIZES = """query($during: TimeRange, $every: SegmentSizeStep! = DAY) { segment(by: {key: "a"}) {
  sizeHistory(during: $during, every: $every) { at size } } }"""


async def test_sizes_over_time(answer: Answer, recorder: Recorder, store: Store) -> None:
    await create(answer, "a")
    for days in (40, 29, 1):
        await people(recorder, **{f"u{days}": "pro"})
        await measure_sizes(store, NOW - timedelta(days=days))
    await measure_sizes(store, NOW)

    async def points(**arguments: Any) -> list[tuple[str, int]]:
        found = (await answer(SIZES, **arguments))["segment"]["sizeHistory"]
        return [(str(point["at"])[:13], point["size"]) for point in found]

    assert [size for _, size in await points()] == [2, 3, 3]
    assert [size for _, size in await points(during={"within": "P50D"})] == [1, 2, 3, 3]
    hours = await points(every="HOUR", during={"since": "2026-03-30T00:00:00Z", "until": "2026-03-31T00:00:00Z"})
    assert len(hours) == 1
    with pytest.raises(AssertionError, match="at most 1000 points"):
        await points(every="HOUR", during={"within": "P1Y"})


PREVIEW = """query($where: CustomerPredicate!, $segment: SegmentRef, $first: Int! = 10) {
  previewSegment(where: $where, segment: $segment) {
    count { value } difference { entering leaving }
    overlaps(first: $first) { both size share segment { key } }
  } }"""


async def test_a_preview_compares(answer: Answer, recorder: Recorder) -> None:
    await people(recorder, ann="pro", bob="pro", cem="free", dan="old")
    await create(answer, "everybody", {"hasIdentifier": "user"})
    await create(answer, "pro")
    await create(answer, "free", {"trait": {"path": "plan", "is": {"eq": "free"}}})
    await create(answer, "gone", {"hasIdentifier": "user"})
    await answer(ARCHIVE, input={"segment": {"key": "gone"}})
    where = {"trait": {"path": "plan", "is": {"in": ["pro", "old"]}}}
    found = (await answer(PREVIEW, where=where))["previewSegment"]
    assert found == {
        "count": {"value": 3},
        "difference": None,
        "overlaps": [
            {"both": 3, "size": 4, "share": 0.75, "segment": {"key": "everybody"}},
            {"both": 2, "size": 2, "share": 1.0, "segment": {"key": "pro"}},
        ],
    }
    assert len((await answer(PREVIEW, where=where, first=1))["previewSegment"]["overlaps"]) == 1
    compared = (await answer(PREVIEW, where=where, segment={"key": "everybody"}))["previewSegment"]
    assert compared["difference"] == {"entering": 0, "leaving": 1}
    compared = (await answer(PREVIEW, where={"any": []}, segment={"key": "pro"}))["previewSegment"]
    assert (compared["difference"], compared["overlaps"]) == ({"entering": 0, "leaving": 2}, [])
    compared = (await answer(PREVIEW, where=where, segment={"key": "free"}))["previewSegment"]
    assert compared["difference"] == {"entering": 3, "leaving": 1}
    with pytest.raises(AssertionError, match="no such segment"):
        await answer(PREVIEW, where=where, segment={"key": "none"})
    with pytest.raises(AssertionError, match="or it is archived"):
        await answer(PREVIEW, where={"inSegment": {"key": "gone"}})


async def test_a_preview_takes_few_statements_and_writes_nothing(
    answer: Answer, recorder: Recorder, store: Store
) -> None:
    await people(recorder, ann="pro")
    for key in ("a", "b", "c"):
        await create(answer, key)
    before = store.statements_run
    await answer(PREVIEW, where=PRO, segment={"key": "a"})
    # The segment, the count, the difference, the overlaps, and the segments of these together.
    assert store.statements_run - before <= 5


async def test_a_planned_past_is_one_statement(answer: Answer, recorder: Recorder, store: Store) -> None:
    await create(answer, "a")
    await measure_sizes(store, NOW)
    document = """{ segment(by: {key: "a"}) { versions { nodes { number previous { number } } totalCount { value } }
      sizeHistory { size } } }"""
    context = Context(store=store, recorder=recorder, settings=Settings(), principal=OWNER, clock=lambda: NOW)
    assert executor.statement(document, {}, context) is not None
