"""`graphcdp rejected`: messages that could not be taken: list, replay."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from graphcdp.app import open_platform, open_store
from graphcdp.cli.logs import configure_logs
from graphcdp.cli.loop import run_async
from graphcdp.cli.progress import DownloadBar
from graphcdp.model.errors import InvalidReferenceError
from graphcdp.read.pages import SIZE_MAX
from graphcdp.read.rejected import RejectedRow, rejected_messages, rejected_page
from graphcdp.record.rejected import FIRST, REPLAY_MAX, Replayed, replay_named, replay_next
from graphcdp.settings import Settings

app = typer.Typer(help="Messages that could not be taken: list, replay.", no_args_is_help=True)

DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded database; GRAPHCDP_DATA_DIR by default.")]
EXIT_IN_PART = 2


@app.command(name="list")
def list_(
    first: Annotated[int, typer.Option(min=1, max=SIZE_MAX, help="How many, from the newest.")] = 20,
    content: Annotated[bool, typer.Option("--content", help="Print each message as it came, too.")] = False,
    data_dir: DataDir = None,
) -> None:
    """List refused messages, newest first, each with the reason."""

    async def run() -> list[RejectedRow]:
        settings = Settings.load(data_dir=data_dir)
        async with open_store(settings, progress=DownloadBar(Console(stderr=True))) as store:
            page = rejected_page(first=first, after=None, last=None, before=None)
            return list((await rejected_messages(store, page)).items)

    rows = run_async(run())
    if not rows:
        typer.echo("No message was refused.")
        return
    table = Table(box=None)
    for title in ("Id", "Received", "Source", "Code", "Tries", "Reason"):
        table.add_column(title, overflow="fold", no_wrap=title not in ("Source", "Reason"))
    for row in rows:
        cells = (row.id, f"{row.received:%y-%m-%d %H:%M}", escape(row.source or ""), row.code, str(row.tries))
        table.add_row(*cells, escape(row.reason))
        if content:
            table.add_row("", "", "", "", "", escape(row.json))
    Console().print(table)


@app.command()
def replay(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Ids of refused messages, rej_....")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All of them, oldest first.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Try refused messages again, with the ids that they had.

    One that is taken leaves the list; one that is still refused stays, with its newest reason.

    Exit codes: 0 all were taken; 2 some are still refused; 1 the database cannot be used.
    """
    if bool(ids) == all_:
        raise InvalidReferenceError("Name the messages by their ids, or say --all; one of the two.")
    taken, refused = run_async(_replay(Settings.load(data_dir=data_dir), ids or []))
    typer.echo(f"Taken: {taken:,}. Still refused: {refused:,}.")
    if refused:
        raise typer.Exit(EXIT_IN_PART)


async def _replay(settings: Settings, ids: list[str]) -> tuple[int, int]:
    """How many were taken, and how many not; no ids: all are tried."""
    configure_logs(settings)
    taken = refused = 0

    def count(found: Replayed) -> None:
        nonlocal taken, refused
        taken += found.taken
        refused += len(found.refused)

    async with open_platform(settings, progress=DownloadBar(Console(stderr=True))) as platform:
        for start in range(0, len(ids), REPLAY_MAX):
            count(await replay_named(platform.store, platform.recorder, ids[start : start + REPLAY_MAX]))
        after: str | None = None if ids else FIRST
        while after is not None:
            found = await replay_next(platform.store, platform.recorder, after)
            count(found)
            after = found.last
    return taken, refused
