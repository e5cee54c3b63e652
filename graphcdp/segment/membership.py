"""In which order rules are evaluated. Source: docs/segments.md, rules 9 to 12."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from graphcdp.model.predicates import Predicate
from graphcdp.segment.definitions import Definition, SegmentNames

SETTLING = timedelta(minutes=1)
"""How long a write that began before an edit may still be unfinished after it, with a wide margin."""


def levels(definitions: Sequence[Definition]) -> list[list[Definition]]:
    """The segments, in groups each of which comes after those that its rules name; in each by id.

    Rules form no cycle; if they did, the members of it would come last.
    """
    names = SegmentNames(definitions)
    found: list[list[Definition]] = []
    placed: set[str] = set()
    waiting = sorted(definitions, key=lambda one: one.id)
    while waiting:
        ready = [one for one in waiting if names.named_by(one.rule) <= placed] or waiting
        found.append(ready)
        placed.update(one.id for one in ready)
        waiting = [one for one in waiting if one.id not in placed]
    return found


def to_sweep(
    definitions: Iterable[Definition], now: datetime, is_foreseen: Callable[[Predicate], bool]
) -> list[Definition]:
    """The live segments whose members time alone may have changed at a moment that nobody foresees.

    Those edited just now are among them: a write that began before the edit
    knew nothing of it.
    """
    return [
        found
        for found in definitions
        if not found.building and (not is_foreseen(found.rule) or found.edited > now - SETTLING)
    ]


def to_build(definitions: Iterable[Definition], now: datetime) -> list[Definition]:
    """The segments that are not complete although the edit that made them so is over."""
    return [found for found in definitions if found.building and found.edited <= now - SETTLING]
