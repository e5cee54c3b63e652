"""A graph in memory, to decide batches on: what `read_known` reads and `apply` writes, as plain maps."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from graphcdp.model.identifiers import Claim
from graphcdp.model.messages import Message
from graphcdp.model.outcomes import Outcome
from graphcdp.resolve.clean import Cleaner
from graphcdp.resolve.decide import Cleansed, decide_batch
from graphcdp.resolve.facts import CustomerFacts, IdentifierFacts, Known, LinkFacts, Pair
from graphcdp.resolve.limits import NO_LIMITS, CustomerLimits
from graphcdp.resolve.rules import IdentityRules
from graphcdp.resolve.traits import latest, visible

NOW = datetime(2026, 6, 1, tzinfo=UTC)


class CountedIds:
    """Ids that count up."""

    def __init__(self) -> None:
        self._made = 0

    def _next(self, tag: str) -> str:
        self._made += 1
        return f"{tag}_{self._made:06}"

    def customer(self) -> str:
        return self._next("cus")

    def identifier(self) -> str:
        return self._next("idn")

    def link(self) -> str:
        return self._next("lnk")

    def merge(self) -> str:
        return self._next("mrg")


@dataclass
class Memory:
    """Decides batch by batch, each on the result of those before."""

    rules: IdentityRules = field(default_factory=lambda: IdentityRules(region="VN"))
    limits: CustomerLimits = NO_LIMITS
    identifiers: dict[str, IdentifierFacts] = field(default_factory=dict)
    customers: dict[str, CustomerFacts] = field(default_factory=dict)
    links: dict[Pair, LinkFacts] = field(default_factory=dict)
    cuts: set[Pair] = field(default_factory=set)
    seen: dict[str, str | None] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)
    events: dict[str, str] = field(default_factory=dict)
    ids: CountedIds = field(default_factory=CountedIds)

    def record(self, *messages: Message) -> list[Outcome]:
        """Decide one batch and keep what it writes."""
        batch = []
        for message in messages:
            cleaned = Cleaner(self.rules).clean(message.identifiers)
            batch.append(Cleansed(message, cleaned.identifiers, cleaned.place, cleaned.problems))
        for item in batch:
            for identifier in item.identifiers:
                if identifier.key not in self.identifiers:
                    self.identifiers[identifier.key] = IdentifierFacts(identifier, self.ids.identifier())
        named = {i.key: self.identifiers[i.key] for item in batch for i in item.identifiers}
        owners = {f.owner for f in named.values() if f.owner}
        known = Known(
            named,
            {owner: self.customers[owner] for owner in owners},
            self.links,
            frozenset(self.cuts),
            {item.message.id: self.seen[item.message.id] for item in batch if item.message.id in self.seen},
        )
        decision = decide_batch(batch, known, self.rules, now=NOW, ids=self.ids, limits=self.limits)
        self._apply(decision.writes)
        self.seen.update((o.message_id, o.customer_id) for o in decision.outcomes)
        return list(decision.outcomes)

    def _apply(self, writes: Any) -> None:
        for customer in writes.new_customers:
            self.customers[customer.id] = customer
        for gone in writes.absorbed:
            del self.customers[gone.id]
            self.merged[gone.id] = gone.into
            for facts in self.identifiers.values():
                if facts.owner == gone.id:
                    facts.owner = gone.into
        for customer in writes.customers:
            self.customers[customer.id] = customer
        for key in writes.unused:
            del self.identifiers[key]
        for link in writes.links:
            if link.ended_at is None:
                self.links[link.between] = link
            else:
                self.links.pop(link.between, None)
        for event in writes.events:
            self.events[event["properties"]["id"]] = event["subject"]
        for customer_id in writes.recompute:
            owned = [f for f in self.identifiers.values() if f.owner == customer_id]
            self.customers[customer_id].traits = latest(*(f.traits for f in owned))

    def partition(self) -> set[frozenset[str]]:
        """The keys of each customer."""
        groups: dict[str, set[str]] = {}
        for key, facts in self.identifiers.items():
            assert facts.owner in self.customers, f"{key} belongs to nobody alive"
            groups.setdefault(facts.owner, set()).add(key)
        assert groups.keys() == self.customers.keys(), "a customer has no identifier"
        return {frozenset(keys) for keys in groups.values()}

    def of(self, key: str) -> CustomerFacts:
        """The customer who has this key."""
        owner = self.identifiers[key].owner
        assert owner is not None
        return self.customers[owner]

    def traits(self, key: str) -> dict[str, Any]:
        """What readers see of the customer who has this key."""
        return visible(self.of(key).traits)


def message(message_id: str, ids: str | Iterable[tuple[str, str]], minute: int = 0, **more: Any) -> Message:
    """A message; ids as text such as "user:u1 device:d1"."""
    claims = [Claim(*text.split(":", 1)) for text in ids.split()] if isinstance(ids, str) else list(ids)
    at = datetime(2026, 1, 1, 10 + minute // 60, minute % 60, tzinfo=UTC)
    return Message(id=message_id, at=at, name="Seen", identifiers=tuple(Claim(*c) for c in claims), **more)
