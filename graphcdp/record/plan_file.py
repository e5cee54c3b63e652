"""The tracking plan as a file. Source: docs/sources.md, rule 5."""

from pathlib import Path

from graphcdp.model.errors import PlanFileError
from graphcdp.record.small_files import read_small
from graphcdp.tracking_plan.plan import TrackingPlan
from graphcdp.tracking_plan.written import parse_plan


def read_plan_file(path: Path) -> TrackingPlan:
    """The plan in a file. Raises PlanFileError."""
    return parse_plan(read_small(path, PlanFileError), str(path))
