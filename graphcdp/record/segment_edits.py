"""Creates, changes and deletes segments. Source: docs/segments.md, rules 13 to 16.

An edit locks all segments, decides and writes in one transaction; then its
members are computed by a job, and what that does not finish in time is done
in the background.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from graphcdp.model.errors import DatabaseConflictError
from graphcdp.model.ids import Tag, tagged
from graphcdp.model.predicates import Predicate, SegmentName
from graphcdp.record.ids import new_ulid
from graphcdp.record.segment_builds import build
from graphcdp.record.segments import clear_retired, readable_rule
from graphcdp.segment.definitions import (
    Definition,
    Kind,
    Known,
    SegmentConflictError,
    SegmentNames,
    Status,
    UnknownSegmentError,
    check_description,
    check_key,
    check_name,
    check_names_of_rule,
    check_new,
    check_unused,
)
from graphcdp.segment.wording import rule_text
from graphcdp.store import Store, Transaction

FILL_BUDGET_S = 5.0
"""How long an edit waits for its members; a segment that needs longer answers BUILDING."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What an edit changes; None leaves a field as it is. description: "" removes it."""

    name: str | None = None
    description: str | None = None
    rule: Predicate | None = None
    paused: bool | None = None


async def create_segment(
    store: Store, key: str, name: str, description: str | None, rule: Predicate, now: datetime
) -> str:
    """Make a segment and compute its members. Returns its id, seg_....

    Raises UnusableValueError, UnknownSegmentError, SegmentConflictError or
    SegmentLimitError; then nothing was written.
    """
    check_key(key)
    check_name(name)
    check_description(description)
    segment_id = tagged(Tag.SEGMENT, new_ulid(now))
    definition = Definition(segment_id, key, rule, building=True, version=1, edited=now)

    async def work(tx: Transaction) -> None:
        known = _known(await tx.run("segment/lock_segments"))
        check_new(key, known)
        check_names_of_rule(rule, known)
        properties = {
            "id": segment_id,
            "key": key,
            "name": name,
            "description": description or None,
            "kind": Kind.RULE.value,
            "status": Status.BUILDING.value,
            "version": definition.version,
            **_stored(rule),
        }
        await tx.run("segment/create", properties=properties, now=now)

    try:
        await store.transact(work)
    except DatabaseConflictError as error:
        # Locking finds only segments that are there, so two writers may make the same first one.
        raise SegmentConflictError(
            f"Someone else made a segment with the key {key} at the same moment.", ("key",), None
        ) from error
    await build(store, definition, now, budget_s=FILL_BUDGET_S)
    return segment_id


async def update_segment(store: Store, named: SegmentName, version: int, changes: Changes, now: datetime) -> str:
    """Change a segment that is still at this version, and compute its members when they may change.

    Returns its id. Errors as `create_segment`; SegmentConflictError for another version.
    """
    if changes.name is not None:
        check_name(changes.name)
    check_description(changes.description)

    async def work(tx: Transaction) -> tuple[str, Definition | None]:
        rows = await tx.run("segment/lock_segments")
        known = _known(rows)
        row = _row_of(named, known, rows)
        if row["version"] != version:
            raise SegmentConflictError(
                f"The segment is at version {row['version']}, the changes are based on {version}: "
                f"read it again and decide anew.",
                ("version",),
                row["id"],
            )
        if changes.rule is not None:
            check_names_of_rule(changes.rule, known, of=row["id"])
        status, rule = _after(row, changes)
        properties: dict[str, Any] = {"version": version + 1, "status": status.value}
        if changes.name is not None:
            properties["name"] = changes.name
        if changes.description is not None:
            properties["description"] = changes.description or None
        if changes.rule is not None:
            properties |= _stored(changes.rule)
        await tx.run("segment/update", id=row["id"], properties=properties, now=now)
        if rule is None or status is not Status.BUILDING:
            return row["id"], None
        return row["id"], Definition(row["id"], row["key"], rule, building=True, version=version + 1, edited=now)

    segment_id, to_fill = await store.transact(work)
    if to_fill is not None:
        await build(store, to_fill, now, budget_s=FILL_BUDGET_S)
    return segment_id


async def delete_segment(store: Store, named: SegmentName) -> str:
    """Delete a segment that no other one's rule names. Returns the id that it had.

    Raises UnknownSegmentError or SegmentConflictError; then nothing was written.
    """

    async def work(tx: Transaction) -> str:
        rows = await tx.run("segment/lock_segments")
        known = _known(rows)
        segment_id = str(_row_of(named, known, rows)["id"])
        check_unused(segment_id, known)
        await tx.run("segment/retire", id=segment_id)
        return segment_id

    segment_id = await store.transact(work)
    await clear_retired(store)
    return segment_id


def _after(row: dict[str, Any], changes: Changes) -> tuple[Status, Predicate | None]:
    """Status and rule after the changes."""
    before = Status(row["status"])
    paused = before is Status.PAUSED if changes.paused is None else changes.paused
    rule = changes.rule or readable_rule(row["rule"])
    if paused:
        return Status.PAUSED, rule
    if before is Status.PAUSED or changes.rule is not None:
        return Status.BUILDING, rule
    return before, rule


def _stored(rule: Predicate) -> dict[str, str]:
    return {"rule": orjson.dumps(rule.to_json()).decode(), "ruleText": rule_text(rule)}


def _known(rows: Sequence[dict[str, Any]]) -> list[Known]:
    return [Known(row["id"], row["key"], readable_rule(row["rule"])) for row in rows]


def _row_of(named: SegmentName, known: Sequence[Known], rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    segment_id = SegmentNames(known).id_of(named)
    for row in rows:
        if row["id"] == segment_id:
            return row
    raise UnknownSegmentError(f"There is no segment {named.id or named.key!r}.", ("segment",))
