"""`graphcdp sources`: where messages come from, and what became of them."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from graphcdp.app import open_store
from graphcdp.cli.loop import run_async
from graphcdp.cli.progress import DownloadBar
from graphcdp.read.pages import SIZE_MAX, Page
from graphcdp.read.sources import SourceRow, list_sources
from graphcdp.settings import Settings

DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded database; GRAPHCDP_DATA_DIR by default.")]


def sources(
    sample: Annotated[bool, typer.Option("--sample", help="Print the shape of the latest message, too.")] = False,
    data_dir: DataDir = None,
) -> None:
    """List the sources of messages, with what came from each and when the latest came."""
    rows = run_async(_all(Settings.load(data_dir=data_dir)))
    if not rows:
        typer.echo("No message has come yet.")
        return
    table = Table(box=None)
    table.add_column("Source", overflow="fold", min_width=10)
    for title in ("Messages", "Events", "Duplicates", "Rejected", "Limited", "Off plan"):
        table.add_column(title, justify="right", overflow="fold")
    table.add_column("Latest (UTC)", no_wrap=True)
    for row in rows:
        table.add_row(
            escape(row.name),
            f"{row.messages:,}",
            f"{row.events:,}",
            f"{row.duplicates:,}",
            f"{row.rejected:,} ({row.rejected_share:.1%})",
            f"{row.limited:,}",
            f"{row.violations:,}",
            f"{row.last:%y-%m-%d %H:%M}",
        )
    console = Console()
    console.print(table)
    if sample:
        for row in rows:
            console.print(f"{row.name}: {row.sample}", markup=False, highlight=False, soft_wrap=True)


async def _all(settings: Settings) -> list[SourceRow]:
    async with open_store(settings, progress=DownloadBar(Console(stderr=True))) as store:
        found: list[SourceRow] = []
        page = Page(size=SIZE_MAX)
        while True:
            part = await list_sources(store, page)
            found += part.items
            if not part.has_next:
                return found
            page = Page(size=SIZE_MAX, after=(found[-1].name,))
