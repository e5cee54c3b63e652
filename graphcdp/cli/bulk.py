"""`graphcdp import --bulk`: a first load into an empty embedded database."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from graphcdp import embedded
from graphcdp.app import database, open_platform, rules_to_begin_with
from graphcdp.cli.progress import DownloadBar
from graphcdp.model.errors import ImportFileError
from graphcdp.record.clock import utc_now
from graphcdp.record.files import BadRow, RowFile
from graphcdp.resolve.rules import IdentityRules
from graphcdp.settings import Settings
from graphcdp.store import Store

if TYPE_CHECKING:
    # They need the extra `bulk`.
    from graphcdp.bulk.load import BulkReport, KeptNode, Watch

KeepBad = Callable[[Path, BadRow, Console], None]


@dataclass
class BulkImport:
    """One run of the command. open_file: opens a file, fitted to its mapping. keep_bad: keeps a row that is refused."""

    settings: Settings
    files: Sequence[Path]
    open_file: Callable[[Path], RowFile]
    source: str | None
    delimiter: str | None
    keep_bad: KeepBad
    console: Console = field(default_factory=lambda: Console(stderr=True))

    def run(self) -> bool:
        """Load the files; whether no row was refused. Raises GraphCDPError; then the database is as it was."""
        try:
            from graphcdp.bulk import load
        except ImportError as error:
            raise ImportFileError(
                f"--bulk needs {error.name}, which is missing: pip install 'graphcdp[bulk]', or import without --bulk."
            ) from error
        if self.settings.neo4j_uri is not None:
            raise ImportFileError(
                "--bulk makes an embedded database, and GRAPHCDP_NEO4J_URI names another one: import without --bulk."
            )
        started = time.monotonic()
        jars = embedded.ensure(self.settings.cache_dir, progress=DownloadBar(self.console))
        rules, kept = asyncio.run(self._before())
        now = utc_now()
        given = load.BulkInput(self.files, self.open_file, self.source, self.delimiter, rules, kept, now)
        with _progress(self.console) as progress:
            task = progress.add_task("Starting", total=1.0, rows=0)
            with embedded.unused(self.settings.data_dir) as folder, embedded.clean_work(folder) as work:
                watch = self._watch(progress, task)
                report = load.load(folder, work, jars, given, heap_max=self.settings.heap_max, watch=watch)
            loaded_s = time.monotonic() - started
            progress.update(task, description="Neo4j fills the indexes", completed=0)
            asyncio.run(self._after(report, now, lambda share: progress.update(task, completed=share)))
        self._print_summary(report, loaded_s, time.monotonic() - started)
        return not report.refused

    async def _before(self) -> "tuple[IdentityRules, Sequence[KeptNode]]":
        """The rules in force, and what stays of the database, which must be empty."""
        from graphcdp.bulk.around import kept_nodes

        if embedded.is_new(self.settings.data_dir):
            return rules_to_begin_with(self.settings), ()
        async with open_platform(self.settings) as platform:
            return await platform.recorder.rules_now(), await kept_nodes(platform.store)

    async def _after(self, report: "BulkReport", now: datetime, on_share: Callable[[float], None]) -> None:
        from graphcdp.bulk.around import finish

        async with database(self.settings) as connection:
            async with await Store.open(connection) as store:
                await store.migrate(on_share)
            async with open_platform(self.settings) as platform:
                await finish(platform.store, report.late, now)

    def _watch(self, progress: Progress, task: TaskID) -> "Watch":
        from graphcdp.bulk.load import Watch

        sizes = {path: path.stat().st_size for path in self.files}
        total = sum(sizes.values()) or 1
        before = dict(zip(self.files, accumulate([0, *sizes.values()]), strict=False))

        def on_rows(path: Path, position: int, rows: int) -> None:
            progress.update(
                task, description=f"Reading {escape(path.name)}", completed=(before[path] + position) / total, rows=rows
            )

        return Watch(
            on_rows=on_rows,
            on_refused=lambda path, row: self.keep_bad(path, BadRow(row.line, row.reason, row.text), progress.console),
            on_step=lambda step: progress.update(task, description=step, completed=0),
            on_import=lambda share: progress.update(task, completed=share),
        )

    def _print_summary(self, report: "BulkReport", loaded_s: float, total_s: float) -> None:
        counted = report.counted
        assert counted is not None
        table = Table(box=None)
        for title in (
            "Rows",
            "Refused",
            "Known already",
            "Customers",
            "Identifiers",
            "Events",
            "Loaded in",
            "Ready in",
        ):
            table.add_column(title, justify="right", no_wrap=True)
        numbers = (
            report.read, report.refused, report.duplicates, counted.customers, counted.identifiers, counted.events
        )  # fmt: skip
        table.add_row(*(f"{number:,}" for number in numbers), f"{loaded_s:.1f} s", f"{total_s:.1f} s")
        self.console.print(table)
        for code, count in report.warnings.items():
            some = "1 warning" if count == 1 else f"{count:,} warnings"
            first = f", the first {told}" if (told := report.first_warnings.get(code)) else ""
            self.console.print(f"{some}: {code}{first}", markup=False, highlight=False, soft_wrap=True)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeElapsedColumn(),
        console=console,
    )
