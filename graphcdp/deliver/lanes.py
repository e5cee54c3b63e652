"""Which changes may be told now: each customer's in their order. Pure. Source: docs/webhooks.md, rule 9."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from graphcdp.model.changes import Sequenced


@dataclass(slots=True)
class Waiting:
    """A change that is to be told.

    told: None when it is to be read from the feed, where it may have become less. next: not before; None: at
    once. stored: whether the graph knows that it waits. seen: whether it stood here at the last writing.
    """

    seq: int
    kind: str
    customers: tuple[str, ...]
    created: datetime
    told: Sequenced | None = None
    attempts: int = 0
    next: datetime | None = None
    stored: bool = False
    seen: bool = False


def heads(waiting: Iterable[Waiting]) -> Iterator[Waiting]:
    """Those that wait for no other. waiting: by number; all of a change's customers wait behind it."""
    behind: set[str] = set()
    for one in waiting:
        if behind.isdisjoint(one.customers):
            yield one
        behind.update(one.customers)


def ready(waiting: Iterable[Waiting], sending: Collection[int], now: datetime, limit: int) -> list[Waiting]:
    """Up to `limit` that can be told now. sending: numbers of those that are under way."""
    found: list[Waiting] = []
    if limit < 1:
        return found
    for one in heads(waiting):
        if one.seq not in sending and (one.next is None or one.next <= now):
            found.append(one)
            if len(found) == limit:
                break
    return found


def next_due(waiting: Iterable[Waiting], sending: Collection[int]) -> datetime | None:
    """When the next can be told that cannot be told yet; None when there is none."""
    times = [one.next for one in heads(waiting) if one.seq not in sending and one.next is not None]
    return min(times, default=None)


def cursor_of(waiting: Iterable[Waiting], read_to: int) -> int:
    """How far the destination has got: up to here all are over, or the graph knows that they wait."""
    return min((one.seq - 1 for one in waiting if not one.stored), default=read_to)
