"""What a recorder remembers of customers who come again, so that it need not be read for each message.

Nothing is taken on trust. The graph keeps with a customer which recorder remembers it, and when it was changed last;
while both are as remembered, which is asked once the customer is locked, the graph has what the memory has. So
whatever changes a customer, its identifiers or the evidence between these sets the customer's time of change, as
each recorder does, or takes it from the recorder that remembers it, as people's edits do.

Remembered is who was only seen once more: when more changed, the next batch reads it.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from graphcdp.model.times import to_epoch
from graphcdp.resolve.decide import Cleansed
from graphcdp.resolve.facts import CustomerFacts, IdentifierFacts, Known, LinkFacts, Pair, pair
from graphcdp.resolve.writes import Writes

IDENTIFIERS_MAX = 30_000
"""Identifiers that are remembered, some 1,700 bytes each with all that hangs on them: 50 MB."""


@dataclass(slots=True)
class Acquaintance:
    """A customer who is remembered, with the identifiers and the evidence that messages named.

    changed: when the graph changed it last, as seconds since 1970 and nanoseconds.
    """

    customer: CustomerFacts
    changed: tuple[int, int] = (0, 0)
    identifiers: dict[str, IdentifierFacts] = field(default_factory=dict)
    links: dict[Pair, LinkFacts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recalled:
    """What is remembered of those whom a batch names, to become part of `Known`.

    keeper: what the recorder is known by in the graph; None for one that remembers nobody.
    is_all: nothing that the batch names is missing.
    """

    keeper: int | None = None
    acquaintances: Mapping[str, Acquaintance] = field(default_factory=dict)
    identifiers: Mapping[str, IdentifierFacts] = field(default_factory=dict)
    links: Mapping[Pair, LinkFacts] = field(default_factory=dict)
    is_all: bool = False

    def strangers(self) -> "Recalled":
        """The same for a batch of whom nobody is remembered."""
        return Recalled(self.keeper)

    @property
    def known(self) -> Known:
        """What deciding the batch needs, if it is all and nothing has changed since."""
        return Known(self.identifiers, {owner: one.customer for owner, one in self.acquaintances.items()}, self.links)


NOBODY = Recalled()
"""For whoever remembers nobody."""


class Met(NamedTuple):
    """Whom a recorder remembers from now on.

    changed: when the graph changed them, as in `Acquaintance`. strangers: nodes of those of whom the graph does not
    know yet that they are remembered.
    """

    keeper: int | None
    acquaintances: Sequence[Acquaintance]
    changed: tuple[int, int]
    strangers: Sequence[str]


NOBODY_MET = Met(None, (), (0, 0), ())


class Remembered:
    """The memory of one recorder. What a batch recalls is taken out, until the batch is committed."""

    def __init__(self, identifiers_max: int = IDENTIFIERS_MAX) -> None:
        self._keeper = secrets.randbits(53)
        self._identifiers_max = identifiers_max
        self._by_customer: dict[str, Acquaintance] = {}
        self._by_key: dict[str, Acquaintance] = {}

    def recall(self, batch: Iterable[Cleansed]) -> Recalled:
        """What is remembered of those whom the batch names; forgotten, unless `keep` gets it back."""
        if not self._by_key:
            return Recalled(self._keeper)
        found: dict[str, Acquaintance] = {}
        identifiers: dict[str, IdentifierFacts] = {}
        links: dict[Pair, LinkFacts] = {}
        missing = 0
        for item in batch:
            subject = item.identifiers[0].key
            for identifier in item.identifiers:
                key = identifier.key
                one = self._by_key.get(key)
                if one is None:
                    missing += 1
                    continue
                found[one.customer.id] = one
                identifiers[key] = one.identifiers[key]
                if key != subject:
                    link = one.links.get(between := pair(subject, key))
                    if link is None:
                        missing += 1
                    else:
                        links[between] = link
        for one in found.values():
            self._forget(one)
        return Recalled(self._keeper, found, identifiers, links, not missing)

    def keep(self, met: Met) -> None:
        """Remember these, as the graph has them now; whoever came longest ago is forgotten for them."""
        for one in met.acquaintances:
            customer = one.customer
            if (known := self._by_customer.get(customer.id)) is not None:
                self._forget(known)
            # What limits with a window count is read each time.
            customer.recent = {}
            one.changed = met.changed
            self._by_customer[customer.id] = one
            for key, facts in one.identifiers.items():
                facts.stored_event_at = facts.last_event_at
                self._by_key[key] = one
        while len(self._by_key) > self._identifiers_max:
            self._forget(next(iter(self._by_customer.values())))

    def _forget(self, one: Acquaintance) -> None:
        del self._by_customer[one.customer.id]
        for key in one.identifiers:
            if self._by_key.get(key) is one:
                del self._by_key[key]


def met_again(recalled: Recalled, known: Known, writes: Writes, now: datetime) -> Met:
    """Whom a recorder remembers once all this is committed: those who were only seen again.

    now: the time of change that is written.
    """
    if recalled.keeper is None:
        return NOBODY_MET
    again = writes.again
    met = {one.id: recalled.acquaintances.get(one.id) or Acquaintance(one) for one in again.customers}
    for customer in (
        *writes.recompute,
        *(facts.owner for facts in writes.changed.identifiers),
        *(known.identifiers[link.between[0]].owner for link in writes.changed.links),
    ):
        met.pop(customer or "", None)
    for facts in again.identifiers:
        if facts.owner in met:
            met[facts.owner].identifiers[facts.identifier.key] = facts
    for link in again.links:
        owner = known.identifiers[link.between[0]].owner
        if owner in met:
            met[owner].links[link.between] = link
    strangers = [one.customer.node for customer, one in met.items() if customer not in recalled.acquaintances]
    return Met(recalled.keeper, list(met.values()), to_epoch(now), strangers)
