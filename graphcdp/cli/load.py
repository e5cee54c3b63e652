"""`graphcdp import`: record files."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Annotated, Self

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from graphcdp.app import Platform, open_platform
from graphcdp.cli.bulk import BulkImport
from graphcdp.cli.logs import configure_logs
from graphcdp.cli.progress import DownloadBar
from graphcdp.model.errors import DatabaseError, ImportFileError
from graphcdp.record.files import REJECTED_SUFFIX, BadRow, Format, RowFile, named_files
from graphcdp.record.load import BATCH_MAX, LoadReport, load_rows
from graphcdp.record.mapping import ImportMapping, TimeFormat, build_mapping, load_mapping
from graphcdp.settings import Settings

SHOWN_MAX = 5
EXIT_IN_PART = 2
EXIT_INTERRUPTED = 130


def import_files(
    files: Annotated[
        list[Path],
        typer.Argument(help="CSV, JSON Lines (each also as .gz) or Parquet; patterns in quotes.", metavar="FILE..."),
    ],
    mapping: Annotated[
        Path | None, typer.Option(help="YAML or JSON file with columns, constants and times.", metavar="FILE")
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map", help="Map a column: `email=Mail`, `properties.total:number=Amount`.", metavar="FIELD=COLUMN"
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="One value for every row: `name='Order Completed'`.", metavar="FIELD=VALUE"),
    ] = None,
    times: Annotated[TimeFormat | None, typer.Option(help="How the column of `at` is written.")] = None,
    format_: Annotated[Format | None, typer.Option("--format", help="Unset: by the file's name.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="Of CSV, one character; unset: found in the header.")] = None,
    source: Annotated[str | None, typer.Option(help="Who sent the rows; unset: `import`, or as mapped.")] = None,
    rejected: Annotated[
        Path | None, typer.Option(help="Where bad rows go; unset: FILE.rejected.jsonl beside each file.")
    ] = None,
    bulk: Annotated[
        bool, typer.Option("--bulk", help="A first load, into an empty embedded database that nothing uses.")
    ] = False,
    batch: Annotated[int, typer.Option(min=1, max=10_000, help="Rows in one transaction.")] = BATCH_MAX,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the embedded database.")] = None,
) -> None:
    """Record the rows of CSV, JSON Lines and Parquet files as events, identifies and aliases.

    JSON Lines in the tracking format (messageId, type, event, userId, anonymousId,
    timestamp, properties, traits, context) need no mapping, nor does a CSV or Parquet file whose
    columns are called as the fields are: type, id, name, at, source, user, email, phone,
    device, anonymous, identifiers.KIND, properties.PATH, traits.PATH, context.PATH.

    A bad row does not harm the others: it is kept with its line and the reason, and the
    good ones are recorded. Importing a file twice records nothing twice.

    Exit codes: 0 all rows are recorded; 2 some rows were rejected, the others are
    recorded; 1 a file, the mapping or the database cannot be used.

    Examples:

    - `graphcdp import events.jsonl.gz`

    - `graphcdp import "export/2026-*/*.parquet" --mapping orders.yaml`

    - `graphcdp import orders.csv --map user=customer_no --map at=ordered_at --set name="Order Completed"
      --map "properties.*=*"`
    """
    settings = Settings.load(data_dir=data_dir)
    configure_logs(settings)
    given = _given_mapping(mapping, map_ or (), set_ or (), times)
    if delimiter == "\\t":
        delimiter = "\t"
    work = _Import(
        settings=settings,
        files=named_files(files),
        mapping=given,
        format_=format_,
        delimiter=delimiter,
        source=source,
        rejected=rejected,
        batch_max=batch,
    )
    work.check()
    if bulk:
        if not work.run_bulk():
            raise typer.Exit(EXIT_IN_PART)
        return
    try:
        asyncio.run(work.run())
    except KeyboardInterrupt:
        work.print_summary()
        work.console.print("Stopped. What is counted here is stored; run the same command again to go on.")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except DatabaseError:
        work.print_summary()
        work.console.print("What is counted here is stored; run the same command again to go on.")
        raise
    work.print_summary()
    if any(report.rejected for report in work.report_by_file.values()):
        raise typer.Exit(EXIT_IN_PART)


def _given_mapping(
    path: Path | None, columns: Sequence[str], constants: Sequence[str], times: TimeFormat | None
) -> ImportMapping | None:
    content = None
    if path is not None:
        try:
            content = load_mapping(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
            raise ImportFileError(f"The mapping {path} cannot be read: {reason}.") from error
    elif not columns and not constants and times is None:
        return None
    return build_mapping(content, columns=columns, constants=constants, times=times, where=str(path or "The mapping"))


@dataclass
class _Import:
    """One run of the command."""

    settings: Settings
    files: Sequence[Path]
    mapping: ImportMapping | None
    format_: Format | None
    delimiter: str | None
    source: str | None
    rejected: Path | None
    batch_max: int
    console: Console = field(default_factory=lambda: Console(stderr=True))
    report_by_file: dict[Path, LoadReport] = field(default_factory=dict)

    def check(self) -> None:
        """Raise ImportFileError for what cannot work, before the database is started."""
        for path in self.files:
            with self._open(path):
                pass
            folder = self._rejected_path(path).absolute().parent
            if not os.access(folder, os.W_OK):
                raise ImportFileError(f"{folder} cannot be written to, where bad rows would be kept; give --rejected.")

    def run_bulk(self) -> bool:
        """Load all files into an empty database; whether no row was rejected."""
        with ExitStack() as files:
            own = {path: files.enter_context(_Rejects(self._rejected_path(path))) for path in self.files}
            if self.rejected is not None:
                own = dict.fromkeys(self.files, files.enter_context(_Rejects(self.rejected)))

            def keep(path: Path, bad: BadRow, console: Console) -> None:
                own[path].keep(path, bad)
                if own[path].count <= SHOWN_MAX:
                    self._say(f"{path}:{bad.line}: {bad.reason}", console)

            job = BulkImport(self.settings, self.files, self._open, self.source, self.delimiter, keep, self.console)
            try:
                return job.run()
            finally:
                for kept in dict.fromkeys(own.values()):
                    if kept.count:
                        self._say(f"Rejected rows, each with its line and the reason: {kept.path}")

    async def run(self) -> None:
        """Record all files, one after another."""
        async with open_platform(self.settings, progress=DownloadBar(self.console)) as platform:
            rejects = {path: _Rejects(self._rejected_path(path)) for path in self.files}
            if self.rejected is not None:
                rejects = dict.fromkeys(self.files, _Rejects(self.rejected))
            with ExitStack() as files:
                for kept in rejects.values():
                    files.enter_context(kept)
                for path in self.files:
                    await self._import(platform, path, rejects[path])

    async def _import(self, platform: Platform, path: Path, rejects: "_Rejects") -> None:
        report = self.report_by_file.setdefault(path, LoadReport())
        with _progress(self.console) as bar, self._open(path) as file:
            task = bar.add_task(escape(path.name), total=file.size_bytes, rows=0)

            def on_bad(bad: BadRow) -> None:
                rejects.keep(path, bad)
                if rejects.count <= SHOWN_MAX:
                    self._say(f"{path}:{bad.line}: {bad.reason}", bar.console)

            await load_rows(
                platform.recorder,
                file.rows(),
                report=report,
                batch_max=self.batch_max,
                on_progress=lambda report: bar.update(task, completed=file.position_bytes, rows=report.read),
                on_bad=on_bad,
            )
            bar.update(task, completed=file.size_bytes)

    def _open(self, path: Path) -> RowFile:
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
        for path, report in self.report_by_file.items():
            for code, count in report.warnings.items():
                some = "1 warning" if count == 1 else f"{count:,} warnings, the first"
                self._say(f"{path}: {some}: {code}, {report.first_warnings[code]}")
        for place in dict.fromkeys(self._rejected_path(p) for p, r in self.report_by_file.items() if r.rejected):
            self._say(f"Rejected rows, each with its line and the reason: {place}")

    def _say(self, text: str, console: Console | None = None) -> None:
        (console or self.console).print(text, markup=False, highlight=False, soft_wrap=True)


class _Rejects:
    """The file of bad rows; made with the first one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def keep(self, path: Path, bad: BadRow) -> None:
        """Write one bad row of the file at `path`."""
        if self._file is None:
            try:
                self._file = self.path.open("wb")
            except OSError as error:
                raise ImportFileError(f"{self.path} cannot be written: {error.strerror}; give --rejected.") from error
        self.count += 1
        row = {"file": str(path), "line": bad.line, "reason": bad.reason, "row": bad.text}
        self._file.write(orjson.dumps(row) + b"\n")
        self._file.flush()


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeRemainingColumn(),
        console=console,
    )
