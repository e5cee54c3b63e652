"""What a decided batch writes: who is made, who moves, what is counted, what was refused."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from graphcdp.model.identifiers import Identifier
from graphcdp.resolve.facts import CustomerFacts, IdentifierFacts, LinkFacts, Pair, pair


@dataclass(frozen=True, slots=True)
class Refusal:
    """Evidence that the rules refused: that `identifier` is one person with `subject`.

    code: why. first, last: times of the `count` messages that showed it, `message` the
    first of them. kind, limit, actual: what would have been too many, for LIMIT.
    """

    subject: Identifier
    identifier: Identifier
    code: str
    first: datetime
    last: datetime
    source: str
    message: str | None
    kind: str | None = None
    limit: int | None = None
    actual: int | None = None
    count: int = 1

    @property
    def between(self) -> Pair:
        """The pair that is kept apart."""
        return pair(self.subject.key, self.identifier.key)


class Cause(NamedTuple):
    """Why customers become one. message: id of the message, None by hand; reason: what a person gave."""

    type: str
    message: str | None = None
    source: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Absorption:
    """One customer went into another at this moment; that one may go on into a third in the same batch.

    swapped: it was so much the bigger that its node lives on under the other's
    id, and the other's identifiers are the ones to move.
    """

    id: str
    into: str
    merge: str
    at: datetime
    cause: Cause
    swapped: bool = False


@dataclass(slots=True)
class Spell:
    """How long an identifier was a customer's. since: None when it was before the batch, as stored.

    until: None while it lasts. merge: what ended it; None when the identifier moved alone.
    """

    customer: str
    since: datetime | None
    until: datetime | None = None
    merge: str | None = None


class Touched(NamedTuple):
    """Customers, identifiers and evidence that a batch touched in one way."""

    customers: list[CustomerFacts]
    identifiers: list[IdentifierFacts]
    links: list[LinkFacts]


@dataclass
class Writes:
    """What to write, in this order. Rows are parameters of the statements under cypher/record/.

    new_customers: in order of creation. owners: by key of identifiers whose owner
    changed, whose they were in turn. absorbed: in the order of the merges, of which
    `stored` had identifiers before the batch: those move with them. partial: messages
    of which claims were left out that other rules may take. recompute: customers that
    an identifier left, so that only the database can tell what remains.
    """

    new_customers: list[CustomerFacts] = field(default_factory=list)
    owners: dict[str, list[Spell]] = field(default_factory=dict)
    absorbed: list[Absorption] = field(default_factory=list)
    stored: dict[str, list[Spell]] = field(default_factory=dict)
    identifiers: list[IdentifierFacts] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    ended: list[tuple[str, datetime]] = field(default_factory=list)
    links: list[LinkFacts] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    partial: list[dict[str, str]] = field(default_factory=list)
    customers: list[CustomerFacts] = field(default_factory=list)
    recompute: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    statements: list[dict[str, Any]] = field(default_factory=list)

    @property
    def again(self) -> Touched:
        """What was only seen once more, of which nothing but times and numbers change."""
        return self._parted[0]

    @property
    def changed(self) -> Touched:
        """What is new or changed by more than that."""
        return self._parted[1]

    @cached_property
    def _parted(self) -> tuple[Touched, Touched]:
        # Once for all who ask, when all is decided: there are thousands.
        again, changed = Touched([], [], []), Touched([], [], [])
        for customer in self.customers:
            (changed if customer.differs else again).customers.append(customer)
        for identifier in self.identifiers:
            (changed if identifier.differs else again).identifiers.append(identifier)
        for link in self.links:
            (changed if link.differs else again).links.append(link)
        return again, changed

    @property
    def concerned(self) -> list[str]:
        """Ids of the customers whom it changes."""
        return [*(facts.id for facts in self.customers), *(gone.id for gone in self.absorbed)]

    @property
    def is_only_again(self) -> bool:
        """Whether nothing is to be written but `again`, and what was recorded."""
        return not (
            any(self.changed)
            or (self.new_customers or self.owners or self.absorbed or self.stored or self.unused or self.ended)
            or (self.refusals or self.partial or self.recompute)
        )
