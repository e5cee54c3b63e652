"""What was decided, as changes in the order in which they take effect. Source: docs/feed.md, rules 4 to 6.

Whoever follows them in order has, behind the last one, what the graph has. They
tell the outcome of a batch: a trait that two of its messages set changes once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import orjson

from graphcdp.model.changes import (
    Change,
    Created,
    EventRecorded,
    IdentifierMoved,
    Merged,
    TraitsChanged,
    trait_changes,
)
from graphcdp.resolve.facts import CustomerFacts, Known
from graphcdp.resolve.traits import Traits, visible
from graphcdp.resolve.writes import Spell, Writes

_LEFT, _MERGED, _CAME = range(3)
"""What one message does, in this order."""


def stored_traits(known: Known) -> dict[str, Traits]:
    """The traits of each customer before anything is decided; deciding uses `known` up."""
    return {customer: facts.traits for customer, facts in known.customers.items()}


def changes_of(writes: Writes, before: Mapping[str, Traits]) -> list[Change]:
    """Changes of a decided batch: created; identifiers and merges; traits; events.

    before: as `stored_traits`. Traits that customers of `writes.recompute` lose are not among them.
    """
    told: list[Change] = [Created(facts.id) for facts in writes.new_customers]
    if writes.owners or writes.absorbed:
        told += _moves(writes)
    for facts in writes.customers:
        if facts.traits_changed:
            told += _traits(facts, visible(before.get(facts.id, {})))
    if writes.events:
        owners = {facts.identifier.key: facts.owner for facts in writes.identifiers}
        for row in writes.events:
            properties, subject = row["properties"], row["subject"]
            owner = owners[subject]
            assert owner is not None, "the subject of an event belongs to somebody"
            told.append(EventRecorded(owner, properties["id"], properties["name"], subject))
    return told


def changes_of_recomputed(facts: Sequence[CustomerFacts], texts: Mapping[str, str | None]) -> list[Change]:
    """Changes of customers whose traits were put together anew.

    texts: by customer, the traits that it had, as JSON; None for one that had none yet.
    """
    told: list[Change] = []
    for one in facts:
        text = texts[one.id]
        told += _traits(one, orjson.loads(text) if text else {})
    return told


def _traits(facts: CustomerFacts, before: Mapping[str, object]) -> Iterator[Change]:
    traits = trait_changes(before, visible(facts.traits))
    if traits:
        yield TraitsChanged(facts.id, traits)


def _moves(writes: Writes) -> Iterable[Change]:
    """Merges, and what identifiers did besides them, in the order of the messages."""
    moves: list[tuple[datetime, int, Change]] = [
        (one.at, _MERGED, Merged(one.into, one.id, one.merge)) for one in writes.absorbed
    ]
    for key, spells in writes.owners.items():
        moves += _moves_of(key, spells)
    moves.sort(key=lambda move: move[:2])
    return [change for _, _, change in moves]


def _moves_of(key: str, spells: Sequence[Spell]) -> Iterator[tuple[datetime, int, Change]]:
    last: Spell | None = None
    for spell in spells:
        # What ended by a merge goes on by that merge.
        if spell.since is not None and (last is None or last.merge is None):
            if last is not None and last.until is not None:
                yield last.until, _LEFT, IdentifierMoved(last.customer, key, removed=True)
            yield spell.since, _CAME, IdentifierMoved(spell.customer, key)
        last = spell
