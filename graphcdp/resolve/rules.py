"""Identity rules: which kinds of identifiers there are, and when customers become one."""

import re
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated

import phonenumbers
from pydantic import BaseModel, ConfigDict, Field, field_serializer, field_validator, model_validator

from graphcdp.model.identifiers import (
    ANONYMOUS,
    DEVICE,
    EMAIL,
    KIND_LENGTH_MAX,
    PHONE,
    USER,
    VALUE_LENGTH_MAX,
    Identifier,
)
from graphcdp.model.times import duration_text, span_of
from graphcdp.resolve.garbage import stands_for_nobody
from graphcdp.resolve.patterns import compiled

KIND_PATTERN = re.compile(r"[a-z][a-z0-9_]*")
KINDS_MAX = 50
BLOCKED_MAX = 1000
PATTERNS_MAX = 100
LIMIT_MAX = 1_000_000
WINDOW_MIN = timedelta(minutes=1)


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
    for no limit. window: the limit counts only those that were used within this
    time before a message's, at least a minute and at most ten years; None for
    all. blocked: values that stand for nobody, in any case. blocked_patterns:
    regular expressions that a whole value, in any case, must not match.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    priority: Annotated[int, Field(ge=0, le=1000)] = 50
    limit: Annotated[int, Field(ge=1, le=LIMIT_MAX)] | None = 5
    window: timedelta | None = None
    blocked: Annotated[tuple[str, ...], Field(max_length=BLOCKED_MAX)] = ()
    blocked_patterns: Annotated[tuple[str, ...], Field(max_length=PATTERNS_MAX)] = ()
    normalise: Normalise = Normalise.TRIM

    @field_validator("window", mode="before")
    @classmethod
    def _written_well(cls, window: object) -> object:
        if window is None or isinstance(window, timedelta):
            return window
        try:
            if isinstance(window, str):
                return span_of(window)
        except ValueError:
            pass
        raise ValueError("a window is an ISO 8601 duration without fractions, at most P10Y, such as P30D or PT12H")

    @field_validator("window")
    @classmethod
    def _long_enough(cls, window: timedelta | None) -> timedelta | None:
        if window is not None and (window < WINDOW_MIN or window.microseconds):
            raise ValueError("a window is at least a minute, PT1M, in whole seconds")
        return window

    @field_serializer("window", when_used="json")
    def _as_text(self, window: timedelta | None) -> str | None:
        return None if window is None else duration_text(window)

    @field_validator("blocked")
    @classmethod
    def _short(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if not value.strip() or len(value) > VALUE_LENGTH_MAX:
                raise ValueError(f"{value[:60]!r} cannot be blocked: a value has 1 to {VALUE_LENGTH_MAX} characters")
        return values

    @field_validator("blocked_patterns")
    @classmethod
    def _usable(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            compiled(pattern)
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
        return tuple(compiled(pattern) for pattern in self.blocked_patterns)


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
    region: str = "US"

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
        if len(kinds) > KINDS_MAX:
            raise ValueError(f"there are {len(kinds)} kinds; the most is {KINDS_MAX}, with those that are built in")
        for kind in kinds:
            if not KIND_PATTERN.fullmatch(kind) or len(kind) > KIND_LENGTH_MAX:
                raise ValueError(
                    f"{kind!r} is no name for a kind: use a-z, 0-9 and _, beginning with a letter, "
                    f"at most {KIND_LENGTH_MAX} characters"
                )
        return kinds

    @field_validator("region")
    @classmethod
    def _known_region(cls, region: str) -> str:
        if region not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError(
                f"{region[:20]!r} is no region that phone numbers have; write two letters such as US or VN"
            )
        return region

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

    def blocks(self, identifier: Identifier) -> bool:
        """Whether an identifier stands for nobody; one of a kind that the rules do not know is left alone."""
        rule = self.kinds.get(identifier.kind)
        return rule is not None and (
            stands_for_nobody(identifier.kind, identifier.value) or rule.blocks(identifier.value)
        )

    @cached_property
    def has_windows(self) -> bool:
        """Whether the limit of any kind looks at a stretch of time."""
        return any(rule.window is not None for rule in self.kinds.values())

    def order(self, identifier: Identifier) -> tuple[int, str]:
        """Sort key: the strongest kind first, then by key."""
        return -self.priority(identifier.kind), identifier.key


def with_blocked(rules: IdentityRules, identifier: Identifier) -> IdentityRules:
    """The rules, with this value blocked for its kind. Raises ValueError for a kind that they do not know."""
    rule = rules.kinds.get(identifier.kind)
    if rule is None:
        raise ValueError(f"the rules know no kind {identifier.kind!r}")
    blocking = KindRule.model_validate({**rule.model_dump(), "blocked": (*rule.blocked, identifier.value)})
    return IdentityRules.model_validate({**rules.model_dump(), "kinds": {**rules.kinds, identifier.kind: blocking}})
