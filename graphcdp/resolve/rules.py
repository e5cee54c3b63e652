"""Identity rules: which kinds of identifiers there are, and when customers become one."""

import re
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from graphcdp.model.identifiers import ANONYMOUS, DEVICE, EMAIL, KIND_LENGTH_MAX, PHONE, USER, Identifier

KIND_PATTERN = re.compile(r"[a-z][a-z0-9_]*")
PATTERN_LENGTH_MAX = 500

GARBAGE = frozenset(
    (
        "null",
        "undefined",
        "none",
        "nil",
        "nan",
        "n/a",
        "na",
        "unknown",
        "anonymous",
        "guest",
        "void",
        "true",
        "false",
        "-1",
        "(null)",
        "<null>",
        "(none)",
        "(not_set)",
        "[object]",
        "[object_object]",
        "{}",
        "[]",
        "id",
        "user_id",
        "userid",
        "test@test.com",
        "test@example.com",
        "user@example.com",
        "name@example.com",
        "email@example.com",
        "noreply@example.com",
        "example@example.com",
        "none@none.com",
        "no@email.com",
        "noemail@noemail.com",
        "a@a.com",
        "asdf@asdf.com",
    )
)
"""Values that stand for nobody, compared in any case with spaces as underscores; blocked for all kinds."""

GARBAGE_PATTERN = re.compile(r"[0-]+")
"""Only zeros and dashes: the nil UUID, cleared advertising ids and the like."""

PLACEHOLDER_PHONE = re.compile(r"\+?\d{0,3}(\d)\1{6,}|\+?\d{0,3}(0?123456789\d?)")
"""One digit again and again, or the digits in order: phone numbers typed to get past a form."""


class MergeMode(StrEnum):
    """When one message may unite customers."""

    PROTECT = "protect"  # while every kind keeps its limit
    ALWAYS = "always"  # without looking at limits
    NEVER = "never"  # new identifiers join, customers are never united


class SharedDevice(StrEnum):
    """What happens to a device that a second user signs in on."""

    KEEP = "keep"  # it stays with the first
    LAST_LOGIN = "last_login"  # it moves to the one who signed in last


class Normalise(StrEnum):
    """How values of a kind are brought to their normal form."""

    EMAIL = "email"
    PHONE = "phone"
    LOWER = "lower"  # trimmed, lower-case
    TRIM = "trim"


class KindRule(BaseModel):
    """The rule for one kind of identifier.

    priority: greater is stronger. limit: how many one customer may have; None
    for no limit. window: the limit counts only what the customer used within this
    time before a message; None for ever. blocked: values that stand for nobody, in any case.
    blocked_patterns: regular expressions that a whole value, in any case,
    must not match.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    priority: Annotated[int, Field(ge=0, le=1000)] = 50
    limit: Annotated[int, Field(ge=1)] | None = 5
    window: timedelta | None = None
    blocked: tuple[str, ...] = ()
    blocked_patterns: tuple[str, ...] = ()
    normalise: Normalise = Normalise.TRIM

    @field_validator("blocked_patterns")
    @classmethod
    def _compilable(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            if len(pattern) > PATTERN_LENGTH_MAX:
                raise ValueError(f"a pattern has at most {PATTERN_LENGTH_MAX} characters")
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
        return patterns

    def blocks(self, value: str) -> bool:
        """Whether this value of the kind stands for nobody."""
        folded = value.strip().casefold()
        return folded in self._blocked or any(pattern.fullmatch(value.strip()) for pattern in self._patterns)

    @cached_property
    def _blocked(self) -> frozenset[str]:
        return frozenset(value.strip().casefold() for value in self.blocked)

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(pattern, re.IGNORECASE) for pattern in self.blocked_patterns)


DEFAULT_KINDS = {
    USER: KindRule(priority=100, limit=1),
    EMAIL: KindRule(priority=80, limit=5, normalise=Normalise.EMAIL),
    PHONE: KindRule(priority=70, limit=5, normalise=Normalise.PHONE),
    DEVICE: KindRule(priority=30, limit=20),
    ANONYMOUS: KindRule(priority=10, limit=1000),
}
"""Kinds that hold without any rules of one's own. A kind of one's own comes between phone and device."""


class IdentityRules(BaseModel):
    """The rules that turn evidence into customers.

    kinds: what is given for a built-in kind changes just that part of its
    default; other names add kinds. region: of phone numbers without a country
    code, two letters.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kinds: dict[str, KindRule] = Field(default_factory=lambda: dict(DEFAULT_KINDS))
    merge: MergeMode = MergeMode.PROTECT
    shared_device: SharedDevice = SharedDevice.KEEP
    region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "US"

    @model_validator(mode="before")
    @classmethod
    def _over_defaults(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        given = data.get("kinds") or {}
        if not isinstance(given, dict):
            return data
        kinds: dict[str, object] = dict(DEFAULT_KINDS)
        for kind, rule in given.items():
            if isinstance(rule, KindRule):
                kinds[kind] = rule
                continue
            if not isinstance(rule, dict | None):
                raise ValueError(f"the rule of the kind {kind!r} must be a mapping such as {{limit: 5}}")
            default = DEFAULT_KINDS.get(kind, KindRule())
            kinds[kind] = {**default.model_dump(), **(rule or {})}
        return {**data, "kinds": kinds}

    @field_validator("kinds")
    @classmethod
    def _named_well(cls, kinds: dict[str, KindRule]) -> dict[str, KindRule]:
        for kind in kinds:
            if not KIND_PATTERN.fullmatch(kind) or len(kind) > KIND_LENGTH_MAX:
                raise ValueError(
                    f"{kind!r} is no name for a kind: use a-z, 0-9 and _, beginning with a letter, "
                    f"at most {KIND_LENGTH_MAX} characters"
                )
        return kinds

    def priority(self, kind: str) -> int:
        """How strong a kind is; one that the rules no longer know is the weakest."""
        rule = self.kinds.get(kind)
        return -1 if rule is None else rule.priority

    def limit(self, kind: str) -> int | None:
        """How many of a kind one customer may have; None for no limit."""
        rule = self.kinds.get(kind)
        return None if rule is None else rule.limit

    def window(self, kind: str) -> timedelta | None:
        """How far back the limit of a kind looks; None for ever."""
        rule = self.kinds.get(kind)
        return None if rule is None else rule.window

    def order(self, identifier: Identifier) -> tuple[int, str]:
        """Sort key: the strongest kind first, then by key."""
        return -self.priority(identifier.kind), identifier.key
