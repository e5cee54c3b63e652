"""Decide evidence that comes without a message: by hand, or refused before and tried again.

Source: docs/identity.md, rules 4, 5, 10 and 11.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from graphcdp.model.identifiers import Identifier
from graphcdp.model.problems import Problem, ProblemCode
from graphcdp.resolve.facts import Known, Pair, earliest, latest_time, pair
from graphcdp.resolve.group import REVIEWED, Group, objection, unite
from graphcdp.resolve.ledger import Ids, Ledger
from graphcdp.resolve.rules import IdentityRules
from graphcdp.resolve.writes import Cause, Refusal, Writes


@dataclass(frozen=True, slots=True)
class Evidence:
    """That two identifiers are one person, shown by `count` messages, `message` the first of them (None by hand)."""

    subject: Identifier
    identifier: Identifier
    count: int
    first_seen: datetime
    last_seen: datetime
    source: str
    message: str | None

    @property
    def between(self) -> Pair:
        """The pair of keys."""
        return pair(self.subject.key, self.identifier.key)


@dataclass(frozen=True, slots=True)
class Joined:
    """problem: why the evidence was refused; None when it counts. customer: whose the two are, absorbed: into whom."""

    evidence: Evidence
    problem: Problem | None
    customer: str | None = None
    absorbed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JoinDecision:
    """writes: for all of the evidence; joined: one for each piece, in order."""

    writes: Writes
    joined: tuple[Joined, ...]


def decide_evidence(
    evidence: Sequence[Evidence],
    known: Known,
    rules: IdentityRules,
    *,
    cause: Cause,
    now: datetime,
    ids: Ids,
    by_hand: bool = False,
    keep: str | None = None,
) -> JoinDecision:
    """Decide each piece in order, as a message that names the two would be; no traits and no event come with it.

    by_hand: a person says so, and no rule objects. keep: the customer who
    survives, when a person chose it. Nothing is made of identifiers that were erased.
    """
    ledger = Ledger(known, ids)
    joined = tuple(
        _decide_one(item, ledger, rules, now + timedelta(microseconds=place), cause, by_hand, keep)
        for place, item in enumerate(evidence)
    )
    return JoinDecision(ledger.writes(), joined)


def _decide_one(
    item: Evidence,
    ledger: Ledger,
    rules: IdentityRules,
    moment: datetime,
    cause: Cause,
    by_hand: bool,
    keep: str | None,
) -> Joined:
    if {item.subject.key, item.identifier.key} & ledger.suppressed:
        return Joined(item, Problem(ProblemCode.SUPPRESSED, "One of the two was erased."))
    group = Group(item.last_seen)
    group.join(item.subject, ledger)
    problem = None if by_hand else objection(item.identifier, item.subject, group, ledger, rules)
    if problem is not None:
        if problem.code in REVIEWED:
            ledger.refusals.append(_refused(item, problem))
        return Joined(item, problem)
    group.join(item.identifier, ledger)
    survivor, absorbed = unite(group, ledger, rules, moment, cause, keep)
    for identifier in (item.subject, item.identifier):
        facts = ledger.touch(identifier)
        if facts.first_seen is None:
            facts.sources = (item.source,)
        facts.first_seen = earliest(facts.first_seen, item.first_seen)
        facts.last_seen = latest_time(facts.last_seen, item.last_seen)
        ledger.note_use(facts)
    customer = ledger.touch_customer(survivor)
    customer.first_seen = earliest(customer.first_seen, item.first_seen)
    customer.last_seen = latest_time(customer.last_seen, item.last_seen)
    ledger.bear_out(
        item.between,
        item.first_seen,
        item.last_seen,
        source=item.source,
        message=item.message,
        count=item.count,
        by_hand=by_hand,
    )
    return Joined(item, None, survivor, tuple(absorbed))


def _refused(item: Evidence, problem: Problem) -> Refusal:
    # Its messages were counted when they came: trying again shows nothing new.
    return Refusal(
        item.subject,
        item.identifier,
        problem.code.value,
        item.first_seen,
        item.last_seen,
        item.source,
        item.message,
        problem.kind,
        problem.limit,
        problem.actual,
        count=0,
    )
