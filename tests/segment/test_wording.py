"""docs/segments.md, rule 16: a rule reads as one line."""

from typing import Any

import pytest

from graphcdp.model.predicates import parse_predicate
from graphcdp.segment.wording import rule_text

PRO = {"trait": {"path": "plan", "is": {"eq": "pro"}}}
ORDERED = {"event": {"name": "Order Completed"}}

TEXTS: list[tuple[Any, str]] = [
    (PRO, 'plan = "pro"'),
    ({"trait": {"path": "age", "is": {"gte": 18}}}, "age >= 18"),
    ({"trait": {"path": "vip", "is": {"neq": True}}}, "vip is not true"),
    ({"trait": {"path": "n", "is": {"in": ["1", "2"]}}}, 'n in ("1", "2")'),
    ({"trait": {"path": "n", "is": {"in": list(range(12))}}}, "n in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)"),
    ({"trait": {"path": "a", "is": {"exists": False}}}, "a has no value"),
    ({"trait": {"path": "a", "is": {"withinLast": "P1M"}}}, "a within the last 1 month"),
    ({"trait": {"path": "a", "is": {"before": "P1Y2DT3H"}}}, "a longer ago than 1 year 2 days 3 hours"),
    ({"trait": {"path": "a", "is": {"startsWith": 'say "'}}}, 'a starts with "say \\""'),
    ({"did": ORDERED}, 'did "Order Completed"'),
    ({"did": {"event": {"name": "*"}, "times": {"atLeast": 2}}}, "did anything at least 2 times"),
    ({"did": {**ORDERED, "times": {"atMost": 0}}}, 'did not do "Order Completed"'),
    ({"did": {**ORDERED, "times": {"atLeast": 1, "atMost": 1}}}, 'did "Order Completed" exactly 1 time'),
    ({"did": {**ORDERED, "times": {"atMost": 3}}}, 'did "Order Completed" at most 3 times'),
    ({"did": {**ORDERED, "times": {"atLeast": 2, "atMost": 3}}}, 'did "Order Completed" from 2 to 3 times'),
    (
        {
            "did": {
                "event": {"name": "Order Completed", "where": [{"path": "total", "is": {"gt": 9.5}}]},
                "during": {"since": "2026-01-01", "until": "2026-02-01T12:00:00Z", "within": "P30D"},
            }
        },
        'did "Order Completed" with total > 9.5 since 2026-01-01 before 2026-02-01T12:00:00Z in the last 30 days',
    ),
    (
        {"did": {"event": {"name": "a", "where": [{"path": "b", "is": {"gt": 1}}, {"path": "c d", "is": {"in": []}}]}}},
        'did "a" with (b > 1 and "c d" in ())',
    ),
    (
        {
            "aggregate": {
                "event": {"name": "Order Completed"},
                "property": "total",
                "measure": "SUM",
                "during": {"within": "P30D"},
                "is": {"gte": 500},
            }
        },
        'sum of total over "Order Completed" in the last 30 days >= 500',
    ),
    (
        {"aggregate": {"event": {"name": "*"}, "measure": "EVENTS", "is": {"in": [1, 2.0]}}},
        "number of anything in (1, 2.0)",
    ),
    (
        {"aggregate": {"event": {"name": "a"}, "property": "sku", "measure": "DISTINCT", "is": {"gt": 3}}},
        'number of different sku over "a" > 3',
    ),
    (
        {"aggregate": {"event": {"name": "a"}, "measure": "FIRST_TIME", "is": {"before": "P1Y"}}},
        'first time of "a" longer ago than 1 year',
    ),
    (
        {
            "didInOrder": {
                "steps": [{"name": "Cart"}, {"name": "Order", "where": [{"path": "total", "is": {"gt": 9}}]}],
                "within": "P3D",
                "without": {"name": "Return"},
                "during": {"since": "2026-01-01"},
            }
        },
        'did "Cart" then "Order" with total > 9 within 3 days without "Return" between since 2026-01-01',
    ),
    ({"identifiers": {"kind": "device", "times": {"atLeast": 2}}}, "has at least 2 device identifiers"),
    ({"identifiers": {"kind": "device", "times": {"atMost": 1}}}, "has at most 1 device identifier"),
    ({"identifiers": {"kind": "card", "times": {"atMost": 0}}}, "has no card identifier"),
    ({"identifiers": {"kind": "card"}}, "has identifier card"),
    ({"trait": {"path": "renewal", "is": {"withinNext": "P14D"}}}, "renewal within the next 14 days"),
    ({"trait": {"path": "not", "is": {"eq": 1}}}, '"not" = 1'),
    ({"inSegment": {"id": "seg_01"}}, "in segment with id seg_01"),
    ({"inSegment": {"key": "loyal"}}, "in segment loyal"),
    ({"hasIdentifier": "email"}, "has identifier email"),
    ({"consented": "marketing_email"}, "consented to marketing_email"),
    ({"firstSeen": {"within": "P7D"}}, "first seen in the last 7 days"),
    ({"lastSeen": {}}, "last seen at any time"),
    ({"not": {"all": [PRO, {"hasIdentifier": "email"}]}}, 'not (plan = "pro" and has identifier email)'),
    (
        {"all": [PRO, {"any": [{"hasIdentifier": "email"}, {"hasIdentifier": "phone"}]}]},
        'plan = "pro" and (has identifier email or has identifier phone)',
    ),
    ({"all": []}, "everyone"),
    ({"any": []}, "nobody"),
    ({"all": [PRO]}, 'plan = "pro"'),
]


@pytest.mark.parametrize(("given", "text"), TEXTS)
def test_rule_in_words(given: Any, text: str) -> None:
    assert rule_text(parse_predicate(given)) == text


def test_a_long_list_can_be_shown_in_short() -> None:
    rule = parse_predicate({"trait": {"path": "n", "is": {"in": list(range(12))}}})
    assert rule_text(rule, items_max=3) == "n in (0, 1, 2, and 9 more)"
