"""Decide whose each message of a batch is, and what to write. Source: docs/identity.md, rules 2 to 7."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

import orjson

from graphcdp.model.identifiers import ANONYMOUS, DEVICE, USER, Identifier
from graphcdp.model.messages import Message, MessageType
from graphcdp.model.outcomes import Outcome, Status
from graphcdp.model.problems import Problem, ProblemCode
from graphcdp.model.times import to_epoch
from graphcdp.resolve.facts import Known, earliest, latest_time, pair
from graphcdp.resolve.group import REVIEWED, Group, objection, refusal, set_traits, unite
from graphcdp.resolve.ledger import SWAP_FROM, Ids, Ledger
from graphcdp.resolve.limits import NO_LIMITS, CustomerLimits, crowded_out, traits_with_room
from graphcdp.resolve.rules import IdentityRules, SharedDevice
from graphcdp.resolve.traits import Stamped, latest, native_scalars, stated
from graphcdp.resolve.writes import Cause, Writes

EVENT_PREFIX = "properties."

RETAKEN = frozenset((ProblemCode.BLOCKED, ProblemCode.UNKNOWN_KIND))
"""Claims that are kept with their message, since other rules may take them later."""


class Cleansed(NamedTuple):
    """A message whose identifiers are in normal form: at least one, the strongest first.

    place: index of each identifier among the claims of the message.
    warnings: problems of those that were dropped before. violations: of the tracking plan.
    """

    message: Message
    identifiers: tuple[Identifier, ...]
    place: tuple[int, ...]
    warnings: tuple[Problem, ...] = ()
    violations: tuple[Problem, ...] = ()


class Decision(NamedTuple):
    """writes: for the whole batch; outcomes: one for each message, in order."""

    writes: Writes
    outcomes: tuple[Outcome, ...]


def decide_batch(
    batch: Sequence[Cleansed],
    known: Known,
    rules: IdentityRules,
    *,
    now: datetime,
    ids: Ids,
    swap_from: int = SWAP_FROM,
    limits: CustomerLimits = NO_LIMITS,
) -> Decision:
    """Decide the messages in order, each seeing what those before it did.

    known: everything that the batch names, read after locking; it is used up.
    now: of the server, for what it makes itself; each message has a moment of its
    own, a microsecond after the one before, so that history can be told in order.
    swap_from: as SWAP_FROM. limits: how much one customer may have.
    """
    ledger = Ledger(known, ids, swap_from)
    outcomes = tuple(
        _decide_one(item, ledger, rules, limits, now + timedelta(microseconds=place))
        for place, item in enumerate(batch)
    )
    return Decision(ledger.writes(), outcomes)


def _decide_one(
    item: Cleansed, ledger: Ledger, rules: IdentityRules, limits: CustomerLimits, moment: datetime
) -> Outcome:
    message = item.message
    if message.id in ledger.seen:
        owner = ledger.seen[message.id]
        return Outcome(message.id, Status.DUPLICATE, owner and ledger.final(owner))
    ordered: Sequence[Identifier] = item.identifiers
    warnings = list(item.warnings)
    if ledger.suppressed:
        ordered = [one for one in item.identifiers if one.key not in ledger.suppressed]
        warnings += [_located(_suppressed(one), one, item) for one in item.identifiers if one not in ordered]
        if not ordered:
            return Outcome(message.id, Status.REJECTED, errors=(nobody(warnings),), warnings=tuple(warnings))
    subject = ordered[0]
    group, dropped = _gather(ordered, message, ledger, rules, limits, moment)
    survivor, absorbed = unite(group, ledger, rules, moment, Cause(message.type.value, message.id, message.source))
    traits, left_out = traits_with_room(_traits_of(message), ledger.customer(survivor).traits, limits)
    _write_identifiers(subject, group.taken, message, traits, ledger, rules)
    _write_customer(survivor, message, traits, ledger)
    _write_message(subject, [subject, *group.taken], item, ledger)
    ledger.seen[message.id] = survivor
    warnings += [_located(problem, it, item) for it, problem in dropped]
    if left_out is not None:
        warnings.append(left_out)
    warnings += item.violations
    return Outcome(message.id, Status.RECORDED, survivor, tuple(absorbed), warnings=tuple(warnings))


def nobody(dropped: Sequence[Problem]) -> Problem:
    """The problem of a message that is left without identifiers."""
    reasons = " ".join(problem.message for problem in dropped)
    return Problem(
        ProblemCode.NO_IDENTIFIER,
        f"No identifier is left, so nobody knows whose message this is: name a usable one. {reasons}".strip(),
        ("identifiers",),
        expected="1 to 20 identifiers, one of them usable",
    )


def _gather(
    ordered: Sequence[Identifier],
    message: Message,
    ledger: Ledger,
    rules: IdentityRules,
    limits: CustomerLimits,
    moment: datetime,
) -> tuple[Group, list[tuple[Identifier, Problem]]]:
    """The group that the message makes one customer, and what is dropped from the message."""
    subject = ordered[0]
    group = Group(message.at)
    group.join(subject, ledger)
    dropped: list[tuple[Identifier, Problem]] = []
    for identifier in ordered[1:]:
        problem = objection(identifier, subject, group, ledger, rules)
        moves = problem is not None and _moves(problem, identifier, subject, group, rules)
        if problem is None or moves:
            problem = crowded_out(identifier, group, ledger, limits, alone=moves)
            if moves and problem is None:
                ledger.take_away(identifier, moment)
        if problem is not None:
            dropped.append((identifier, problem))
            if problem.code in REVIEWED:
                ledger.refusals.append(refusal(problem, subject, identifier, message))
            continue
        group.taken.append(identifier)
        group.join(identifier, ledger)
    return group, dropped


def _moves(problem: Problem, identifier: Identifier, subject: Identifier, group: Group, rules: IdentityRules) -> bool:
    """Whether a shared device follows the user who signed in last, as far as its own kind has room there."""
    limit = rules.limit(identifier.kind)
    return (
        rules.shared_device is SharedDevice.LAST_LOGIN
        and problem.code is ProblemCode.LIMIT
        and subject.kind == USER
        and identifier.kind in (DEVICE, ANONYMOUS)
        and (limit is None or group.count(identifier.kind, rules) < limit)
    )


def _write_identifiers(
    subject: Identifier,
    taken: Sequence[Identifier],
    message: Message,
    traits: dict[str, Stamped],
    ledger: Ledger,
    rules: IdentityRules,
) -> None:
    for identifier in (subject, *taken):
        facts = ledger.touch(identifier)
        facts.first_seen = earliest(facts.first_seen, message.at)
        facts.last_seen = latest_time(facts.last_seen, message.at)
        if rules.window(identifier.kind) is not None:
            ledger.note_use(facts)
        if message.source not in facts.sources:
            facts.sources = (*facts.sources, message.source)
    for identifier in taken:
        between = pair(subject.key, identifier.key)
        ledger.bear_out(between, message.at, message.at, source=message.source, message=message.id)
    facts = ledger.identifier(subject.key)
    if traits:
        facts.traits = latest(facts.traits, traits)
    if message.type is MessageType.TRACK:
        facts.first_event_at = earliest(facts.first_event_at, message.at)
        facts.last_event_at = latest_time(facts.last_event_at, message.at)


def _write_customer(survivor: str, message: Message, traits: dict[str, Stamped], ledger: Ledger) -> None:
    customer = ledger.touch_customer(survivor)
    customer.first_seen = earliest(customer.first_seen, message.at)
    customer.last_seen = latest_time(customer.last_seen, message.at)
    if traits:
        set_traits(customer, latest(customer.traits, traits))


def _traits_of(message: Message) -> dict[str, Stamped]:
    if not message.states_traits:
        return {}
    return stated(message.traits, message.unset, at=message.at, message=message.id, source=message.source)


def _write_message(subject: Identifier, named: Sequence[Identifier], item: Cleansed, ledger: Ledger) -> None:
    message = item.message
    row = {
        "subject": subject.key,
        "id": message.id,
        "source": message.source,
        "identifiers": [identifier.key for identifier in named],
    }
    left_out = [f"{problem.code.value} {problem.identifier}" for problem in item.warnings if problem.code in RETAKEN]
    if left_out:
        row["dropped"] = left_out
        ledger.partial.append({"id": message.id})
    seconds, nanoseconds = to_epoch(message.at)
    if message.type is MessageType.TRACK:
        if item.violations:
            row["violations"] = [problem.message for problem in item.violations]
        ledger.events.append(
            {
                "subject": subject.key,
                "s": seconds,
                "ns": nanoseconds,
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
        ledger.statements.append({"s": seconds, "ns": nanoseconds, "properties": {**row, "type": message.type.value}})


def _suppressed(identifier: Identifier) -> Problem:
    return Problem(
        ProblemCode.SUPPRESSED,
        f"The {identifier.kind} was left out: its customer was erased, and it is not taken again.",
    )


def _located(problem: Problem, identifier: Identifier, item: Cleansed) -> Problem:
    """The problem with its identifier, in normal form, and where that stands in the message."""
    place = item.place[item.identifiers.index(identifier)]
    return replace(problem, path=("identifiers", str(place)), identifier=identifier.key)
