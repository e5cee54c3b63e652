"""Groups of identifiers that grow together, with what their limits need: how many of each kind, and when used.

For resolving what is stored by other rules, where no message and no ledger is
there. The objections are those of group.py.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from graphcdp.model.identifiers import Identifier
from graphcdp.resolve.rules import IdentityRules, MergeMode


@dataclass(frozen=True, slots=True)
class Objection:
    """Why two groups may not be one: `LIMIT`, with what would be too many, `MERGE_OFF` or `BLOCKED`."""

    code: str
    kind: str | None = None
    limit: int | None = None
    actual: int | None = None


@dataclass(slots=True)
class Content:
    """What a group holds.

    counts: how many identifiers of each kind. recent: of kinds whose limit looks
    at a window, when each was last seen, by kind and key. customers: stored
    customers, or parts of them, that are in it; none for a new identifier.
    """

    counts: dict[str, int] = field(default_factory=dict)
    recent: dict[str, dict[str, datetime]] = field(default_factory=dict)
    customers: list[str] = field(default_factory=list)

    def add(self, other: "Content") -> None:
        """Take in what another group holds; that one is used up."""
        for kind, count in other.counts.items():
            self.counts[kind] = self.counts.get(kind, 0) + count
        for kind, times in other.recent.items():
            mine = self.recent.get(kind, {})
            # The smaller into the greater, so that many small steps stay cheap.
            if len(mine) < len(times):
                mine, times = times, mine
            mine.update(times)
            self.recent[kind] = mine
        self.customers += other.customers

    def kinds(self) -> set[str]:
        """Kinds of which it holds any."""
        return {kind for kind, count in self.counts.items() if count}


class Unions:
    """Groups by name; two that are joined are one from then on, under either name."""

    def __init__(self, rules: IdentityRules) -> None:
        self._rules = rules
        self._parent: dict[str, str] = {}
        self._content: dict[str, Content] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._parent

    def add(self, name: str, content: Content) -> None:
        """A group of its own."""
        self._parent[name] = name
        self._content[name] = content

    def root(self, name: str) -> str:
        """The name of the group that this one is in now."""
        while self._parent[name] != name:
            self._parent[name] = self._parent[self._parent[name]]
            name = self._parent[name]
        return name

    def roots(self) -> Iterable[tuple[str, Content]]:
        """All groups."""
        return self._content.items()

    def content(self, name: str) -> Content:
        """What the group holds that this one is in."""
        return self._content[self.root(name)]

    def join(self, one: str, other: str) -> bool:
        """Make two groups one. Whether that united customers."""
        here, there = self.root(one), self.root(other)
        if here == there:
            return False
        united = bool(self._content[here].customers and self._content[there].customers)
        if sum(self._content[here].counts.values()) < sum(self._content[there].counts.values()):
            here, there = there, here
        self._parent[there] = here
        self._content[here].add(self._content.pop(there))
        return united

    def objection(self, one: str, other: str, named: Iterable[Identifier], at: datetime) -> Objection | None:
        """Why the group of `other` may not join that of `one`; None when it may.

        named: what the evidence names, which is in use at its time, whenever it
        was seen before. at: time of the evidence, from which windows reach back.
        """
        here, there = self.root(one), self.root(other)
        if here == there:
            return None
        first, second = self._content[here], self._content[there]
        if self._rules.merge is MergeMode.NEVER and first.customers and second.customers:
            return Objection("MERGE_OFF")
        if self._rules.merge is MergeMode.ALWAYS:
            return None
        return self.over_limit((first, second), second.kinds(), named, at)

    def over_limit(
        self, contents: Iterable[Content], kinds: Iterable[str], named: Iterable[Identifier], at: datetime
    ) -> Objection | None:
        """Which of these kinds would be over its limit in the contents together, the strongest first."""
        together, names = tuple(contents), tuple(named)
        for kind in sorted(kinds, key=lambda kind: (-self._rules.priority(kind), kind)):
            limit = self._rules.limit(kind)
            if limit is None:
                continue
            total = sum(content.counts.get(kind, 0) for content in together)
            window = self._rules.window(kind)
            if total > limit and window is not None:
                used = {identifier.key for identifier in names if identifier.kind == kind}
                for content in together:
                    used |= _used_since(at - window, content.recent.get(kind, {}))
                total = len(used)
            if total > limit:
                return Objection("LIMIT", kind, limit, total)
        return None


def _used_since(start: datetime, seen: Mapping[str, datetime]) -> set[str]:
    return {key for key, time in seen.items() if time > start}
