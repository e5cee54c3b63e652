"""Which segments a write may concern, and for whom: those whose rules mention what became different.

Source: docs/segments.md, rule 9. What time alone changes is the sweep's.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from graphcdp.model.changes import Change, EventRecorded, TraitsChanged
from graphcdp.model.predicates import ANY_NAME, Predicate
from graphcdp.segment.definitions import Definition, SegmentNames


@dataclass(slots=True)
class Touched:
    """What became different of one customer, besides when it was seen.

    traits: names of those that changed. events: names of those that were recorded.
    anything: more than these, such as its identifiers: every rule may be concerned.
    """

    traits: set[str] = field(default_factory=set)
    events: set[str] = field(default_factory=set)
    anything: bool = False


@dataclass(frozen=True, slots=True)
class Mentioned:
    """What a rule looks at, besides segments. seen: when a customer was seen, which every message changes.

    traits: under which names the values may be that it looks at: `a` and `a.b` for the
    path `a.b`. events: names, ANY_NAME for all.
    """

    traits: frozenset[str]
    events: frozenset[str]
    seen: bool


def touched_by(customers: Iterable[str], changes: Iterable[Change], recomputed: Iterable[str]) -> dict[str, Touched]:
    """What became different of each of these customers; changes of others are left out.

    recomputed: those of whom the changes do not tell all.
    """
    found = {customer: Touched() for customer in customers}
    for change in changes:
        one = found.get(change.customer)
        if one is None:
            continue
        if isinstance(change, TraitsChanged):
            one.traits.update(trait.name for trait in change.traits)
        elif isinstance(change, EventRecorded) and change.name is not None:
            one.events.add(change.name)
        else:
            one.anything = True
    for customer in recomputed:
        if customer in found:
            found[customer].anything = True
    return found


@lru_cache(maxsize=1000)
def mentioned(rule: Predicate) -> Mentioned:
    """What a rule looks at. Identifiers and consent are left out: when these change, every rule is asked."""
    nodes = [node for _, node in rule.walk()]
    return Mentioned(
        frozenset(name for node in nodes if node.trait is not None for name in _names(node.trait.path)),
        frozenset(event.name for node in nodes for event in node.events),
        any(node.first_seen is not None or node.last_seen is not None for node in nodes),
    )


def _names(path: str) -> Iterator[str]:
    parts = path.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def concerned(ordered: Sequence[Definition], touched: dict[str, Touched]) -> Iterator[tuple[Definition, list[str]]]:
    """The segments that may move somebody, with the customers whom each may move, ascending.

    ordered: so that each comes after those that its rule names; who may move in one
    of these may move in it too.
    """
    names = SegmentNames(ordered)
    whom = _Whom(touched)
    may_move: dict[str, set[str]] = {}
    for definition in ordered:
        ids = whom.concerned(mentioned(definition.rule))
        ids.update(*(may_move.get(named, ()) for named in names.named_by(definition.rule)))
        may_move[definition.id] = ids
        if ids:
            yield definition, sorted(ids)


class _Whom:
    """The customers by what became different of them: there are many, of each rule few."""

    def __init__(self, touched: dict[str, Touched]) -> None:
        self._all = set(touched)
        self._anything = {customer for customer, one in touched.items() if one.anything}
        self._by_trait: defaultdict[str, set[str]] = defaultdict(set)
        self._by_event: defaultdict[str, set[str]] = defaultdict(set)
        for customer, one in touched.items():
            for trait in one.traits:
                self._by_trait[trait].add(customer)
            for event in (*one.events, *([ANY_NAME] if one.events else ())):
                self._by_event[event].add(customer)

    def concerned(self, what: Mentioned) -> set[str]:
        if what.seen:
            return set(self._all)
        return self._anything.union(
            *(self._by_trait.get(name, ()) for name in what.traits),
            *(self._by_event.get(name, ()) for name in what.events),
        )
