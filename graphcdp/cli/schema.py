"""`graphcdp schema`: print the GraphQL schema."""

from pathlib import Path
from typing import Annotated

import typer

from graphcdp.api.schema import schema_text


def schema(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead.")] = None,
) -> None:
    """Print the GraphQL schema in the schema definition language.

    It is exported from the code; clients generate their types from it.
    """
    if output is None:
        typer.echo(schema_text(), nl=False)
    else:
        output.write_text(schema_text(), encoding="utf-8")
