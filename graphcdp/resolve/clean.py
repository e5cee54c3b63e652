"""Claims as sources write them -> identifiers in normal form. Source: docs/identity.md, rule 1."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from graphcdp.model.identifiers import VALUE_LENGTH_MAX, Claim, Identifier
from graphcdp.model.problems import Problem, ProblemCode
from graphcdp.resolve.garbage import stands_for_nobody
from graphcdp.resolve.rules import IdentityRules, Normalise

_AROUND = re.compile(r"^[\s\u200b-\u200f\u2060\ufeff]+|[\s\u200b-\u200f\u2060\ufeff]+$")
"""White space and invisible marks, which pasted values bring along."""


_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")
"""What may stand before the @ and is its own normal form."""
LOCAL_LENGTH_MAX = 64
EMAIL_LENGTH_MAX = 254


@dataclass(frozen=True, slots=True)
class Cleaned:
    """identifiers: in normal form, each once, in the order of the claims; place: of each among the claims."""

    identifiers: tuple[Identifier, ...]
    place: tuple[int, ...]
    problems: tuple[Problem, ...]


class _UnusableError(ValueError):
    """A value has no normal form; the message says what is expected instead."""


def clean(claims: Sequence[Claim], rules: IdentityRules) -> Cleaned:
    """Normal forms of a message's identifiers, and a problem for each one that is dropped.

    Codes of the problems: UNKNOWN_KIND, BLOCKED, INVALID.
    """
    identifiers: list[Identifier] = []
    places: list[int] = []
    problems: list[Problem] = []
    for place, claim in enumerate(claims):
        found = clean_one(claim, rules, place)
        if isinstance(found, Problem):
            problems.append(found)
        elif found not in identifiers:
            identifiers.append(found)
            places.append(place)
    return Cleaned(tuple(identifiers), tuple(places), tuple(problems))


def clean_one(claim: Claim, rules: IdentityRules, place: int = 0) -> Identifier | Problem:
    """The normal form of one claim, or why it has none; `place` is its index in the message."""
    path = ("identifiers", str(place))
    rule = rules.kinds.get(claim.kind)
    if rule is None:
        return Problem(
            ProblemCode.UNKNOWN_KIND,
            f"No identifier is of the kind {claim.kind[:60]!r}; the identity rules know "
            f"{', '.join(sorted(rules.kinds))}. Use one of these, or add the kind to the rules.",
            path,
            claim.text,
        )
    trimmed = _AROUND.sub("", claim.value)
    if stands_for_nobody(claim.kind, trimmed) or rule.blocks(trimmed):
        return _blocked(claim, path)
    try:
        value = _normal_form(trimmed, rule.normalise, rules.region)
    except _UnusableError as error:
        return Problem(
            ProblemCode.INVALID,
            f"The {claim.kind} {claim.value[:100]!r} was left out: {error}",
            path,
            claim.text,
        )
    if value != trimmed and (stands_for_nobody(claim.kind, value) or rule.blocks(value)):
        return _blocked(claim, path)
    return Identifier(claim.kind, value)


def _blocked(claim: Claim, path: tuple[str, ...]) -> Problem:
    return Problem(
        ProblemCode.BLOCKED,
        f"The {claim.kind} {claim.value[:100]!r} was left out: it stands for nobody, the identity rules say.",
        path,
        claim.text,
    )


def _normal_form(value: str, normalise: Normalise, region: str) -> str:
    if not value:
        raise _UnusableError("it is empty.")
    if len(value) > VALUE_LENGTH_MAX:
        raise _UnusableError(f"it has {len(value)} characters; the most is {VALUE_LENGTH_MAX}.")
    # Most values are printable, and in those there are none.
    if not value.isprintable() and any(unicodedata.category(character) in ("Cc", "Cs") for character in value):
        raise _UnusableError("it holds control characters or half of a character pair.")
    if normalise is Normalise.EMAIL:
        return _email(value)
    if normalise is Normalise.PHONE:
        return _phone(value, region)
    if normalise is Normalise.LOWER:
        return value.lower()
    return value


def _email(value: str) -> str:
    local, _, domain = value.rpartition("@")
    if len(local) <= LOCAL_LENGTH_MAX and _PLAIN_LOCAL.fullmatch(local):
        # Of such an address only the domain takes the library's time, and few domains have most addresses.
        known = normal_domain(domain)
        if known is not None and len(local) + 1 + len(known) <= EMAIL_LENGTH_MAX >= len(value):
            return f"{local}@{known}".lower()
    try:
        return validate_email(value, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise _UnusableError(f"it is no e-mail address. {error}") from error


@lru_cache(maxsize=20_000)
def normal_domain(domain: str) -> str | None:
    """The normal form of an e-mail address's domain; None for one that the library refuses."""
    try:
        return validate_email(f"a@{domain}", check_deliverability=False).domain
    except EmailNotValidError:
        return None


def _phone(value: str, region: str) -> str:
    expected = "write it with country code, such as +14155550132."
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException as error:
        raise _UnusableError(f"it is no phone number; {expected}") from error
    if not phonenumbers.is_valid_number(number):
        raise _UnusableError(f"no such number is in use in {region} or under its country code; {expected}")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
