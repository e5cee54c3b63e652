"""Groups of identifiers that grow together, with what their limits need: how many of each kind, and when used.

For resolving what is stored by other rules, where no message and no ledger is
there. The objections are those of group.py.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from graphcdp.model.identifiers import Identifier
from graphcdp.resolve.rules import IdentityRules, MergeMode


class Seen(NamedTuple):
    """When an identifier was seen first and last."""

    first: datetime
    last: datetime


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
    at a window, when each was seen, by kind and key. customers: stored
    customers, or parts of them, that are in it; none for a new identifier.
    """

    counts: dict[str, int] = field(default_factory=dict)
    recent: dict[str, dict[str, Seen]] = field(default_factory=dict)
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

    def note_use(self, name: str, identifier: Identifier, seen: Seen) -> None:
        """Remember that an identifier of the group was in use then, too, if its kind's limit looks at a window."""
        if self._rules.window(identifier.kind) is None:
            return
        times = self.content(name).recent.setdefault(identifier.kind, {})
        known = times.get(identifier.key, seen)
        times[identifier.key] = Seen(min(known.first, seen.first), max(known.last, seen.last))

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
        return self._over_limit((first, second), second.kinds(), named, lambda seen, start: seen.last > start, at)

    def objection_at(self, one: str, other: str, named: Iterable[Identifier], at: datetime) -> Objection | None:
        """Why the two groups could not become one by evidence of this time in the past; None when they could.

        Only a kind that both have becomes more: a side that is over a limit by
        hand may still get others. What is known of an identifier's use is when it
        was first and last seen: it counts when one of these lies in the window, so
        that what rules accepted when it came they accept when it is replayed.
        """
        first, second = self.content(one), self.content(other)

        def used(seen: Seen, start: datetime) -> bool:
            return start < seen.first <= at or start < seen.last <= at

        return self._over_limit((first, second), first.kinds() & second.kinds(), named, used, at)

    def _over_limit(
        self,
        contents: tuple[Content, Content],
        kinds: Iterable[str],
        named: Iterable[Identifier],
        used: Callable[[Seen, datetime], bool],
        at: datetime,
    ) -> Objection | None:
        """Which of these kinds would be over its limit in the contents together, the strongest first."""
        names = tuple(named)
        for kind in sorted(kinds, key=lambda kind: (-self._rules.priority(kind), kind)):
            limit = self._rules.limit(kind)
            if limit is None:
                continue
            total = sum(content.counts.get(kind, 0) for content in contents)
            window = self._rules.window(kind)
            if total > limit and window is not None:
                counted = {identifier.key for identifier in names if identifier.kind == kind}
                for content in contents:
                    counted |= {key for key, seen in content.recent.get(kind, {}).items() if used(seen, at - window)}
                total = len(counted)
            if total > limit:
                return Objection("LIMIT", kind, limit, total)
        return None
