"""Rule 1: identifiers are brought to their normal form, or dropped with a reason."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from graphcdp.model.identifiers import Claim, Identifier
from graphcdp.model.problems import Problem, ProblemCode
from graphcdp.resolve.clean import Cleaner, clean_one
from graphcdp.resolve.rules import IdentityRules

RULES = IdentityRules.model_validate(
    {"region": "VN", "kinds": {"email": {"blocked_patterns": [r".*@ourshop\.vn"]}, "loyalty": {}}}
)

NORMAL_FORMS = """
email     | Ann@Example.com          | ann@example.com
email     |  Lan.Pham@EXAMPLE.com    | lan.pham@example.com
phone     | 090 123 4567             | +84901234567
phone     | +84 90-123-4567          | +84901234567
phone     | +1 415 555 0132          | +14155550132
user      | U1                       | U1
device    | tv                       | tv
loyalty   | A-77                     | A-77
"""

DROPPED = """
email     | not an address                       | INVALID
phone     | 12                                   | INVALID
phone     | 0000000000                           | BLOCKED
user      | null                                 | BLOCKED
user      | NULL                                 | BLOCKED
user      | undefined                            | BLOCKED
device    | 00000000-0000-0000-0000-000000000000 | BLOCKED
email     | support@ourshop.vn                   | BLOCKED
email     | Support@OurShop.vn                   | BLOCKED
fax       | 1                                    | UNKNOWN_KIND
"""


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


@pytest.mark.parametrize(("kind", "value", "expected"), rows(NORMAL_FORMS))
def test_normal_form(kind: str, value: str, expected: str) -> None:
    assert clean_one(Claim(kind, f" {value}\u200b"), RULES) == Identifier(kind, expected)


@pytest.mark.parametrize(("kind", "value", "code"), rows(DROPPED))
def test_dropped_with_its_reason(kind: str, value: str, code: str) -> None:
    found = clean_one(Claim(kind, value), RULES, place=3)
    assert isinstance(found, Problem)
    assert (found.code, found.path, found.identifier) == (ProblemCode(code), ("identifiers", "3"), f"{kind}:{value}")


@pytest.mark.parametrize("value", ["", "  ", "a\x00b", "half \ud800 pair", "x" * 256])
def test_unusable_values_are_invalid(value: str) -> None:
    found = clean_one(Claim("user", value), RULES)
    assert isinstance(found, Problem)
    assert found.code is ProblemCode.INVALID


def test_one_identifier_written_twice_is_one() -> None:
    claims = [Claim("phone", "0901234567"), Claim("user", "u1"), Claim("phone", "+84901234567")]
    cleaned = Cleaner(RULES).clean(claims)
    assert [identifier.key for identifier in cleaned.identifiers] == ["user:u1", "phone:+84901234567"]
    assert cleaned.place == (1, 0)


def test_what_is_remembered_of_a_claim_tells_where_it_stands_each_time() -> None:
    cleaner = Cleaner(RULES, remembered_max=2)
    claims = [Claim("user", "null"), Claim("email", "a@b.example"), Claim("device", "tv"), Claim("user", "null")]
    for _ in range(3):
        cleaned = cleaner.clean(claims)
        assert [identifier.key for identifier in cleaned.identifiers] == ["email:a@b.example", "device:tv"]
        assert [problem.path for problem in cleaned.problems] == [("identifiers", "0"), ("identifiers", "3")]


DOMAINS = (
    "example.com",
    "Example.COM",
    "münchen.de",
    "xn--mnchen-3ya.de",
    "localhost",
    "a.test",
    "no_dots",
    "-x.com",
    "x..y.com",
)


@given(
    local=st.text("ab.Z9_+-!ü ", max_size=12) | st.just("a" * 64) | st.just("a" * 65),
    domain=st.sampled_from((*DOMAINS, f"{'d' * 60}.{'e' * 60}.{'f' * 60}.{'g' * 10}.com"))
    | st.text("ab.@Z-", max_size=8),
)
def test_an_address_is_what_the_library_makes_of_the_whole(local: str, domain: str) -> None:
    value = f"{local}@{domain}".strip()
    found = clean_one(Claim("email", value), RULES)
    try:
        expected = validate_email(value, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        assert isinstance(found, Problem)
    else:
        assert found == Identifier("email", expected)
