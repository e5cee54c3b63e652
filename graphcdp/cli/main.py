"""The commands together. Exit codes: 0 done, 1 could not be done, 2 used wrongly or done in part."""

import sys
from typing import Annotated

import typer

from graphcdp import __version__
from graphcdp.cli import (
    consume,
    db,
    destinations,
    keys,
    plan,
    produce,
    rejected,
    rules,
    segment_files,
    segment_jobs,
    segments,
    webhooks,
)
from graphcdp.cli.demo import demo
from graphcdp.cli.export import export
from graphcdp.cli.load import import_files
from graphcdp.cli.schema import schema
from graphcdp.cli.serve import serve
from graphcdp.cli.sources import sources
from graphcdp.cli.tail import tail
from graphcdp.model.errors import GraphCDPError

app = typer.Typer(
    name="graphcdp",
    help="A customer data platform on a graph: one GraphQL question, one customer, live.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command()(demo)
app.command()(serve)
app.command(name="import")(import_files)
app.command()(export)
app.command()(schema)
app.command()(tail)
app.add_typer(consume.app, name="consume")
app.add_typer(produce.app, name="produce")
app.command()(sources)
app.add_typer(db.app, name="db")
app.add_typer(rules.app, name="rules")
segments.app.add_typer(segment_jobs.app)
segments.app.add_typer(segment_files.app)
app.add_typer(segments.app, name="segments")
app.add_typer(plan.app, name="plan")
app.add_typer(keys.app, name="keys")
app.add_typer(rejected.app, name="rejected")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(destinations.app, name="destinations")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"graphcdp {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """A customer data platform on a graph: one GraphQL question, one customer, live."""


def main() -> None:
    """Run the command line; an error that was foreseen is one line on stderr."""
    try:
        app()
    except GraphCDPError as error:
        typer.secho(f"graphcdp: {error}", err=True, fg=typer.colors.RED)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
