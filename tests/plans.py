"""Plans of the database, taken apart."""

from collections.abc import Iterator
from typing import Any


def operators(plan: dict[str, Any] | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each operator of a plan with its arguments, in no order that matters. Refuses a statement without a plan."""
    assert plan is not None
    todo = [plan]
    while todo:
        one = todo.pop()
        yield one["operatorType"].partition("@")[0], one["args"]
        todo += one.get("children", [])
