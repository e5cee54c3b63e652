"""Segments as code: `graphcdp segments validate`, `diff`, `apply`, `export`. Source: docs/segments-as-code.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from graphcdp.cli.segments import DataDir, Json, on_store, print_json
from graphcdp.model.errors import SegmentFileError
from graphcdp.read.segment_previews import Difference, rule_difference
from graphcdp.read.segments import count_meeting
from graphcdp.record.clock import utc_now
from graphcdp.record.segment_files import apply_segments, read_segment_files, stored_segments, written_of
from graphcdp.segment.differences import Step, Todo, steps, unsettled
from graphcdp.segment.versions import Field
from graphcdp.segment.wording import rule_text
from graphcdp.segment.written import segments_text
from graphcdp.store import Store

app = typer.Typer()

Files = Annotated[Path, typer.Argument(help="YAML file with segments, or a folder of such.", metavar="FILE")]
Prune = Annotated[bool, typer.Option("--prune", help="Archive the segments that are not in the file.")]

EXIT_DIFFERENT = 3
_SIGNS = {Todo.CREATE: "+", Todo.CHANGE: "~", Todo.RESTORE: "^", Todo.ARCHIVE: "-", Todo.NOTHING: " "}
_DONE = {
    Todo.CREATE: "created",
    Todo.CHANGE: "changed",
    Todo.RESTORE: "restored",
    Todo.ARCHIVE: "archived",
    Todo.NOTHING: "as they were",
}


@dataclass(frozen=True, slots=True)
class _Told:
    """A step with who would enter and leave by it; None where nobody moves, and where it cannot be told before."""

    step: Step
    moves: Difference | None


@app.command()
def validate(files: Files) -> None:
    """Say whether a file of segments is sound. The database is not asked.

    Exit codes: 0 it is; 1 it is not, or cannot be read.
    """
    found = read_segment_files(files)
    typer.echo(f"{files} is sound. It has {len(found)} segments: {', '.join(one.key for one in found)}.")


@app.command()
def diff(
    files: Files,
    prune: Prune = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 3 when something would become different.")
    ] = False,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Say what `apply` would do, and how many customers would enter and leave. Writes nothing.

    Where a rule names a segment that would get other members itself, that cannot be told before.
    """
    written = read_segment_files(files)

    async def work(store: Store) -> list[_Told]:
        now = utc_now()
        found = steps(await stored_segments(store), written, prune=prune)
        later = unsettled(found)
        return [_Told(step, None if step.key in later else await _moves(store, step, now)) for step in found]

    told = on_store(data_dir, work)
    if as_json:
        print_json([_json(one) for one in told])
    else:
        _print(told)
    if exit_code and any(one.step.todo is not Todo.NOTHING for one in told):
        raise typer.Exit(EXIT_DIFFERENT)


@app.command(name="apply")
def apply_files(files: Files, prune: Prune = False, data_dir: DataDir = None) -> None:
    """Make the segments what a file says: all of it, or nothing when something in it is refused.

    Doing it twice changes nothing more. A segment that is archived and in the file is
    restored. Other segments stay as they are, unless --prune archives them.

    Exit codes: 0 done; 1 refused, or the database cannot be used.
    """
    written = read_segment_files(files)
    console = Console(stderr=True)

    async def work(store: Store) -> list[Step]:
        return await apply_segments(
            store,
            written,
            utc_now(),
            prune=prune,
            on_filled=lambda key: console.print(f"{key} has its members.", markup=False, highlight=False),
        )

    done = on_store(data_dir, work)
    for step in done:
        if step.todo is not Todo.NOTHING:
            typer.echo(f"{_SIGNS[step.todo]} {step.key}")
    typer.echo(_summary(done, _DONE))


@app.command()
def export(
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write; stdout by default.", metavar="FILE")
    ] = None,
    trees: Annotated[bool, typer.Option("--trees", help="Write rules as trees, not in words.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Print all segments that are not archived as YAML: a file that `diff` and `apply` take."""

    async def work(store: Store) -> tuple[str, list[str]]:
        written, unreadable = written_of(await stored_segments(store))
        return segments_text(written, trees=trees), unreadable

    text, unreadable = on_store(data_dir, work)
    if output is None:
        typer.echo(text, nl=False)
    else:
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise SegmentFileError(f"{output} cannot be written: {error.strerror}.") from error
    for key in unreadable:
        typer.echo(f"{key} is left out: this version cannot read its rule.", err=True)


async def _moves(store: Store, step: Step, now: datetime) -> Difference | None:
    match step.todo:
        case Todo.ARCHIVE if step.before is not None:
            rows = await store.read("segment/sizes", ids=[step.before.id])
            return Difference(0, rows[0]["total"])
        case Todo.CREATE | Todo.RESTORE if step.after is not None and not step.after.paused:
            return Difference(await count_meeting(store, step.after.rule, now), 0)
        case Todo.CHANGE if step.before is not None and step.after is not None and not step.after.paused:
            if Field.RULE in step.changed or Field.STATUS in step.changed:
                return await rule_difference(store, step.after.rule, now, step.before.id)
    return None


def _print(told: Sequence[_Told]) -> None:
    table = Table(box=None)
    for title in ("", "Segment", "What"):
        table.add_column(title, overflow="fold")
    for title in ("Enter", "Leave"):
        table.add_column(title, justify="right")
    for one in told:
        if one.step.todo is not Todo.NOTHING:
            moves = ("", "") if one.moves is None else (f"{one.moves.entering:,}", f"{one.moves.leaving:,}")
            what = "\n".join(_lines(one.step))
            table.add_row(_SIGNS[one.step.todo], escape(one.step.key), escape(what), *moves)
    if table.row_count:
        Console().print(table)
    typer.echo(_summary([one.step for one in told], {**_DONE, **_TO_DO}))


_TO_DO = {
    Todo.CREATE: "to create",
    Todo.CHANGE: "to change",
    Todo.RESTORE: "to restore",
    Todo.ARCHIVE: "to archive",
}


def _summary(done: Sequence[Step], words: dict[Todo, str]) -> str:
    counts = {todo: sum(step.todo is todo for step in done) for todo in Todo}
    return ", ".join(f"{count} {words[todo]}" for todo, count in counts.items() if count) + "." if done else "Nothing."


def _lines(step: Step) -> list[str]:
    """What becomes different, in words."""
    before, after = step.before, step.after
    if after is None:
        return ["archive"]
    if before is None:
        return [*(["paused"] if after.paused else []), rule_text(after.rule)]
    found = ["restore"] if step.todo is Todo.RESTORE else []
    if Field.NAME in step.changed:
        found.append(f"name: {before.name} -> {after.name}")
    if Field.DESCRIPTION in step.changed:
        found.append("description")
    if Field.STATUS in step.changed:
        found.append("pause" if after.paused else "go on")
    if Field.RULE in step.changed:
        old = "a rule that cannot be read" if before.rule is None else rule_text(before.rule)
        found += [f"rule: {old}", f"  ->  {rule_text(after.rule)}"]
    return found


def _json(one: _Told) -> dict[str, Any]:
    step = one.step
    return {
        "key": step.key,
        "todo": step.todo.value,
        "changed": [field.value for field in step.changed],
        "before": None if step.before is None or step.before.rule is None else rule_text(step.before.rule),
        "after": None if step.after is None else rule_text(step.after.rule),
        "entering": None if one.moves is None else one.moves.entering,
        "leaving": None if one.moves is None else one.moves.leaving,
    }
