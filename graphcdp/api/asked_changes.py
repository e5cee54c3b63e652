"""As asked.py, for lists of what happened to identity."""

from typing import Any

from graphcdp.api.conflicts import ConflictCode, ConflictStatus, choice_of_conflicts
from graphcdp.api.context import Context
from graphcdp.api.pages import COUNT_MAX
from graphcdp.api.paging import bounds, dated, ends, paged, relay
from graphcdp.plan import changes
from graphcdp.plan.fields import Asked, Paged
from graphcdp.read import conflicts, history, merges


def _merges(context: Context, **page: Any) -> Asked:
    found = merges.merge_page(**relay(page))
    return dated(found, changes.merges(**bounds(found)), merges.MERGES)


def _history(context: Context, **page: Any) -> Asked:
    found = history.history_page(**relay(page))
    return dated(found, changes.history(**bounds(found)), history.HISTORY)


def _conflicts(
    context: Context,
    status: ConflictStatus | None = ConflictStatus.OPEN,
    code: ConflictCode | None = None,
    **page: Any,
) -> Asked:
    found = conflicts.conflict_page(**relay(page))
    return paged(
        found,
        changes.conflicts(**bounds(found)),
        conflicts.CONFLICTS,
        {**ends(found), **_chosen(status, code), "most": COUNT_MAX},
        changes.CONFLICTS_TOTAL,
    )


def _customer_conflicts(
    context: Context,
    status: ConflictStatus | None = ConflictStatus.OPEN,
    code: ConflictCode | None = None,
    **page: Any,
) -> Asked:
    found = conflicts.conflict_page(**relay(page))
    cypher = changes.customer_conflicts(**bounds(found))
    return paged(found, cypher, conflicts.CONFLICTS, {**ends(found), **_chosen(status, code)})


def _chosen(status: ConflictStatus | None, code: ConflictCode | None) -> dict[str, Any]:
    choice = choice_of_conflicts(status, code)
    return {"statuses": list(choice.statuses), "code": choice.code}


MERGES = Paged(_merges, ("h",), "h", changes.MERGE_KEY)
CONFLICTS = Paged(_conflicts, ("h",), "h", changes.CONFLICT_KEY)
CUSTOMER_CONFLICTS = Paged(_customer_conflicts, ("h",), "h", changes.CONFLICT_KEY)
HISTORY = Paged(_history, ("at", "one"), "one", changes.CHANGE_KEY, changes.BY_TYPE)
