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
    ({"trait": {"path": "n", "is": {"in": list(range(12))}}}, "n in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, and 2 more)"),
    ({"trait": {"path": "a", "is": {"exists": False}}}, "a has no value"),
    ({"trait": {"path": "a", "is": {"withinLast": "P1M"}}}, "a within the last 1 month"),
    ({"trait": {"path": "a", "is": {"before": "P1Y2DT3H"}}}, "a longer ago than 1 year 2 days 3 hours"),
    ({"trait": {"path": "a", "is": {"startsWith": 'say "'}}}, 'a starts with "say \\""'),
    ({"did": ORDERED}, 'did "Order Completed"'),
    ({"did": {"event": {"name": "*"}, "times": {"atLeast": 2}}}, "did anything at least 2 times"),
    ({"did": {**ORDERED, "times": {"atMost": 0}}}, 'did not do "Order Completed"'),
    ({"did": {**ORDERED, "times": {"atLeast": 1, "atMost": 1}}}, 'did "Order Completed" exactly 1 time'),
    ({"did": {**ORDERED, "times": {"atMost": 3}}}, 'did "Order Completed" at most 3 times'),
    ({"did": {**ORDERED, "times": {"atLeast": 2, "atMost": 3}}}, 'did "Order Completed" 2 to 3 times'),
    (
        {
            "did": {
                "event": {"name": "Order Completed", "where": [{"path": "total", "is": {"gt": 9.5}}]},
                "during": {"since": "2026-01-01", "until": "2026-02-01T12:00:00Z", "within": "P30D"},
            }
        },
        'did "Order Completed" with total > 9.5 since 2026-01-01 before 2026-02-01T12:00:00Z in the last 30 days',
    ),
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
