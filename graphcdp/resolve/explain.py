"""Why two identifiers are, or are not, one customer, in sentences for people. Source: docs/explain.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

STEPS_MAX = 5
"""How many pieces of evidence a summary names; the rest it counts."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A piece of evidence between two keys. count: how many messages showed it, first and last at these times.

    ended, ended_by: when and by what it stopped counting: last_login, cut or rules.
    allowed: when it was allowed again after a cut.
    """

    one: str
    other: str
    count: int
    first_seen: datetime
    last_seen: datetime
    source: str | None = None
    by_hand: bool = False
    ended: datetime | None = None
    ended_by: str | None = None
    allowed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Evidence that the rules refused; code, kind, limit and actual as of the problem, status as of the conflict."""

    subject: str
    identifier: str
    code: str
    count: int
    last_seen: datetime
    status: str
    kind: str | None = None
    limit: int | None = None
    actual: int | None = None
    decided: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """blocked_by: a sentence for each thing that keeps the two apart. summary: the same in one sentence."""

    blocked_by: tuple[str, ...]
    summary: str


def explain_one(one: str, other: str, path: Sequence[Evidence]) -> Explanation:
    """Why two keys are one customer; path: the evidence from one to the other, in order, its ends likewise."""
    if one == other:
        return Explanation((), _sentence(f"both are {_name(one)}"))
    both = f"{_name(one)} and {_name(other)}"
    if not path:
        return Explanation((), _sentence(f"{both} are one customer"))
    if len(path) == 1:
        (step,) = path
        why = f"they were united by hand on {_day(step.first_seen)}" if step.by_hand else _shown(step)
        return Explanation((), _sentence(f"{both} are one customer: {why}"))
    steps = [f"{_name(step.one)} and {_name(step.other)} ({_how(step)})" for step in path[:STEPS_MAX]]
    rest = f", and {len(path) - STEPS_MAX} more" if len(path) > STEPS_MAX else ""
    count = f"{len(path)} pieces of evidence"
    return Explanation((), _sentence(f"{both} are one customer through {count}: {', then '.join(steps)}{rest}"))


def explain_apart(
    one: str, other: str, *, unknown: Sequence[str], ended: Sequence[Evidence], refused: Sequence[Refused]
) -> Explanation:
    """Why two keys are not one customer.

    unknown: those of the two that nobody has. ended, refused: evidence between
    their customers that does not count.
    """
    reasons = [*map(_why_ended, ended), *map(_why_refused, refused)]
    if unknown:
        names = _listed([_name(key) for key in unknown], "or")
        standing = f"{names} belongs to nobody" if reasons else f"{names} was never seen, so it belongs to nobody"
        if len(unknown) > 1:
            standing = f"neither {names.replace(' or ', ' nor ')} belongs to anybody"
    else:
        standing = f"{_name(one)} and {_name(other)} belong to two customers"
        if not reasons:
            standing += ", and no evidence was ever seen between these"
    first = f": {reasons[0]}" if reasons else ""
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return Explanation(tuple(map(_sentence, reasons)), _sentence(f"{standing}{first}{more}"))


def _why_ended(evidence: Evidence) -> str:
    what = f"the evidence between {_name(evidence.one)} and {_name(evidence.other)} ({_how(evidence)})"
    when = "" if evidence.ended is None else f" on {_day(evidence.ended)}"
    if evidence.ended_by == "cut" and evidence.allowed is None:
        return f"{what} was cut by hand{when}, and is not taken until it is allowed again"
    if evidence.ended_by == "cut":
        return f"{what} was cut by hand{when}; it is allowed again, but no message has shown it since"
    if evidence.ended_by == "last_login":
        return f"{what} ended{when}, when a shared device went to the user who signed in last"
    return f"{what} stopped counting{when}, when the identity rules changed"


def _why_refused(refused: Refused) -> str:
    times = f"{_messages(refused.count)}, last on {_day(refused.last_seen)}"
    what = f"evidence between {_name(refused.subject)} and {_name(refused.identifier)} ({times})"
    match refused.code:
        case "LIMIT" if refused.kind is not None:
            why = (
                f"was refused, as one customer would have {refused.actual} identifiers of the kind {refused.kind} "
                f"and the identity rules allow {refused.limit}"
            )
        case "MERGE_OFF":
            why = "was refused, as the identity rules unite no customers"
        case "BLOCKED":
            why = "does not count, as the identity rules block one of the two values"
        case "RULES":
            why = "stopped counting when the identity rules changed"
        case _:
            why = "was refused by the identity rules"
    when = "" if refused.decided is None else f" on {_day(refused.decided)}"
    because = "" if refused.reason is None else f" ({refused.reason})"
    if refused.status == "KEPT_APART":
        return f"{what} {why}; it was decided by hand{when} to keep them apart{because}"
    if refused.status == "BLOCKED":
        return f"{what} {why}; it was decided by hand{when} to block the value{because}"
    return f"{what} {why}"


def _shown(step: Evidence) -> str:
    source = "" if step.source is None else f", first from {step.source}"
    if step.count == 1:
        return f"1 message named both, on {_day(step.first_seen)}{source}"
    first, last = _day(step.first_seen), _day(step.last_seen)
    when = f"on {first}" if first == last else f"from {first} to {last}"
    return f"{step.count} messages named both, {when}{source}"


def _how(step: Evidence) -> str:
    if step.by_hand:
        return "united by hand"
    return f"{_messages(step.count)}, last on {_day(step.last_seen)}"


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"


def _name(key: str) -> str:
    kind, _, value = key.partition(":")
    return f"{kind} {value}"


def _day(time: datetime) -> str:
    return time.astimezone(UTC).date().isoformat()


def _listed(parts: Sequence[str], joined: str = "and") -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {joined} {parts[-1]}"


def _sentence(clause: str) -> str:
    return f"{clause[0].upper()}{clause[1:]}."
