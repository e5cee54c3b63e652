"""Whether an operation asks about one customer alone, so that its answer is old only when that customer changes."""

from collections.abc import Sequence

from graphcdp.plan.finish import Given
from graphcdp.plan.levels import Level, Wanted

ROOTS = frozenset(("customer", "me"))
OWN = frozenset(
    (
        "Customer",
        "Consent",
        "Count",
        "CustomerSegmentConnection",
        "CustomerSegmentEdge",
        "Device",
        "DeviceConnection",
        "DeviceEdge",
        "Event",
        "EventConnection",
        "EventEdge",
        "Identifier",
        "IdentifierConnection",
        "IdentifierEdge",
        "PageInfo",
        "Properties",
        "Segment",
        "Trait",
    )
)
"""Types whose plain values change only with the customer, or in a write that may change anything."""
ELSEWHERE = frozenset(
    (
        ("Device", "attributes"),
        ("Device", "customer"),
        ("Device", "platform"),
        ("Event", "customer"),
        ("Event", "identifiers"),
        ("Identifier", "customer"),
        ("Identifier", "links"),
        ("Segment", "members"),
        ("Segment", "overlap"),
        ("Segment", "size"),
    )
)
"""Fields of these that lead to other customers, count them, or are told by their events."""


def is_about_one(roots: Sequence[Wanted], given: Sequence[Given]) -> bool:
    """Whether everything that is asked for is one customer's own, and nothing depends on the clock."""
    if len(roots) != 1 or roots[0].name not in ROOTS:
        return False
    return _is_own(roots[0].level, given)


def _is_own(level: Level, given: Sequence[Given]) -> bool:
    if level.type not in OWN:
        return False
    for wanted in level.fields:
        if (level.type, wanted.name) in ELSEWHERE or given[wanted.number].asked.fleeting:
            return False
        if not all(_is_own(below, given) for below in wanted.levels.values()):
            return False
    return True
