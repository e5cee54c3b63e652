"""A copy of the graph that is kept by following the feed alone. Source: docs/feed.md, rule 6."""

from collections.abc import Callable
from typing import Any

from graphcdp.model.changes import (
    Change,
    ConsentChanged,
    Created,
    Erased,
    EventRecorded,
    IdentifierMoved,
    Merged,
    SegmentEntered,
    SegmentExited,
    Split,
    TraitsChanged,
)


class Copy:
    """traits: of each live customer. owner: by key. members: customer and segment's key.

    read_traits, read_keys: what a customer has in the graph, for what an erasure took out; None when it is gone.
    """

    def __init__(
        self,
        read_traits: Callable[[str], dict[str, Any] | None],
        read_keys: Callable[[str], set[str]],
    ) -> None:
        self.seq = 0
        self.traits: dict[str, dict[str, Any]] = {}
        self.owner: dict[str, str] = {}
        self.members: set[tuple[str, str]] = set()
        self.events: dict[str, str] = {}
        self._read_traits = read_traits
        self._read_keys = read_keys

    def apply(self, change: Change) -> None:  # noqa: C901  # one case a kind
        """Do what the change says."""
        if getattr(change, "redacted", False):
            self._forget(change.customer)
        match change:
            case Created(customer):
                self.traits.setdefault(customer, {})
            case IdentifierMoved(customer, key, removed):
                if key is not None and removed:
                    self.owner.pop(key, None)
                elif key is not None:
                    self.owner[key] = customer
            case Merged(customer, absorbed):
                self._drop(absorbed)
                self.traits.setdefault(customer, {})
                self.owner = {key: customer if who == absorbed else who for key, who in self.owner.items()}
            case Split(_, parts):
                for part in parts:
                    self.traits[part.customer] = {}
                    self.owner.update(dict.fromkeys(part.keys, part.customer))
            case TraitsChanged(customer, traits) if change.redacted:
                found = self._read_traits(customer)
                if found is not None:
                    self.traits[customer] = found
            case TraitsChanged(customer, traits):
                own = self.traits.setdefault(customer, {})
                own.update((name, after) for name, _, after in traits)
                for name in [name for name, value in own.items() if value is None]:
                    del own[name]
            case EventRecorded(customer, event, _, subject):
                if event is not None and subject is not None:
                    assert self.owner[subject] == customer, "the change names who has the subject at its place"
                    self.events[event] = subject
            case SegmentEntered(customer, _, key):
                assert (customer, key) not in self.members
                self.members.add((customer, key))
            case SegmentExited(customer, _, key):
                self.members.discard((customer, key))
            case ConsentChanged():
                pass
            case Erased(customer):
                self._drop(customer)
                self._lose({key for key, who in self.owner.items() if who == customer})

    def _forget(self, customer: str) -> None:
        """Drop identifiers that the customer no longer has."""
        had = {key for key, who in self.owner.items() if who == customer}
        self._lose(had - self._read_keys(customer))

    def _lose(self, gone: set[str]) -> None:
        self.owner = {key: who for key, who in self.owner.items() if key not in gone}
        self.events = {event: subject for event, subject in self.events.items() if subject not in gone}

    def _drop(self, customer: str) -> None:
        self.traits.pop(customer, None)
        self.members = {(who, key) for who, key in self.members if who != customer}
