"""docs/sources.md, rules 5 to 9: what a plan says against a message; what is wrong with a plan, by line and path."""

import re
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphcdp.model.errors import PlanFileError
from graphcdp.model.messages import Message
from graphcdp.model.problems import ProblemCode
from graphcdp.record.plan_file import read_plan_file
from graphcdp.tracking_plan.plan import FINE, VIOLATIONS_MAX, TrackingPlan
from graphcdp.tracking_plan.written import parse_plan

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DOCS = (Path(__file__).parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")
EXAMPLE = re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)[0]
ORDER = {"total": 1.5, "currency": "EUR", "lines": [{"sku": "a"}]}
PRO = {"plan": "pro"}


def message(name: str = "", **more: Any) -> Message:
    return Message.model_validate({"id": "m", "at": NOW, "name": name, **more})


def said(plan: TrackingPlan, told: Message) -> list[str]:
    verdict = plan.judge(told)
    assert {one.code for one in verdict.violations} <= {ProblemCode.PLAN}
    return [one.message for one in verdict.violations]


@pytest.fixture(scope="module")
def example() -> TrackingPlan:
    return parse_plan(EXAMPLE, "example")


def test_rule_5_what_the_example_expects_is_fine(example: TrackingPlan) -> None:
    assert example.judge(message("Order Completed", properties={**ORDER, "coupon": None}, traits=PRO)) is FINE
    assert example.judge(message("Page Viewed", properties={"anything": [1]})) is FINE
    assert example.judge(message(type="identify", traits={"plan": "team", "age": 3, "shoe": 44})) is FINE
    assert example.judge(message(type="alias")) is FINE


@pytest.mark.parametrize(
    ("properties", "sentence"),
    [
        ({"total": None}, "properties.total is not of the type number."),
        ({"total": -1}, "properties.total is less than 0."),
        ({"currency": "eur"}, 'properties.currency is none of ["EUR","USD","VND"].'),
        ({"coupon": 7}, 'properties.coupon is not of the type ["string","null"].'),
        ({"lines": []}, "properties.lines has fewer items than 1."),
        ({"lines": [{"sku": "a"}, {"quantity": 2}]}, "properties.lines.1.sku is missing."),
        ({"lines": [{"sku": "a", "quantity": 0.5}]}, "properties.lines.0.quantity is not of the type integer."),
        ({"locale": "Klingon"}, "properties.locale does not match ^[a-z]{2}(-[A-Z]{2})?$."),
        ({"color": "red"}, "properties.color is not in the tracking plan."),
        ({"ann@example.com": 1}, "properties.*** is not in the tracking plan."),
    ],
)
def test_rule_6_what_breaks_the_example(example: TrackingPlan, properties: dict[str, Any], sentence: str) -> None:
    told = message("Order Completed", properties={**ORDER, **properties}, traits=PRO)
    assert said(example, told) == [sentence]
    assert example.judge(told).refused, "of this event it is refused"


def test_rule_6_required_and_traits(example: TrackingPlan) -> None:
    assert said(example, message("Order Completed")) == [
        "properties.total is missing.",
        "properties.currency is missing.",
        "properties.lines is missing.",
        "traits.plan is missing.",
    ]
    # The event's own word on a trait wins; null unsets, whatever the type.
    assert said(example, message("Order Completed", properties=ORDER, traits={"plan": "team"})) == [
        'traits.plan is none of ["free","pro"].'
    ]
    verdict = example.judge(message(type="identify", traits={"plan": None, "age": "old"}))
    assert ([one.message for one in verdict.violations], verdict.refused) == (
        ["traits.age is not of the type integer."], False,
    )  # fmt: skip
    assert verdict.violations[0].path == ("traits", "age")


@pytest.mark.parametrize(
    ("on_unknown", "told", "refused"), [("keep", 0, False), ("mark", 1, False), ("refuse", 1, True)]
)
@pytest.mark.parametrize("on_violation", ["keep", "refuse"])
def test_rule_7_unknown_events(on_unknown: str, told: int, refused: bool, on_violation: str) -> None:
    text = f"violations: {on_violation}\nunknown_events: {on_unknown}\nall_events: {{properties: {{n: number}}}}"
    plan = parse_plan(text, "plan")
    verdict = plan.judge(message("Surprise", properties={"n": 1}))
    assert (len(verdict.violations), verdict.refused) == (told, refused)
    worse = plan.judge(message("Surprise", properties={"n": "x"}))
    assert (len(worse.violations), worse.refused) == (told + 1, refused or on_violation == "refuse")


def test_rule_9_at_most_so_many_are_told_and_never_a_value() -> None:
    properties = "".join(f"\n      p{n}: {{type: integer, required: true}}" for n in range(30))
    plan = parse_plan(f"events:\n  A:\n    properties:{properties}", "plan")
    found = said(plan, message("A", properties={f"p{n}": "secret" for n in range(30)}))
    assert len(found) == VIOLATIONS_MAX
    assert "secret" not in " ".join(found)


def test_times_are_checked_as_they_are_stored() -> None:
    plan = parse_plan("events: {A: {properties: {when: {format: date-time}, who: {format: uuid}}}}", "plan")
    assert said(plan, message("A", properties={"when": NOW})) == []
    assert said(plan, message("A", properties={"when": NOW, "who": NOW})) == ["properties.who has not the format uuid."]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["total", "currency", "coupon", "lines", "locale", "x", "@"]), JSON))
def test_rule_9_whatever_comes_is_judged(properties: dict[str, Any]) -> None:
    verdict = parse_plan(EXAMPLE, "example").judge(message("Order Completed", properties=properties))
    assert verdict.refused == bool(verdict.violations)


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("a: [", 0, "is no YAML"),
        ("- a", 0, "must hold a mapping"),
        ("", 0, "must hold a mapping"),
        ("violations: maybe", 1, "violations: Input should be 'keep' or 'refuse'"),
        ("events:\n  A:\n    propertis: {}", 3, "events.A.propertis: there is no such setting"),
        ("events:\n  404: {}", 2, "put the name in quotes"),
        ("events:\n  A: {}\n  A: {}", 2, "'A' stands there twice, the second time in line 3"),
        ("events:\n  ' A': {}", 2, "an event's name"),
        ("events: {A: {properties: {n: {type: numbr}}}}", 1, "'numbr' is no type"),
        ("events:\n  A:\n    properties:\n      n: {typ: number}", 4, "events.A.properties.n.typ: 'typ' is no word"),
        ("events:\n  A:\n    properties:\n      n:\n        $ref: http://x", 5, "'$ref' is no word"),
        ("events: {A: {properties: {n: {pattern: '(?=a)'}}}}", 1, "linear time"),
        ("events: {A: {properties: {n: {format: phone}}}}", 1, "'phone' is no format"),
        ("events: {A: {properties: {n: {enum: []}}}}", 1, "a list of the values"),
        ("events: {A: {properties: {n: {enum: [2026-01-01]}}}}", 1, "put dates in quotes"),
        ("events: {A: {properties: {n: {minLength: -1}}}}", 1, "no whole number"),
        ("events: {A: {properties: {n: {multipleOf: 0}}}}", 1, "above 0"),
        ("events: {A: {properties: {n: {properties: {m: {required: true}}}}}}", 1, "a list of names"),
        ("events: {A: {properties: {n: 5}}}", 1, "described by a type"),
        ("events: {A: {properties: {1: number}}}", 1, "put the name in quotes"),
        ("traits: {n: {type: number, required: true}}", 1, "require them in an event"),
        ("events: {A: {properties: {n: " + "{items: " * 12 + "number" + "}" * 12 + "}}}", 1, "levels deep"),
    ],
)
def test_rule_10_what_is_wrong_with_a_plan(text: str, line: int, part: str) -> None:
    with pytest.raises(PlanFileError) as caught:
        parse_plan(text, "plan.yaml")
    first = str(caught.value).splitlines()[0]
    assert part in first
    assert not line or first.startswith(f"plan.yaml, line {line}: ")


def test_rule_10_a_plan_that_grows_when_it_is_read_is_refused() -> None:
    names = "abcdefgh"
    lines = ["traits:", "  a: &a {properties: {x: string, y: string, z: string}}"]
    for before, name in pairwise(names):
        inner = ", ".join(f"{part}: *{before}" for part in "qrstuvwx")
        lines.append(f"  {name}: &{name} {{properties: {{{inner}}}}}")
    with pytest.raises(PlanFileError, match="more than 10000"):
        parse_plan("\n".join(lines), "plan")


def test_rule_10_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PlanFileError, match="cannot be read"):
        read_plan_file(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"events: {\xe9: {}}")
    with pytest.raises(PlanFileError, match="no UTF-8"):
        read_plan_file(tmp_path / "latin.yaml")
