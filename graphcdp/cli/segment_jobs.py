"""`graphcdp segments discover` and `check`: what goes through all customers."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from graphcdp.cli.segments import DataDir, Json, on_store, print_json, rule_of
from graphcdp.model.errors import GraphCDPError, UnknownReferenceError
from graphcdp.model.predicates import Predicate
from graphcdp.read.segments import unknown_segments
from graphcdp.record.background import follow_job
from graphcdp.record.clock import utc_now
from graphcdp.record.discovery import COUNT, MINIMUM_SHARE, Wanted, check_extra, discover
from graphcdp.record.jobs import JobState, JobStatus
from graphcdp.record.segment_upkeep import Drift, check
from graphcdp.store import Store

app = typer.Typer()

EXIT_DRIFT = 3
EXIT_INTERRUPTED = 130
_SHOWN_MAX = 3


@app.command(name="discover")
def find(
    count: Annotated[int, typer.Option(min=1, max=20, help="How many suggestions.")] = COUNT,
    minimum_share: Annotated[
        float, typer.Option(min=0.001, max=0.5, help="Smallest share of the customers for a group.")
    ] = MINIMUM_SHARE,
    within: Annotated[
        str | None,
        typer.Option(help="Only among whom this rule selects: in words, as JSON, or a file.", metavar="RULE"),
    ] = None,
    feature: Annotated[
        list[str] | None, typer.Option(help="Only by this path of a trait or name of an event; again for more.")
    ] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Look for groups of customers that would make good segments. Changes no segment.

    A suggestion is a rule: try it with `preview`, put it into a file for `apply`.
    """
    check_extra()
    inside = None if within is None else rule_of(within)
    wanted = Wanted(inside, tuple(feature) if feature else None, count, minimum_share)
    try:
        found = on_store(data_dir, lambda store: _discovered(store, wanted, inside))
    except KeyboardInterrupt:
        typer.echo("Stopped; a server goes on with it.", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    if as_json:
        print_json(found)
        return
    console = Console()
    if not found["suggestions"]:
        typer.echo(f"Nothing stands out among {found['customers']:,} customers.")
        return
    table = Table(box=None)
    for title in ("Name", "Rule and what sets them apart"):
        table.add_column(title, overflow="fold")
    for title in ("Customers", "Share", "Quality"):
        table.add_column(title, justify="right")
    for one in found["suggestions"]:
        apart = [f"  {told['text']}" for told in one["distinctions"][:_SHOWN_MAX]]
        what = "\n".join([one["ruleText"], *apart])
        table.add_row(
            escape(one["name"]), escape(what), f"{one['size']:,}", f"{one['share']:.1%}", f"{one['quality']:.2f}"
        )
    console.print(table)


@app.command(name="check")
def check_members(as_json: Json = False, data_dir: DataDir = None) -> None:
    """Compare the members of live segments with what their rules say, and repair what differs.

    Exit codes: 0 nothing differed; 3 something did, and is repaired.
    """
    found = on_store(data_dir, lambda store: check(store, utc_now()))
    drifted = [one for one in found if one.missing or one.extra]
    if as_json:
        print_json([_drift(one) for one in found])
    else:
        for one in drifted:
            typer.echo(f"{one.key}: {len(one.missing):,} were missing, {len(one.extra):,} too many; repaired.")
        typer.echo(f"{len(found)} segments were checked, {len(found) - len(drifted)} are as their rules say.")
    if drifted:
        raise typer.Exit(EXIT_DRIFT)


async def _discovered(store: Store, wanted: Wanted, inside: Predicate | None) -> dict[str, Any]:
    for _, name in await unknown_segments(store, inside.segments() if inside else []):
        raise UnknownReferenceError(f"There is no segment {name.id or name.key!r}, or it is archived.")
    job = await discover(store, wanted, utc_now())
    with Progress(
        TextColumn("Looking: {task.description}"), BarColumn(), TaskProgressColumn(), console=Console(stderr=True)
    ) as bar:
        task = bar.add_task("begins", total=None)

        def on_progress(state: JobState) -> None:
            bar.update(task, description=state.phase or "", total=max(state.total, 1), completed=state.done)

        state = await follow_job(store, job, on_progress=on_progress)
    if state is None or state.status is not JobStatus.SUCCEEDED:
        raise GraphCDPError(f"Nothing was found: {state.failure if state else 'the job is gone'}")
    return dict(state.result)


def _drift(one: Drift) -> dict[str, Any]:
    return {"key": one.key, "missing": list(one.missing), "extra": list(one.extra)}
