"""The identity procedure on plain sets, written for reading and not for speed: what the platform is compared with.

Source: the head of cases.yaml. Nothing of the code under test is used but the
rules' numbers and the normal form of values, which the caller has applied.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from graphcdp.model.identifiers import identifier_of_key
from graphcdp.resolve.rules import IdentityRules, MergeMode, SharedDevice

Pair = frozenset[str]


@dataclass
class Edge:
    """A piece of evidence; `number` counts in order of arrival."""

    pair: Pair
    number: int
    active: bool = True
    cut: bool = False


@dataclass
class Merge:
    """That `gone` went into `into`: with these keys, which met those."""

    gone: int
    into: int
    brought: set[str]
    met: set[str]
    message: str
    undone: bool = False


@dataclass
class Refused:
    """Evidence that the rules refused; in the order of the first time."""

    subject: str
    key: str
    at: datetime
    open: bool = True


@dataclass
class LeftOut:
    """A claim that was left out of a message as blocked."""

    message: str
    subject: str
    key: str
    at: datetime


@dataclass
class Model:
    """Customers are numbers in the order of their creation."""

    rules: IdentityRules
    owner: dict[str, int] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)
    traits: dict[str, dict[str, tuple[datetime, str, Any]]] = field(default_factory=dict)
    first_seen: dict[str, datetime] = field(default_factory=dict)
    events: dict[str, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    suppressed: set[str] = field(default_factory=set)
    refused: dict[Pair, "Refused"] = field(default_factory=dict)
    left_out: list["LeftOut"] = field(default_factory=list)
    _edge_seen: dict[Pair, datetime] = field(default_factory=dict)
    _numbers: Callable[[], int] = field(default_factory=lambda: count(1).__next__)

    def keys_of(self, customer: int) -> set[str]:
        """The identifiers of a customer."""
        return {key for key, owner in self.owner.items() if owner == customer}

    def visible(self, customer: int) -> dict[str, Any]:
        """The traits of a customer: of each name the latest."""
        latest: dict[str, tuple[datetime, str, Any]] = {}
        for key in self.keys_of(customer):
            for name, stated in self.traits.get(key, {}).items():
                if name not in latest or stated[:2] > latest[name][:2]:
                    latest[name] = stated
        return {name: value for name, (_, _, value) in latest.items()}

    # Recording: rules 1 to 7.

    def record(self, message: str, keys: Iterable[str], at: datetime, traits: dict[str, Any]) -> set[tuple[str, str]]:
        """Take a message; which keys were dropped, and why."""
        if message in self.seen:
            return set()
        blocked = {key for key in keys if self._blocked(key)}
        erased = {key for key in keys if key in self.suppressed} - blocked
        dropped = {(key, "BLOCKED") for key in blocked} | {(key, "SUPPRESSED") for key in erased}
        ordered = sorted(set(keys) - erased - blocked, key=self._order)
        if not ordered:
            return dropped
        self.seen.add(message)
        subject, *others = ordered
        group = self._with_customer(subject)
        taken: list[str] = []
        for key in others:
            why = self._objection(subject, key, group)
            if why == "LIMIT" and self._follows_login(subject, key, group):
                self._leave(key)
                why = None
            if why:
                dropped.add((key, why))
                if why in ("LIMIT", "MERGE_OFF"):
                    self._refuse(subject, key, at)
                continue
            group |= self._with_customer(key)
            taken.append(key)
        self._unite(group, subject, message)
        for key in [subject, *taken]:
            self.first_seen[key] = min(at, self.first_seen.get(key, at))
        for key in taken:
            self._show(frozenset((subject, key)), at)
        for name, value in traits.items():
            known = self.traits.setdefault(subject, {})
            if name not in known or (at, message) > known[name][:2]:
                known[name] = (at, message, value)
        self.events[message] = subject
        self.left_out += [LeftOut(message, subject, key, at) for key in sorted(blocked)]
        return dropped

    def _blocked(self, key: str) -> bool:
        return self.rules.blocks(identifier_of_key(key))

    def _refuse(self, subject: str, key: str, at: datetime) -> None:
        known = self.refused.setdefault(frozenset((subject, key)), Refused(subject, key, at))
        known.open, known.at = True, min(at, known.at)

    def _order(self, key: str) -> tuple[int, str]:
        return -self.rules.priority(_kind(key)), key

    def _with_customer(self, key: str) -> set[str]:
        return self.keys_of(self.owner[key]) if key in self.owner else {key}

    def _objection(self, subject: str, key: str, group: set[str]) -> str | None:
        if any(edge.cut for edge in self.edges if edge.pair == {subject, key}):
            return "CUT"
        if key in group:
            return None
        if self.rules.merge is MergeMode.NEVER and key in self.owner and any(one in self.owner for one in group):
            return "MERGE_OFF"
        if self.rules.merge is MergeMode.ALWAYS:
            return None
        united = group | self._with_customer(key)
        joining = {_kind(one) for one in self._with_customer(key)}
        return "LIMIT" if any(self._too_many(kind, united) for kind in joining) else None

    def _too_many(self, kind: str, keys: set[str], more: int = 0) -> bool:
        limit = self.rules.limit(kind)
        return limit is not None and sum(_kind(key) == kind for key in keys) + more > limit

    def _follows_login(self, subject: str, key: str, group: set[str]) -> bool:
        return (
            self.rules.shared_device is SharedDevice.LAST_LOGIN
            and _kind(subject) == "user"
            and _kind(key) in ("device", "anonymous")
            and not self._too_many(_kind(key), group, 1)
        )

    def _leave(self, key: str) -> None:
        del self.owner[key]
        for edge in self.edges:
            if key in edge.pair:
                edge.active = False

    def _unite(self, group: set[str], subject: str, message: str) -> None:
        customers = {self.owner[key] for key in group if key in self.owner}
        survivor = min(customers, key=self._seniority, default=None)
        if survivor is None:
            survivor = self._numbers()
        for gone in sorted(customers - {survivor}, key=self._seniority):
            brought = self.keys_of(gone)
            self.merges.append(Merge(gone, survivor, brought, self.keys_of(survivor), message))
            self.owner.update(dict.fromkeys(brought, survivor))
        self.owner.update(dict.fromkeys(group, survivor))

    def _seniority(self, customer: int) -> tuple[int, int]:
        return min(-self.rules.priority(_kind(key)) for key in self.keys_of(customer)), customer

    def _show(self, pair: Pair, at: datetime) -> None:
        known = self._edge_seen.get(pair)
        fresh = known is None or not any(edge.active for edge in self.edges if edge.pair == pair)
        self._edge_seen[pair] = at if fresh or known is None else min(known, at)
        if not any(edge.active for edge in self.edges if edge.pair == pair):
            self.edges.append(Edge(pair, max((edge.number for edge in self.edges), default=0) + 1))
            if pair in self.refused:
                self.refused[pair].open = False

    # Taking apart: rule 8.

    def active(self) -> list[Pair]:
        """Pairs that evidence ties, in order of arrival."""
        return [edge.pair for edge in sorted(self.edges, key=lambda edge: edge.number) if edge.active]

    def cut(self, pair: Pair) -> None:
        """Cut one edge."""
        customer = self.owner[min(pair)]
        self._end([pair])
        self._fall_apart(customer, self._components(customer))

    def allow(self, pair: Pair) -> None:
        """Lift a cut."""
        for edge in self.edges:
            if edge.pair == pair:
                edge.cut = False

    def split(self, customer: int, keys: set[str]) -> None:
        """Cut all edges between these keys and the rest."""
        self._end([pair for pair in self.active() if len(pair & keys) == 1 and pair <= self.keys_of(customer)])
        self._fall_apart(customer, self._components(customer))

    def undo(self, merge: Merge) -> None:
        """Take a merge back, with what came since on the side that its evidence reached first."""
        customer = self.owner[next(key for key in sorted(merge.brought) if key in self.owner)]
        mine = self.keys_of(customer)
        sides = [merge.brought & mine, merge.met & mine]
        groups = [set(side) for side in sides]
        crossing = []
        for pair in [pair for pair in self.active() if pair <= mine]:
            touched = [group for group in groups if group & pair]
            if len(touched) == 2 and all(any(group & side for side in sides) for group in touched):
                crossing.append(pair)
                continue
            united = set(pair).union(*touched)
            groups = [group for group in groups if group not in touched] + [united]
        self._end(crossing)
        before = self._before_last_hop(merge, customer) & mine
        components = self._components(customer)
        for side in sides:
            together = [component for component in components if component & side]
            components = [component for component in components if component not in together]
            components += [set().union(*together)] if together else []
        self._fall_apart(customer, components, keeper=before)
        merge.undone = True

    def _before_last_hop(self, merge: Merge, customer: int) -> set[str]:
        hop = merge
        while hop.into != customer:
            hop = next(m for m in self.merges if m.gone == hop.into and not m.undone)
        return hop.met

    def _end(self, pairs: Sequence[Pair]) -> None:
        for edge in self.edges:
            if edge.active and edge.pair in pairs:
                edge.active, edge.cut = False, True

    def _components(self, customer: int) -> list[set[str]]:
        left, components = self.keys_of(customer), []
        while left:
            component = {min(left)}
            while more := {k for pair in self.active() if pair & component for k in pair} - component:
                component |= more
            components.append(component)
            left -= component
        return components

    def _fall_apart(self, customer: int, components: list[set[str]], keeper: Iterable[str] = ()) -> None:
        if len(components) < 2:
            return

        def strength(keys: Iterable[str]) -> tuple[int, datetime, str]:
            held = list(keys)
            return min(self._order(key)[0] for key in held), min(self.first_seen[k] for k in held), min(held)

        first = min(components, key=strength)
        kept = set(keeper)
        if kept:
            first = next(part for part in components if min(kept, key=lambda k: strength([k])) in part)
        formers = self._formers(customer)
        for part in sorted((part for part in components if part is not first), key=strength):
            entitled = [m for m in formers if self._own(m, formers) & part and m.gone not in self.owner.values()]
            entitled.sort(key=lambda m: (strength(self._own(m, formers) & part)[0], m.gone))
            if entitled:
                entitled[0].undone = True
            number = entitled[0].gone if entitled else self._numbers()
            self.owner.update(dict.fromkeys(part, number))
        for merge in formers:
            if not merge.undone:
                self._lead(merge, formers, strength)

    def _formers(self, customer: int) -> list[Merge]:
        found: list[Merge] = []
        ends = {customer}
        while more := [m for m in self.merges if not m.undone and m.into in ends and m not in found]:
            found += more
            ends |= {m.gone for m in more}
        return found

    def _own(self, merge: Merge, formers: list[Merge]) -> set[str]:
        below = {key for other in formers if other.into == merge.gone for key in other.brought}
        return merge.brought - below

    def _lead(self, merge: Merge, formers: list[Merge], strength: Callable[[Iterable[str]], Any]) -> None:
        own = [key for key in self._own(merge, formers) if key in self.owner]
        if own:
            target = self.owner[min(own, key=lambda key: strength([key]))]
            if self.lives_on_as(merge.gone) != target:
                merge.into = target

    def lives_on_as(self, customer: int) -> int:
        """The live customer that an id leads to."""
        while customer not in self.owner.values():
            customer = next(m for m in self.merges if m.gone == customer and not m.undone).into
        return customer

    # Other rules: docs/rules.md, rules 13 to 17.

    def change_rules(self, rules: IdentityRules) -> None:
        """Resolve everybody again by other rules."""
        self.rules = rules
        for customer in sorted(set(self.owner.values())):
            self._resolve_again(customer)
        for refused in list(self.refused.values()):
            if refused.open:
                self._try(refused.subject, refused.key, refused.at, "by rules")
        for left in sorted(self.left_out, key=lambda left: left.message):
            if not self._blocked(left.key):
                self.left_out.remove(left)
                self._try(left.subject, left.key, left.at, left.message)

    def _resolve_again(self, customer: int) -> None:
        keys = self.keys_of(customer)
        blocked = {key for key in keys if self._blocked(key)}
        protects = self.rules.merge is MergeMode.PROTECT
        kinds = {_kind(key) for key in keys}
        if not blocked and not (protects and any(self._too_many(kind, keys) for kind in kinds)):
            return
        limited = protects and any(self._too_many(kind, keys - blocked) for kind in kinds)
        groups = [{key} for key in keys]
        ended = []
        for pair in [pair for pair in self.active() if pair <= keys]:
            sides = [group for group in groups if group & pair]
            united = set().union(*sides)
            shared = {_kind(key) for key in sides[0]} & {_kind(key) for key in sides[-1]}
            if pair & blocked or (len(sides) == 2 and limited and any(self._too_many(k, united) for k in shared)):
                ended.append(pair)
                continue
            groups = [group for group in groups if group not in sides] + [united]
        ended = [pair for pair in ended if not any(pair <= group for group in groups)]
        if not ended and not (blocked and len(keys) > 1):
            return
        for edge in self.edges:
            if edge.active and edge.pair in ended:
                edge.active = False
        for pair in ended:
            self._refuse(*sorted(pair, key=self._order), at=self._edge_seen[pair])
        self._fall_apart(customer, self._components(customer))

    def _try(self, subject: str, key: str, at: datetime, message: str) -> None:
        if {subject, key} & self.suppressed or self._blocked(subject) or self._blocked(key):
            return
        group = self._with_customer(subject)
        why = self._objection(subject, key, group)
        if why in ("LIMIT", "MERGE_OFF"):
            self._refuse(subject, key, at)
        if why:
            return
        self._unite(group | self._with_customer(key), subject, message)
        for one in (subject, key):
            self.first_seen[one] = min(at, self.first_seen.get(one, at))
        self._show(frozenset((subject, key)), at)

    # Erasing: rule 9.

    def erase(self, customer: int) -> None:
        """Remove a customer with all that hangs on it."""
        keys = self.keys_of(customer)
        self.suppressed |= keys
        self.owner = {key: owner for key, owner in self.owner.items() if key not in keys}
        self.events = {message: subject for message, subject in self.events.items() if subject not in keys}
        self.edges = [edge for edge in self.edges if not edge.pair & keys]
        self.refused = {pair: refused for pair, refused in self.refused.items() if not pair & keys}
        self.left_out = [left for left in self.left_out if left.subject not in keys]
        for key in keys:
            self.traits.pop(key, None)
            self.first_seen.pop(key, None)


def _kind(key: str) -> str:
    return key.partition(":")[0]
