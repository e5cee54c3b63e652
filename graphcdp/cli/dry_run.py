"""`graphcdp import --dry-run`: what would become of the rows of files; nothing is written."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from graphcdp.app import Platform, open_unchanged
from graphcdp.cli.importing import ImportRun, progress_bar
from graphcdp.cli.progress import DownloadBar
from graphcdp.cli.rejects import Rejects
from graphcdp.model.messages import RawMessage
from graphcdp.model.outcomes import Outcome
from graphcdp.record.files import BadRow
from graphcdp.record.foresight import Foresight
from graphcdp.record.load import LoadReport, load_rows
from graphcdp.record.recorder import Recorder

SHOWN_MAX = 20


@dataclass(frozen=True, slots=True)
class _Foreseeing:
    """Answers as the recorder would."""

    recorder: Recorder
    foresight: Foresight

    async def record_each(
        self, batches: Iterable[Sequence[RawMessage]], *, paced: bool = True
    ) -> AsyncGenerator[list[Outcome]]:
        for raws in batches:
            yield await self.recorder.foresee(raws, self.foresight)


@dataclass
class DryRun(ImportRun):
    """One run that writes nothing, but the file of bad rows where one was named."""

    created: int = field(default=0, init=False)
    merged: int = field(default=0, init=False)
    shown: int = field(default=0, init=False)

    told_when_stopped = "Stopped. Nothing was written; what is counted here would be so as far as the files were read."

    def check(self) -> None:
        """Raise ImportFileError for what cannot work, before the database is started."""
        for path in self.files:
            with self.open(path):
                pass

    async def run(self) -> None:
        """Decide on all files, one after another, from their first rows."""
        async with open_unchanged(self.settings, progress=DownloadBar(self.console)) as platform:
            foresight = Foresight(platform.store)
            with ExitStack() as files:
                rejects = None if self.rejected is None else files.enter_context(Rejects(self.rejected))
                for path in self.files:
                    await self._foresee(platform, path, foresight, rejects)

    async def _foresee(self, platform: Platform, path: Path, foresight: Foresight, rejects: Rejects | None) -> None:
        report = self.report_by_file.setdefault(path, LoadReport())
        with progress_bar(self.console) as bar, self.open(path) as file:
            task = bar.add_task(escape(path.name), total=file.size_bytes, rows=0)

            def on_bad(bad: BadRow) -> None:
                if rejects is not None:
                    rejects.keep(path, bad)
                self.shown += 1
                if self.shown <= SHOWN_MAX:
                    self.say(f"{path}:{bad.line}: {bad.reason}", bar.console)

            def on_progress(report: LoadReport) -> None:
                self.created, self.merged = foresight.created, foresight.merged
                bar.update(task, completed=file.position_bytes, rows=report.read)

            await load_rows(
                _Foreseeing(platform.recorder, foresight),
                file.rows(),
                report=report,
                batch_max=self.batch_max,
                on_progress=on_progress,
                on_bad=on_bad,
            )
            bar.update(task, completed=file.size_bytes)

    def print_summary(self) -> None:
        """Print what would become of each file's rows, and why some would be rejected."""
        table = Table(box=None)
        table.add_column("File", overflow="fold")
        for title in ("Rows", "Would be recorded", "Known already", "Would be rejected"):
            table.add_column(title, justify="right", no_wrap=True)
        for path, report in self.report_by_file.items():
            numbers = (report.read, report.recorded, report.duplicates, report.rejected)
            table.add_row(escape(str(path)), *(f"{n:,}" for n in numbers))
        if table.row_count:
            self.console.print(table)
        self.print_warnings()
        for path, report in self.report_by_file.items():
            reasons = [f"{count:,} {code}" for code, count in report.rejections.most_common()]
            if report.unread:
                reasons.append(f"{report.unread:,} that cannot be read")
            if reasons:
                self.say(f"{path}: problems of rejected rows: {', '.join(reasons)}")
        told = f"{self.created:,} would be created, {self.merged:,} merged into others"
        self.say(f"Customers: {told}. Nothing was written.")
        if self.rejected is not None and any(report.rejected for report in self.report_by_file.values()):
            self.say(f"Rows that would be rejected, each with its line and the reason: {self.rejected}")
