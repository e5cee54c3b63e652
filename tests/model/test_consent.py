"""docs/consent.md, rules 1 to 3: what a decision may be, what it comes to, and which one counts."""

from datetime import UTC, datetime, timedelta

import pytest

from graphcdp.model.consent import ConsentStatus, Decision, overrides, problems_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def decided(granted: bool, days: float = 0, expires: float | None = None, purpose: str = "ads") -> Decision:
    """A decision so many days from now, which runs out so many days from now."""
    return Decision(purpose, granted, NOW + DAY * days, None if expires is None else NOW + DAY * expires)


STATUSES = [
    (decided(True), ConsentStatus.GRANTED),
    (decided(True, expires=1), ConsentStatus.GRANTED),
    (decided(True, days=-2, expires=0), ConsentStatus.EXPIRED),
    (decided(True, days=-2, expires=-1), ConsentStatus.EXPIRED),
    (decided(False), ConsentStatus.DENIED),
]


@pytest.mark.parametrize(("decision", "status"), STATUSES)
def test_rule_2_what_a_decision_comes_to(decision: Decision, status: ConsentStatus) -> None:
    assert decision.status(NOW) is status


ORDER = [
    # new                       stored                      takes its place
    (decided(True), None, True),
    (decided(True, 1), decided(False, 0), True),
    (decided(False, 0), decided(True, 1), False),
    (decided(False), decided(True), True),
    (decided(True), decided(False), False),
    (decided(True, expires=1), decided(True), True),
    (decided(True), decided(True, expires=1), False),
    (decided(True, expires=2), decided(True, expires=1), False),
    (decided(True), decided(True), False),
    (decided(False), decided(False), False),
]


@pytest.mark.parametrize(("new", "stored", "takes"), ORDER)
def test_rule_3_the_later_counts_and_at_one_time_the_more_careful(
    new: Decision, stored: Decision | None, takes: bool
) -> None:
    assert overrides(new, stored) is takes
    if stored is not None and new.order != stored.order:
        assert overrides(stored, new) is not takes


REFUSED = [
    (decided(True, purpose=""), "purpose"),
    (decided(True, purpose="marketing email"), "purpose"),
    (decided(True, purpose="a\nb"), "purpose"),
    (decided(True, purpose="\ud800"), "purpose"),
    (decided(True, purpose="x" * 101), "purpose"),
    (Decision("ads", True, NOW, source="x" * 501), "source"),
    (Decision("ads", True, NOW, source="\ud800"), "source"),
    (decided(True, days=1.01), "at"),
    (Decision("ads", True, datetime(1899, 12, 31, tzinfo=UTC)), "at"),
    (decided(True, expires=0), "expiresAt"),
    (decided(False, expires=1), "expiresAt"),
]


@pytest.mark.parametrize(("decision", "path"), REFUSED)
def test_rule_1_what_is_no_decision(decision: Decision, path: str) -> None:
    assert [problem.path for problem in problems_of(decision, NOW)] == [(path,)]


def test_rule_1_what_is_one() -> None:
    for decision in (decided(True, days=1), decided(True, days=-9, expires=-1), decided(False, purpose="x" * 100)):
        assert problems_of(decision, NOW) == []
