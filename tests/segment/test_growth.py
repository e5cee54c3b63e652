"""docs/segments.md, rule 9: what more events can make of a condition."""

from typing import Any

import pytest

from graphcdp.model.predicates import parse_predicate
from graphcdp.segment.growth import made_by_events

OFTEN: dict[str, Any] = {"did": {"event": {"name": "Order"}, "times": {"atLeast": 2}, "during": {"within": "P7D"}}}
NEVER: dict[str, Any] = {"did": {"event": {"name": "Order"}, "times": {"atMost": 0}}}
SOME: dict[str, Any] = {"did": {"event": {"name": "Order"}, "times": {"atLeast": 1, "atMost": 3}}}
PRO: dict[str, Any] = {"trait": {"path": "plan", "is": {"eq": "pro"}}}
CARTS: list[dict[str, Any]] = [{"name": "Cart"}, {"name": "Order"}]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (OFTEN, {True}),
        (NEVER, {False}),
        (SOME, {True, False}),
        (PRO, set()),
        ({"all": []}, set()),
        ({"not": OFTEN}, {False}),
        ({"not": {"not": OFTEN}}, {True}),
        ({"all": [OFTEN, PRO]}, {True}),
        ({"any": [PRO, {"not": NEVER}]}, {True}),
        ({"any": [OFTEN, NEVER]}, {True, False}),
        ({"lastSeen": {"within": "P7D"}}, set()),
        ({"inSegment": {"key": "pro"}}, {True, False}),
        ({"didInOrder": {"steps": CARTS, "within": "P1D"}}, {True}),
        ({"didInOrder": {"steps": CARTS, "without": {"name": "Return"}}}, {True, False}),
        (
            {"aggregate": {"event": {"name": "Order"}, "property": "total", "measure": "SUM", "is": {"gt": 9}}},
            {True, False},
        ),
    ],
)
def test_what_more_events_make_of_it(rule: dict[str, Any], expected: set[bool]) -> None:
    assert made_by_events(parse_predicate(rule)) == expected
