"""Which changes somebody wants, and whom they follow: pure. Source: docs/subscriptions.md, rules 4 to 6."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphcdp.model.changes import (
    Change,
    ChangeKind,
    EventRecorded,
    IdentifierMoved,
    Merged,
    Part,
    SegmentEntered,
    SegmentExited,
    Split,
    TraitsChanged,
)

IDS_MAX = 20
"""Ids that are kept of one who is followed; beyond it the oldest former ones are forgotten."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which changes are wanted.

    kinds: these alone; None for all, or for those that the other filters are about when there is one.
    segments: ids or keys, for ENTERED and EXITED. events: names, for EVENT. traits: top-level names or
    dotted paths, for TRAITS. A change that an erasure emptied fits each of them, since nobody knows any more.
    """

    kinds: frozenset[ChangeKind] | None = None
    segments: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    traits: frozenset[str] = frozenset()

    def takes(self, change: Change) -> bool:
        """Is this change wanted?"""
        kinds = self.kinds
        if kinds is None and (self.segments or self.events or self.traits):
            kinds = self._about
        if kinds is not None and change.kind not in kinds:
            return False
        match change:
            case SegmentEntered(segment=segment, key=key) | SegmentExited(segment=segment, key=key):
                return not self.segments or segment in self.segments or key in self.segments
            case EventRecorded(name=name):
                return not self.events or name is None or name in self.events
            case TraitsChanged():
                return not self.traits or change.redacted or any(_changed(path, change) for path in self.traits)
        return True

    @property
    def _about(self) -> frozenset[ChangeKind]:
        kinds: set[ChangeKind] = set()
        if self.segments:
            kinds |= {ChangeKind.ENTERED, ChangeKind.EXITED}
        if self.events:
            kinds.add(ChangeKind.EVENT)
        if self.traits:
            kinds.add(ChangeKind.TRAITS)
        return frozenset(kinds)


def _changed(path: str, change: TraitsChanged) -> bool:
    """Whether the trait at this path has another value."""
    for one in change.traits:
        if one.name == path:
            return True
        name, dot, rest = path.partition(".")
        if dot and one.name == name:
            before, after = _at(one.before, rest), _at(one.after, rest)
            # To Python True is 1; to whoever reads JSON it is not.
            return repr(before) != repr(after)
    return False


def _at(value: Any, path: str) -> Any:
    for name in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


@dataclass(frozen=True, slots=True)
class Followed:
    """One customer at a place of the feed.

    ids: who it is there; several when that is not known exactly, none while nobody is. former: ids that it
    had and gets back when a split gives them their own again, the one that was asked for first. key: of the
    identifier that is followed, when it was asked for by one.
    """

    ids: frozenset[str]
    former: tuple[str, ...] = ()
    key: str | None = None

    def after(self, change: Change) -> "tuple[bool, Followed]":
        """Whether the change is about it, and who it is behind the change."""
        match change:
            case Merged(customer=survivor, absorbed=absorbed):
                if absorbed not in self.ids:
                    return survivor in self.ids, self
                return True, Followed((self.ids - {absorbed}) | {survivor}, self._with(absorbed), self.key)
            case Split(customer=customer, parts=parts):
                if customer not in self.ids:
                    return False, self
                part = self._part(parts)
                return True, self if part is None else Followed(frozenset((part,)), self._with(customer), self.key)
            case IdentifierMoved(customer=customer, key=key, removed=removed) if key is not None and key == self.key:
                if not removed:
                    return True, Followed(frozenset((customer,)), self.former, key)
                if customer in self.ids:
                    return True, Followed(frozenset(), self.former, key)
                return False, self
        return change.customer in self.ids, self

    def is_touched_by_split(self, change: Change) -> bool:
        """Whether the change takes parts from it, or makes it of a part."""
        if not isinstance(change, Split):
            return False
        return change.customer in self.ids or any(part.customer in self.ids for part in change.parts)

    def _part(self, parts: tuple[Part, ...]) -> str | None:
        """The part that it goes on as; None: as what remained."""
        if self.key is not None:
            return next((part.customer for part in parts if self.key in part.keys), None)
        alive = {part.customer for part in parts}
        return next((one for one in self.former if one in alive), None)

    def _with(self, former: str) -> tuple[str, ...]:
        if former in self.former:
            return self.former
        # The one that was asked for is kept.
        return self.former[:1] + self.former[1:][-(IDS_MAX - 2) :] + (former,)
