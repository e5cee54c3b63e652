"""Decisions on consent: their limits, their order, and what stands at a moment. Source: docs/consent.md.

A decision is about one purpose. It hangs on an identifier, so that it stays with
the person when customers are united and taken apart; a customer's consent is
the last decision among all of its identifiers.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from graphcdp.model.messages import AHEAD_MAX_H, EARLIEST
from graphcdp.model.problems import Problem, ProblemCode

PURPOSE_LENGTH_MAX = 100
SOURCE_LENGTH_MAX = 500

_PURPOSE = re.compile(r"[^\s\x00-\x1f\x7f\ud800-\udfff]+")
_NEVER = datetime.max.replace(tzinfo=UTC)


class ConsentStatus(StrEnum):
    """What a decision comes to at a moment."""

    GRANTED = "GRANTED"
    DENIED = "DENIED"
    EXPIRED = "EXPIRED"  # was granted, and has run out


@dataclass(frozen=True, slots=True)
class Decision:
    """at: when decided, UTC. expires_at: from then on a grant no longer holds; None for never, as for any refusal."""

    purpose: str
    granted: bool
    at: datetime
    expires_at: datetime | None = None
    source: str | None = None

    def status(self, now: datetime) -> ConsentStatus:
        """What it comes to at this moment."""
        if not self.granted:
            return ConsentStatus.DENIED
        if self.expires_at is not None and self.expires_at <= now:
            return ConsentStatus.EXPIRED
        return ConsentStatus.GRANTED

    @property
    def order(self) -> tuple[datetime, bool, timedelta]:
        """What orders decisions on one purpose; the greatest counts: the later, at one time the more careful one."""
        return self.at, not self.granted, _NEVER - (self.expires_at or _NEVER)


def overrides(new: Decision, stored: Decision | None) -> bool:
    """Whether a new decision takes the place of the one that an identifier has."""
    return stored is None or new.order > stored.order


def problems_of(decision: Decision, now: datetime) -> list[Problem]:
    """All that is wrong with a decision; paths are those of SetConsentInput."""
    found = [*_about_text(decision)]
    if decision.at > now + timedelta(hours=AHEAD_MAX_H) or decision.at < EARLIEST:
        expected = f"RFC 3339, from {EARLIEST.year} to {AHEAD_MAX_H} hours ahead"
        found.append(_invalid(f"No decision is made at {decision.at.isoformat()}.", "at", expected))
    if decision.expires_at is not None:
        if not decision.granted:
            found.append(_invalid("A refusal does not run out: leave `expiresAt` out.", "expiresAt", "nothing"))
        elif decision.expires_at <= decision.at:
            found.append(
                _invalid("A consent that runs out before it is given is none.", "expiresAt", "a time later than `at`")
            )
    return found


def _about_text(decision: Decision) -> list[Problem]:
    found = []
    for name, text, most in (
        ("purpose", decision.purpose, PURPOSE_LENGTH_MAX),
        ("source", decision.source or "", SOURCE_LENGTH_MAX),
    ):
        if len(text) > most:
            message = f"`{name}` has {len(text)} characters; the most is {most}."
            found.append(Problem(ProblemCode.LIMIT, message, (name,), limit=most, actual=len(text)))
    if not _PURPOSE.fullmatch(decision.purpose):
        message = "A purpose is a name for code, without spaces, such as marketing_email."
        found.append(_invalid(message, "purpose", f"1 to {PURPOSE_LENGTH_MAX} characters without white space"))
    if re.search(r"[\ud800-\udfff]", decision.source or ""):
        found.append(_invalid("`source` holds half of a character pair.", "source", "well-formed Unicode"))
    return found


def _invalid(message: str, name: str, expected: str) -> Problem:
    return Problem(ProblemCode.INVALID, message, (name,), expected=expected)
