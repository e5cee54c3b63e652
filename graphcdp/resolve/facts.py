"""What is known of customers, identifiers and evidence: as a batch finds it, and as it changes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from graphcdp.model.identifiers import Identifier
from graphcdp.resolve.traits import Stamped

Pair = tuple[str, str]
"""Keys of two identifiers, the smaller first: evidence has no direction."""


def pair(one: str, other: str) -> Pair:
    """The pair of two keys."""
    return (one, other) if one < other else (other, one)


@dataclass(slots=True)
class CustomerFacts:
    """counts: how many identifiers of each kind. traits: the latest of each name, unset ones included.

    traits_changed: whether they differ from what is stored, and so must be written. node: as of IdentifierFacts.
    recent: for kinds whose limit looks at a window, when each identifier was last
    seen, by kind and key; those last seen before the batch's windows may be missing.
    stored: what `differs` compares with; None for one that is not stored yet.
    """

    id: str
    created_at: datetime
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    counts: dict[str, int] = field(default_factory=dict)
    traits: dict[str, Stamped] = field(default_factory=dict)
    traits_changed: bool = False
    recent: dict[str, dict[str, datetime]] = field(default_factory=dict)
    node: str = ""
    stored: tuple[datetime | None, dict[str, int]] | None = None

    def mark_stored(self) -> None:
        """Remember that all of this is stored as it stands."""
        self.stored = (self.first_seen, dict(self.counts))

    @property
    def differs(self) -> bool:
        """Whether more than the time when it was last seen is other than stored."""
        return self.traits_changed or self.stored is None or self.stored != (self.first_seen, self.counts)


@dataclass(slots=True)
class IdentifierFacts:
    """owner: id of its customer; None for an identifier that nobody has yet.

    node: by what the store finds it, once it is stored; nobody else knows what it means.
    stored: what `differs` compares with; None for one that is not stored yet.
    stored_event_at: the time of its last event, as stored.
    """

    identifier: Identifier
    id: str
    owner: str | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    first_event_at: datetime | None = None
    last_event_at: datetime | None = None
    sources: tuple[str, ...] = ()
    traits: dict[str, Stamped] = field(default_factory=dict)
    node: str = ""
    stored: tuple[datetime | None, datetime | None, tuple[str, ...], dict[str, Stamped]] | None = None
    stored_event_at: datetime | None = None

    def mark_stored(self) -> None:
        """Remember that all of this is stored as it stands; its traits are replaced from now on, never changed."""
        self.stored = self._without_last()
        self.stored_event_at = self.last_event_at

    @property
    def differs(self) -> bool:
        """Whether more than the times of its last use is other than stored."""
        return self.stored != self._without_last()

    def _without_last(self) -> tuple[datetime | None, datetime | None, tuple[str, ...], dict[str, Stamped]]:
        return self.first_seen, self.first_event_at, self.sources, self.traits


@dataclass(slots=True)
class LinkFacts:
    """A stretch of evidence that two identifiers are one person; it counts until it has ended.

    node: as of IdentifierFacts. stored: what `differs` compares with.
    """

    id: str
    between: Pair
    count: int
    first_seen: datetime
    last_seen: datetime
    source: str
    event: str | None
    ended_at: datetime | None = None
    ended_by: str | None = None
    by_hand: bool = False
    is_new: bool = False
    node: str = ""
    stored: tuple[datetime, bool] | None = None

    def mark_stored(self) -> None:
        """Remember that all of this is stored as it stands."""
        self.stored = (self.first_seen, self.by_hand)

    @property
    def differs(self) -> bool:
        """Whether more than the number of messages and the time of the last one is other than stored."""
        return self.ended_at is not None or self.stored != (self.first_seen, self.by_hand)


@dataclass(frozen=True, slots=True)
class Known:
    """What was read, after locking.

    identifiers: by key, one for each identifier that the batch names. customers:
    by id, the owners of these. links: those that count, by pair. cuts: pairs whose
    evidence was cut and not allowed again. seen: for each message id that was
    taken before, the id of its customer (None when that is gone). suppressed: keys
    that were erased.
    """

    identifiers: Mapping[str, IdentifierFacts]
    customers: Mapping[str, CustomerFacts]
    links: Mapping[Pair, LinkFacts] = field(default_factory=dict)
    cuts: frozenset[Pair] = frozenset()
    seen: Mapping[str, str | None] = field(default_factory=dict)
    suppressed: frozenset[str] = frozenset()


def earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier of two times, either of which may be missing."""
    if one is None or other is None:
        return other if one is None else one
    return one if one <= other else other


def latest_time(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two times, either of which may be missing."""
    if one is None or other is None:
        return other if one is None else one
    return one if one >= other else other
