"""Identifiers: values that stand for someone, each of a kind."""

import hashlib
from dataclasses import dataclass, field
from typing import NamedTuple

USER = "user"
EMAIL = "email"
PHONE = "phone"
DEVICE = "device"
ANONYMOUS = "anonymous"

BUILT_IN_KINDS = (USER, EMAIL, PHONE, DEVICE, ANONYMOUS)

LABEL_BY_KIND = {USER: "User", EMAIL: "Email", PHONE: "Phone", DEVICE: "Device", ANONYMOUS: "Anonymous"}
"""The Neo4j label that a built-in kind adds; kinds of one's own are plain `Identifier` nodes."""

KIND_LENGTH_MAX = 50
VALUE_LENGTH_MAX = 255


class Claim(NamedTuple):
    """An identifier as a source wrote it: neither cleaned nor checked."""

    kind: str
    value: str

    @property
    def text(self) -> str:
        """`kind:value`, for messages to people."""
        return f"{self.kind}:{self.value}"


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """An identifier in its normal form; equal exactly when it is the same one.

    key: `kind:value`; unique in the graph, since a kind has no colon.
    """

    kind: str
    value: str
    key: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Kept, not made anew: a message asks for it some thirty times.
        object.__setattr__(self, "key", f"{self.kind}:{self.value}")

    @property
    def fingerprint(self) -> str:
        """What is remembered of an erased identifier: enough to know it again, not to read it."""
        return hashlib.sha256(self.key.encode()).hexdigest()


def identifier_of_key(key: str) -> Identifier:
    """The identifier with this key."""
    kind, _, value = key.partition(":")
    return Identifier(kind, value)
