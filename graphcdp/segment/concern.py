"""Which segments a write may concern, and for whom: those whose rules mention what became different.

Source: docs/segments.md, rule 9. What time alone changes has its moments.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from graphcdp.model.changes import Change, Created, EventRecorded, IdentifierMoved, TraitsChanged
from graphcdp.model.predicates import ANY_NAME, Predicate, Range
from graphcdp.segment.definitions import Definition, SegmentNames


@dataclass(slots=True)
class Touched:
    """What became different of one customer.

    traits: names of those that changed. events: names of those that were recorded.
    seen: when it was seen, before and after; None when that is the same. created: it
    is new. identifiers: it has more that nobody had before. anything: more than
    these: every rule may be concerned.
    """

    traits: set[str] = field(default_factory=set)
    events: set[str] = field(default_factory=set)
    seen: tuple["Seen", "Seen"] | None = None
    created: bool = False
    identifiers: bool = False
    anything: bool = False


class Seen(NamedTuple):
    """When a customer was seen for the first and for the last time; None for never."""

    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Mentioned:
    """What a rule looks at, besides segments.

    traits: under which names the values may be that it looks at: `a` and `a.b` for the
    path `a.b`. events: names, ANY_NAME for all. first_seen, last_seen: in which stretches
    of time somebody must have been seen. identifiers: whether at these, or at what
    hangs on them. nobody: whether somebody may meet it of whom none of that is known.
    """

    traits: frozenset[str]
    events: frozenset[str]
    first_seen: tuple[Range, ...]
    last_seen: tuple[Range, ...]
    identifiers: bool
    nobody: bool


def touched_by(
    seen_after: Mapping[str, Seen],
    seen_before: Mapping[str, Seen],
    changes: Iterable[Change],
    recomputed: Iterable[str],
    fresh: Container[str] = (),
) -> dict[str, Touched]:
    """What became different of each of the customers of `seen_after`; changes of others are left out.

    recomputed: those of whom the changes do not tell all. fresh: keys of identifiers of
    which nothing was known before.
    """
    found = {
        customer: Touched(seen=None if before == after else (before, after))
        for customer, after in seen_after.items()
        for before in [seen_before.get(customer, _NEVER)]
    }
    for change in changes:
        one = found.get(change.customer)
        if one is None:
            continue
        if isinstance(change, TraitsChanged):
            one.traits.update(trait.name for trait in change.traits)
        elif isinstance(change, EventRecorded) and change.name is not None:
            one.events.add(change.name)
        elif isinstance(change, Created):
            one.created = True
        elif isinstance(change, IdentifierMoved) and not change.removed and change.key in fresh:
            one.identifiers = True
        else:
            one.anything = True
    for customer in recomputed:
        if customer in found:
            found[customer].anything = True
    return found


_NEVER = Seen(None, None)


@lru_cache(maxsize=1000)
def mentioned(rule: Predicate) -> Mentioned:
    """What a rule looks at. Consent is left out: when it changes, every rule is asked."""
    nodes = [node for _, node in rule.walk()]
    return Mentioned(
        frozenset(name for node in nodes if node.trait is not None for name in _names(node.trait.path)),
        frozenset(event.name for node in nodes for event in node.events),
        tuple(node.first_seen for node in nodes if node.first_seen is not None),
        tuple(node.last_seen for node in nodes if node.last_seen is not None),
        any(node.operator[0] in _OF_IDENTIFIERS for node in nodes),
        True in _of_nobody(rule),
    )


_OF_IDENTIFIERS = ("has_identifier", "identifiers", "consented")
"""Consent hangs on identifiers: on one that was never seen it may wait."""


def _of_nobody(rule: Predicate) -> frozenset[bool]:
    """What the condition may be for somebody of whom nothing is known; both where it is not worth to find out."""
    if rule.negated is not None:
        return frozenset(not value for value in _of_nobody(rule.negated))
    for branches, deciding in ((rule.all_of, False), (rule.any_of, True)):
        if branches is not None:
            found = [_of_nobody(branch) for branch in branches]
            if frozenset((deciding,)) in found:
                return frozenset((deciding,))
            return frozenset((not deciding,)).union(*found)
    if rule.did is not None:
        return frozenset((rule.did.bounds[0] == 0,))
    if rule.trait is not None:
        return frozenset((False, True)) if rule.trait.is_.operator[0] == "exists" else frozenset((False,))
    if rule.aggregate is not None or rule.identifiers is not None:
        return frozenset((False, True))
    return frozenset((False,))


def _names(path: str) -> Iterator[str]:
    parts = path.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts) + 1))


class Concerned(NamedTuple):
    """A segment that may move these customers, ascending. grown: those of them of whom only more events came."""

    definition: Definition
    customer_ids: list[str]
    grown: frozenset[str]


def concerned(ordered: Sequence[Definition], touched: dict[str, Touched], now: datetime) -> Iterator[Concerned]:
    """The segments that may move somebody, with the customers whom each may move.

    ordered: so that each comes after those that its rule names; who may move in one
    of these may move in it too.
    """
    names = SegmentNames(ordered)
    whom = _Whom(touched, now)
    may_move: dict[str, set[str]] = {}
    for definition in ordered:
        what = mentioned(definition.rule)
        otherwise = whom.otherwise(what)
        otherwise.update(*(may_move.get(named, ()) for named in names.named_by(definition.rule)))
        grown = whom.grown(what) - otherwise
        may_move[definition.id] = ids = otherwise | grown
        if ids:
            yield Concerned(definition, sorted(ids), frozenset(grown))


class _Whom:
    """The customers by what became different of them: there are many, of each rule few."""

    def __init__(self, touched: dict[str, Touched], now: datetime) -> None:
        self._now = now
        self._seen = {customer: one.seen for customer, one in touched.items() if one.seen is not None}
        self._anything = {customer for customer, one in touched.items() if one.anything}
        self._created = {customer for customer, one in touched.items() if one.created}
        self._identified = {customer for customer, one in touched.items() if one.identifiers}
        self._by_trait: defaultdict[str, set[str]] = defaultdict(set)
        self._by_event: defaultdict[str, set[str]] = defaultdict(set)
        for customer, one in touched.items():
            for trait in one.traits:
                self._by_trait[trait].add(customer)
            for event in (*one.events, *([ANY_NAME] if one.events else ())):
                self._by_event[event].add(customer)

    def grown(self, what: Mentioned) -> set[str]:
        """Who has more events that are looked at."""
        return set[str]().union(*(self._by_event.get(name, ()) for name in what.events))

    def otherwise(self, what: Mentioned) -> set[str]:
        """Of whom something else is different that is looked at."""
        return self._anything.union(
            self._created if what.nobody else (),
            self._identified if what.identifiers else (),
            *(self._by_trait.get(name, ()) for name in what.traits),
            *(self._crossed(during, 0) for during in what.first_seen),
            *(self._crossed(during, 1) for during in what.last_seen),
        )

    def _crossed(self, during: Range, place: int) -> Iterator[str]:
        """Who came into the stretch of time or went out of it: every message shows somebody, which mostly is neither.

        place: in Seen.
        """
        since, until = during.bounds(self._now)

        def is_in(at: datetime | None) -> bool:
            return at is not None and (since is None or at >= since) and (until is None or at < until)

        return (
            customer for customer, (before, after) in self._seen.items() if is_in(before[place]) != is_in(after[place])
        )
