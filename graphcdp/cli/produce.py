"""`graphcdp produce`: publish files to a stream."""

from pathlib import Path
from typing import Annotated

import typer

from graphcdp.cli.logs import configure_logs
from graphcdp.cli.loop import run_async
from graphcdp.cli.mapping import given_mapping
from graphcdp.record.files import BadRow, Format, RowFile, named_files
from graphcdp.record.mapping import TimeFormat
from graphcdp.record.rules_file import read_rules_file
from graphcdp.resolve.rules import IdentityRules
from graphcdp.settings import Settings
from graphcdp.streams.options import client_options, require_client

app = typer.Typer(help="Publish files to a stream: kafka.", no_args_is_help=True)

EXIT_IN_PART = 2


@app.callback()
def _streams() -> None:
    """Publish files to a stream."""


@app.command()
def kafka(
    files: Annotated[
        list[Path],
        typer.Argument(help="CSV, JSON Lines (each also as .gz) or Parquet; patterns in quotes.", metavar="FILE..."),
    ],
    topic: Annotated[str, typer.Option(help="Where the messages go.")],
    brokers: Annotated[
        str | None, typer.Option(help="host:port, several with commas; GRAPHCDP_KAFKA_BROKERS by default.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="YAML or JSON file, as of `graphcdp import`.", metavar="FILE")
    ] = None,
    map_: Annotated[list[str] | None, typer.Option("--map", help="Map a column.", metavar="FIELD=COLUMN")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="One value for every row.", metavar="FIELD=VALUE")
    ] = None,
    times: Annotated[TimeFormat | None, typer.Option(help="How the column of `at` is written.")] = None,
    format_: Annotated[Format | None, typer.Option("--format", help="Unset: by the file's name.")] = None,
    source: Annotated[str | None, typer.Option(help="Who sent the rows; unset: `import`, or as mapped.")] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="File with options of the client; GRAPHCDP_KAFKA_CONFIG by default.", metavar="FILE"),
    ] = None,
) -> None:
    """Publish the rows of files as messages, each keyed by its highest-priority identifier.

    Files and mappings are those of `graphcdp import`. One customer's messages have one key, and
    so stay in order; `graphcdp consume kafka` records them. Priorities are those of the rules in
    GRAPHCDP_RULES, else the default ones; the graph is not asked.

    Needs the extra `kafka`: pip install 'graphcdp[kafka]'.

    Exit codes: 0 all rows are published; 2 some could not be read, the others are published;
    1 a file, the mapping or Kafka cannot be used.
    """
    require_client()
    settings = Settings.load(kafka_brokers=brokers, kafka_config=config)
    configure_logs(settings)
    options = client_options(settings.kafka_brokers, settings.kafka_config)
    rules = _rules(settings)
    given = given_mapping(mapping, map_ or [], set_ or [], times)
    from graphcdp.streams.producer import produce

    written = bad = 0
    for path in named_files(files):

        def on_bad(row: BadRow, path: Path = path) -> None:
            nonlocal bad
            bad += 1
            typer.echo(f"{path}:{row.line}: {row.reason}", err=True)

        with RowFile.open(path, given, format_=format_, source=source) as file:
            written += run_async(produce(file.rows(), topic, options, rules, on_bad))
    typer.echo(f"Published: {written:,}. Not readable: {bad:,}.")
    if bad:
        raise typer.Exit(EXIT_IN_PART)


def _rules(settings: Settings) -> IdentityRules:
    if settings.rules is None:
        return IdentityRules(region=settings.default_region)
    return read_rules_file(settings.rules, settings.default_region)[0]
