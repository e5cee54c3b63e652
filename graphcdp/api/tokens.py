"""Tokens for one visitor: signed, short-lived, good for `me` and nothing else.

A page can hold no secret, so the shop's own server signs one for whoever is
signed in there. Any library for JWT makes them: HS256 with the secret of
GRAPHCDP_TOKEN_SECRET, and the claims

    sub    who: an identifier as `kind:value` (`user:u1`), or a customer's id
    exp    until when, in seconds since 1970; at most 24 hours ahead
    scope  `me`
"""

from datetime import datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

ALGORITHM = "HS256"
SCOPE = "me"
AGE_MAX = timedelta(hours=24)
LEEWAY_S = 5
"""How far the clocks of both servers may be apart."""
TOKEN_LENGTH_MAX = 4096
SUBJECT_LENGTH_MAX = 320


class BadTokenError(Exception):
    """A token that is not good; the message says why, without quoting it."""


def sign_token(secret: str, subject: str, until: datetime) -> str:
    """The token with which a page reads this visitor until then. subject: as in the claims above."""
    claims = {"sub": subject, "exp": int(until.timestamp()), "scope": SCOPE}
    return jwt.encode({"alg": ALGORITHM}, claims, OctKey.import_key(secret), algorithms=[ALGORITHM])


def subject_of(secret: str, token: str, now: datetime) -> str:
    """Whom a token names. Raises BadTokenError when it is not good now."""
    if len(token) > TOKEN_LENGTH_MAX:
        raise BadTokenError("the token is too long")
    try:
        claims = jwt.decode(token, OctKey.import_key(secret), algorithms=[ALGORITHM]).claims
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        # It is anybody's text, and a library may stumble over it in more ways than it names.
        raise BadTokenError("the token is no JWT signed with this server's secret by HS256") from None
    return _checked(claims, now)


def _checked(claims: dict[str, Any], now: datetime) -> str:
    until, not_before, subject = claims.get("exp"), claims.get("nbf", 0), claims.get("sub")
    if not isinstance(until, int | float) or not isinstance(not_before, int | float):
        raise BadTokenError("`exp` is missing or is no number")
    seconds = now.timestamp()
    if seconds >= until + LEEWAY_S:
        raise BadTokenError("the token has expired")
    if until > seconds + AGE_MAX.total_seconds() + LEEWAY_S:
        raise BadTokenError(f"`exp` is more than {AGE_MAX.total_seconds() / 3600:g} hours ahead")
    if seconds < not_before - LEEWAY_S:
        raise BadTokenError("the token is not good yet")
    if claims.get("scope") != SCOPE:
        raise BadTokenError("`scope` is not `me`")
    if not isinstance(subject, str) or not 3 <= len(subject) <= SUBJECT_LENGTH_MAX:
        raise BadTokenError("`sub` names nobody: it is `kind:value` or a customer's id")
    return subject
