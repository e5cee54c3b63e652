"""In which order rules are evaluated, and who moved. Source: docs/segments.md, rules 9 to 12."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from graphcdp.model.predicates import Predicate
from graphcdp.segment.definitions import Definition, SegmentNames

SETTLING = timedelta(minutes=1)
"""How long a write that began before an edit may still be unfinished after it, with a wide margin."""


@dataclass(frozen=True, slots=True)
class Moves:
    """Ids of customers who entered and who left one segment, ascending."""

    entered: tuple[str, ...]
    left: tuple[str, ...]


def moves(should_by_customer: Mapping[str, bool]) -> Moves:
    """Who moves, from customers for whom rule and membership differ: whether each should be a member."""
    return Moves(
        entered=tuple(sorted(found for found, should in should_by_customer.items() if should)),
        left=tuple(sorted(found for found, should in should_by_customer.items() if not should)),
    )


def in_order(definitions: Sequence[Definition]) -> list[Definition]:
    """The segments so that each comes after those that its rule names.

    Rules form no cycle; if they did, the members of it would come last, by id.
    """
    names = SegmentNames(definitions)
    placed: dict[str, Definition] = {}
    waiting = sorted(definitions, key=lambda found: found.id)
    while waiting:
        ready = [found for found in waiting if all(named in placed for named in names.named_by(found.rule))]
        for found in ready or waiting:
            placed[found.id] = found
        waiting = [found for found in waiting if found.id not in placed]
    return list(placed.values())


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
