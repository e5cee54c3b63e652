"""docs/segments.md, rules 13 to 15: creating, changing and deleting segments."""

import asyncio
from datetime import UTC, datetime

import pytest

from graphcdp.model.predicates import SegmentName, parse_predicate
from graphcdp.model.statement import Statement
from graphcdp.record.recorder import Recorder
from graphcdp.record.segment_edits import Changes, create_segment, delete_segment, update_segment
from graphcdp.record.segments import definitions
from graphcdp.segment.definitions import SegmentConflictError, UnknownSegmentError, UnusableValueError
from graphcdp.store import Store

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
EVERYBODY = parse_predicate({"all": []})


def named(key: str) -> SegmentName:
    return SegmentName(key=key)


async def read(store: Store, key: str) -> dict[str, object]:
    (row,) = await store.read("segment/by_keys", keys=[key])
    return row


async def test_what_is_created_can_be_read(store: Store) -> None:
    segment_id = await create_segment(store, "all", "Everybody", "All of them.", EVERYBODY, NOW)
    assert await read(store, "all") == {
        "id": segment_id,
        "key": "all",
        "name": "Everybody",
        "description": "All of them.",
        "kind": "RULE",
        "status": "LIVE",
        "rule": '{"all":[]}',
        "rule_text": "everyone",
        "version": 1,
        "created": NOW,
        "updated": NOW,
        "checked": None,
        "drift": None,
    }


async def test_a_refused_creation_changes_nothing(store: Store) -> None:
    await create_segment(store, "all", "Everybody", None, EVERYBODY, NOW)
    with pytest.raises(SegmentConflictError):
        await create_segment(store, "all", "Again", None, EVERYBODY, NOW)
    unknown = parse_predicate({"inSegment": {"id": "seg_unknown"}})
    with pytest.raises(UnknownSegmentError):
        await create_segment(store, "other", "Other", None, unknown, NOW)
    rows = await store.read_generated(Statement("MATCH (s:Segment) RETURN s.name AS name"))
    assert rows == [{"name": "Everybody"}]


async def test_one_of_several_at_once_gets_the_key(store: Store) -> None:
    made = await asyncio.gather(
        *(create_segment(store, "first", f"Number {number}", None, EVERYBODY, NOW) for number in range(4)),
        return_exceptions=True,
    )
    assert sorted(type(found).__name__ for found in made) == ["SegmentConflictError"] * 3 + ["str"]


async def test_an_edit_changes_what_it_names(store: Store) -> None:
    await create_segment(store, "all", "Everybody", "All of them.", EVERYBODY, NOW)
    await update_segment(store, named("all"), 1, Changes(name="Everyone"), NOW)
    found = await read(store, "all")
    assert (found["name"], found["description"], found["version"]) == ("Everyone", "All of them.", 2)
    await update_segment(store, named("all"), 2, Changes(description=""), NOW)
    assert (await read(store, "all"))["description"] is None


async def test_whoever_knows_the_segments_sees_each_change(store: Store) -> None:
    async def keys() -> list[tuple[str, int, bool]]:
        return [(one.key, one.version, one.building) for one in await definitions(store)]

    assert await keys() == []
    await create_segment(store, "all", "Everybody", None, EVERYBODY, NOW)
    assert await keys() == [("all", 1, False)]
    await create_segment(store, "more", "More", None, EVERYBODY, NOW)
    await update_segment(store, named("all"), 1, Changes(name="Everyone"), NOW)
    assert sorted(await keys()) == [("all", 2, False), ("more", 1, False)]
    await delete_segment(store, named("all"))
    assert await keys() == [("more", 1, False)]
    # As after a restored backup: other segments, of which nobody was told.
    await store.transact(lambda tx: tx.run_generated(Statement("MATCH (n:Segment|SegmentEdition) DETACH DELETE n")))
    assert await keys() == []


async def test_an_edit_of_an_older_version_changes_nothing(store: Store) -> None:
    await create_segment(store, "all", "Everybody", None, EVERYBODY, NOW)
    await update_segment(store, named("all"), 1, Changes(name="Second"), NOW)
    with pytest.raises(SegmentConflictError, match="at version 2, the changes are based on 1"):
        await update_segment(store, named("all"), 1, Changes(name="Third"), NOW)
    assert (await read(store, "all"))["name"] == "Second"


async def test_a_rule_that_leads_back_is_refused(store: Store) -> None:
    await create_segment(store, "a", "A", None, EVERYBODY, NOW)
    await create_segment(store, "b", "B", None, parse_predicate({"inSegment": {"key": "a"}}), NOW)
    back = Changes(rule=parse_predicate({"not": {"inSegment": {"key": "b"}}}))
    with pytest.raises(UnusableValueError, match="leads back here"):
        await update_segment(store, named("a"), 1, back, NOW)


async def test_a_deleted_segment_leaves_nothing(store: Store, recorder: Recorder) -> None:
    await recorder.record([{"name": "Visit", "identifiers": [("user", "ann")]}])
    segment_id = await create_segment(store, "all", "Everybody", None, EVERYBODY, NOW)
    assert await delete_segment(store, SegmentName(id=segment_id)) == segment_id
    rows = await store.read_generated(
        Statement("MATCH (s) WHERE s:Segment OR s:RetiredSegment RETURN count(s) AS segments")
    )
    assert rows == [{"segments": 0}]
    with pytest.raises(UnknownSegmentError):
        await delete_segment(store, named("all"))
    await create_segment(store, "all", "Everybody", None, EVERYBODY, NOW)


async def test_a_segment_in_use_is_not_deleted(store: Store) -> None:
    await create_segment(store, "a", "A", None, EVERYBODY, NOW)
    await create_segment(store, "b", "B", None, parse_predicate({"inSegment": {"key": "a"}}), NOW)
    with pytest.raises(SegmentConflictError, match="b names this segment"):
        await delete_segment(store, named("a"))
    await delete_segment(store, named("b"))
    await delete_segment(store, named("a"))
