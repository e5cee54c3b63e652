"""What is known of the touched part of the graph, changed message by message.

`Known` is what the shell reads after locking. `Ledger` starts as that and is
changed by `decide`; at the end it tells what differs, as `Writes`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from graphcdp.model.identifiers import Identifier
from graphcdp.resolve.traits import Stamped

Pair = tuple[str, str]
"""Keys of two identifiers, the smaller first: evidence has no direction."""


def pair(one: str, other: str) -> Pair:
    """The pair of two keys."""
    return (one, other) if one < other else (other, one)


class Ids(Protocol):
    """Makes ids. Those of customers come in ascending order, since ids order customers by age."""

    def customer(self) -> str: ...
    def identifier(self) -> str: ...
    def link(self) -> str: ...
    def merge(self) -> str: ...


@dataclass(slots=True)
class CustomerFacts:
    """counts: how many identifiers of each kind. traits: the latest of each name, unset ones included.

    traits_changed: whether they differ from what is stored, and so must be written.
    """

    id: str
    created_at: datetime
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    counts: dict[str, int] = field(default_factory=dict)
    traits: dict[str, Stamped] = field(default_factory=dict)
    traits_changed: bool = False


@dataclass(slots=True)
class IdentifierFacts:
    """owner: id of its customer; None for an identifier that nobody has yet."""

    identifier: Identifier
    id: str
    owner: str | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    first_event_at: datetime | None = None
    last_event_at: datetime | None = None
    sources: tuple[str, ...] = ()
    traits: dict[str, Stamped] = field(default_factory=dict)


@dataclass(slots=True)
class LinkFacts:
    """A stretch of evidence that two identifiers are one person; it counts until it has ended."""

    id: str
    between: Pair
    count: int
    first_seen: datetime
    last_seen: datetime
    source: str
    event: str
    ended_at: datetime | None = None
    ended_by: str | None = None
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What was read, after locking.

    identifiers: by key, one for each identifier that the batch names. customers:
    by id, the owners of these. links: those that count, by pair. cuts: pairs whose
    evidence was cut and not allowed again. seen: for each message id that was
    taken before, the id of its customer (None when that is gone).
    """

    identifiers: Mapping[str, IdentifierFacts]
    customers: Mapping[str, CustomerFacts]
    links: Mapping[Pair, LinkFacts] = field(default_factory=dict)
    cuts: frozenset[Pair] = frozenset()
    seen: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Absorption:
    """One customer went into another: `into` by this message, `final` after the whole batch."""

    id: str
    into: str
    final: str
    merge: str
    at: datetime
    reason: str
    message: str


@dataclass(slots=True)
class Writes:
    """What to write, in this order. Rows are parameters of the statements under cypher/record/.

    new_customers: ids, in order of creation. owners: key and customer of
    identifiers that were given an owner. recompute: customers that an identifier
    left, so that only the database can tell what remains.
    """

    new_customers: list[CustomerFacts] = field(default_factory=list)
    owners: list[tuple[str, str]] = field(default_factory=list)
    absorbed: list[Absorption] = field(default_factory=list)
    identifiers: list[IdentifierFacts] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    ended: list[tuple[str, datetime]] = field(default_factory=list)
    links: list[LinkFacts] = field(default_factory=list)
    customers: list[CustomerFacts] = field(default_factory=list)
    recompute: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    statements: list[dict[str, Any]] = field(default_factory=list)


class Ledger:
    """The touched part of the graph while a batch is decided. It owns the facts it is given."""

    def __init__(self, known: Known, ids: Ids) -> None:
        self._ids = ids
        self._identifiers = dict(known.identifiers)
        self._customers = dict(known.customers)
        self._links = dict(known.links)
        self._cuts = known.cuts
        self._owner_before = {key: facts.owner for key, facts in known.identifiers.items()}
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
        return pair(one.key, other.key) in self._cuts

    def final(self, customer_id: str) -> str:
        """The live customer that this one has become."""
        while customer_id in self._absorbed:
            customer_id = self._absorbed[customer_id].into
        return customer_id

    def create(self, now: datetime) -> str:
        """A new customer without identifiers."""
        facts = CustomerFacts(self._ids.customer(), now)
        self._customers[facts.id] = facts
        self._new_customers[facts.id] = None
        self._touched_customers[facts.id] = None
        return facts.id

    def new_merge(self) -> str:
        """The id for a merge of one or more customers."""
        return self._ids.merge()

    def absorb(self, absorbed: str, survivor: str, *, merge: str, at: datetime, reason: str, message: str) -> None:
        """Let one customer go into another, with identifiers, counts and times; traits are the caller's."""
        gone, stays = self._customers.pop(absorbed), self._customers[survivor]
        for kind, count in gone.counts.items():
            stays.counts[kind] = stays.counts.get(kind, 0) + count
        stays.first_seen = earliest(stays.first_seen, gone.first_seen)
        stays.last_seen = latest_time(stays.last_seen, gone.last_seen)
        moved = self._held.pop(absorbed, [])
        for facts in moved:
            facts.owner = survivor
        self._held.setdefault(survivor, []).extend(moved)
        self._absorbed[absorbed] = Absorption(absorbed, survivor, survivor, merge, at, reason, message)
        self._touched_customers[survivor] = None
        if absorbed in self._recompute:
            self._recompute[survivor] = None

    def give(self, identifier: Identifier, customer_id: str) -> None:
        """Let an identifier that nobody has belong to a customer."""
        facts, customer = self._identifiers[identifier.key], self._customers[customer_id]
        facts.owner = customer_id
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
        self._recompute[owner.id] = None
        self._touched_customers[owner.id] = None
        facts.owner = None
        self._ended[identifier.key] = at
        for between in [between for between in self._links if identifier.key in between]:
            link = self._links.pop(between)
            link.ended_at, link.ended_by = at, "last_login"
            self._touched_links[link.id] = link

    def touch(self, identifier: Identifier) -> IdentifierFacts:
        """Facts of an identifier that are about to change."""
        self._touched_identifiers[identifier.key] = None
        return self._identifiers[identifier.key]

    def touch_customer(self, customer_id: str) -> CustomerFacts:
        """Facts of a customer that are about to change."""
        self._touched_customers[customer_id] = None
        return self._customers[customer_id]

    def bear_out(self, one: Identifier, other: Identifier, *, at: datetime, source: str, message: str) -> None:
        """Count a message as evidence that the two are one person."""
        between = pair(one.key, other.key)
        link = self._links.get(between)
        if link is None:
            link = LinkFacts(self._ids.link(), between, 1, at, at, source, message, is_new=True)
            self._links[between] = link
        else:
            link.count += 1
            link.first_seen = min(link.first_seen, at)
            link.last_seen = max(link.last_seen, at)
        self._touched_links[link.id] = link

    def writes(self) -> Writes:
        """What differs from what was known."""
        alive = [customer for customer in self._touched_customers if customer in self._customers]
        return Writes(
            new_customers=[self._of_new(customer) for customer in self._new_customers],
            owners=list(self._owner_changes()),
            absorbed=[
                Absorption(a.id, a.into, self.final(a.id), a.merge, a.at, a.reason, a.message)
                for a in self._absorbed.values()
            ],
            identifiers=[self._identifiers[key] for key in self._touched_identifiers],
            unused=[key for key, facts in self._identifiers.items() if facts.owner is None],
            ended=list(self._ended.items()),
            links=list(self._touched_links.values()),
            customers=[self._customers[customer] for customer in alive],
            recompute=[customer for customer in self._recompute if customer in self._customers],
            events=self.events,
            statements=self.statements,
        )

    def _of_new(self, customer_id: str) -> CustomerFacts:
        # One that was absorbed in the same batch is created too: its id was told, and must keep resolving.
        return self._customers.get(customer_id) or CustomerFacts(customer_id, self._absorbed[customer_id].at)

    def _owner_changes(self) -> Iterator[tuple[str, str]]:
        for key, facts in self._identifiers.items():
            if facts.owner is not None and facts.owner != self._owner_before[key]:
                yield key, facts.owner


def earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier of two times, either of which may be missing."""
    return min((time for time in (one, other) if time is not None), default=None)


def latest_time(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two times, either of which may be missing."""
    return max((time for time in (one, other) if time is not None), default=None)
