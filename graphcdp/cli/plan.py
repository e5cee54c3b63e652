"""`graphcdp plan`: the tracking plan: check."""

from pathlib import Path
from typing import Annotated

import typer

from graphcdp.record.plan_file import read_plan_file

app = typer.Typer(help="The tracking plan, which events are expected: check.", no_args_is_help=True)

PlanFile = Annotated[Path, typer.Argument(help="YAML file with the plan.", metavar="FILE")]


@app.callback()
def _group() -> None:
    """The tracking plan, which events are expected: check."""


@app.command()
def check(file: PlanFile) -> None:
    """Say whether a tracking plan is sound. The database is not asked.

    Exit codes: 0 it is; 1 it is not, or cannot be read.
    """
    plan = read_plan_file(file)
    what = "no events" if not plan.events else f"events: {', '.join(plan.events)}"
    typer.echo(f"{file} is sound. Unknown events: {plan.unknown_events.value}. It names {what}.")
