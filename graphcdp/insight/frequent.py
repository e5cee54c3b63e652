"""Which values of a trait are looked at. Source: docs/discovery.md, rule 2."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from graphcdp.insight.behaviour import Value

VALUES_MAX = 10
VALUE_SHARE_MIN = 0.01
HOLDERS_MIN = 5


def frequent(values: Iterable[Value | None]) -> list[Value]:
    """The values that at least 1 % of all have, and at least five, most frequent first; at most VALUES_MAX.

    values: of each customer, None for no value.
    """
    listed = list(values)
    counts = Counter((type(value).__name__, value) for value in listed if value is not None)
    enough = max(HOLDERS_MIN, VALUE_SHARE_MIN * len(listed))
    ordered = sorted(counts.items(), key=lambda one: (-one[1], str(one[0][1])))
    return [value for (_, value), count in ordered[:VALUES_MAX] if count >= enough]


def is_number(value: Any) -> bool:
    """Whether it is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)
