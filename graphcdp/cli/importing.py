"""Files recorded one after another: where each goes on, its bad rows, what became of it."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from graphcdp.app import Platform, open_platform, settle_memory
from graphcdp.cli.progress import DownloadBar
from graphcdp.cli.rejects import Rejects
from graphcdp.model.errors import ImportFileError
from graphcdp.record.checkpoints import Checkpoint, checkpoints, import_key, keep_checkpoint, text_of
from graphcdp.record.clock import utc_now
from graphcdp.record.files import REJECTED_SUFFIX, BadRow, Format, RowFile
from graphcdp.record.load import LoadReport, load_rows
from graphcdp.record.mapping import ImportMapping
from graphcdp.settings import Settings

SHOWN_MAX = 5


@dataclass
class ImportRun:
    """One run of the command."""

    settings: Settings
    files: Sequence[Path]
    mapping: ImportMapping | None
    format_: Format | None
    delimiter: str | None
    source: str | None
    rejected: Path | None
    again: bool
    batch_max: int
    console: Console = field(default_factory=lambda: Console(stderr=True))
    report_by_file: dict[Path, LoadReport] = field(default_factory=dict)

    told_when_stopped = "Stopped. What is counted here is stored; run the same command again to go on."

    def check(self) -> None:
        """Raise ImportFileError for what cannot work, before the database is started."""
        for path in self.files:
            with self.open(path):
                pass
            folder = self._rejected_path(path).absolute().parent
            if not os.access(folder, os.W_OK):
                raise ImportFileError(f"{folder} cannot be written to, where bad rows would be kept; give --rejected.")

    async def run(self) -> None:
        """Record all files, one after another, each from where an earlier run has come to."""
        key_by_file = {path: self._key(path) for path in self.files}
        async with open_platform(self.settings, progress=DownloadBar(self.console)) as platform:
            settle_memory()
            stands: dict[str, Checkpoint] = {}
            if not self.again:
                stands = await checkpoints(platform.store, list(key_by_file.values()))
            rejects = self._rejects(stands.values())
            with ExitStack() as files:
                for kept in rejects.values():
                    files.enter_context(kept)
                for path, key in key_by_file.items():
                    await self._import(platform, path, key, stands.get(key), rejects[self._rejected_path(path)])

    @contextmanager
    def kept_bad(self, console: Console) -> Iterator[Callable[[Path, BadRow], None]]:
        """Keeps bad rows where they belong, and says of the first few what is wrong; for a run from the start."""
        rejects = self._rejects(())

        def keep(path: Path, bad: BadRow) -> None:
            kept = rejects[self._rejected_path(path)]
            kept.keep(path, bad)
            if kept.count <= SHOWN_MAX:
                self.say(f"{path}:{bad.line}: {bad.reason}", console)

        try:
            with ExitStack() as files:
                for kept in rejects.values():
                    files.enter_context(kept)
                yield keep
        finally:
            for kept in rejects.values():
                if kept.count:
                    self.say(f"Rejected rows, each with its line and the reason: {kept.path}", console)

    def _rejects(self, stands: Iterable[Checkpoint]) -> dict[Path, Rejects]:
        """The files of bad rows by path, each with what earlier runs left there."""
        size_by_path: Counter[str] = Counter()
        for stand in stands:
            size_by_path[stand.rejected] = max(size_by_path[stand.rejected], stand.rejected_bytes)
        paths = dict.fromkeys(self._rejected_path(path) for path in self.files)
        return {path: Rejects(path, size_by_path[text_of(path)]) for path in paths}

    async def _import(
        self, platform: Platform, path: Path, key: str, stand: Checkpoint | None, rejects: Rejects
    ) -> None:
        report = LoadReport() if stand is None else stand.report
        self.report_by_file[path] = report
        if stand is not None and stand.finished is not None:
            self.say(f"{path} was imported to its end on {_day(stand.finished)}; --again reads it once more.")
            return
        if stand is not None and report.read:
            self.say(f"{path}: going on after {report.read:,} rows, where it stopped on {_day(stand.updated)}.")
        started = utc_now() if stand is None else stand.started

        async def keep(report: LoadReport, finished: bool = False) -> None:
            await keep_checkpoint(
                platform.store,
                key,
                path,
                report,
                rejected=rejects.path,
                rejected_bytes=rejects.size_bytes,
                started=started,
                now=utc_now(),
                finished=finished,
            )

        with progress_bar(self.console) as bar, self.open(path) as file:
            task = bar.add_task(escape(path.name), total=file.size_bytes, rows=0)

            def on_bad(bad: BadRow) -> None:
                rejects.keep(path, bad)
                if rejects.count <= SHOWN_MAX:
                    self.say(f"{path}:{bad.line}: {bad.reason}", bar.console)

            await keep(report)
            await load_rows(
                platform.recorder,
                file.rows(),
                report=report,
                done=report.read,
                batch_max=self.batch_max,
                on_progress=lambda report: bar.update(task, completed=file.position_bytes, rows=report.read),
                on_bad=on_bad,
                on_stored=keep,
            )
            await keep(report, finished=True)
            bar.update(task, completed=file.size_bytes)

    def _key(self, path: Path) -> str:
        return import_key(path, self.mapping, format_=self.format_, delimiter=self.delimiter, source=self.source)

    def open(self, path: Path) -> RowFile:
        """The rows of a file, read as the command says. Raises ImportFileError."""
        return RowFile.open(path, self.mapping, format_=self.format_, delimiter=self.delimiter, source=self.source)

    def _rejected_path(self, path: Path) -> Path:
        return self.rejected or path.with_name(f"{path.name}{REJECTED_SUFFIX}")

    def print_summary(self) -> None:
        """Print what became of each file's rows, what was warned of, and where bad rows are."""
        table = Table(box=None)
        table.add_column("File", overflow="fold")
        for title in ("Rows", "Recorded", "Known already", "Rejected", "Customers merged"):
            table.add_column(title, justify="right", no_wrap=True)
        for path, report in self.report_by_file.items():
            table.add_row(
                escape(str(path)),
                *(f"{n:,}" for n in (report.read, report.recorded, report.duplicates, report.rejected, report.merged)),
            )
        if table.row_count:
            self.console.print(table)
        self.print_warnings()
        for place in dict.fromkeys(self._rejected_path(p) for p, r in self.report_by_file.items() if r.rejected):
            self.say(f"Rejected rows, each with its line and the reason: {place}")

    def print_warnings(self) -> None:
        """Print how often rows are recorded with less, and the first case of each."""
        for path, report in self.report_by_file.items():
            for code, count in report.warnings.items():
                some = "1 warning" if count == 1 else f"{count:,} warnings"
                first = report.first_warnings.get(code)
                self.say(f"{path}: {some}: {code}{f', the first in this run: {first}' if first else ''}")

    def say(self, text: str, console: Console | None = None) -> None:
        """Print a line as it stands."""
        (console or self.console).print(text, markup=False, highlight=False, soft_wrap=True)


def _day(time: datetime) -> str:
    return f"{time.astimezone():%Y-%m-%d %H:%M}"


def progress_bar(console: Console) -> Progress:
    """A bar for each file: how much of it is read, and how many rows that were."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeRemainingColumn(),
        console=console,
    )
