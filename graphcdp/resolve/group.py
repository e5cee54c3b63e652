"""Identifiers that become one customer: who may join, who survives. Source: docs/identity.md, rules 4 and 5."""

from dataclasses import dataclass, field
from datetime import datetime

from graphcdp.model.identifiers import Identifier
from graphcdp.model.messages import Message
from graphcdp.model.problems import Problem, ProblemCode
from graphcdp.resolve.facts import CustomerFacts
from graphcdp.resolve.ledger import Ledger
from graphcdp.resolve.rules import IdentityRules, MergeMode
from graphcdp.resolve.traits import Stamped, latest
from graphcdp.resolve.writes import Cause, Refusal

REVIEWED = frozenset((ProblemCode.LIMIT, ProblemCode.MERGE_OFF))
"""Refusals that are kept as conflicts: evidence was there, only the rules objected."""


@dataclass(slots=True)
class Group:
    """Identifiers that become one customer: those of whole customers, and loose ones that nobody has.

    at: time of the evidence, from which windows reach back. taken: what was named
    and joined, after the first.
    """

    at: datetime
    customers: list[CustomerFacts] = field(default_factory=list)
    loose: list[Identifier] = field(default_factory=list)
    taken: list[Identifier] = field(default_factory=list)
    named: list[Identifier] = field(default_factory=list)

    def join(self, identifier: Identifier, ledger: Ledger) -> None:
        """Let the identifier join, with all of its customer."""
        self.named.append(identifier)
        owner = ledger.owner(identifier)
        if owner is None:
            self.loose.append(identifier)
        elif not self.holds(owner):
            self.customers.append(ledger.customer(owner))

    def holds(self, customer_id: str) -> bool:
        """Whether this customer is in the group."""
        return customer_id in [customer.id for customer in self.customers]

    def with_(self, identifier: Identifier, ledger: Ledger) -> "Group":
        """The group as it would be with this one."""
        other = Group(self.at, [*self.customers], [*self.loose], [], [*self.named])
        other.join(identifier, ledger)
        return other

    def count(self, kind: str, rules: IdentityRules) -> int:
        """How many identifiers of the kind count towards its limit: all, or those used within its window."""
        total = sum(customer.counts.get(kind, 0) for customer in self.customers)
        total += sum(identifier.kind == kind for identifier in self.loose)
        window = rules.window(kind)
        limit = rules.limit(kind)
        if window is None or limit is None or total <= limit:
            return total
        # What the evidence names is in use now, whenever it was seen before.
        used = {identifier.key for identifier in self.named if identifier.kind == kind}
        for customer in self.customers:
            used.update(key for key, seen in customer.recent.get(kind, {}).items() if seen > self.at - window)
        return len(used)

    def kinds(self) -> set[str]:
        """Kinds of which there is any."""
        return {kind for customer in self.customers for kind, count in customer.counts.items() if count} | {
            identifier.kind for identifier in self.loose
        }


def objection(
    identifier: Identifier, subject: Identifier, group: Group, ledger: Ledger, rules: IdentityRules
) -> Problem | None:
    """Why the identifier, with all of its customer, may not join the group; None when it may."""
    if ledger.is_cut(subject, identifier):
        return Problem(
            ProblemCode.CUT,
            f"The {identifier.kind} was left out: its evidence with the {subject.kind} of this message was cut "
            f"by hand. If the two are one person after all, allow the link again.",
        )
    owner = ledger.owner(identifier)
    if owner is not None and group.holds(owner):
        return None
    if rules.merge is MergeMode.NEVER and owner is not None and group.customers:
        return Problem(
            ProblemCode.MERGE_OFF,
            f"The {identifier.kind} was left out: it belongs to another customer, and the identity rules unite none.",
        )
    if rules.merge is MergeMode.ALWAYS:
        return None
    joining = {identifier.kind} if owner is None else {k for k, n in ledger.customer(owner).counts.items() if n}
    return _over_limit(identifier, joining, group.with_(identifier, ledger), rules)


def _over_limit(identifier: Identifier, joining: set[str], joined: Group, rules: IdentityRules) -> Problem | None:
    for kind in sorted(joining, key=lambda kind: -rules.priority(kind)):
        limit = rules.limit(kind)
        if limit is None:
            continue
        total = joined.count(kind, rules)
        if total > limit:
            within = "" if rules.window(kind) is None else " within its window"
            return Problem(
                ProblemCode.LIMIT,
                f"The {identifier.kind} was left out: with it the customer would have {total} identifiers of the "
                f"kind {kind}{within}, and the identity rules allow {limit}. It stays with its owner; the conflict "
                f"is for review.",
                limit=limit,
                actual=total,
                kind=kind,
            )
    return None


def refusal(problem: Problem, subject: Identifier, identifier: Identifier, message: Message) -> Refusal:
    """The refused evidence of a message, for review."""
    return Refusal(
        subject,
        identifier,
        problem.code.value,
        message.at,
        message.at,
        message.source,
        message.id,
        problem.kind,
        problem.limit,
        problem.actual,
    )


def unite(
    group: Group, ledger: Ledger, rules: IdentityRules, moment: datetime, cause: Cause, keep: str | None = None
) -> tuple[str, list[str]]:
    """Make the group one customer; its id, and the ids of those that went into it.

    keep: who survives, when a person chose it.
    """
    ordered = group.customers
    if len(ordered) > 1:
        ordered = sorted(ordered, key=lambda customer: (customer.id != keep, seniority(customer, rules)))
    if not ordered:
        survivor, others = ledger.create(moment), []
    else:
        survivor, *others = [customer.id for customer in ordered]
    if others:
        set_traits(ordered[0], latest(*(customer.traits for customer in ordered)))
        for other in others:
            ledger.absorb(other, survivor, at=moment, cause=cause)
    for identifier in group.loose:
        ledger.give(identifier, survivor, moment)
        traits = ledger.identifier(identifier.key).traits
        if traits:
            # It left another customer just now, and brings along what was stated of it.
            customer = ledger.customer(survivor)
            set_traits(customer, latest(customer.traits, traits))
    return survivor, others


def seniority(customer: CustomerFacts, rules: IdentityRules) -> tuple[int, datetime, str]:
    """Sort key: who holds the strongest kind of identifier, then the older, then the smaller id."""
    strongest = max((rules.priority(kind) for kind, count in customer.counts.items() if count), default=-1)
    return -strongest, customer.created_at, customer.id


def set_traits(customer: CustomerFacts, traits: dict[str, Stamped]) -> None:
    """Set the traits of a customer; remembers whether that changed any."""
    if traits != customer.traits:
        customer.traits, customer.traits_changed = traits, True
