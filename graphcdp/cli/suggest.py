"""`graphcdp import --suggest`: a mapping file, by looking at a file's columns."""

from itertools import islice
from pathlib import Path

import typer

from graphcdp.model.errors import ImportFileError
from graphcdp.record.columns import ROWS_MAX, columns_of
from graphcdp.record.files import Format, Record, RowFile
from graphcdp.record.suggest import are_targets, as_yaml, suggest
from graphcdp.record.tracking import is_tracking_format
from graphcdp.resolve.rules import IdentityRules


def print_suggestion(path: Path, *, format_: Format | None, delimiter: str | None, region: str) -> None:
    """Print a mapping for the file, or that it needs none. Raises ImportFileError."""
    with RowFile.open_unmapped(path, format_=format_, delimiter=delimiter) as file:
        looked_at = list(islice(file.records(), ROWS_MAX))
        rows = [record.values for record in looked_at if isinstance(record, Record)]
        if not rows:
            raise ImportFileError(f"{path} has no row that can be read, so nothing can be suggested for it.")
        if file.format is Format.JSONL and is_tracking_format(rows):
            typer.echo(f"{path} is in the tracking format, which needs no mapping: graphcdp import {path}", err=True)
            return
        if file.columns is not None and are_targets(file.columns):
            typer.echo(f"{path} calls its columns as the fields are called, and needs no mapping.", err=True)
            return
        columns = columns_of(rows, file.columns, is_text=file.format is Format.CSV)
    stem = path.name.partition(".")[0]
    typer.echo(as_yaml(suggest(columns, IdentityRules(region=region), stem), path.name, len(rows)), nl=False)
