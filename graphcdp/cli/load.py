"""`graphcdp import`: record files."""

from pathlib import Path
from typing import Annotated

import typer

from graphcdp.cli.bulk import BulkImport
from graphcdp.cli.dry_run import DryRun
from graphcdp.cli.importing import ImportRun
from graphcdp.cli.logs import configure_logs
from graphcdp.cli.loop import run_async
from graphcdp.cli.mapping import given_mapping
from graphcdp.cli.suggest import print_suggestion
from graphcdp.model.errors import DatabaseError, ImportFileError
from graphcdp.record.files import Format, named_files
from graphcdp.record.load import BATCH_MAX
from graphcdp.record.mapping import TimeFormat
from graphcdp.settings import Settings

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
    suggest: Annotated[
        bool,
        typer.Option("--suggest", help="Print a mapping for one file, by looking at its columns; import nothing."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would become of the rows, and write nothing.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Start over, also with files that were imported to their end.")
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
    good ones are recorded. An import that was stopped, however hard, goes on where it
    stopped when it is started again; importing a file twice records nothing twice.

    Exit codes: 0 all rows are recorded; 2 some rows were rejected, the others are
    recorded; 1 a file, the mapping or the database cannot be used.

    Examples:

    - `graphcdp import events.jsonl.gz`

    - `graphcdp import orders.csv --suggest > orders.yaml`

    - `graphcdp import "export/2026-*/*.parquet" --mapping orders.yaml`

    - `graphcdp import orders.csv --map user=customer_no --map at=ordered_at --set name="Order Completed"
      --map "properties.*=*"`
    """
    settings = Settings.load(data_dir=data_dir)
    configure_logs(settings)
    if delimiter == "\\t":
        delimiter = "\t"
    if suggest:
        if mapping or map_ or set_ or times:
            raise ImportFileError("--suggest looks at columns alone; leave out --mapping, --map, --set and --times.")
        found = named_files(files)
        if len(found) > 1:
            raise ImportFileError(f"--suggest looks at one file, and these are {len(found)}; name one of them.")
        print_suggestion(found[0], format_=format_, delimiter=delimiter, region=settings.default_region)
        return
    if bulk and dry_run:
        raise ImportFileError("--bulk has no dry run: leave out --bulk, the outcome is the same.")
    given = given_mapping(mapping, map_ or (), set_ or (), times)
    work = (DryRun if dry_run else ImportRun)(
        settings=settings,
        files=named_files(files),
        mapping=given,
        format_=format_,
        delimiter=delimiter,
        source=source,
        rejected=rejected,
        again=again,
        batch_max=batch,
    )
    work.check()
    if bulk:
        if not BulkImport(work).run():
            raise typer.Exit(EXIT_IN_PART)
        return
    try:
        run_async(work.run())
    except KeyboardInterrupt:
        work.print_summary()
        work.console.print(work.told_when_stopped)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except DatabaseError:
        work.print_summary()
        work.console.print(work.told_when_stopped)
        raise
    work.print_summary()
    if any(report.rejected for report in work.report_by_file.values()):
        raise typer.Exit(EXIT_IN_PART)
