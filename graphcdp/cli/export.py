"""`graphcdp export`: customers, identifiers, events and memberships into files."""

from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from graphcdp import __version__
from graphcdp.app import open_store
from graphcdp.cli.logs import configure_logs
from graphcdp.cli.loop import run_async
from graphcdp.cli.progress import DownloadBar
from graphcdp.model.errors import ExportError
from graphcdp.model.times import time_of, time_text
from graphcdp.read.export import Choice, Kind, export_pages, export_totals, segment_named
from graphcdp.read.export_files import ExportFolder, ExportFormat
from graphcdp.record.clock import utc_now
from graphcdp.settings import Settings
from graphcdp.store import Store

EXIT_INTERRUPTED = 130


def export(
    folder: Annotated[Path, typer.Argument(help="Where to write; must not exist, or be empty.", metavar="FOLDER")],
    format_: Annotated[ExportFormat, typer.Option("--format", help="How to write.")] = ExportFormat.JSONL,
    only: Annotated[
        list[str] | None,
        typer.Option(help=f"Only these of {', '.join(Kind)}; several with commas.", metavar="KIND,..."),
    ] = None,
    segment: Annotated[
        str | None, typer.Option(help="Only its members and what is theirs; key or id.", metavar="SEGMENT")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Events from then on, RFC 3339.", metavar="TIME")] = None,
    until: Annotated[str | None, typer.Option(help="Events before then, RFC 3339.", metavar="TIME")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the embedded database.")] = None,
) -> None:
    """Write customers, identifiers, events and memberships as JSON Lines or Parquet, a file for each.

    The folder appears when all of it is written, with manifest.json, which counts the rows
    of each file. Each kind is read page by page while others write; events that arrive
    meanwhile may be in it or not.

    The files hold personal data in full. Only their owner may read the folder.

    Examples:

    - `graphcdp export ./2026-03 --since 2026-03-01 --until 2026-04-01`

    - `graphcdp export ./vips --format parquet --segment vip --only customers,identifiers`
    """
    settings = Settings.load(data_dir=data_dir)
    configure_logs(settings)
    kinds = _kinds(only)
    bounds = {name: _time(name, text) for name, text in (("since", since), ("until", until))}
    if any(bounds.values()) and Kind.EVENTS not in kinds:
        raise ExportError("--since and --until choose events, which --only leaves out; leave one of them out.")
    work = _Export(ExportFolder(folder, format_), kinds, segment, bounds["since"], bounds["until"])
    try:
        run_async(work.run(settings))
    except KeyboardInterrupt:
        work.console.print("Stopped. Nothing was left; start again.")
        raise typer.Exit(EXIT_INTERRUPTED) from None


def _kinds(only: list[str] | None) -> list[Kind]:
    if not only:
        return list(Kind)
    named = [name.strip() for part in only for name in part.split(",") if name.strip()]
    unknown = [name for name in named if name not in set(Kind)]
    if unknown or not named:
        raise ExportError(f"--only {','.join(unknown)} names nothing that can be exported: {', '.join(Kind)}.")
    return [kind for kind in Kind if kind in named]


def _time(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    found = time_of(text)
    if found is None:
        raise ExportError(f"--{option} {text!r} is no RFC 3339 time, such as 2026-03-01 or 2026-03-01T14:30:00Z.")
    return found


@dataclass
class _Export:
    """One run of the command."""

    folder: ExportFolder
    kinds: list[Kind]
    segment: str | None
    since: datetime | None
    until: datetime | None
    console = Console(stderr=True)

    async def run(self, settings: Settings) -> None:
        async with open_store(settings, progress=DownloadBar(self.console)) as store:
            segment = None if self.segment is None else await segment_named(store, self.segment)
            choice = Choice(segment, self.since, self.until)
            started = utc_now()
            totals = await export_totals(store)
            with self.folder as folder:
                with _bar(self.console) as bar:
                    files = [await self._write(store, kind, choice, bar, totals[kind]) for kind in self.kinds]
                folder.finish(
                    {
                        "graphcdp": __version__,
                        "format": folder.format,
                        "startedAt": time_text(started),
                        "finishedAt": time_text(utc_now()),
                        "segment": segment,
                        "since": None if self.since is None else time_text(self.since),
                        "until": None if self.until is None else time_text(self.until),
                        "files": files,
                    }
                )
        told = ", ".join(f"{file['rows']:,} {file['kind']}" for file in files)
        self.console.print(f"{told} in {self.folder.path}", markup=False, highlight=False, soft_wrap=True)

    async def _write(self, store: Store, kind: Kind, choice: Choice, bar: Progress, total: int) -> dict[str, Any]:
        """What the manifest says of the kind's file."""
        task = bar.add_task(kind, total=total, rows=0)
        with self.folder.open(kind) as file:
            async with aclosing(export_pages(store, kind, choice)) as pages:
                async for page in pages:
                    file.write(page.rows)
                    bar.update(task, advance=page.walked, rows=file.rows)
        # It may have grown meanwhile, or shrunk; bounds leave some out.
        bar.update(task, total=1, completed=1)
        return {"kind": kind, "file": self.folder.file_of(kind), "rows": file.rows, "bytes": file.size_bytes}


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeRemainingColumn(),
        console=console,
    )
