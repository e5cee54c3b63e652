"""What the demo shows on the grocery data: segments to create, operations to try.

The data ends with 2017, so the segments name dates; a rule such as "in the last
90 days" would select nobody.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

_OPERATIONS = Path(__file__).parent / "operations"
_AUTUMN = {"since": "2017-10-01T00:00:00Z", "until": "2018-01-01T00:00:00Z"}

SEGMENTS: tuple[dict[str, Any], ...] = (
    {
        "key": "weekly_shoppers",
        "name": "Weekly shoppers",
        "description": "At least 13 orders in the 13 weeks to the end of 2017.",
        "where": {"did": {"event": {"name": "Order Completed"}, "during": _AUTUMN, "times": {"atLeast": 13}}},
    },
    {
        "key": "coupon_users",
        "name": "Coupon users",
        "description": "Redeemed a coupon of a mailing.",
        "where": {"did": {"event": {"name": "Coupon Redeemed"}}},
    },
    {
        "key": "families",
        "name": "Families",
        "description": "Households that are known to have children.",
        "where": {"trait": {"path": "kids_count", "is": {"in": ["1", "2", "3+"]}}},
    },
    {
        "key": "gone_quiet",
        "name": "Gone quiet",
        "description": "At least 5 orders up to September 2017, and none since.",
        "where": {
            "all": [
                {
                    "did": {
                        "event": {"name": "Order Completed"},
                        "during": {"until": _AUTUMN["since"]},
                        "times": {"atLeast": 5},
                    }
                },
                {"not": {"did": {"event": {"name": "Order Completed"}, "during": {"since": _AUTUMN["since"]}}}},
            ]
        },
    },
)
"""Inputs of `createSegment`."""

CREATE_SEGMENT = """
mutation CreateSegment($input: CreateSegmentInput!) {
  createSegment(input: $input) { segment { key } errors { code message } }
}
"""

CUSTOMERS_TOTAL = "query CustomersTotal { customers(first: 1) { totalCount { value } } }"


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation worth trying, with a sentence on what it shows."""

    shows: str
    document: str


def operations() -> tuple[Operation, ...]:
    """The operations in the order to try them; the first one shows a unified customer."""
    names = ("one_customer", "who_shops_weekly", "sign_in")
    made = []
    for name in names:
        comment, _, document = (_OPERATIONS / f"{name}.graphql").read_text(encoding="utf-8").partition("\n")
        made.append(Operation(comment.removeprefix("#").strip(), document.strip()))
    return tuple(made)
