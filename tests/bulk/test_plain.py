"""docs/import.md, --bulk: what is cleaned as a column is what the recorder makes of each value."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphcdp.bulk.plain import plain_keys
from graphcdp.model.identifiers import Claim, Identifier
from graphcdp.resolve.clean import clean_one
from graphcdp.resolve.garbage import WORDS
from graphcdp.resolve.rules import IdentityRules

RULES = IdentityRules.model_validate(
    {
        "region": "VN",
        "kinds": {
            "user": {"blocked": ["Kiosk-7", " tester "]},
            "member": {"normalise": "lower"},
            "card": {"blocked_patterns": ["9{4}"]},
            "contact": {"normalise": "email"},
        },
    }
)
KINDS = ("user", "email", "phone", "device", "anonymous", "member", "card", "contact")
LETTERS = st.text(alphabet="aFf0-9._+@:{}Zé \n‍", max_size=12)
ADDRESSES = st.builds(
    "{}@{}".format,
    st.text(alphabet="abF0-.+_'é", min_size=1, max_size=70),
    st.sampled_from(["example.com", "Example.COM", "xn--bcher-kva.example", "-a.com", "nowhere", "a..com", "x" * 250]),
)
WORDY = st.sampled_from(
    sorted(word for known in (*WORDS, "kiosk-7", "tester", "no-reply@a.com", "noreply@b.org", "9999")
           for word in (known, known.upper(), f" {known}"))
)  # fmt: skip


@given(st.sampled_from(KINDS), st.lists(LETTERS | ADDRESSES | WORDY | st.text(max_size=300), min_size=1, max_size=20))
def test_a_plain_value_has_the_key_that_it_has_when_cleaned_alone(kind: str, values: list[str]) -> None:
    well_formed = [value.encode("utf-8", "ignore").decode() for value in values]
    for value, key in zip(
        well_formed, plain_keys(kind, pa.array(well_formed, pa.string()), RULES).to_pylist(), strict=True
    ):
        if key is not None:
            cleaned = clean_one(Claim(kind, value), RULES)
            assert isinstance(cleaned, Identifier)
            assert cleaned.key == key


@pytest.mark.parametrize(
    ("kind", "value", "key"),
    [
        ("user", "u-1", "user:u-1"),
        ("device", "9B1D-4A2C", "device:9B1D-4A2C"),
        ("member", "Gold.77", "member:gold.77"),
        ("email", "Anh+shop@Example.com", "email:anh+shop@example.com"),
        ("user", "kiosk-7", None),
        ("user", "0", None),
        ("email", "test@example.com", None),
        ("email", "No-Reply@shop.vn", None),
        ("card", "1234", None),
        ("phone", "84912345678", None),
        ("unknown", "1234", None),
    ],
)
def test_what_is_plain(kind: str, value: str, key: str | None) -> None:
    assert plain_keys(kind, pa.array([value]), RULES).to_pylist() == [key]
