"""What became of customers, as the feed tells it. Source: docs/feed.md, rules 4 to 8.

    CREATED      a customer was seen for the first time
    IDENTIFIER   an identifier came to a customer, or left it
    MERGED       one customer went into another, with all that it had
    SPLIT        parts came out of a customer
    TRAITS       traits have other values
    EVENT        an event was recorded
    ENTERED      a customer is in a segment from now on
    EXITED       it no longer is
    CONSENT      a decision on consent
    ERASED       a customer was erased: copies must be dropped

A change names the customer as it was then. What an erasure took out of a change
is None or empty, and the change `redacted`: then read the customer anew. See
docs/feed.md, rule 10.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple, TypeAlias

JsonObject: TypeAlias = dict[str, Any]


class ChangeKind(StrEnum):
    """Kinds of changes."""

    CREATED = "CREATED"
    IDENTIFIER = "IDENTIFIER"
    MERGED = "MERGED"
    SPLIT = "SPLIT"
    TRAITS = "TRAITS"
    EVENT = "EVENT"
    ENTERED = "ENTERED"
    EXITED = "EXITED"
    CONSENT = "CONSENT"
    ERASED = "ERASED"


@dataclass(frozen=True, slots=True)
class Created:
    """customer: id, cus_..., as in all changes."""

    customer: str
    kind: ClassVar = ChangeKind.CREATED

    def to_json(self) -> JsonObject:
        """As a page of the feed keeps it, like those below."""
        return {"k": "CREATED", "c": self.customer}


@dataclass(frozen=True, slots=True)
class IdentifierMoved:
    """key: of the identifier, such as `email:ann@example.com`; None once erased. removed: it left the customer.

    Identifiers that move because of a merge or a split are not told one by one.
    """

    customer: str
    key: str | None
    removed: bool = False
    kind: ClassVar = ChangeKind.IDENTIFIER

    @property
    def redacted(self) -> bool:
        """Whether an erasure took the identifier out of it."""
        return self.key is None

    def to_json(self) -> JsonObject:
        """As a page of the feed keeps it."""
        told: JsonObject = {"k": "IDENTIFIER", "c": self.customer, "i": self.key}
        if self.removed:
            told["r"] = 1
        return told


@dataclass(frozen=True, slots=True)
class Merged:
    """customer: the survivor, who has everything of `absorbed` from now on. merge: id of the merge, mrg_...."""

    customer: str
    absorbed: str
    merge: str
    kind: ClassVar = ChangeKind.MERGED

    def to_json(self) -> JsonObject:
        """As a page of the feed keeps it."""
        return {"k": "MERGED", "c": self.customer, "a": self.absorbed, "m": self.merge}


class Part(NamedTuple):
    """customer: new, or merged before and alive again; without traits and segments until the changes that follow.

    split: id of the split, spl_.... keys: the identifiers that went with it, without erased ones.
    """

    customer: str
    split: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """customer: who was split. cause: CUT, SPLIT, UNDO or RULES. redacted: an erasure took keys out of it."""

    customer: str
    parts: tuple[Part, ...]
    cause: str
    redacted: bool = False
    kind: ClassVar = ChangeKind.SPLIT

    def to_json(self) -> JsonObject:
        """As a page of the feed keeps it."""
        told = {"k": "SPLIT", "c": self.customer, "p": [list(part) for part in self.parts], "w": self.cause}
        return told | {"r": 1} if self.redacted else told


class TraitChange(NamedTuple):
    """name: top-level name of the trait. before, after: JSON values; None when there is none."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class TraitsChanged:
    """traits: by name; none once an erasure took them out: then read the customer anew."""

    customer: str
    traits: tuple[TraitChange, ...]
    kind: ClassVar = ChangeKind.TRAITS

    @property
    def redacted(self) -> bool:
        """Whether an erasure took the traits out of it."""
        return not self.traits

    def to_json(self) -> JsonObject:
        """As a page of the feed keeps it."""
        return {"k": "TRAITS", "c": self.customer, "t": [list(one) for one in self.traits]}


@dataclass(frozen=True, slots=True)
class EventRecorded:
    """event: its id, as the producer gave it. subject: key of the identifier that it hangs on.

    All three are None once erased.
    """

    customer: str
    event: str | None
    name: str | None
    subject: str | None
    kind: ClassVar = ChangeKind.EVENT

    @property
    def redacted(self) -> bool:
        """Whether an erasure took the event out of it."""
        return self.event is None

    def to_json(self) -> JsonObject:
        """As a page of the feed keeps it."""
        return {"k": "EVENT", "c": self.customer, "e": self.event, "n": self.name, "i": self.subject}


@dataclass(frozen=True, slots=True)
class SegmentEntered:
    """segment: its id, seg_.... key: its key, which outlives it here."""

    customer: str
    segment: str
    key: str
    kind: ClassVar = ChangeKind.ENTERED

    def to_json(self) -> JsonObject:
        """As a page of the feed keeps it."""
        return {"k": "ENTERED", "c": self.customer, "s": self.segment, "n": self.key}


@dataclass(frozen=True, slots=True)
class SegmentExited:
    """As SegmentEntered; told for each member when a segment is deleted, too."""

    customer: str
    segment: str
    key: str
    kind: ClassVar = ChangeKind.EXITED

    def to_json(self) -> JsonObject:
        """As a page of the feed keeps it."""
        return {"k": "EXITED", "c": self.customer, "s": self.segment, "n": self.key}


@dataclass(frozen=True, slots=True)
class ConsentChanged:
    """A decision as `graphcdp.model.consent.Decision`. identifier: key that it hangs on; None once erased."""

    customer: str
    identifier: str | None
    purpose: str | None
    granted: bool
    at: datetime | None
    expires_at: datetime | None = None
    source: str | None = None
    kind: ClassVar = ChangeKind.CONSENT

    @property
    def redacted(self) -> bool:
        """Whether an erasure took the decision out of it."""
        return self.purpose is None

    def to_json(self) -> JsonObject:
        """As a page of the feed keeps it."""
        return {
            "k": "CONSENT",
            "c": self.customer,
            "i": self.identifier,
            "p": self.purpose,
            "g": self.granted,
            "t": self.at,
            "x": self.expires_at,
            "f": self.source,
        }


@dataclass(frozen=True, slots=True)
class Erased:
    """Told once for each id that the customer ever had; and in place of what the feed told of it before."""

    customer: str
    kind: ClassVar = ChangeKind.ERASED

    def to_json(self) -> JsonObject:
        """As a page of the feed keeps it."""
        return {"k": "ERASED", "c": self.customer}


Change: TypeAlias = (
    Created
    | IdentifierMoved
    | Merged
    | Split
    | TraitsChanged
    | EventRecorded
    | SegmentEntered
    | SegmentExited
    | ConsentChanged
    | Erased
)


class Sequenced(NamedTuple):
    """A change in the feed. seq: its number, 1.., without gaps. at: when, by the database's clock."""

    seq: int
    at: datetime
    change: Change


def trait_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[TraitChange, ...]:
    """How traits differ, by name. before, after: what readers see."""
    return tuple(
        TraitChange(name, before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if not _same(before.get(name), after.get(name))
    )


def _same(one: Any, other: Any) -> bool:
    # To Python True is 1 and 1 is 1.0; to whoever reads JSON they are not.
    return bool(one == other) and repr(one) == repr(other)


def from_json(told: JsonObject) -> Change:
    """The change that `to_json` wrote. Raises KeyError for a kind that this version does not know."""
    return _READ_BY_KIND[told["k"]](told)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


_READ_BY_KIND: dict[str, Callable[[JsonObject], Change]] = {
    "CREATED": lambda told: Created(told["c"]),
    "IDENTIFIER": lambda told: IdentifierMoved(told["c"], told["i"], "r" in told),
    "MERGED": lambda told: Merged(told["c"], told["a"], told["m"]),
    "SPLIT": lambda told: Split(
        told["c"],
        tuple(Part(customer, split, tuple(keys)) for customer, split, keys in told["p"]),
        told["w"],
        "r" in told,
    ),
    "TRAITS": lambda told: TraitsChanged(told["c"], tuple(TraitChange(*one) for one in told["t"])),
    "EVENT": lambda told: EventRecorded(told["c"], told["e"], told["n"], told["i"]),
    "ENTERED": lambda told: SegmentEntered(told["c"], told["s"], told["n"]),
    "EXITED": lambda told: SegmentExited(told["c"], told["s"], told["n"]),
    "CONSENT": lambda told: ConsentChanged(
        told["c"],
        told["i"],
        told["p"],
        told["g"],
        _moment(told["t"]),
        _moment(told["x"]),
        told["f"],
    ),
    "ERASED": lambda told: Erased(told["c"]),
}
