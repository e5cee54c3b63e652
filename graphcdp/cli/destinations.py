"""`graphcdp destinations`: those of GRAPHCDP_DESTINATIONS: list, replay."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from graphcdp.app import open_store
from graphcdp.cli.loop import run_async
from graphcdp.cli.progress import DownloadBar
from graphcdp.cli.webhooks import place_in_feed
from graphcdp.read.deliveries import WEBHOOK, DestinationRow, destinations
from graphcdp.read.feed import standing
from graphcdp.record.clock import utc_now
from graphcdp.record.webhooks import replay_from
from graphcdp.settings import Settings

app = typer.Typer(help="Configured destinations of changes: list, replay.", no_args_is_help=True)

DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded database; GRAPHCDP_DATA_DIR by default.")]


@app.command(name="list")
def list_(data_dir: DataDir = None) -> None:
    """List the configured destinations that a server has begun with, and how far each has got."""

    async def run() -> tuple[list[DestinationRow], int]:
        settings = Settings.load(data_dir=data_dir)
        async with open_store(settings, progress=DownloadBar(Console(stderr=True))) as store:
            return await destinations(store), (await standing(store)).newest

    found, newest = run_async(run())
    rows = [row for row in found if row.type != WEBHOOK]
    if not rows:
        typer.echo("No destination is known; GRAPHCDP_DESTINATIONS names a file of them, and `graphcdp serve` begins.")
        return
    table = Table(box=None)
    for title in ("Name", "Type", "Behind", "State"):
        table.add_column(title, overflow="fold")
    for row in rows:
        state = "delivers" if row.enabled else f"stopped: {row.reason}"
        if row.enabled and row.failing_since is not None:
            state = f"failing since {row.failing_since:%y-%m-%d %H:%M:%S}"
        table.add_row(escape(row.name or ""), row.type, str(max(0, newest - row.cursor)), escape(state))
    Console().print(table)


@app.command()
def replay(
    name: Annotated[str, typer.Argument(help="The destination's name in the file.")],
    after: Annotated[str, typer.Option(help="From here: now, start (the oldest change kept), or a cursor.")],
    data_dir: DataDir = None,
) -> None:
    """Deliver all changes from a cursor, once more those that were delivered. One that stopped goes on."""

    async def run() -> None:
        settings = Settings.load(data_dir=data_dir)
        async with open_store(settings, progress=DownloadBar(Console(stderr=True))) as store:
            await replay_from(store, f"dst_{name}", await place_in_feed(store, after), utc_now())

    run_async(run())
    typer.echo("All changes from there are delivered.")
