"""Take a customer apart: which part keeps which id, and which evidence keeps two sides together.

Source: docs/identity.md, rules 8 and 9.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from graphcdp.model.identifiers import Identifier
from graphcdp.resolve.facts import Pair
from graphcdp.resolve.rules import IdentityRules


@dataclass(frozen=True, slots=True)
class Member:
    """An identifier of the customer."""

    identifier: Identifier
    first_seen: datetime


@dataclass(frozen=True, slots=True)
class Former:
    """A customer that was merged into the one to be taken apart.

    into: id of the customer that it went into, itself perhaps merged since. held:
    keys of the members that it brought along, those of its own formers included.
    """

    id: str
    created_at: datetime
    into: str
    held: frozenset[str]


@dataclass(frozen=True, slots=True)
class Part:
    """Identifiers that become one customer. customer: its id; None for a new one."""

    customer: str | None
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Division:
    """parts: the first keeps the customer's id. given_back: ids of formers that live again.

    follows: for ids of formers that stay merged but must lead elsewhere from now
    on, the place of the part that they lead to.
    """

    parts: tuple[Part, ...]
    given_back: frozenset[str] = frozenset()
    follows: Mapping[str, int] = field(default_factory=dict)


def divide(
    customer: str,
    members: Mapping[str, Member],
    components: Iterable[frozenset[str]],
    formers: Sequence[Former],
    rules: IdentityRules,
    keeper: Collection[str] = (),
) -> Division:
    """Give each component an id: the customer's, a former one back, or a new one.

    members: by key. components: of the evidence that is left; together all keys.
    keeper: keys of which the component keeps the id that holds the strongest of
    them; without any, the component with the strongest kind of identifier, then
    the one seen first.
    """

    def strength(keys: Collection[str]) -> tuple[int, datetime, str]:
        strongest = max(rules.priority(members[key].identifier.kind) for key in keys)
        return -strongest, min(members[key].first_seen for key in keys), min(keys)

    ordered = sorted(components, key=strength)
    wanted = frozenset(keeper) & members.keys()
    if wanted:
        first = min((keys for keys in ordered if keys & wanted), key=lambda keys: strength(keys & wanted))
        ordered.remove(first)
        ordered.insert(0, first)
    own = _own(formers)
    left = {former.id: former for former in formers}
    parts = [Part(customer, ordered[0])]
    for keys in ordered[1:]:
        entitled = sorted(
            (former for former in left.values() if own[former.id] & keys),
            key=lambda former: (strength(own[former.id] & keys)[0], former.created_at, former.id),
        )
        former = entitled[0].id if entitled else None
        parts.append(Part(former, keys))
        left.pop(former or "", None)
    given_back = frozenset(part.customer for part in parts[1:] if part.customer is not None)
    place = {
        former.id: min(
            (at for at, part in enumerate(parts) if own[former.id] & part.keys),
            key=lambda at: strength(own[former.id] & parts[at].keys),
        )
        for former in left.values()
        if own[former.id] & members.keys()
    }
    return Division(tuple(parts), given_back, _astray(parts, formers, given_back, place))


def _own(formers: Sequence[Former]) -> dict[str, frozenset[str]]:
    """What each former brought along itself, and not by a former of its own."""
    own = {former.id: former.held for former in formers}
    for former in formers:
        if former.into in own:
            own[former.into] -= former.held
    return own


def _astray(
    parts: Sequence[Part], formers: Sequence[Former], given_back: Collection[str], place: Mapping[str, int]
) -> dict[str, int]:
    """The places of those formers whose chain of merges would lead to another part than their identifiers are in."""
    into = {former.id: former.into for former in formers}
    place_of_living = {part.customer: at for at, part in enumerate(parts) if part.customer is not None}
    follows: dict[str, int] = {}

    def leads_to(former: str) -> int:
        if former in follows:
            return follows[former]
        after = into[former]
        return place_of_living[after] if after in place_of_living else leads_to(after)

    def depth(former: Former) -> int:
        return 0 if former.into not in into else 1 + depth(next(f for f in formers if f.id == former.into))

    for former in sorted(formers, key=depth):
        if former.id not in given_back and former.id in place and leads_to(former.id) != place[former.id]:
            follows[former.id] = place[former.id]
    return follows


def between_sides(links: Iterable[Pair], sides: Sequence[Collection[str]]) -> list[Pair]:
    """The links that keep the sides together, if each link takes effect in turn as though the sides were never one.

    links: in the order of their arrival. sides: keys that are together, whatever
    links them. An identifier on no side belongs to the side that a link joins it
    to first; a later link to the other side is one of those that keep them together.
    """
    parent: dict[str, str] = {}
    side_of: dict[str, int] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for number, keys in enumerate(sides):
        for key in keys:
            parent[key] = f"side {number}"
        side_of[root(f"side {number}")] = number
    crossing: list[Pair] = []
    for one, other in links:
        here, there = root(one), root(other)
        if here == there:
            continue
        if here in side_of and there in side_of:
            crossing.append((one, other))
        elif here in side_of:
            parent[there] = here
        else:
            parent[here] = there
    return crossing


def joined(components: Iterable[frozenset[str]], sides: Sequence[Collection[str]]) -> list[frozenset[str]]:
    """The components, those that hold identifiers of one side made one."""
    result = list(components)
    for keys in sides:
        together = [component for component in result if component & set(keys)]
        if len(together) > 1:
            result = [component for component in result if component not in together]
            result.append(frozenset().union(*together))
    return result
