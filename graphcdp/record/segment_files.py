"""Segments as YAML files, and what they state put into effect. Source: docs/segments-as-code.md."""

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from graphcdp.model.errors import DatabaseConflictError, InvalidReferenceError, SegmentFileError
from graphcdp.model.predicates import SegmentName
from graphcdp.record.locked_segments import Changes, LockedSegments, stored_of
from graphcdp.record.segment_builds import build
from graphcdp.record.segments import clear_retired
from graphcdp.record.small_files import read_small
from graphcdp.segment.definitions import Definition
from graphcdp.segment.differences import Step, StoredSegment, Todo, named_by_key, steps
from graphcdp.segment.membership import levels
from graphcdp.segment.versions import COMMAND_LINE, Editor, Field
from graphcdp.segment.written import WrittenSegment, parse_segments
from graphcdp.store import Store, Transaction

ENDINGS = (".yaml", ".yml")
APPLY_TIMEOUT_S = 60.0


def read_segment_files(path: Path) -> list[WrittenSegment]:
    """The segments of a file, or of all YAML files in a folder, by name. Raises SegmentFileError."""
    files = [path]
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in ENDINGS and file.is_file())
        if not files:
            raise SegmentFileError(f"{path}: there is no file in it that ends in {' or '.join(ENDINGS)}.")
    found: dict[str, WrittenSegment] = {}
    faults = []
    for file in files:
        try:
            segments = parse_segments(read_small(file, SegmentFileError), str(file))
        except SegmentFileError as error:
            faults.append(str(error))
            continue
        for one in segments:
            if one.key in found:
                faults.append(f"{one.where}: {one.key} stands in {found[one.key].where} already.")
            found.setdefault(one.key, one)
    if faults:
        raise SegmentFileError("\n".join(faults))
    return list(found.values())


async def stored_segments(store: Store) -> list[StoredSegment]:
    """All segments as they are, by id."""
    return [stored_of(row) for row in await store.read("segment/all")]


def written_of(stored: Sequence[StoredSegment]) -> tuple[list[WrittenSegment], list[str]]:
    """The segments as a file states them, by key, and the keys of those whose rules this version cannot read.

    Archived ones are left out.
    """
    key_by_id = {one.id: one.key for one in stored}
    kept = sorted((one for one in stored if not one.archived), key=lambda one: one.key)
    written = [
        WrittenSegment(one.key, one.name, one.description, named_by_key(one.rule, key_by_id), one.paused, "")
        for one in kept
        if one.rule is not None
    ]
    return written, [one.key for one in kept if one.rule is None]


async def apply_segments(
    store: Store,
    written: Sequence[WrittenSegment],
    now: datetime,
    *,
    prune: bool = False,
    by: Editor = COMMAND_LINE,
    on_filled: Callable[[str], None] = lambda key: None,
) -> list[Step]:
    """Make the segments what is written, all in one transaction, then compute the members of those that changed.

    prune: archive what is not written. on_filled: told the key of each whose members
    are computed. Returns what was done. Raises SegmentFileError; then nothing was
    written. When it ends before the members are computed, a server goes on.
    """

    async def work(tx: Transaction) -> tuple[list[Step], list[Definition]]:
        segments = await LockedSegments.lock(tx, by, now)
        done = steps(segments.stored, written, prune=prune)
        to_fill = [found for step in done if (found := await _apply(segments, step)) is not None]
        return done, to_fill

    try:
        done, to_fill = await store.transact(work, timeout_s=APPLY_TIMEOUT_S)
    except DatabaseConflictError as error:
        raise SegmentFileError("Someone else made segments at the same moment: do it again.") from error
    if any(step.todo is Todo.ARCHIVE for step in done):
        await clear_retired(store, now)
    for definition in [one for level in levels(to_fill) for one in level]:
        await build(store, definition, now, budget_s=math.inf)
        on_filled(definition.key)
    return done


async def _apply(segments: LockedSegments, step: Step) -> Definition | None:
    named = SegmentName(key=step.key)
    where = step.key if step.after is None else step.after.where
    try:
        match step.todo, step.after:
            case Todo.CREATE, WrittenSegment() as after:
                return await segments.create(after.key, after.name, after.description, after.rule, paused=after.paused)
            case Todo.CHANGE, WrittenSegment() as after:
                return await segments.change(segments.row_of(named), _changes(step, after))
            case Todo.RESTORE, WrittenSegment() as after:
                return await segments.restore(segments.row_of(named), _changes(step, after))
            case Todo.ARCHIVE, _:
                await segments.archive(segments.row_of(named))
    except InvalidReferenceError as error:
        raise SegmentFileError(f"{where}: {step.key}: {error}") from error
    return None


def _changes(step: Step, after: WrittenSegment) -> Changes:
    return Changes(
        name=after.name if Field.NAME in step.changed else None,
        description=(after.description or "") if Field.DESCRIPTION in step.changed else None,
        rule=after.rule if Field.RULE in step.changed else None,
        paused=after.paused if Field.STATUS in step.changed or step.todo is Todo.RESTORE else None,
    )
