"""Which segments a write may concern, and for whom: those whose rules mention what became different.

Source: docs/segments.md, rule 9. What time alone changes is the sweep's.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

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
    """What a rule looks at. seen: when a customer was seen, which every message changes.

    traits: under which names the values may be that it looks at: `a` and `a.b` for the
    path `a.b`. events: names, ANY_NAME for all. segments: ids of those that it names.
    """

    traits: frozenset[str]
    events: frozenset[str]
    segments: frozenset[str]
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


def mentioned(rule: Predicate, names: SegmentNames) -> Mentioned:
    """What a rule looks at. Identifiers and consent are left out: when these change, every rule is asked."""
    nodes = [node for _, node in rule.walk()]
    return Mentioned(
        frozenset(name for node in nodes if node.trait is not None for name in _names(node.trait.path)),
        frozenset(event.name for node in nodes for event in node.events),
        frozenset(names.named_by(rule)),
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
    may_move: dict[str, set[str]] = {}
    for definition in ordered:
        what = mentioned(definition.rule, names)
        ids = {customer for customer, one in touched.items() if _concerns(what, one)}
        ids.update(*(may_move.get(named, ()) for named in what.segments))
        may_move[definition.id] = ids
        if ids:
            yield definition, sorted(ids)


def _concerns(what: Mentioned, one: Touched) -> bool:
    return (
        one.anything
        or what.seen
        or not what.traits.isdisjoint(one.traits)
        or not what.events.isdisjoint(one.events)
        or (ANY_NAME in what.events and bool(one.events))
    )
