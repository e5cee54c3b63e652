"""Segments as they are written and as they are -> what to do, in which order. Source: docs/segments-as-code.md."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from graphcdp.model.predicates import Predicate, parse_predicate
from graphcdp.segment.versions import Field
from graphcdp.segment.wording import rule_text
from graphcdp.segment.written import WrittenSegment


class Todo(StrEnum):
    """What to do with a segment."""

    CREATE = "CREATE"
    CHANGE = "CHANGE"
    RESTORE = "RESTORE"  # it is archived; it may change as well
    ARCHIVE = "ARCHIVE"
    NOTHING = "NOTHING"


_MOVING = (Todo.CREATE, Todo.RESTORE, Todo.ARCHIVE)


@dataclass(frozen=True, slots=True)
class StoredSegment:
    """A segment as it is. rule: None when this version cannot read it."""

    id: str
    key: str
    name: str
    description: str | None
    rule: Predicate | None
    paused: bool
    archived: bool


@dataclass(frozen=True, slots=True)
class Step:
    """What to do with one segment. before: as it is, None for a new one. after: as written, None to archive it."""

    todo: Todo
    key: str
    before: StoredSegment | None
    after: WrittenSegment | None
    changed: tuple[Field, ...] = field(default=())


def steps(stored: Sequence[StoredSegment], written: Sequence[WrittenSegment], *, prune: bool) -> list[Step]:
    """What to do so that the segments are as they are written.

    A segment comes after those that its new rule names, so that each step is
    possible after those before it, or never. prune: what is not written is
    archived, users first; otherwise it stays as it is.
    """
    by_key = {one.key: one for one in stored}
    key_by_id = {one.id: one.key for one in stored}
    found = [_step(by_key.get(one.key), one, key_by_id) for one in _after_named(written, key_by_id)]
    if prune:
        keys = {one.key for one in written}
        gone = [one for one in stored if one.key not in keys and not one.archived]
        found += [Step(Todo.ARCHIVE, one.key, one, None) for one in _users_first(gone, key_by_id)]
    return found


def unsettled(found: Sequence[Step]) -> set[str]:
    """Keys of the segments whose rules name segments that get other members, so that theirs cannot be told before.

    found: in the order of `steps`.
    """
    key_by_id = {step.before.id: step.key for step in found if step.before is not None}
    moving: set[str] = set()
    later: set[str] = set()
    for step in found:
        named = set() if step.after is None else _names(step.after.rule, key_by_id)
        if not named.isdisjoint(moving):
            later.add(step.key)
        if step.key in later or step.todo in _MOVING or not {Field.RULE, Field.STATUS}.isdisjoint(step.changed):
            moving.add(step.key)
    return later


def named_by_key(rule: Predicate, key_by_id: Mapping[str, str]) -> Predicate:
    """The rule with the keys of segments for their ids, which no other graph has."""
    return parse_predicate(_with_keys(rule.to_json(), key_by_id)) if rule.segments() else rule


def _step(before: StoredSegment | None, after: WrittenSegment, key_by_id: Mapping[str, str]) -> Step:
    if before is None:
        return Step(Todo.CREATE, after.key, None, after)
    changed = []
    if before.name != after.name:
        changed.append(Field.NAME)
    if before.description != after.description:
        changed.append(Field.DESCRIPTION)
    if before.rule is None or _text(before.rule, key_by_id) != _text(after.rule, key_by_id):
        changed.append(Field.RULE)
    if before.paused != after.paused and not before.archived:
        changed.append(Field.STATUS)
    todo = Todo.RESTORE if before.archived else Todo.CHANGE if changed else Todo.NOTHING
    return Step(todo, after.key, before, after, tuple(changed))


def _text(rule: Predicate, key_by_id: Mapping[str, str]) -> str:
    # In words, which are the same for trees that mean the same (docs/conditions.md, rule 12), and not for 1 and true.
    return rule_text(named_by_key(rule, key_by_id))


def _names(rule: Predicate | None, key_by_id: Mapping[str, str]) -> set[str]:
    """Keys of the segments that a rule names."""
    if rule is None:
        return set()
    return {name.key or key_by_id.get(name.id or "", "") for _, name in rule.segments()}


def _after_named(written: Iterable[WrittenSegment], key_by_id: Mapping[str, str]) -> list[WrittenSegment]:
    waiting = list(written)
    placed: list[WrittenSegment] = []
    while waiting:
        open_ = {one.key for one in waiting}
        ready = [one for one in waiting if not (_names(one.rule, key_by_id) - {one.key}) & open_]
        # Those that name each other are refused when they are applied.
        placed += ready or waiting
        done = {one.key for one in placed}
        waiting = [one for one in waiting if one.key not in done]
    return placed


def _users_first(gone: Sequence[StoredSegment], key_by_id: Mapping[str, str]) -> list[StoredSegment]:
    waiting = sorted(gone, key=lambda one: one.key)
    placed: list[StoredSegment] = []
    while waiting:
        used = {name for one in waiting for name in _names(one.rule, key_by_id)}
        ready = [one for one in waiting if one.key not in used] or waiting
        placed += ready
        waiting = [one for one in waiting if one not in ready]
    return placed


def _with_keys(value: Any, key_by_id: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_with_keys(one, key_by_id) for one in value]
    if not isinstance(value, dict):
        return value
    named = value.get("inSegment")
    if isinstance(named, dict) and named.get("id") in key_by_id:
        return {"inSegment": {"key": key_by_id[named["id"]]}}
    return {name: _with_keys(one, key_by_id) for name, one in value.items()}
