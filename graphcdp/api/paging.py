"""From Relay's arguments to a page of a planned list: which clauses it takes, and their parameters."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from graphcdp.model.times import to_wire
from graphcdp.plan.fields import Asked
from graphcdp.read.pages import Page


def relay(given: Mapping[str, Any]) -> dict[str, Any]:
    """Relay's four arguments, null for those that are not given."""
    return {"first": None, "after": None, "last": None, "before": None, **given}


def ends(page: Page) -> dict[str, Any]:
    """The bounds of a list that is sorted by one text."""
    return {"after": page.after and page.after[0], "before": page.before and page.before[0]}


def bounds(page: Page) -> dict[str, bool]:
    """What the text of a list's clauses depends on."""
    return {"after": page.after is not None, "before": page.before is not None, "backward": not page.forward}


def dated(page: Page, cypher: str, order: str, total: str = "") -> Asked:
    """A page of a list that is sorted by a time and, among equals, by id."""
    parameters = {
        name: to_wire(value) if isinstance(value, datetime) else value
        for name, value in page.bounds().items()
        if name != "limit"
    }
    return paged(page, cypher, order, parameters, total)


def paged(page: Page, cypher: str, order: str, parameters: Mapping[str, Any], total: str = "") -> Asked:
    """A page of a list, which `order` names in its cursors; total: clauses that count it."""
    around = {"preceded": page.after is not None, "followed": page.before is not None}
    return Asked(cypher, {**parameters, **around}, order=order, size=page.size, backward=not page.forward, total=total)
