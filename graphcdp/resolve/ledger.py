"""The touched part of the graph, changed message by message.

`Ledger` starts as what the shell read after locking, `Known`, and is changed by
`decide`; at the end it tells what differs, as `Writes`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from graphcdp.model.identifiers import Identifier
from graphcdp.resolve.facts import (
    CustomerFacts,
    IdentifierFacts,
    Known,
    LinkFacts,
    Pair,
    earliest,
    latest_time,
    pair,
)
from graphcdp.resolve.writes import Absorption, Cause, Refusal, Spell, Writes

SWAP_FROM = 50
"""From so many identifiers on, an absorbed customer that is bigger than the survivor keeps its node.

Below, moving them costs less than what keeping the node's history exact does.
"""


class Ids(Protocol):
    """Makes ids. Those of customers come in ascending order, since ids order customers by age."""

    def customer(self) -> str: ...
    def identifier(self) -> str: ...
    def link(self) -> str: ...
    def merge(self) -> str: ...


class Ledger:
    """The touched part of the graph while a batch is decided. It owns the facts it is given."""

    def __init__(self, known: Known, ids: Ids, swap_from: int = SWAP_FROM) -> None:
        self._ids = ids
        self._swap_from = swap_from
        self._stored_sizes = {c.id: sum(c.counts.values()) for c in known.customers.values()}
        self._identifiers = dict(known.identifiers)
        self._customers = dict(known.customers)
        self._links = dict(known.links)
        self._cuts = known.cuts
        self._spells: dict[str, list[Spell]] = {}
        self._held: dict[str, list[IdentifierFacts]] = {}
        for facts in known.identifiers.values():
            if facts.owner is not None:
                self._held.setdefault(facts.owner, []).append(facts)
        self._absorbed: dict[str, Absorption] = {}
        self._ended: dict[str, datetime] = {}
        self._touched_identifiers: dict[str, None] = {}
        self._touched_customers: dict[str, None] = {}
        self._touched_links: dict[str, LinkFacts] = {}
        self._new_customers: dict[str, None] = {}
        self._recompute: dict[str, None] = {}
        self.suppressed = known.suppressed
        self.refusals: list[Refusal] = []
        self.partial: list[dict[str, str]] = []
        self.events: list[dict[str, Any]] = []
        self.statements: list[dict[str, Any]] = []
        self.seen: dict[str, str | None] = dict(known.seen)

    def identifier(self, key: str) -> IdentifierFacts:
        """Facts of an identifier of the batch."""
        return self._identifiers[key]

    def customer(self, customer_id: str) -> CustomerFacts:
        """Facts of a live customer."""
        return self._customers[customer_id]

    def owner(self, identifier: Identifier) -> str | None:
        """The live customer who has this identifier now."""
        return self._identifiers[identifier.key].owner

    def is_cut(self, one: Identifier, other: Identifier) -> bool:
        """Whether the evidence between the two was cut and not allowed again."""
        return bool(self._cuts) and pair(one.key, other.key) in self._cuts

    def final(self, customer_id: str) -> str:
        """The live customer that this one has become."""
        while customer_id in self._absorbed:
            customer_id = self._absorbed[customer_id].into
        return customer_id

    def create(self, at: datetime) -> str:
        """A new customer without identifiers."""
        facts = CustomerFacts(self._ids.customer(), at)
        self._customers[facts.id] = facts
        self._new_customers[facts.id] = None
        self._touched_customers[facts.id] = None
        return facts.id

    def absorb(self, absorbed: str, survivor: str, *, at: datetime, cause: Cause) -> None:
        """Let one customer go into another, with identifiers, counts and times; traits are the caller's."""
        merge = self._ids.merge()
        gone, stays = self._customers.pop(absorbed), self._customers[survivor]
        for kind, count in gone.counts.items():
            stays.counts[kind] = stays.counts.get(kind, 0) + count
        for kind, times in gone.recent.items():
            stays.recent.setdefault(kind, {}).update(times)
        stays.first_seen = earliest(stays.first_seen, gone.first_seen)
        stays.last_seen = latest_time(stays.last_seen, gone.last_seen)
        moved = self._held.pop(absorbed, [])
        for facts in moved:
            self._end_spell(facts.identifier.key, absorbed, at, merge)
            self._begin_spell(facts, survivor, at)
        self._held.setdefault(survivor, []).extend(moved)
        self._absorbed[absorbed] = Absorption(absorbed, survivor, merge, at, cause)
        self._touched_customers[survivor] = None
        if absorbed in self._recompute:
            self._recompute[survivor] = None

    def give(self, identifier: Identifier, customer_id: str, at: datetime) -> None:
        """Let an identifier that nobody has belong to a customer."""
        facts, customer = self._identifiers[identifier.key], self._customers[customer_id]
        self._begin_spell(facts, customer_id, at)
        self._held.setdefault(customer_id, []).append(facts)
        customer.counts[identifier.kind] = customer.counts.get(identifier.kind, 0) + 1
        self.touch(identifier)
        self._touched_customers[customer_id] = None

    def take_away(self, identifier: Identifier, at: datetime) -> None:
        """Let an identifier leave its customer alone; all its evidence ends. Others must remain there."""
        facts = self._identifiers[identifier.key]
        if facts.owner is None:
            return
        owner = self._customers[facts.owner]
        self._held[owner.id].remove(facts)
        owner.counts[identifier.kind] -= 1
        owner.recent.get(identifier.kind, {}).pop(identifier.key, None)
        self._recompute[owner.id] = None
        self._touched_customers[owner.id] = None
        facts.owner = None
        self._end_spell(identifier.key, owner.id, at, None)
        self._ended[identifier.key] = at
        for between in [between for between in self._links if identifier.key in between]:
            link = self._links.pop(between)
            link.ended_at, link.ended_by = at, "last_login"
            self._touched_links[link.id] = link

    def _begin_spell(self, facts: IdentifierFacts, customer_id: str, at: datetime) -> None:
        facts.owner = customer_id
        self._spells.setdefault(facts.identifier.key, []).append(Spell(customer_id, at))

    def _end_spell(self, key: str, owner: str, at: datetime, merge: str | None) -> None:
        # Whose it was before the batch is noted when that ends: of most identifiers nothing changes.
        spell = self._spells.setdefault(key, [Spell(owner, None)])[-1]
        spell.until, spell.merge = at, merge

    def touch(self, identifier: Identifier) -> IdentifierFacts:
        """Facts of an identifier that are about to change."""
        self._touched_identifiers[identifier.key] = None
        return self._identifiers[identifier.key]

    def note_use(self, facts: IdentifierFacts) -> None:
        """Remember when an identifier was last seen, for limits that look at a window."""
        if facts.owner is not None and facts.last_seen is not None:
            of_kind = self._customers[facts.owner].recent.setdefault(facts.identifier.kind, {})
            of_kind[facts.identifier.key] = facts.last_seen

    def touch_customer(self, customer_id: str) -> CustomerFacts:
        """Facts of a customer that are about to change."""
        self._touched_customers[customer_id] = None
        return self._customers[customer_id]

    def bear_out(
        self,
        between: Pair,
        first: datetime,
        last: datetime,
        *,
        source: str,
        message: str | None,
        count: int = 1,
        by_hand: bool = False,
    ) -> None:
        """Count messages, seen first and last at these times, as evidence that the two are one person."""
        link = self._links.get(between)
        if link is None:
            link = LinkFacts(self._ids.link(), between, count, first, last, source, message, is_new=True)
            self._links[between] = link
        else:
            link.count += count
            if first < link.first_seen:
                link.first_seen = first
            if last > link.last_seen:
                link.last_seen = last
        link.by_hand = link.by_hand or by_hand
        self._touched_links[link.id] = link

    def writes(self) -> Writes:
        """What differs from what was known."""
        absorbed = list(self._swapped(self._absorbed.values()))
        for one in absorbed:
            if one.swapped:
                self._customers[one.into].traits_changed = True
        alive = [customer for customer in self._touched_customers if customer in self._customers]
        return Writes(
            new_customers=[self._of_new(customer) for customer in self._new_customers],
            owners={key: spells for key, spells in self._spells.items() if _moved(spells)},
            absorbed=absorbed,
            stored={
                one.id: self._swapped_path(one) if one.swapped else self._path(one.id)
                for one in absorbed
                if one.id in self._stored_sizes
            },
            identifiers=[self._identifiers[key] for key in self._touched_identifiers],
            unused=[key for key, facts in self._identifiers.items() if facts.owner is None],
            ended=list(self._ended.items()),
            links=list(self._touched_links.values()),
            refusals=self.refusals,
            partial=self.partial,
            customers=[self._customers[customer] for customer in alive],
            recompute=[customer for customer in self._recompute if customer in self._customers],
            events=self.events,
            statements=self.statements,
        )

    def _of_new(self, customer_id: str) -> CustomerFacts:
        # One that was absorbed in the same batch is created too: its id was told, and must keep resolving.
        return self._customers.get(customer_id) or CustomerFacts(customer_id, self._absorbed[customer_id].at)

    def _swapped(self, absorbed: Iterable[Absorption]) -> Iterator[Absorption]:
        """The absorptions, the biggest one of a survivor swapped if it is the bigger side by far."""
        biggest: dict[str, Absorption] = {}
        merges = list(absorbed)
        survivors = {one.into for one in merges}
        for one in merges:
            size = self._stored_sizes.get(one.id, 0)
            # Whoever goes on into a third, or was somebody's survivor itself, keeps it simple and moves.
            simple = one.into in self._customers and one.id not in survivors
            if simple and size >= self._swap_from and size > self._stored_sizes.get(one.into, 0):
                known = biggest.get(one.into)
                if known is None or size > self._stored_sizes[known.id]:
                    biggest[one.into] = one
        for one in merges:
            yield replace(one, swapped=True) if biggest.get(one.into) is one else one

    def _swapped_path(self, absorbed: Absorption) -> list[Spell]:
        """What moves under the id of the absorbed customer, which the survivor's node has now: the survivor's own."""
        return [Spell(absorbed.id, None, absorbed.at), Spell(absorbed.into, absorbed.at)]

    def _path(self, absorbed: str) -> list[Spell]:
        """Whose the identifiers of an absorbed customer were in turn: its own first, who has them now last."""
        path = [Spell(absorbed, None)]
        while path[-1].customer in self._absorbed:
            step = self._absorbed[path[-1].customer]
            path[-1].until, path[-1].merge = step.at, step.merge
            path.append(Spell(step.into, step.at))
        return path


def _moved(spells: Sequence[Spell]) -> bool:
    return (len(spells) > 1 or spells[0].since is not None) and spells[-1].until is None
