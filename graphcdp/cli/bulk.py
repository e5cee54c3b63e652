"""`graphcdp import --bulk`: a first load into an empty embedded database."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from graphcdp import embedded
from graphcdp.app import database, limits_of, open_platform, rules_to_begin_with
from graphcdp.cli.importing import ImportRun
from graphcdp.cli.loop import run_async
from graphcdp.cli.progress import DownloadBar
from graphcdp.model.errors import ImportFileError
from graphcdp.record.clock import utc_now
from graphcdp.record.files import BadRow
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store

if TYPE_CHECKING:
    # They need the extra `bulk`.
    from graphcdp.bulk.load import BulkReport, KeptNode, Watch


@dataclass
class BulkImport:
    """The run of an import, as a first load."""

    work: ImportRun

    def run(self) -> bool:
        """Load the files; whether no row was refused. Raises GraphCDPError; then the database is as it was."""
        try:
            from graphcdp.bulk import load
        except ImportError as error:
            raise ImportFileError(
                f"--bulk needs {error.name}, which is missing: pip install 'graphcdp[bulk]', or import without --bulk."
            ) from error
        if self.work.settings.neo4j_uri is not None:
            raise ImportFileError(
                "--bulk makes an embedded database, and GRAPHCDP_NEO4J_URI names another one: import without --bulk."
            )
        started = time.monotonic()
        jars = embedded.ensure(self.work.settings.cache_dir, progress=DownloadBar(self.work.console))
        rules, kept = run_async(self._before())
        now = utc_now()
        given = load.BulkInput(
            paths=self.work.files,
            open_file=self.work.open,
            source=self.work.source,
            delimiter=self.work.delimiter,
            rules=rules,
            kept=kept,
            now=now,
            limits=limits_of(self.work.settings),
            plan=self.work.settings.tracking_plan,
        )
        with _progress(self.work.console) as progress:
            task = progress.add_task("Starting", total=1.0, rows=0)
            with (
                self.work.kept_bad(progress.console) as keep,
                embedded.unused(self.work.settings.data_dir) as folder,
                embedded.clean_work(folder) as work,
            ):
                watch = self._watch(progress, task, keep)
                report = load.load(folder, work, jars, given, heap_max=self.work.settings.heap_max, watch=watch)
            loaded_s = time.monotonic() - started
            progress.update(task, description="Neo4j fills the indexes", completed=0)
            run_async(self._after(report, now, lambda share: progress.update(task, completed=share)))
        self._print_summary(report, loaded_s, time.monotonic() - started)
        return not report.refused

    async def _before(self) -> "tuple[IdentityRules, Sequence[KeptNode]]":
        """The rules in force, and what stays of the database, which must be empty."""
        from graphcdp.bulk.around import feed_behind, kept_nodes

        if embedded.is_new(self.work.settings.data_dir):
            return rules_to_begin_with(self.work.settings), [feed_behind(0)]
        async with open_platform(self.work.settings) as platform:
            return await platform.recorder.rules_now(), await kept_nodes(platform.store)

    async def _after(self, report: "BulkReport", now: datetime, on_share: Callable[[float], None]) -> None:
        from graphcdp.bulk.around import finish

        async with database(self.work.settings) as connection:
            async with await Store.open(connection) as store:
                await store.migrate(on_share)
            async with open_platform(self.work.settings) as platform:
                await finish(platform.store, report.late, report.tallies, now)

    def _watch(self, progress: Progress, task: TaskID, keep: Callable[[Path, BadRow], None]) -> "Watch":
        from graphcdp.bulk.load import Watch

        sizes = {path: path.stat().st_size for path in self.work.files}
        total = sum(sizes.values()) or 1
        before = dict(zip(self.work.files, accumulate([0, *sizes.values()]), strict=False))

        def on_rows(path: Path, position: int, rows: int) -> None:
            progress.update(
                task, description=f"Reading {escape(path.name)}", completed=(before[path] + position) / total, rows=rows
            )

        return Watch(
            on_rows=on_rows,
            on_refused=lambda path, row: keep(path, BadRow(row.line, row.reason, row.text)),
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
        self.work.console.print(table)
        for code, count in report.warnings.items():
            some = "1 warning" if count == 1 else f"{count:,} warnings"
            first = f", the first {told}" if (told := report.first_warnings.get(code)) else ""
            self.work.console.print(f"{some}: {code}{first}", markup=False, highlight=False, soft_wrap=True)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeElapsedColumn(),
        console=console,
    )
