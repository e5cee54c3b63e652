"""The tracking plan as a file. Source: docs/sources.md, rule 5."""

from pathlib import Path

from graphcdp.model.errors import PlanFileError
from graphcdp.tracking_plan.plan import TrackingPlan
from graphcdp.tracking_plan.written import parse_plan

FILE_BYTES_MAX = 1024 * 1024


def read_plan_file(path: Path) -> TrackingPlan:
    """The plan in a file. Raises PlanFileError."""
    try:
        content = path.read_bytes()
        if len(content) > FILE_BYTES_MAX:
            raise PlanFileError(f"{path}: the file has more than 1 MiB.")
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PlanFileError(f"{path}: the file is no UTF-8.") from error
    except OSError as error:
        raise PlanFileError(f"{path} cannot be read: {error.strerror}.") from error
    return parse_plan(text, str(path))
