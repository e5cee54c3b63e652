"""All segments, locked, and edits of them in one transaction. Source: docs/segments.md, rules 13 to 18."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import orjson

from graphcdp.model.ids import Tag, tagged
from graphcdp.model.predicates import Predicate, SegmentName
from graphcdp.record.ids import new_ulid
from graphcdp.record.segments import readable_rule
from graphcdp.segment.definitions import (
    Definition,
    Kind,
    Known,
    SegmentConflictError,
    SegmentNames,
    Status,
    UnknownSegmentError,
    UnusableValueError,
    check_description,
    check_key,
    check_name,
    check_names_of_rule,
    check_new,
    check_room,
    check_unused,
)
from graphcdp.segment.versions import VERSIONS_MAX, Action, Editor, changed
from graphcdp.segment.wording import rule_text
from graphcdp.store import Transaction

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Changes:
    """What an edit changes; None leaves a field as it is. description: "" removes it."""

    name: str | None = None
    description: str | None = None
    rule: Predicate | None = None
    paused: bool | None = None


class LockedSegments:
    """The segments as they are in a transaction that nobody else's edit can come between.

    Edits answer what is to be computed after the commit, if anything.
    """

    def __init__(self, tx: Transaction, rows: list[Row], by: Editor, now: datetime) -> None:
        self._tx = tx
        self._rows = rows
        self._by = by
        self._now = now

    @classmethod
    async def lock(cls, tx: Transaction, by: Editor, now: datetime) -> Self:
        """Lock all segments. by: whose edits these are."""
        return cls(tx, await tx.run("segment/lock_segments"), by, now)

    def row_of(self, named: SegmentName, path: tuple[str, ...] = ("segment",)) -> Row:
        """The segment as it is stored. Raises UnknownSegmentError."""
        segment_id = SegmentNames(self._known).id_of(named)
        for row in self._rows:
            if row["id"] == segment_id:
                return row
        raise UnknownSegmentError(f"There is no segment {named.id or named.key!r}.", path)

    async def create(self, key: str, name: str, description: str | None, rule: Predicate) -> Definition:
        """Make a segment without members. Errors as `create_segment`."""
        check_key(key)
        check_name(name)
        check_description(description)
        check_new(key, self._known)
        check_names_of_rule(rule, self._known)
        row = {
            "id": tagged(Tag.SEGMENT, new_ulid(self._now)),
            "key": key,
            "name": name,
            "description": description or None,
            "kind": Kind.RULE.value,
            "status": Status.BUILDING.value,
            "version": 1,
            **_stored(rule),
        }
        await self._tx.run("segment/create", properties=row, now=self._now)
        self._rows.append(row)
        await self._keep(row, Action.CREATED, list(changed(dict.fromkeys(row), row)))
        return self._to_fill(row, rule)

    async def change(self, row: Row, changes: Changes, action: Action = Action.CHANGED) -> Definition | None:
        """Change a segment that is not archived. Errors as `update_segment`."""
        _refuse_archived(row)
        if changes.name is not None:
            check_name(changes.name)
        check_description(changes.description)
        if changes.rule is not None:
            check_names_of_rule(changes.rule, self._known, of=row["id"])
        status, rule = _after(row, changes)
        properties: Row = {"status": status.value}
        if changes.name is not None:
            properties["name"] = changes.name
        if changes.description is not None:
            properties["description"] = changes.description or None
        if changes.rule is not None:
            properties |= _stored(changes.rule)
        await self._edit(row, properties, action)
        return self._to_fill(row, rule) if rule is not None and status is Status.BUILDING else None

    async def revert(self, row: Row, number: int) -> Definition | None:
        """Give a segment the name, description and rule of an older version. Errors as `revert_segment`."""
        found = await self._tx.run("segment/version", segment=row["id"], number=number)
        if not found:
            raise UnknownSegmentError(f"No version {number} of the segment is kept: `versions` lists them.", ("to",))
        rule = readable_rule(found[0]["rule"])
        if rule is None:
            raise UnusableValueError(
                f"The rule of version {number} cannot be read by this version of GraphCDP.", ("to",), "another version"
            )
        changes = Changes(name=found[0]["name"], description=found[0]["description"] or "", rule=rule)
        return await self.change(row, changes, Action.REVERTED)

    async def archive(self, row: Row) -> None:
        """Put a segment away. Nothing happens to one that is archived. Errors as `archive_segment`."""
        if row["status"] == Status.ARCHIVED.value:
            return
        check_unused(row["id"], [one for one in self._known if not one.archived], "change or archive")
        await self._edit(row, {"status": Status.ARCHIVED.value}, Action.ARCHIVED)

    async def restore(self, row: Row) -> Definition | None:
        """Bring an archived segment back. Nothing happens to another one. Errors as `restore_segment`."""
        if row["status"] != Status.ARCHIVED.value:
            return None
        rule = readable_rule(row["rule"])
        if rule is None:
            raise UnusableValueError(
                "The rule of the segment cannot be read by this version of GraphCDP.", ("segment",), "another segment"
            )
        check_room(self._known)
        check_names_of_rule(rule, self._known, of=row["id"], path=("segment",))
        await self._edit(row, {"status": Status.BUILDING.value}, Action.RESTORED)
        return self._to_fill(row, rule)

    async def delete(self, row: Row) -> None:
        """Delete a segment. Errors as `delete_segment`."""
        check_unused(row["id"], self._known)
        await self._tx.run("segment/retire", id=row["id"])
        self._rows.remove(row)

    @property
    def _known(self) -> list[Known]:
        return [
            Known(row["id"], row["key"], readable_rule(row["rule"]), row["status"] == Status.ARCHIVED.value)
            for row in self._rows
        ]

    async def _edit(self, row: Row, properties: Mapping[str, Any], action: Action) -> None:
        different = changed(row, properties)
        properties = {**properties, "version": row["version"] + 1}
        await self._tx.run("segment/update", id=row["id"], properties=properties, now=self._now)
        row |= properties
        await self._keep(row, action, list(different))

    async def _keep(self, row: Row, action: Action, different: list[str]) -> None:
        await self._tx.run(
            "segment/keep_version",
            id=row["id"],
            action=action.value,
            changed=different,
            by=self._by.id,
            by_name=self._by.name,
            kept=VERSIONS_MAX,
        )

    def _to_fill(self, row: Row, rule: Predicate) -> Definition:
        return Definition(row["id"], row["key"], rule, building=True, version=row["version"], edited=self._now)


def check_version(row: Row, version: int) -> None:
    """Raises SegmentConflictError when an edit is based on another version than the segment has."""
    if row["version"] != version:
        raise SegmentConflictError(
            f"The segment is at version {row['version']}, the changes are based on {version}: "
            f"read it again and decide anew.",
            ("version",),
            row["id"],
        )


def _refuse_archived(row: Row) -> None:
    if row["status"] == Status.ARCHIVED.value:
        raise SegmentConflictError("The segment is archived: restore it first.", ("segment",), row["id"])


def _after(row: Row, changes: Changes) -> tuple[Status, Predicate | None]:
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
