"""Which changes somebody wants to be told. Source: docs/webhooks.md, rules 4 to 6."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from graphcdp.model.changes import (
    Change,
    ChangeKind,
    EventRecorded,
    Merged,
    SegmentEntered,
    SegmentExited,
    Split,
    TraitsChanged,
)
from graphcdp.model.errors import InvalidReferenceError

NAMES_MAX = 100
NAME_LENGTH_MAX = 200

_KINDS_BY_DETAIL: Mapping[str, frozenset[ChangeKind]] = {
    "segments": frozenset((ChangeKind.ENTERED, ChangeKind.EXITED)),
    "events": frozenset((ChangeKind.EVENT,)),
    "traits": frozenset((ChangeKind.TRAITS,)),
}


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Names that changes must have; an empty set asks for nothing.

    kinds: when empty, those that the other names are about, or all. segments: keys or ids.
    events: names. traits: top-level names. customers: ids that the change is about.
    """

    kinds: frozenset[ChangeKind] = frozenset()
    segments: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    traits: frozenset[str] = frozenset()
    customers: frozenset[str] = frozenset()

    @classmethod
    def of(cls, **names: Iterable[str] | None) -> "ChangeFilter":
        """The filter with these names. Raises InvalidReferenceError for a kind that there is not, or too much."""
        given = {name: frozenset(values or ()) for name, values in names.items()}
        for name, values in given.items():
            if len(values) > NAMES_MAX:
                raise InvalidReferenceError(
                    f"`{name}` has {len(values)} names; the most is {NAMES_MAX}. Leave it out to be told all.", (name,)
                )
            for value in values:
                if not 1 <= len(value) <= NAME_LENGTH_MAX:
                    raise InvalidReferenceError(
                        f"`{name}` holds a name of {len(value)} characters; it takes 1..{NAME_LENGTH_MAX}.", (name,)
                    )
        kinds = frozenset(_kind(one) for one in given.pop("kinds", ()))
        return cls(kinds=kinds, **given)

    def names(self) -> dict[str, list[str]]:
        """The names as `of` takes them, in order."""
        return {one.name: sorted(getattr(self, one.name)) for one in fields(self)}

    def to_json(self) -> str:
        """The names as JSON."""
        return json.dumps(self.names())

    @classmethod
    def from_json(cls, text: str) -> "ChangeFilter":
        """The filter that `to_json` wrote."""
        return cls.of(**json.loads(text))

    @property
    def told_kinds(self) -> frozenset[ChangeKind]:
        """The kinds that can pass."""
        if self.kinds:
            return self.kinds
        implied = [kinds for detail, kinds in _KINDS_BY_DETAIL.items() if getattr(self, detail)]
        return frozenset().union(*implied) if implied else frozenset(ChangeKind)

    def passes(self, change: Change) -> bool:
        """Whether the change is wanted. One that an erasure took its content out of is, if its kind is."""
        if change.kind not in self.told_kinds:
            return False
        if self.customers and self.customers.isdisjoint(customers_of(change)):
            return False
        if getattr(change, "redacted", False):
            return True
        match change:
            case SegmentEntered() | SegmentExited():
                return not self.segments or not self.segments.isdisjoint((change.segment, change.key))
            case EventRecorded():
                return not self.events or change.name in self.events
            case TraitsChanged():
                return not self.traits or not self.traits.isdisjoint(one.name for one in change.traits)
        return True


def customers_of(change: Change) -> tuple[str, ...]:
    """All customers that a change is about, by id, its own first: who goes into another, or comes out, is one."""
    match change:
        case Merged():
            return (change.customer, change.absorbed)
        case Split():
            return (change.customer, *(part.customer for part in change.parts))
    return (change.customer,)


def _kind(text: str) -> ChangeKind:
    try:
        return ChangeKind(text.upper())
    except ValueError:
        raise InvalidReferenceError(
            f"There is no kind of change {text!r}; there are {', '.join(ChangeKind)}.", ("kinds",)
        ) from None
