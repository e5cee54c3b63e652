"""Who is remembered and only seen again -> one statement, which may be the whole transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from graphcdp.model.changes import Change
from graphcdp.model.times import to_epoch
from graphcdp.record.remembered import Recalled
from graphcdp.record.sources import Tally, source_rows
from graphcdp.resolve.facts import LinkFacts
from graphcdp.resolve.writes import Writes
from graphcdp.store import Store, Transaction
from graphcdp.store.feed import pages_of

_STATEMENT = "record/write_remembered"

Batch = dict[str, Any]


class End(NamedTuple):
    """What ends a transaction. edition: of the segments, by which nobody moves."""

    edition: str
    tallies: dict[str, Tally]
    changes: Sequence[Change]


class Written(NamedTuple):
    """Whether it was written; then which edition of the segments holds."""

    is_written: bool
    edition: str | None


def batch_again(writes: Writes, recalled: Recalled, version: int | None, end: End | None = None) -> Batch:
    """The batch of the statement.

    writes: nothing but what was seen again. recalled: what it was decided by. version: of the rules; None for rules
    that no version in the graph may replace yet. end: when it is a transaction of its own.
    """
    identifiers = [recalled.identifiers[key] for key in sorted(recalled.identifiers)]
    place_by_key = {facts.identifier.key: place for place, facts in enumerate(identifiers)}
    met = recalled.acquaintances
    return {
        "version": version,
        "keeper": recalled.keeper,
        "identifiers": [[facts.node, *to_epoch(facts.last_seen)] for facts in identifiers],
        "used": [
            [place, *to_epoch(facts.last_event_at)]
            for place, facts in enumerate(identifiers)
            if facts.last_event_at != facts.stored_event_at
        ],
        "customers": [
            [one.customer.id, one.customer.node, *one.changed, *to_epoch(one.customer.last_seen)]
            for one in (met[customer] for customer in sorted(met))
        ],
        "shownAgain": [shown_row(link) for link in writes.again.links],
        "events": [[place_by_key[row["subject"]], row["s"], row["ns"], row["properties"]] for row in writes.events],
        "statements": writes.statements,
        "end": [] if end is None else [_end_row(end)],
    }


def shown_row(link: LinkFacts) -> list[Any]:
    """A row of `shownAgain` of `record/write_batch`."""
    return [link.node, link.count, *to_epoch(link.last_seen)]


def _end_row(end: End) -> dict[str, Any]:
    return {
        "edition": end.edition,
        "sources": source_rows(end.tallies),
        "pages": pages_of(end.changes),
        "count": len(end.changes),
    }


async def apply_again(tx: Transaction, batch: Batch, now: datetime) -> Written:
    """Write it in a larger transaction, if all is still as remembered; else lock it, and tell that it is not."""
    found = await tx.run_gathered(_STATEMENT, batch=batch, now=now)
    return Written(found["isWritten"], found["edition"])


async def write_again(store: Store, batch: Batch, customers: Sequence[str], now: datetime) -> bool:
    """Write it as a transaction of its own, if all is still as remembered, and tell whether it was.

    customers: their ids. Errors as `Store.write`.
    """
    return bool((await store.write(_STATEMENT, concerns=customers, batch=batch, now=now))["isWritten"])
