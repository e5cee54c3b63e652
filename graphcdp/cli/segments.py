"""`graphcdp segments`: list, show, preview, members, versions, revert, archive, restore."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from graphcdp.app import open_store
from graphcdp.cli.logs import configure_logs
from graphcdp.cli.loop import run_async
from graphcdp.cli.progress import DownloadBar
from graphcdp.model.errors import ExportError, SegmentFileError, UnknownReferenceError
from graphcdp.model.predicates import Predicate, SegmentName
from graphcdp.model.times import time_of, time_text
from graphcdp.model.written import composed, values_of
from graphcdp.plan.where import condition
from graphcdp.read.export import segment_named
from graphcdp.read.export_files import TableFile, TableFormat
from graphcdp.read.lists import Order, count_customers, customer_page, list_customers
from graphcdp.read.segment_members import DEFAULT, member_fields, member_pages
from graphcdp.read.segment_previews import Difference, Overlap, rule_difference, rule_overlaps
from graphcdp.read.segment_versions import VersionRow, version_page, version_pages
from graphcdp.read.segments import count_meeting, segments_by_ids, unknown_segments
from graphcdp.read.simulation import keys_of_customers
from graphcdp.record.clock import utc_now
from graphcdp.record.segment_edits import archive_segment, restore_segment, revert_segment
from graphcdp.record.segment_files import ENDINGS
from graphcdp.record.small_files import read_small
from graphcdp.segment.definitions import Status
from graphcdp.segment.versions import COMMAND_LINE, Action
from graphcdp.segment.wording import rule_text
from graphcdp.segment.written import parse_rule
from graphcdp.settings import Settings
from graphcdp.store import Store

app = typer.Typer(help="Segments: list, preview, members, versions, archive; as code.", no_args_is_help=True)

DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded database; GRAPHCDP_DATA_DIR by default.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Segment = Annotated[str, typer.Argument(metavar="SEGMENT", help="Its key or id.")]

EXIT_INTERRUPTED = 130
SHOWN_KEYS_MAX = 5
Result = TypeVar("Result")


@app.command(name="list")
def list_(
    archived: Annotated[bool, typer.Option("--archived", help="Those that are archived instead.")] = False,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """List segments by name, with how many members each has."""
    rows = on_store(data_dir, lambda store: store.read("segment/all"))
    shown = [row for row in rows if (row["status"] == Status.ARCHIVED.value) == archived]
    shown.sort(key=lambda row: (row["name"].lower(), row["id"]))
    if as_json:
        print_json([_json(row) for row in shown])
        return
    if not shown:
        typer.echo("No segment is archived." if archived else "There are no segments yet.")
        return
    table = _table("Key", "Name", "Status", "Members", "Rule", right=("Members",))
    for row in shown:
        table.add_row(*map(escape, (row["key"], row["name"], row["status"], f"{row['size']:,}", row["rule_text"])))
    Console().print(table)


@app.command()
def show(segment: Segment, as_json: Json = False, data_dir: DataDir = None) -> None:
    """Show one segment."""

    async def work(store: Store) -> dict[str, Any]:
        segment_id = await segment_named(store, segment)
        return next(row for row in await store.read("segment/all") if row["id"] == segment_id)

    row = on_store(data_dir, work)
    if as_json:
        print_json(_json(row))
        return
    table = Table(box=None, show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    for name, value in _json(row).items():
        if name != "rule" and value is not None:
            table.add_row(name, escape(f"{value:,}" if name == "size" else str(value)))
    Console().print(table)


@app.command()
def preview(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule in words, or as JSON, or a YAML file with it.")],
    segment: Annotated[
        str | None, typer.Option(help="Also who would enter and leave this one, by key or id.", metavar="SEGMENT")
    ] = None,
    sample: Annotated[int, typer.Option(min=0, max=20, help="How many examples.")] = 10,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Say whom a rule selects, and what it has in common with the segments that there are. Writes nothing.

    Examples:

    - `graphcdp segments preview 'plan = "pro" and did "Order Completed" at least 2 times in the last 90 days'`

    - `graphcdp segments preview rule.yaml --segment loyal`
    """
    wanted = rule_of(rule)

    async def work(store: Store) -> dict[str, Any]:
        return await _preview(store, wanted, segment, sample)

    found = on_store(data_dir, work)
    if as_json:
        print_json(found)
        return
    console = Console()
    share = f" ({found['share']:.1%} of all customers)" if found["count"] else ""
    _say(console, f"{rule_text(wanted)}\nselects {found['count']:,} customers{share}.")
    if found["difference"] is not None:
        _say(
            console,
            f"{found['difference']['entering']:,} would enter {segment}, {found['difference']['leaving']:,} leave it.",
        )
    if found["overlaps"]:
        table = _table("Also in", "Of these", "Of that segment", right=("Of these", "Of that segment"))
        for one in found["overlaps"]:
            table.add_row(escape(one["key"]), f"{one['both']:,}", f"{one['both'] / one['size']:.0%} of {one['size']:,}")
        console.print(table)
    for one in found["sample"]:
        more = len(one["identifiers"]) - SHOWN_KEYS_MAX
        rest = f" and {more} more" if more > 0 else ""
        _say(console, f"{one['id']}  {', '.join(one['identifiers'][:SHOWN_KEYS_MAX])}{rest}")


@app.command()
def members(
    segment: Segment,
    format_: Annotated[TableFormat, typer.Option("--format", help="How to write.")] = TableFormat.CSV,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write; stdout by default.", metavar="FILE")
    ] = None,
    fields: Annotated[
        str,
        typer.Option(
            help="Columns: id, enteredAt, createdAt, updatedAt, firstSeenAt, lastSeenAt; email, phone, user, device, "
            "anonymous, identifier.KIND (the value seen last); identifiers; traits, traits.PATH.",
            metavar="FIELD,...",
        ),
    ] = ",".join(DEFAULT),
    at: Annotated[
        str | None, typer.Option(help="Who was in it at this past time instead, RFC 3339.", metavar="TIME")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Write the members of a segment, in the order of their ids.

    The file appears when all of it is written. It holds personal data in full.

    Examples:

    - `graphcdp segments members vip --fields email,phone -o vip.csv`

    - `graphcdp segments members vip --format jsonl --fields id,traits.plan --at 2026-03-01`
    """
    moment = None if at is None else _past(at)
    columns = member_fields([name.strip() for name in fields.split(",") if name.strip()])
    if output is not None and output.is_dir():
        raise ExportError(f"{output} is a folder; name a file.")
    file = TableFile(output, format_, {one.name: one.shape for one in columns}, sys.stdout.buffer)

    async def work(store: Store) -> int:
        segment_id = await segment_named(store, segment)
        with file:
            async with aclosing(member_pages(store, segment_id, columns, moment)) as pages:
                async for rows in pages:
                    file.write(rows)
        return file.rows

    try:
        written = on_store(data_dir, work)
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_INTERRUPTED) from None
    if output is not None:
        typer.echo(f"{written:,} members of {segment} in {output}", err=True)


@app.command()
def versions(
    segment: Segment,
    first: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """List who changed what of a segment, newest first."""

    async def work(store: Store) -> list[VersionRow]:
        segment_id = await segment_named(store, segment)
        page = version_page(first=first, after=None, last=None, before=None)
        return (await version_pages(store, [segment_id], page))[0].items

    found = on_store(data_dir, work)
    if as_json:
        print_json([_version_json(one) for one in found])
        return
    table = _table("Version", "At (UTC)", "By", "What", "Rule", right=("Version",))
    for one in found:
        what = ", ".join(field.lower() for field in one.changed) if one.action == Action.CHANGED else one.action.lower()
        by = one.by_name or one.by or ""
        table.add_row(*map(escape, (str(one.number), f"{one.at:%Y-%m-%d %H:%M:%S}", by, what, one.rule_text)))
    Console().print(table)


@app.command()
def revert(
    segment: Segment,
    to: Annotated[int, typer.Option(min=1, help="Number of the version, as `versions` lists them.", metavar="N")],
    data_dir: DataDir = None,
) -> None:
    """Give a segment the name, description and rule of an older version again."""

    async def work(store: Store) -> int:
        segment_id = await segment_named(store, segment)
        (row,) = await segments_by_ids(store, [segment_id])
        version = 0 if row is None else row.version
        await revert_segment(store, SegmentName(id=segment_id), version, to, utc_now(), COMMAND_LINE)
        return version + 1

    typer.echo(f"{segment} is as in version {to} again; that is version {on_store(data_dir, work)}.")


@app.command()
def archive(segment: Segment, data_dir: DataDir = None) -> None:
    """Put a segment away: its members leave it, everything else is kept."""
    on_store(data_dir, lambda store: _moved(store, segment, archive_segment))
    typer.echo(f"{segment} is archived; `graphcdp segments restore {segment}` brings it back.")


@app.command()
def restore(segment: Segment, data_dir: DataDir = None) -> None:
    """Bring an archived segment back; its members are computed anew."""
    on_store(data_dir, lambda store: _moved(store, segment, restore_segment))
    typer.echo(f"{segment} is back.")


def on_store(data_dir: Path | None, work: Callable[[Store], Awaitable[Result]]) -> Result:
    """The result of work on the database that the settings name."""
    settings = Settings.load(data_dir=data_dir)
    configure_logs(settings)

    async def run() -> Result:
        async with open_store(settings, progress=DownloadBar(Console(stderr=True))) as store:
            return await work(store)

    return run_async(run())


def print_json(value: Any) -> None:
    """A value as JSON for people and programs."""
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def _past(text: str) -> datetime:
    """The time that this text states. Raises ExportError for one that is none, or that is to come."""
    found = time_of(text)
    if found is None:
        raise ExportError(f"--at {text!r} is no RFC 3339 time, such as 2026-03-01 or 2026-03-01T14:30:00Z.")
    if found > utc_now():
        raise ExportError(f"--at {text!r} is to come; who will be in a segment then is not known.")
    return found


async def _moved(store: Store, segment: str, move: Callable[..., Awaitable[str]]) -> None:
    await move(store, SegmentName(id=await segment_named(store, segment)), utc_now(), COMMAND_LINE)


async def _preview(store: Store, rule: Predicate, segment: str | None, sample: int) -> dict[str, Any]:
    for _, name in await unknown_segments(store, rule.segments()):
        raise UnknownReferenceError(f"There is no segment {name.id or name.key!r}, or it is archived.")
    now = utc_now()
    count, everybody = await count_meeting(store, rule, now), await count_customers(store, None, None)
    difference: Difference | None = None
    if segment is not None:
        difference = await rule_difference(store, rule, now, await segment_named(store, segment))
    overlaps = list(await rule_overlaps(store, rule, now, 10))
    return {
        "ruleText": rule_text(rule),
        "count": count,
        "share": count / everybody if everybody else 0.0,
        "difference": difference and {"entering": difference.entering, "leaving": difference.leaving},
        "overlaps": await _overlaps(store, overlaps),
        "sample": await _sample(store, rule, now, sample),
    }


async def _overlaps(store: Store, found: Sequence[Overlap]) -> list[dict[str, Any]]:
    rows = await segments_by_ids(store, [one.segment_id for one in found])
    return [
        {"key": row.key, "both": one.both, "size": one.size}
        for one, row in zip(found, rows, strict=True)
        if row is not None
    ]


async def _sample(store: Store, rule: Predicate, now: datetime, size: int) -> list[dict[str, Any]]:
    if not size:
        return []
    page = customer_page(Order.LAST_SEEN, first=size, after=None, last=None, before=None)
    listed = await list_customers(store, Order.LAST_SEEN, page, None, condition(rule, now))
    ids = [one.customer.id for one in listed.items]
    keys = await keys_of_customers(store, ids)
    return [{"id": one, "identifiers": keys.get(one, [])} for one in ids]


def rule_of(given: str) -> Predicate:
    """The rule that is given in words, as JSON, or in a file. Raises SegmentFileError, or as `parse_rule`."""
    path = Path(given)
    is_file = path.suffix in (*ENDINGS, ".json") and len(given.splitlines()) == 1
    if not is_file and not given.lstrip().startswith("{"):
        return parse_rule(given)
    where = given if is_file else "The rule"
    text = read_small(path, SegmentFileError) if is_file else given
    try:
        return parse_rule(values_of(composed(text, where, SegmentFileError)))
    except ValueError as error:
        raise SegmentFileError(f"{where} is no rule: {error}.") from error


def _json(row: dict[str, Any]) -> dict[str, Any]:
    """A segment in the names of the API."""
    return {
        "id": row["id"],
        "key": row["key"],
        "name": row["name"],
        "description": row["description"],
        "status": row["status"],
        "version": row["version"],
        "size": row["size"],
        "updatedAt": time_text(row["updated"]),
        "ruleText": row["rule_text"],
        "rule": orjson.loads(row["rule"]),
    }


def _version_json(one: VersionRow) -> dict[str, Any]:
    return {
        "number": one.number,
        "at": time_text(one.at),
        "by": one.by,
        "byName": one.by_name,
        "action": one.action,
        "changed": one.changed,
        "name": one.name,
        "description": one.description,
        "status": one.status,
        "ruleText": one.rule_text,
        "rule": orjson.loads(one.rule),
    }


def _table(*titles: str, right: Sequence[str] = ()) -> Table:
    table = Table(box=None)
    for title in titles:
        table.add_column(title, overflow="fold", justify="right" if title in right else "left")
    return table


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
