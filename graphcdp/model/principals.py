"""Who is asking, and what they may do. Source: docs/access.md."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a key may be allowed."""

    WRITE = "write"
    READ = "read"
    PII = "pii"
    ADMIN = "admin"


_IMPLIED = {Scope.ADMIN: frozenset((Scope.READ, Scope.WRITE))}


class Asking(StrEnum):
    """The sorts of principals."""

    OWNER = "owner"
    ANONYMOUS = "anonymous"
    KEY = "key"
    VISITOR = "visitor"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking.

    scopes: all that it holds, implied ones included. name: for the log, the id
    of a key. label: what the key is for, as it was called when it was made.
    subject: of a visitor, an identifier's `kind:value` or a customer id.
    """

    asking: Asking
    scopes: frozenset[Scope] = frozenset()
    name: str = ""
    subject: str | None = None
    label: str = ""

    def may(self, scopes: Iterable[Scope]) -> bool:
        """Does it hold all of these?"""
        return self.scopes.issuperset(scopes)

    @property
    def sees_personal(self) -> bool:
        """Is it shown personal values? A visitor is: all that it reaches is its own."""
        return Scope.PII in self.scopes or self.asking is Asking.VISITOR


OWNER = Principal(Asking.OWNER, frozenset(Scope), "owner")
"""The process itself, and whoever asks a server without keys."""

ANONYMOUS = Principal(Asking.ANONYMOUS, name="anonymous")


def key_principal(key_id: str, scopes: Iterable[Scope], label: str = "") -> Principal:
    """Who holds the API key with this id. label: as in Principal."""
    given = frozenset(scopes)
    held = given.union(*(_IMPLIED.get(scope, frozenset()) for scope in given))
    return Principal(Asking.KEY, held, key_id, label=label)


def visitor_principal(subject: str) -> Principal:
    """The visitor that a token names; subject: as in Principal."""
    return Principal(Asking.VISITOR, name="visitor", subject=subject)


def key_hash(text: str) -> str:
    """What is kept of a key's text. It is random and long, so that one round is as good as many."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
