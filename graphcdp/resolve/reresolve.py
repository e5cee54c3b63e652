"""What other rules do to a customer that is stored: which evidence ends, and into what it falls. Pure.

Source: docs/rules.md, rules 13 to 15.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from graphcdp.model.identifiers import Identifier
from graphcdp.resolve.facts import Pair
from graphcdp.resolve.rules import IdentityRules, MergeMode
from graphcdp.resolve.unions import Content, Objection, Seen, Unions

BLOCKED = "BLOCKED"


@dataclass(frozen=True, slots=True)
class Held:
    """An identifier of the customer."""

    identifier: Identifier
    seen: Seen


@dataclass(frozen=True, slots=True)
class Tie:
    """Evidence that counts between two of them. id: ids ascend in order of arrival. by_hand: no limit applies."""

    id: str
    between: Pair
    seen: Seen
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """Evidence that the rules end, and why."""

    tie: Tie
    why: Objection


@dataclass(frozen=True, slots=True)
class Verdict:
    """ends: in order of arrival. groups: keys that stay together, the largest first; one group: nothing changes."""

    ends: tuple[Ended, ...]
    groups: tuple[frozenset[str], ...]

    @property
    def splits(self) -> int:
        """How many customers come out of it."""
        return len(self.groups) - 1


def reresolve(members: Mapping[str, Held], ties: Sequence[Tie], rules: IdentityRules) -> Verdict:
    """Resolve one customer again by these rules.

    members: all its identifiers, by key. ties: all evidence that counts between
    them, in any order. A customer that holds no blocked identifier and is within
    the limits is left as it is, even when nothing connects its identifiers.
    """
    blocked = {key for key, held in members.items() if rules.blocks(held.identifier)}
    if not blocked and not _over_limit(members.values(), rules):
        return _unchanged(members)
    ordered = sorted(ties, key=lambda tie: (not tie.by_hand, tie.id))
    ends = [Ended(tie, Objection(BLOCKED)) for tie in ordered if blocked.intersection(tie.between)]
    open_ties = [tie for tie in ordered if not blocked.intersection(tie.between)]
    unions = Unions(rules)
    for key, held in members.items():
        unions.add(key, _content(held, rules))
    limited = _over_limit((held for key, held in members.items() if key not in blocked), rules)
    refused = _replay(open_ties, members, unions, limits=limited)
    ends += [ended for ended in refused if len({unions.root(key) for key in ended.tie.between}) > 1]
    if not ends and not _stands_with_others(blocked, members):
        return _unchanged(members)
    groups: dict[str, set[str]] = {}
    for key in members:
        groups.setdefault(unions.root(key), set()).add(key)
    largest_first = sorted(groups.values(), key=lambda keys: (-len(keys), min(keys)))
    return Verdict(tuple(sorted(ends, key=lambda end: end.tie.id)), tuple(map(frozenset, largest_first)))


def _replay(ties: Iterable[Tie], members: Mapping[str, Held], unions: Unions, *, limits: bool) -> list[Ended]:
    """Let each piece of evidence join its two sides in turn; those that a limit refuses."""
    refused = []
    for tie in ties:
        one, other = tie.between
        if limits and not tie.by_hand and unions.root(one) != unions.root(other):
            named = (members[one].identifier, members[other].identifier)
            # Evidence that was refused when it came first may have been accepted when it came again.
            why = unions.objection_at(one, other, named, tie.seen.first)
            if why is not None and unions.objection_at(one, other, named, tie.seen.last) is not None:
                refused.append(Ended(tie, why))
                continue
        unions.join(one, other)
    return refused


def _over_limit(members: Iterable[Held], rules: IdentityRules) -> bool:
    """Whether there are more of a kind than its limit; a window may still allow that."""
    if rules.merge is not MergeMode.PROTECT:
        return False
    counts: dict[str, int] = {}
    for held in members:
        kind = held.identifier.kind
        counts[kind] = counts.get(kind, 0) + 1
    return any((limit := rules.limit(kind)) is not None and count > limit for kind, count in counts.items())


def _content(held: Held, rules: IdentityRules) -> Content:
    identifier = held.identifier
    windowed = rules.window(identifier.kind) is not None
    return Content(
        counts={identifier.kind: 1},
        recent={identifier.kind: {identifier.key: held.seen}} if windowed else {},
    )


def _stands_with_others(blocked: Collection[str], members: Mapping[str, Held]) -> bool:
    return bool(blocked) and len(members) > 1


def _unchanged(members: Mapping[str, Held]) -> Verdict:
    return Verdict((), (frozenset(members),))
