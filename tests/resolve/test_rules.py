"""docs/rules.md: what rules may say, and that they survive being written down."""

import re
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from graphcdp.model.identifiers import Claim, Identifier
from graphcdp.model.problems import Problem, ProblemCode
from graphcdp.resolve.clean import clean_one
from graphcdp.resolve.rules import IdentityRules, KindRule

GARBAGE = """
user    | Null
user    | [object Object]
user    | (NOT SET)
user    | 0
user    | {{user_id}}
device  | 00000000-0000-0000-0000-000000000000
device  | {00000000-0000-0000-0000-000000000000}
device  | FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF
device  | 00:00:00:00:00:00
device  | 9774D56D682E549C
anonymous | -1
email   | TEST@test.com
email   | No-Reply@anywhere.example
phone   | +1 000 000 0000
phone   | 123-456-7890
loyalty | N/A
"""

FULL: dict[str, Any] = {
    "merge": "always",
    "shared_device": "last_login",
    "region": "VN",
    "kinds": {
        "email": {"limit": 3, "window": "P30D", "blocked": ["Info@Shop.example"], "blocked_patterns": [r".*@shop\.vn"]},
        "device": {"limit": None},
        "loyalty": {"priority": 75, "limit": 2, "window": "P1DT2H3M", "normalise": "lower"},
        "crm_id": None,
    },
}


@pytest.mark.parametrize("line", GARBAGE.strip().splitlines())
def test_usual_garbage_is_blocked_for_all_kinds(line: str) -> None:
    kind, value = (cell.strip() for cell in line.split("|"))
    found = clean_one(Claim(kind, value), IdentityRules.model_validate({"kinds": {"loyalty": {}}}))
    assert isinstance(found, Problem)
    assert found.code is ProblemCode.BLOCKED


@pytest.mark.parametrize("value", ["nullable", "test", "0a", "deadbeef-0000-0000-0000-000000000000", "u1"])
def test_what_only_looks_like_garbage_is_taken(value: str) -> None:
    assert clean_one(Claim("user", value), IdentityRules()) == Identifier("user", value)


@pytest.mark.parametrize("rules", [IdentityRules(), IdentityRules.model_validate(FULL)], ids=["default", "full"])
def test_rules_are_the_same_after_writing_and_reading(rules: IdentityRules) -> None:
    written = rules.model_dump(mode="json")
    assert IdentityRules.model_validate(written) == rules
    assert IdentityRules.model_validate(yaml.safe_load(yaml.safe_dump(written))) == rules
    assert IdentityRules.model_validate_json(rules.model_dump_json()) == rules


def test_the_documented_file_is_the_default_with_a_kind_of_ones_own() -> None:
    page = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert IdentityRules.model_validate(yaml.safe_load(text)) == IdentityRules.model_validate(
        {"kinds": {"loyalty": {}}}
    )


def test_parts_that_are_not_given_are_those_of_the_default() -> None:
    rules = IdentityRules.model_validate(FULL)
    assert rules.kinds["email"].priority == 80
    assert rules.kinds["email"].window == timedelta(days=30)
    assert rules.kinds["device"].limit is None
    assert rules.kinds["device"].priority == 30
    assert rules.kinds["crm_id"] == KindRule()
    assert rules.kinds["user"] == IdentityRules().kinds["user"]


@pytest.mark.parametrize(
    ("window", "written"),
    [("P1Y", "P365D"), ("P2W", "P14D"), ("PT36H", "P1DT12H"), ("PT90S", "PT1M30S"), ("P1M", "P30D")],
)
def test_a_window_is_a_fixed_span(window: str, written: str) -> None:
    rule = KindRule.model_validate({"window": window})
    assert rule.model_dump(mode="json")["window"] == written


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"window": "PT59S"}, "at least a minute"),
        ({"window": "30 days"}, "ISO 8601"),
        ({"window": 30}, "ISO 8601"),
        ({"window": "P11Y"}, "at most P10Y"),
        ({"limit": 0}, "greater than or equal to 1"),
        ({"limt": 3}, "Extra inputs"),
        ({"blocked": [" "]}, "cannot be blocked"),
        ({"blocked_patterns": ["("]}, "no regular expression"),
        ({"blocked_patterns": ["(a+)+b"]}, "take too long"),
        ({"blocked_patterns": ["(a|aa)*b"]}, "take too long"),
        ({"blocked_patterns": ["((a)|b){2,}"]}, "take too long"),
        ({"blocked_patterns": [".*.*.*.*.*a"]}, "take too long"),
        ({"blocked_patterns": ["a?" * 11]}, "take too long"),
        ({"blocked_patterns": ["(?x)a"]}, "flags"),
    ],
)
def test_what_is_refused(rule: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        IdentityRules.model_validate({"kinds": {"email": rule}})


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        (r".*@ourshop\.example", "Info@OurShop.example"),
        (r"(bot|test|qa)-\d+", "QA-12"),
        (r"[0-9a-f]{8}(-[0-9a-f]{4})?", "0123abcd-0123"),
        (r"(ab)+", "abab"),
        (r"(?:x|y)?[])(*+]z", "y]z"),
        (r"\(a+\)+", "(aa))"),
    ],
)
def test_patterns_that_are_quick_are_taken(pattern: str, value: str) -> None:
    assert KindRule(blocked_patterns=(pattern,)).blocks(value)


def test_the_slowest_pattern_that_is_taken_is_no_trap() -> None:
    rule = KindRule(blocked_patterns=(".*a.*a.*a.*b",))
    started = time.monotonic()
    rule.blocks("a" * 60)
    assert time.monotonic() - started < 1


def test_regions_and_names_of_kinds_are_checked() -> None:
    with pytest.raises(ValidationError, match="no region"):
        IdentityRules(region="XX")
    with pytest.raises(ValidationError, match="no name for a kind"):
        IdentityRules.model_validate({"kinds": {"Loyalty Card": {}}})
    with pytest.raises(ValidationError, match="the most is 50"):
        IdentityRules.model_validate({"kinds": {f"kind{n}": {} for n in range(50)}})


def test_the_rules_block_only_kinds_that_they_know() -> None:
    rules = IdentityRules.model_validate({"kinds": {"user": {"blocked": ["Bot"]}}})
    assert rules.blocks(Identifier("user", "bot"))
    assert rules.blocks(Identifier("email", "test@test.com"))
    assert not rules.blocks(Identifier("user", "ann"))
    assert not rules.blocks(Identifier("loyalty", "null"))
