"""How a caller names customers and identifiers."""

from collections.abc import Mapping
from typing import Any

import strawberry

from graphcdp.model.errors import InvalidReferenceError
from graphcdp.model.identifiers import ANONYMOUS, DEVICE, EMAIL, PHONE, USER, Claim, Identifier
from graphcdp.model.problems import Problem, ProblemCode
from graphcdp.resolve.clean import clean_one
from graphcdp.resolve.rules import IdentityRules, KindRule

SEARCH_LENGTH_MAX = 200

_KIND_BY_FIELD = {
    "email": EMAIL,
    "phone": PHONE,
    "user_id": USER,
    "device_id": DEVICE,
    "anonymous_id": ANONYMOUS,
}
FIELD_BY_KIND = {
    EMAIL: "email",
    PHONE: "phone",
    USER: "userId",
    DEVICE: "deviceId",
    ANONYMOUS: "anonymousId",
}
"""What the inputs below call each built-in kind; any other kind is `other`."""
_KIND_BY_NAME = {name: kind for kind, name in FIELD_BY_KIND.items()}


@strawberry.input(description="An identifier of a kind that you chose, such as a loyalty card.")
class OtherIdentifierInput:
    """A kind of one's own, known to the identity rules."""

    kind: str = strawberry.field(description="The kind, snake_case, at most 50 characters.")
    value: str = strawberry.field(description="The value, at most 255 characters.")


@strawberry.input(one_of=True, description="One identifier: exactly one of these.")
class IdentifierInput:
    """An identifier as the caller wrote it."""

    email: strawberry.Maybe[str] = strawberry.field(description="E-mail address, in any case.")
    phone: strawberry.Maybe[str] = strawberry.field(description="Phone number in E.164.")
    user_id: strawberry.Maybe[str] = strawberry.field(description="Your own id of a signed-in user.")
    device_id: strawberry.Maybe[str] = strawberry.field(description="Device or installation id.")
    anonymous_id: strawberry.Maybe[str] = strawberry.field(description="Id of a visitor who has not signed in.")
    other: strawberry.Maybe[OtherIdentifierInput] = strawberry.field(description="Any other kind of identifier.")


@strawberry.input(one_of=True, description="How to name a customer: exactly one of these.")
class CustomerRef:
    """An id or an identifier as the caller wrote it."""

    id: strawberry.Maybe[strawberry.ID] = strawberry.field(description="Global id; absorbed customers' ids work too.")
    email: strawberry.Maybe[str] = strawberry.field(description="E-mail address, in any case.")
    phone: strawberry.Maybe[str] = strawberry.field(description="Phone number in E.164: +4915112345678.")
    user_id: strawberry.Maybe[str] = strawberry.field(description="Your own id of a signed-in user.")
    device_id: strawberry.Maybe[str] = strawberry.field(description="Device or installation id.")
    anonymous_id: strawberry.Maybe[str] = strawberry.field(description="Id of a visitor who has not signed in.")
    other: strawberry.Maybe[OtherIdentifierInput] = strawberry.field(description="Any other kind of identifier.")


def claim_of(given: IdentifierInput | CustomerRef) -> Claim:
    """The identifier as it was written, neither cleaned nor checked."""
    if given.other is not None:
        return Claim(given.other.value.kind, given.other.value.value)
    for name, kind in _KIND_BY_FIELD.items():
        field: Any = getattr(given, name)
        if field is not None:
            return Claim(kind, field.value)
    raise AssertionError("a @oneOf input has one field")  # the schema lets no other pass


def claim_in(given: Mapping[str, Any]) -> Claim:
    """As `claim_of`, from an input as the caller sent it."""
    ((name, value),) = given.items()
    if name == "other":
        return Claim(value["kind"], value["value"])
    return Claim(_KIND_BY_NAME[name], value)


def key_of(claim: Claim, rules: IdentityRules) -> str | None:
    """The key under which this identifier would be found; None when nobody can have it."""
    found = clean_one(claim, rules)
    if not isinstance(found, Problem):
        return found.key
    # The rules may have known the kind, and may not have blocked the value, when it was recorded.
    if found.code is ProblemCode.UNKNOWN_KIND:
        return Identifier(claim.kind, claim.value.strip()).key
    if found.code is ProblemCode.BLOCKED:
        form = KindRule(normalise=rules.kinds[claim.kind].normalise)
        passed = clean_one(claim, IdentityRules(kinds={claim.kind: form}, region=rules.region))
        return None if isinstance(passed, Problem) else passed.key
    return None


def keys_of_words(words: str, rules: IdentityRules) -> tuple[str, ...]:
    """Keys of all identifiers that the words as a whole may be."""
    keys = (key_of(Claim(kind, words), rules) for kind in rules.kinds)
    return tuple(key for key in keys if key is not None)


def part_of_name(search: str | None) -> str | None:
    """Part of the name of what is searched. Raises InvalidReferenceError when it is too long."""
    if search is not None and len(search) > SEARCH_LENGTH_MAX:
        raise InvalidReferenceError(
            f"`search` has {len(search)} characters; it takes at most {SEARCH_LENGTH_MAX}.", ("search",)
        )
    return search


def field_path(path: tuple[str, ...], kinds: Mapping[str, str]) -> tuple[str, ...]:
    """A path to an identifier, ("identifiers", "0"), down to the field that was given.

    kinds: index -> kind of the identifier there.
    """
    if len(path) == 2 and path[0] == "identifiers" and path[1] in kinds:
        return *path, FIELD_BY_KIND.get(kinds[path[1]], "other")
    return path
