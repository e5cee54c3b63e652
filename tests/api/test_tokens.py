"""docs/access.md, rule 6: which tokens are good."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from graphcdp.api.tokens import BadTokenError, sign_token, subject_of
from graphcdp.model.errors import SettingsError
from graphcdp.settings import Settings

SECRET = "0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS = NOW.timestamp()
GOOD = {"sub": "user:u1", "exp": SECONDS + 60, "scope": "me"}


def signed(claims: dict[str, Any], secret: str = SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode({"alg": algorithm}, claims, OctKey.import_key(secret), algorithms=[algorithm])


def test_what_is_signed_is_good_until_it_expires() -> None:
    token = sign_token(SECRET, "user:u1", NOW + timedelta(minutes=30))
    assert subject_of(SECRET, token, NOW) == "user:u1"
    assert subject_of(SECRET, token, NOW + timedelta(minutes=30, seconds=4)) == "user:u1", "clocks differ"
    with pytest.raises(BadTokenError, match="expired"):
        subject_of(SECRET, token, NOW + timedelta(minutes=30, seconds=6))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"exp": None}, "exp"),
        ({"exp": "tomorrow"}, "exp"),
        ({"exp": SECONDS - 60}, "expired"),
        ({"exp": SECONDS + 86_400 + 60}, "24 hours"),
        ({"exp": 1e300}, "24 hours"),
        ({"nbf": SECONDS + 60}, "not good yet"),
        ({"scope": "admin"}, "scope"),
        ({"scope": None}, "scope"),
        ({"sub": None}, "sub"),
        ({"sub": 7}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": "user:" + "x" * 400}, "sub"),
    ],
)
def test_other_claims_are_refused(changed: dict[str, Any], said: str) -> None:
    assert subject_of(SECRET, signed(GOOD), NOW) == "user:u1"
    with pytest.raises(BadTokenError, match=said):
        subject_of(SECRET, signed(GOOD | changed), NOW)


def test_other_signatures_are_refused() -> None:
    good = signed(GOOD)
    head, body, signature = good.split(".")
    unsigned = "eyJhbGciOiJub25lIn0"
    forged = [
        signed(GOOD, "another secret, another secret, another"),
        signed(GOOD, algorithm="HS512"),
        f"{unsigned}.{body}.",
        f"{unsigned}.{body}.{signature}",
        f"{head}.{body}.",
        f"{head}.{signed(GOOD | {'sub': 'user:u2'}).split('.')[1]}.{signature}",
        f"{head}.{body}",
        "a.b.c",
        "..",
        "\ud800.a.b",
    ]
    for token in forged:
        with pytest.raises(BadTokenError, match="no JWT"):
            subject_of(SECRET, token, NOW)


def test_a_secret_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHCDP_TOKEN_SECRET", "short")
    with pytest.raises(SettingsError, match="GRAPHCDP_TOKEN_SECRET"):
        Settings.load()
