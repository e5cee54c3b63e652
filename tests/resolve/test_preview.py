"""What a merge would do: who survives, what wins, who objects. docs/identity.md, rules 4, 5, 7 and 10."""

from datetime import UTC, datetime, timedelta

from graphcdp.model.identifiers import Identifier
from graphcdp.resolve.facts import CustomerFacts, pair
from graphcdp.resolve.preview import MergeOutlook, TraitConflict, preview_merge
from graphcdp.resolve.rules import IdentityRules, MergeMode
from graphcdp.resolve.traits import Stamped

START = datetime(2026, 1, 1, tzinfo=UTC)


def customer(name: str, days: int = 0, *, traits: dict[str, object] | None = None, **counts: int) -> CustomerFacts:
    """A customer of this age in days; its traits were all stated on the day it came."""
    at = START + timedelta(days=days)
    stated = {trait: Stamped(value, at, f"m-{name}", "web") for trait, value in (traits or {}).items()}
    return CustomerFacts(name, at, counts=counts, traits=stated)


def outlook(
    *customers: CustomerFacts, rules: IdentityRules | None = None, cuts: tuple[tuple[str, str], ...] = ()
) -> MergeOutlook:
    """What uniting these would do; the strongest identifier of each is named after it."""
    used = rules or IdentityRules()
    strongest = {one.id: Identifier(max(one.counts, key=used.priority), one.id) for one in customers}
    return preview_merge(
        customers, strongest, frozenset(pair(*both) for both in cuts), used, START + timedelta(days=99)
    )


def test_the_strongest_then_the_older_survives() -> None:
    found = outlook(customer("c", 1, email=1), customer("a", 5, user=1), customer("b", 0, email=1))
    assert (found.survivor, found.absorbed, found.objections) == ("a", ("b", "c"), ())


def test_limits_object_to_what_does_not_fit_and_let_the_rest_join() -> None:
    found = outlook(customer("a", 0, user=1), customer("b", 1, user=1), customer("c", 2, email=5))
    ((who, problem),) = found.objections
    assert (who, problem.code.value, problem.kind, problem.limit, problem.actual) == ("b", "LIMIT", "user", 1, 2)
    assert found.absorbed == ("b", "c")
    found = outlook(customer("a", 0, email=3), customer("b", 1, email=2), customer("c", 2, email=1))
    assert [(who, problem.actual) for who, problem in found.objections] == [("c", 6)]


def test_a_limit_with_a_window_counts_what_was_used_within() -> None:
    rules = IdentityRules.model_validate({"kinds": {"email": {"limit": 1, "window": "P30D"}}})
    old, new = customer("a", 0, email=1), customer("b", 1, email=1)
    # The identifiers that evidence by hand names are in use now, whenever they were seen before.
    assert [problem.kind for _, problem in outlook(old, new, rules=rules).objections] == ["email"]
    spare = customer("a", 0, email=1, user=1)
    spare.recent = {"email": {"email:x": START}}
    assert outlook(spare, new, rules=rules).objections == ()


def test_cuts_and_modes_object() -> None:
    one, other = customer("a", 0, user=1), customer("b", 1, email=1)
    found = outlook(one, other, cuts=(("user:a", "email:b"),))
    assert [problem.code.value for _, problem in found.objections] == ["CUT"]
    never = outlook(one, other, rules=IdentityRules(merge=MergeMode.NEVER))
    assert [problem.code.value for _, problem in never.objections] == ["MERGE_OFF"]
    always = IdentityRules(merge=MergeMode.ALWAYS)
    assert outlook(one, customer("b", 1, user=1), rules=always).objections == ()


def test_the_latest_value_wins_whoever_survives() -> None:
    found = outlook(
        customer("a", 0, traits={"plan": "free", "city": "Hue", "n": 1, "gone": "x"}, user=1),
        customer("b", 1, traits={"plan": "pro", "city": "Hue", "n": True}, email=1),
        customer("c", 2, traits={"plan": "free", "only": 1, "gone": None}, email=1),
    )
    assert found.conflicts == (
        TraitConflict("gone", None, ("x",)),
        TraitConflict("n", True, (1,)),
        TraitConflict("plan", "free", ("pro",)),
    )
