"""Claims as sources write them -> identifiers in normal form. Source: docs/identity.md, rule 1."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple, TypeVar

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from graphcdp.model.identifiers import VALUE_LENGTH_MAX, Claim, Identifier
from graphcdp.model.problems import Problem, ProblemCode
from graphcdp.resolve.garbage import stands_for_nobody
from graphcdp.resolve.rules import IdentityRules, Normalise

Name = TypeVar("Name")
Value = TypeVar("Value")

_AROUND = re.compile(r"^[\s\u200b-\u200f\u2060\ufeff]+|[\s\u200b-\u200f\u2060\ufeff]+$")
"""White space and invisible marks, which pasted values bring along."""


_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")
"""What may stand before the @ and is its own normal form."""
LOCAL_LENGTH_MAX = 64
REMEMBERED_MAX = 20_000
"""Claims that a cleaner remembers, some hundred bytes each; then it begins anew."""
TOGETHER_MAX = 20_000
"""Claims of one message together, as many; of a first load too, where each claim by itself is worth more."""
EMAIL_LENGTH_MAX = 254


class Cleaned(NamedTuple):
    """identifiers: in normal form, each once, the strongest first; place: of each among the claims."""

    identifiers: tuple[Identifier, ...]
    place: tuple[int, ...]
    problems: tuple[Problem, ...]


class _UnusableError(ValueError):
    """A value has no normal form; the message says what is expected instead."""


class Cleaner:
    """Cleans by these rules, and remembers what it made of each claim, and of claims together: most come again."""

    def __init__(self, rules: IdentityRules, remembered_max: int = REMEMBERED_MAX) -> None:
        self.rules = rules
        self._remembered_max = remembered_max
        self._known: dict[tuple[str, str], Identifier | Problem] = {}
        self._together: dict[tuple[Claim, ...], Cleaned] = {}

    def one(self, kind: str, value: str) -> Identifier | Problem:
        """The normal form of a claim, or why it has none; the problem's path is that of the first claim."""
        found = self._known.get((kind, value))
        if found is None:
            found = clean_one(Claim(kind, value), self.rules)
            if len(value) <= VALUE_LENGTH_MAX:
                _keep(self._known, (kind, value), found, self._remembered_max)
        return found

    def clean(self, claims: Sequence[Claim]) -> Cleaned:
        """Normal forms of a message's identifiers, and a problem for each one that is dropped.

        Codes of the problems: UNKNOWN_KIND, BLOCKED, INVALID.
        """
        together = tuple(claims)
        found = self._together.get(together)
        if found is None:
            found = self._clean(together)
            # What has problems may be anything, of any length.
            if not found.problems:
                _keep(self._together, together, found, TOGETHER_MAX)
        return found

    def _clean(self, claims: tuple[Claim, ...]) -> Cleaned:
        usable: list[tuple[Identifier, int]] = []
        problems: list[Problem] = []
        for place, (kind, value) in enumerate(claims):
            found = self.one(kind, value)
            if isinstance(found, Problem):
                problems.append(replace(found, path=_path(place)))
            elif all(found.key != other.key for other, _ in usable):
                usable.append((found, place))
        if len(usable) > 1:
            usable.sort(key=self._order)
        return Cleaned(
            tuple([identifier for identifier, _ in usable]), tuple([place for _, place in usable]), tuple(problems)
        )

    def _order(self, usable: tuple[Identifier, int]) -> tuple[int, str]:
        return self.rules.order(usable[0])


def _keep(memory: dict[Name, Value], name: Name, value: Value, most: int) -> None:
    if len(memory) >= most:
        memory.clear()
    memory[name] = value


def clean_one(claim: Claim, rules: IdentityRules, place: int = 0) -> Identifier | Problem:
    """The normal form of one claim, or why it has none; `place` is its index in the message."""
    path = _path(place)
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


def _path(place: int) -> tuple[str, ...]:
    return "identifiers", str(place)


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
