"""docs/segments.md, rules 15, 17 to 20: what edits leave behind, going back, archives, sizes over time."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graphcdp.model.changes import Change, SegmentEntered, SegmentExited
from graphcdp.model.predicates import Predicate, SegmentName, parse_predicate
from graphcdp.model.statement import Statement
from graphcdp.read.feed import read_changes
from graphcdp.read.segment_sizes import size_histories, span_of
from graphcdp.read.segment_versions import VersionRow, version_page, version_pages
from graphcdp.record.recorder import Recorder
from graphcdp.record.segment_edits import (
    Changes,
    archive_segment,
    create_segment,
    delete_segment,
    restore_segment,
    revert_segment,
    update_segment,
)
from graphcdp.record.segment_sizes import KEPT_DAYS, measure_sizes
from graphcdp.record.segment_upkeep import sweep
from graphcdp.segment.definitions import SegmentConflictError, UnknownSegmentError
from graphcdp.segment.versions import VERSIONS_MAX, Editor
from graphcdp.store import Store, migrations, statements

NOW = datetime(2026, 3, 31, 12, 20, tzinfo=UTC)
ANN = Editor("key_ann", "Ann's key")


def plan_is(value: str) -> Predicate:
    return parse_predicate({"trait": {"path": "plan", "is": {"eq": value}}})


def named(key: str) -> SegmentName:
    return SegmentName(key=key)


async def people(recorder: Recorder, **plans: str) -> None:
    await recorder.record(
        [{"type": "identify", "identifiers": [("user", who)], "traits": {"plan": plan}} for who, plan in plans.items()]
    )


async def row(store: Store, key: str) -> dict[str, Any]:
    (found,) = await store.read("segment/by_keys", keys=[key])
    return found


async def size(store: Store, key: str) -> int:
    rows = await store.read("segment/sizes", ids=[(await row(store, key))["id"]])
    total: int = rows[0]["total"]
    return total


async def versions(store: Store, segment_id: str) -> list[VersionRow]:
    page = version_page(first=100, after=None, last=None, before=None)
    (found,) = await version_pages(store, [segment_id], page)
    return found.items


async def test_each_edit_keeps_what_it_made_and_by_whom(store: Store) -> None:
    made = await create_segment(store, "a", "A", None, plan_is("pro"), NOW, ANN)
    later = NOW + timedelta(hours=1)
    await update_segment(store, named("a"), 1, Changes(name="B", description="Why."), later, Editor("cli"))
    await update_segment(store, named("a"), 2, Changes(rule=plan_is("free"), paused=True), later)
    await update_segment(store, named("a"), 3, Changes(name="B"), later)
    told = [
        (one.number, one.by, one.by_name, one.action, sorted(one.changed), one.name, one.rule_text, one.status)
        for one in await versions(store, made)
    ]
    assert told == [
        (4, "owner", None, "CHANGED", [], "B", 'plan = "free"', "PAUSED"),
        (3, "owner", None, "CHANGED", ["RULE", "STATUS"], "B", 'plan = "free"', "PAUSED"),
        (2, "cli", None, "CHANGED", ["DESCRIPTION", "NAME"], "B", 'plan = "pro"', "LIVE"),
        (1, "key_ann", "Ann's key", "CREATED", ["NAME", "RULE", "STATUS"], "A", 'plan = "pro"', "LIVE"),
    ]
    first, second = (await versions(store, made))[:-3:-1]
    assert (first.at, second.at, first.description, second.description) == (NOW, later, None, "Why.")


async def test_a_refused_edit_keeps_no_version(store: Store) -> None:
    made = await create_segment(store, "a", "A", None, plan_is("pro"), NOW)
    with pytest.raises(SegmentConflictError):
        await update_segment(store, named("a"), 7, Changes(name="B"), NOW)
    assert len(await versions(store, made)) == 1


async def test_back_to_an_older_version(store: Store, recorder: Recorder) -> None:
    await people(recorder, ann="pro", bob="free", cem="free")
    made = await create_segment(store, "a", "A", "First.", plan_is("pro"), NOW)
    await update_segment(store, named("a"), 1, Changes(name="B", description="", rule=plan_is("free")), NOW)
    assert await size(store, "a") == 2
    await revert_segment(store, named("a"), 2, 1, NOW)
    found = await row(store, "a")
    assert (found["name"], found["description"], found["rule_text"], found["version"], found["status"]) == (
        *("A", "First.", 'plan = "pro"'),
        *(3, "LIVE"),
    )
    assert await size(store, "a") == 1
    assert (await versions(store, made))[0].action == "REVERTED"
    with pytest.raises(UnknownSegmentError, match="No version 9"):
        await revert_segment(store, named("a"), 3, 9, NOW)
    with pytest.raises(SegmentConflictError, match="at version 3"):
        await revert_segment(store, named("a"), 2, 1, NOW)


async def test_back_to_a_rule_whose_segment_is_gone(store: Store) -> None:
    await create_segment(store, "inner", "Inner", None, plan_is("pro"), NOW)
    await create_segment(store, "a", "A", None, parse_predicate({"inSegment": {"key": "inner"}}), NOW)
    await update_segment(store, named("a"), 1, Changes(rule=plan_is("pro")), NOW)
    await archive_segment(store, named("inner"), NOW)
    with pytest.raises(UnknownSegmentError, match="'inner' is archived"):
        await revert_segment(store, named("a"), 2, 1, NOW)
    await restore_segment(store, named("inner"), NOW)
    await revert_segment(store, named("a"), 2, 1, NOW)


async def test_an_archived_segment_has_nobody_and_keeps_its_key(store: Store, recorder: Recorder) -> None:
    await people(recorder, ann="pro", bob="pro")
    made = await create_segment(store, "a", "A", None, plan_is("pro"), NOW)
    assert await archive_segment(store, named("a"), NOW, ANN) == made
    assert ((await row(store, "a"))["status"], await size(store, "a")) == ("ARCHIVED", 0)
    await people(recorder, cem="pro")
    await sweep(store, NOW)
    assert await size(store, "a") == 0
    with pytest.raises(SegmentConflictError, match="an archived segment with the key a: restore it"):
        await create_segment(store, "a", "Again", None, plan_is("free"), NOW)
    with pytest.raises(SegmentConflictError, match="archived: restore it first"):
        await update_segment(store, named("a"), 2, Changes(name="B"), NOW)
    with pytest.raises(UnknownSegmentError, match="'a' is archived"):
        await create_segment(store, "b", "B", None, parse_predicate({"inSegment": {"key": "a"}}), NOW)
    await archive_segment(store, named("a"), NOW)
    await restore_segment(store, named("a"), NOW)
    await restore_segment(store, named("a"), NOW)
    assert ((await row(store, "a"))["status"], await size(store, "a")) == ("LIVE", 3)
    told = [(one.number, one.action, one.by, one.status) for one in await versions(store, made)]
    assert told == [
        (3, "RESTORED", "owner", "LIVE"),
        (2, "ARCHIVED", "key_ann", "ARCHIVED"),
        (1, "CREATED", "owner", "LIVE"),
    ]


async def test_the_feed_tells_who_left_with_an_archive(store: Store, recorder: Recorder) -> None:
    await people(recorder, ann="pro", bob="free")
    made = await create_segment(store, "a", "A", None, plan_is("pro"), NOW)
    await archive_segment(store, named("a"), NOW)
    await restore_segment(store, named("a"), NOW)

    def of_a(change: Change) -> bool:
        return isinstance(change, SegmentEntered | SegmentExited) and change.segment == made

    found = [type(one.change).__name__ for one in await read_changes(store, 0) if of_a(one.change)]
    assert found == ["SegmentEntered", "SegmentExited", "SegmentEntered"]


async def test_a_segment_that_a_rule_names_is_not_archived(store: Store) -> None:
    await create_segment(store, "a", "A", None, plan_is("pro"), NOW)
    await create_segment(store, "b", "B", None, parse_predicate({"inSegment": {"key": "a"}}), NOW)
    with pytest.raises(SegmentConflictError, match="b names this segment: change or archive"):
        await archive_segment(store, named("a"), NOW)
    await archive_segment(store, named("b"), NOW)
    await archive_segment(store, named("a"), NOW)
    with pytest.raises(UnknownSegmentError, match="'a' is archived: restore it first"):
        await restore_segment(store, named("b"), NOW)
    with pytest.raises(SegmentConflictError, match="b names this segment"):
        await delete_segment(store, named("a"))


async def test_who_was_put_in_meanwhile_is_taken_out(store: Store, recorder: Recorder) -> None:
    await people(recorder, ann="free")
    made = await create_segment(store, "a", "A", None, plan_is("pro"), NOW)
    await archive_segment(store, named("a"), NOW)
    # As a write does that read the rules before the archive.
    (ann,) = await store.read_generated(Statement("MATCH (c:Customer) RETURN c.id AS id"))
    await store.transact(
        lambda tx: tx.run("segment/enter", batch={"moves": [{"customer": ann["id"], "segment": made}]}, now=NOW)
    )
    assert await size(store, "a") == 1
    await sweep(store, NOW)
    assert await size(store, "a") == 0


async def test_only_so_many_versions_are_kept(store: Store) -> None:
    made = await create_segment(store, "a", "A", None, plan_is("pro"), NOW)
    await store.transact(lambda tx: tx.run("segment/update", id=made, properties={"version": VERSIONS_MAX}, now=NOW))
    await update_segment(store, named("a"), VERSIONS_MAX, Changes(name="B"), NOW)
    assert [one.number for one in await versions(store, made)] == [VERSIONS_MAX + 1]


async def test_a_deleted_segment_leaves_no_past(store: Store) -> None:
    await create_segment(store, "a", "A", None, plan_is("pro"), NOW)
    await measure_sizes(store, NOW)
    await delete_segment(store, named("a"))
    left = Statement("MATCH (n) WHERE n:SegmentVersion OR n:SegmentDay RETURN count(n) AS total")
    assert await store.read_generated(left) == [{"total": 0}]


async def test_segments_from_before_begin_with_what_they_are(store: Store) -> None:
    made = await create_segment(store, "a", "A", None, plan_is("pro"), NOW)
    await update_segment(store, named("a"), 1, Changes(paused=True), NOW)
    await store.transact(lambda tx: tx.run_generated(Statement("MATCH (v:SegmentVersion) DELETE v")))
    for _ in range(2):
        for statement in migrations.split_statements(statements.text("migrations/0014_segment_versions")):
            await store.run_schema(statement)
    (only,) = await versions(store, made)
    assert (only.number, only.by, only.action, only.status, only.rule_text) == (
        *(2, None, "KEPT", "PAUSED"),
        'plan = "pro"',
    )


async def history(store: Store, segment_id: str, *, hourly: bool = True) -> list[tuple[str, int]]:
    span = span_of(NOW - timedelta(days=3), None, hourly=hourly, now=NOW + timedelta(hours=2))
    (found,) = await size_histories(store, [segment_id], span)
    return [(f"{one.at:%d %H}", one.size) for one in found]


async def test_sizes_are_kept_hour_by_hour(store: Store, recorder: Recorder) -> None:
    made = await create_segment(store, "a", "A", None, plan_is("pro"), NOW)
    await measure_sizes(store, NOW - timedelta(days=1))
    await people(recorder, ann="pro")
    await asyncio.gather(*(measure_sizes(store, NOW) for _ in range(4)))
    await people(recorder, bob="pro")
    await measure_sizes(store, NOW + timedelta(minutes=5))
    await measure_sizes(store, NOW + timedelta(hours=1))
    await people(recorder, ann="free")
    await measure_sizes(store, NOW + timedelta(hours=1))
    assert await history(store, made) == [("30 12", 0), ("31 12", 2), ("31 13", 1)]
    assert await history(store, made, hourly=False) == [("30 00", 0), ("31 00", 1)]
    await archive_segment(store, named("a"), NOW)
    await measure_sizes(store, NOW + timedelta(hours=2))
    assert len(await history(store, made)) == 3


async def test_old_sizes_go(store: Store) -> None:
    made = await create_segment(store, "a", "A", None, plan_is("pro"), NOW)
    for days in (KEPT_DAYS + 1, KEPT_DAYS, 0):
        await measure_sizes(store, NOW - timedelta(days=days))
    rows = await store.read_generated(
        Statement("MATCH (d:SegmentDay) RETURN d.day AS day, d.segment AS s ORDER BY day")
    )
    assert rows == [{"day": "2025-02-24", "s": made}, {"day": "2026-03-31", "s": made}]


async def test_measuring_again_writes_nothing_and_reads_no_member(
    store: Store, recorder: Recorder, profiled: Any
) -> None:
    await people(recorder, **{f"u{number}": "pro" for number in range(30)})
    await create_segment(store, "a", "A", None, plan_is("pro"), NOW)
    await measure_sizes(store, NOW)
    operators = await profiled("segment/measure", day=f"{NOW:%Y-%m-%d}", hour=NOW.hour)
    names = [name for name, _, _, _ in operators]
    assert not any("Expand" in name or "NodeByLabelScan" in name for name in names)
    days = {details for name, details, _, _ in operators if "Index" in name and "SegmentDay" in details}
    assert days
    assert all("(segment, day)" in details for details in days)
    written = [rows for name, _, rows, _ in operators if name in ("SetProperty", "Merge")]
    assert sum(written) == 0
