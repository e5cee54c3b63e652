"""Decide whose each message of a batch is, and what to write. Source: docs/identity.md, rules 2 to 7."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import orjson

from graphcdp.model.identifiers import ANONYMOUS, DEVICE, USER, Identifier
from graphcdp.model.messages import Message, MessageType
from graphcdp.model.outcomes import Outcome, Status
from graphcdp.model.problems import Problem, ProblemCode
from graphcdp.resolve.ledger import CustomerFacts, Ids, Known, Ledger, Writes, earliest, latest_time
from graphcdp.resolve.rules import IdentityRules, MergeMode, SharedDevice
from graphcdp.resolve.traits import Stamped, latest, native_scalars, stated

EVENT_PREFIX = "properties."


@dataclass(frozen=True, slots=True)
class Cleansed:
    """A message whose identifiers are in normal form: at least one.

    place: index of each identifier among the claims of the message.
    warnings: problems of those that were dropped before.
    """

    message: Message
    identifiers: tuple[Identifier, ...]
    place: tuple[int, ...]
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """writes: for the whole batch; outcomes: one for each message, in order."""

    writes: Writes
    outcomes: tuple[Outcome, ...]


@dataclass(slots=True)
class _Group:
    """Identifiers that become one customer: those of whole customers, and loose ones that nobody has."""

    customers: list[str] = field(default_factory=list)
    loose: list[Identifier] = field(default_factory=list)
    taken: list[Identifier] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, counts: dict[str, int]) -> None:
        for kind, count in counts.items():
            self.counts[kind] = self.counts.get(kind, 0) + count


def decide_batch(batch: Sequence[Cleansed], known: Known, rules: IdentityRules, *, now: datetime, ids: Ids) -> Decision:
    """Decide the messages in order, each seeing what those before it did.

    known: everything that the batch names, read after locking; it is used up.
    now: of the server, for what it makes itself.
    """
    ledger = Ledger(known, ids)
    outcomes = tuple(_decide_one(item, ledger, rules, now) for item in batch)
    return Decision(ledger.writes(), outcomes)


def _decide_one(item: Cleansed, ledger: Ledger, rules: IdentityRules, now: datetime) -> Outcome:
    message = item.message
    if message.id in ledger.seen:
        owner = ledger.seen[message.id]
        return Outcome(message.id, Status.DUPLICATE, owner and ledger.final(owner))
    ordered = sorted(item.identifiers, key=rules.order)
    subject = ordered[0]
    group, dropped = _gather(ordered, message, ledger, rules)
    survivor, absorbed = _unite(group, message, ledger, rules, now)
    _write_identifiers(subject, group.taken, message, ledger)
    _write_customer(survivor, message, ledger)
    _write_message(subject, [subject, *group.taken], message, ledger)
    ledger.seen[message.id] = survivor
    place = dict(zip(item.identifiers, item.place, strict=True))
    warnings = item.warnings + tuple(_located(problem, it, place[it]) for it, problem in dropped)
    return Outcome(message.id, Status.RECORDED, survivor, tuple(absorbed), warnings=warnings)


def _gather(
    ordered: Sequence[Identifier], message: Message, ledger: Ledger, rules: IdentityRules
) -> tuple[_Group, list[tuple[Identifier, Problem]]]:
    """The group that the message makes one customer, and what is dropped from the message."""
    subject = ordered[0]
    group = _Group()
    _join(group, subject, ledger)
    dropped: list[tuple[Identifier, Problem]] = []
    for identifier in ordered[1:]:
        problem = _objection(identifier, subject, group, ledger, rules)
        if problem is not None and _moves(problem, identifier, subject, group, rules):
            ledger.take_away(identifier, message.at)
            problem = None
        if problem is not None:
            dropped.append((identifier, problem))
            continue
        group.taken.append(identifier)
        _join(group, identifier, ledger)
    return group, dropped


def _join(group: _Group, identifier: Identifier, ledger: Ledger) -> None:
    owner = ledger.owner(identifier)
    if owner is None:
        group.loose.append(identifier)
        group.add({identifier.kind: 1})
    elif owner not in group.customers:
        group.customers.append(owner)
        group.add(ledger.customer(owner).counts)


def _objection(
    identifier: Identifier, subject: Identifier, group: _Group, ledger: Ledger, rules: IdentityRules
) -> Problem | None:
    """Why the identifier, with all of its customer, may not join the group; None when it may."""
    if ledger.is_cut(subject, identifier):
        return Problem(
            ProblemCode.CUT,
            f"The {identifier.kind} was left out: its evidence with the {subject.kind} of this message was cut "
            f"by hand. If the two are one person after all, allow the link again.",
        )
    owner = ledger.owner(identifier)
    if owner is not None and owner in group.customers:
        return None
    if rules.merge is MergeMode.NEVER and owner is not None and group.customers:
        return Problem(
            ProblemCode.MERGE_OFF,
            f"The {identifier.kind} was left out: it belongs to another customer, and the identity rules unite none.",
        )
    if rules.merge is MergeMode.ALWAYS:
        return None
    return _over_limit(identifier, ledger.customer(owner).counts if owner else {identifier.kind: 1}, group, rules)


def _over_limit(identifier: Identifier, joining: dict[str, int], group: _Group, rules: IdentityRules) -> Problem | None:
    for kind, count in sorted(joining.items(), key=lambda item: -rules.priority(item[0])):
        limit = rules.limit(kind)
        total = group.counts.get(kind, 0) + count
        if count and limit is not None and total > limit:
            return Problem(
                ProblemCode.LIMIT,
                f"The {identifier.kind} was left out: with it the customer would have {total} identifiers of the "
                f"kind {kind}, and the identity rules allow {limit}. It stays with its owner; the conflict is "
                f"for review.",
                limit=limit,
                actual=total,
            )
    return None


def _moves(problem: Problem, identifier: Identifier, subject: Identifier, group: _Group, rules: IdentityRules) -> bool:
    """Whether a shared device follows the user who signed in last, as far as its own kind has room there."""
    limit = rules.limit(identifier.kind)
    return (
        rules.shared_device is SharedDevice.LAST_LOGIN
        and problem.code is ProblemCode.LIMIT
        and subject.kind == USER
        and identifier.kind in (DEVICE, ANONYMOUS)
        and (limit is None or group.counts.get(identifier.kind, 0) < limit)
    )


def _unite(
    group: _Group, message: Message, ledger: Ledger, rules: IdentityRules, now: datetime
) -> tuple[str, list[str]]:
    """Make the group one customer; its id, and the ids of those that went into it."""
    if not group.customers:
        survivor, others = ledger.create(now), []
    else:
        first, *others = sorted(group.customers, key=lambda c: seniority(ledger.customer(c), rules))
        survivor = first
    if others:
        merge = ledger.new_merge()
        _set_traits(ledger.customer(survivor), latest(*(ledger.customer(c).traits for c in (survivor, *others))))
        for other in others:
            ledger.absorb(other, survivor, merge=merge, at=now, reason=message.type.value, message=message.id)
    for identifier in group.loose:
        ledger.give(identifier, survivor)
    return survivor, others


def seniority(customer: CustomerFacts, rules: IdentityRules) -> tuple[int, datetime, str]:
    """Sort key: who holds the strongest kind of identifier, then the older, then the smaller id."""
    strongest = max((rules.priority(kind) for kind, count in customer.counts.items() if count), default=-1)
    return -strongest, customer.created_at, customer.id


def _write_identifiers(subject: Identifier, taken: Sequence[Identifier], message: Message, ledger: Ledger) -> None:
    for identifier in (subject, *taken):
        facts = ledger.touch(identifier)
        facts.first_seen = earliest(facts.first_seen, message.at)
        facts.last_seen = latest_time(facts.last_seen, message.at)
        if message.source not in facts.sources:
            facts.sources = (*facts.sources, message.source)
    for identifier in taken:
        ledger.bear_out(subject, identifier, at=message.at, source=message.source, message=message.id)
    facts = ledger.identifier(subject.key)
    facts.traits = latest(facts.traits, _traits_of(message))
    if message.type is MessageType.TRACK:
        facts.first_event_at = earliest(facts.first_event_at, message.at)
        facts.last_event_at = latest_time(facts.last_event_at, message.at)


def _write_customer(survivor: str, message: Message, ledger: Ledger) -> None:
    customer = ledger.touch_customer(survivor)
    customer.first_seen = earliest(customer.first_seen, message.at)
    customer.last_seen = latest_time(customer.last_seen, message.at)
    _set_traits(customer, latest(customer.traits, _traits_of(message)))


def _set_traits(customer: CustomerFacts, traits: dict[str, Stamped]) -> None:
    if traits != customer.traits:
        customer.traits, customer.traits_changed = traits, True


def _traits_of(message: Message) -> dict[str, Stamped]:
    return stated(message.traits, message.unset, at=message.at, message=message.id, source=message.source)


def _write_message(subject: Identifier, named: Sequence[Identifier], message: Message, ledger: Ledger) -> None:
    row = {
        "subject": subject.key,
        "id": message.id,
        "source": message.source,
        "identifiers": [identifier.key for identifier in named],
    }
    if message.type is MessageType.TRACK:
        ledger.events.append(
            {
                "subject": subject.key,
                "at": message.at.isoformat(),
                "properties": {
                    **native_scalars(message.properties, EVENT_PREFIX),
                    **row,
                    "name": message.name,
                    "json": orjson.dumps(message.properties).decode(),
                    "context": orjson.dumps(message.context).decode(),
                },
            }
        )
    else:
        ledger.statements.append({"at": message.at.isoformat(), "properties": {**row, "type": message.type.value}})


def _located(problem: Problem, identifier: Identifier, place: int) -> Problem:
    """The problem with its identifier, in normal form, and where that stands in the message."""
    return replace(problem, path=("identifiers", str(place)), identifier=identifier.key)
