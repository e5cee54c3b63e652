"""`graphcdp rules`: the identity rules: show, check, preview, apply, history."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from graphcdp.app import database
from graphcdp.cli.logs import configure_logs
from graphcdp.cli.loop import run_async
from graphcdp.cli.progress import DownloadBar
from graphcdp.model.errors import DatabaseError, SettingsError
from graphcdp.read.jobs import job_of_version
from graphcdp.read.simulation import Simulation, keys_of_customers, simulate
from graphcdp.record.background import follow_job
from graphcdp.record.clock import utc_now
from graphcdp.record.jobs import JobState, JobStatus, retry_job
from graphcdp.record.rules import Origin, VersionedRules, put_in_force, rule_sets, rules_in_force
from graphcdp.record.rules_file import read_rules_file, rules_text
from graphcdp.resolve.rules import IdentityRules
from graphcdp.settings import Settings
from graphcdp.store import Store

app = typer.Typer(help="The identity rules: show, check, preview, apply, history.", no_args_is_help=True)

RulesFile = Annotated[Path, typer.Argument(help="YAML file with the rules, in whole.", metavar="FILE")]
DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded database; GRAPHCDP_DATA_DIR by default.")]

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130
SHOWN_KEYS_MAX = 5

Result = TypeVar("Result")


@app.command()
def show(
    version: Annotated[
        int | None, typer.Option(min=1, help="Which version; the one in force by default.", metavar="N")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Print rules as YAML, in full; a file that `check`, `preview` and `apply` take."""
    settings = _settings(data_dir)

    async def work(store: Store) -> VersionedRules | None:
        if version is None:
            return await rules_in_force(store)
        found = await rule_sets(store, version=version)
        if not found:
            raise SettingsError(f"There is no version {version} of the rules; `graphcdp rules history` lists them.")
        return found[0]

    shown = _run(settings, work)
    if shown is None:
        typer.echo("# No rules were put in force yet. These are the default ones, which a server starts with.")
        typer.echo(rules_text(IdentityRules(region=settings.default_region)), nl=False)
        return
    typer.echo(f"# Version {shown.version}, {shown.origin.value}, {shown.since:%Y-%m-%d %H:%M:%S} UTC")
    for line in (shown.note or "").splitlines():
        typer.echo(f"# {line}")
    typer.echo(rules_text(shown.rules), nl=False)


@app.command()
def check(file: RulesFile) -> None:
    """Say whether a file of rules is sound. The database is not asked.

    Exit codes: 0 it is; 1 it is not, or cannot be read.
    """
    rules, _ = read_rules_file(file, Settings.load().default_region)
    kinds = ", ".join(sorted(rules.kinds, key=lambda kind: (-rules.priority(kind), kind)))
    typer.echo(f"{file} is sound. Merge: {rules.merge.value}. Kinds, from the strongest: {kinds}.")


@app.command()
def preview(
    file: RulesFile,
    sample: Annotated[int, typer.Option(min=0, max=20, help="How many examples of merges and of splits.")] = 5,
    data_dir: DataDir = None,
) -> None:
    """Say what the rules of a file would do to the whole graph as it is now. Writes nothing."""

    async def work(store: Store) -> tuple[Simulation, dict[str, list[str]]]:
        found = await simulate(store, await _rules_of(store, settings, file), sample)
        return found, await keys_of_customers(store, [one for ids in found.sample_merges for one in ids])

    settings = _settings(data_dir)
    read_rules_file(file, settings.default_region)
    found, keys = _run(settings, work)
    table = Table(box=None, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, number in (
        ("Customers now", found.customers_before),
        ("Customers then", found.customers_after),
        ("Merged into others", found.merges),
        ("Split off others", found.splits),
        ("Conflicts solved", found.conflicts_solved),
        ("Conflicts made", found.conflicts_made),
    ):
        table.add_row(name, f"{number:,}")
    console = Console()
    console.print(table)
    for ids in found.sample_merges:
        _say(console, "One customer:")
        for customer in ids:
            _say(console, f"  {customer}  {_listed(keys.get(customer, []))}")
    for split in found.sample_splits:
        _say(console, f"{split.customer} falls apart:")
        for group in split.groups:
            _say(console, f"  {_listed([identifier.key for identifier in group])}")


@app.command(name="apply")
def apply_rules(
    file: RulesFile,
    note: Annotated[str | None, typer.Option(help="Why, for the history; at most 500 characters.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Put the rules of a file in force, and resolve the whole graph by them.

    It can be stopped at any time: run it again, and it goes on where it was. While a
    server does the work, it shows how far that is.

    Exit codes: 0 the rules are in force and all is resolved; 1 the rules were refused,
    or the database cannot be used; 130 it was stopped.
    """
    settings = _settings(data_dir)
    read_rules_file(file, settings.default_region)
    console = Console(stderr=True)

    async def work(store: Store) -> tuple[VersionedRules, JobState | None]:
        current = await rules_in_force(store)
        made = await put_in_force(
            store,
            await _rules_of(store, settings, file),
            origin=Origin.API,
            now=utc_now(),
            note=note,
            expected_version=0 if current is None else current.version,
        )
        job = await job_of_version(store, made.version)
        if job is None:
            return made, None
        return made, await _resolve(store, job, console)

    try:
        made, state = _run(settings, work)
    except KeyboardInterrupt:
        _say(console, "Stopped. What is done is stored; run the same command again to go on.")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except DatabaseError:
        _say(console, "What is done is stored; run the same command again to go on.")
        raise
    if state is not None and state.status is not JobStatus.SUCCEEDED:
        raise SettingsError(f"Version {made.version} is in force, but the graph was not resolved: {state.failure}")
    done = "" if state is None else f" {state.merges:,} merged into others, {state.splits:,} split off others."
    typer.echo(f"Version {made.version} of the rules is in force.{done}")


@app.command()
def history(
    first: Annotated[int, typer.Option(min=1, max=1000, help="How many versions.")] = 20, data_dir: DataDir = None
) -> None:
    """List the versions of the rules, newest first."""

    async def work(store: Store) -> list[VersionedRules]:
        return await rule_sets(store, first)

    found = _run(_settings(data_dir), work)
    if not found:
        typer.echo("No rules were put in force yet.")
        return
    table = Table(box=None)
    table.add_column("Version", justify="right")
    for title in ("Since (UTC)", "Origin", "Note"):
        table.add_column(title, overflow="fold")
    for one in found:
        note = escape(one.note or "")
        table.add_row(str(one.version), f"{one.since:%Y-%m-%d %H:%M:%S}", one.origin.value, note)
    Console().print(table)


def _settings(data_dir: Path | None) -> Settings:
    settings = Settings.load(data_dir=data_dir)
    configure_logs(settings)
    return settings


def _run(settings: Settings, work: Callable[[Store], Coroutine[Any, Any, Result]]) -> Result:
    """The result of work on the database that the settings name."""

    async def run() -> Result:
        async with _opened(settings) as store:
            return await work(store)

    return run_async(run())


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Store]:
    # Not a platform: that would put the rules file that the settings name in force.
    bar = DownloadBar(Console(stderr=True))
    async with database(settings, bar) as connection, await Store.open(connection) as store:
        await store.migrate()
        yield store


async def _rules_of(store: Store, settings: Settings, file: Path) -> IdentityRules:
    """The rules of a file; the region that is in force stays when it names none."""
    current = await rules_in_force(store)
    rules, _ = read_rules_file(file, settings.default_region if current is None else current.rules.region)
    return rules


async def _resolve(store: Store, job: str, console: Console) -> JobState | None:
    """Run the job, or watch it while a server does."""
    await retry_job(store, job, utc_now())
    with Progress(
        TextColumn("Resolving: {task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[merges]:,} merged, {task.fields[splits]:,} split"),
        console=console,
    ) as bar:
        task = bar.add_task("begins", total=None, merges=0, splits=0)

        def on_progress(state: JobState) -> None:
            bar.update(
                task,
                description=state.phase or "begins",
                total=max(state.total, 1),
                completed=state.total if state.status is JobStatus.SUCCEEDED else state.done,
                merges=state.merges,
                splits=state.splits,
            )

        return await follow_job(store, job, on_progress=on_progress)


def _listed(keys: list[str]) -> str:
    more = f" and {len(keys) - SHOWN_KEYS_MAX} more" if len(keys) > SHOWN_KEYS_MAX else ""
    return ", ".join(keys[:SHOWN_KEYS_MAX]) + more


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
