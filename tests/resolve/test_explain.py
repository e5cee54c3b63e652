"""docs/explain.md, rules 1 and 2: why two identifiers are one customer, or are not, in words."""

from datetime import UTC, datetime

import pytest

from graphcdp.resolve.explain import Evidence, Refused, explain_apart, explain_one

JAN = datetime(2026, 1, 5, 23, tzinfo=UTC)
FEB = datetime(2026, 2, 6, tzinfo=UTC)
ANN, U1, D1 = "email:ann@example.com", "user:u1", "device:d1"


def evidence(one: str = U1, other: str = ANN, **more: object) -> Evidence:
    return Evidence(**{"one": one, "other": other, "count": 1, "first_seen": JAN, "last_seen": FEB, **more})  # type: ignore[arg-type]  # values of any test


def refused(code: str, **more: object) -> Refused:
    given = {"subject": U1, "identifier": ANN, "code": code, "count": 2, "last_seen": FEB, "status": "OPEN", **more}
    return Refused(**given)  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    ("path", "summary"),
    [
        ([], "User u1 and email ann@example.com are one customer."),
        (
            [evidence(source="web")],
            "User u1 and email ann@example.com are one customer: 1 message named both, on 2026-01-05, first from web.",
        ),
        (
            [evidence(count=3)],
            "User u1 and email ann@example.com are one customer: 3 messages named both, from 2026-01-05 to 2026-02-06.",
        ),
        (
            [evidence(by_hand=True)],
            "User u1 and email ann@example.com are one customer: they were united by hand on 2026-01-05.",
        ),
        (
            [evidence(U1, D1, count=2), evidence(D1, ANN, by_hand=True)],
            (
                "User u1 and email ann@example.com are one customer through 2 pieces of evidence: user u1 and "
                "device d1 (2 messages, last on 2026-02-06), then device d1 and email ann@example.com (united by hand)."
            ),
        ),
    ],
)
def test_why_they_are_one(path: list[Evidence], summary: str) -> None:
    assert explain_one(U1, ANN, path).summary == summary
    assert explain_one(U1, ANN, path).blocked_by == ()


def test_a_long_chain_is_told_in_short() -> None:
    chain = [evidence(f"anonymous:a{n}", f"anonymous:a{n + 1}") for n in range(9)]
    told = explain_one("anonymous:a0", "anonymous:a9", chain).summary
    assert "through 9 pieces of evidence" in told
    assert told.endswith("anonymous a4 and anonymous a5 (1 message, last on 2026-02-06), and 4 more.")
    assert explain_one(U1, U1, []).summary == "Both are user u1."


@pytest.mark.parametrize(
    ("ended", "sentence"),
    [
        (
            {"ended_by": "cut"},
            "was cut by hand on 2026-02-06, and is not taken until it is allowed again.",
        ),
        (
            {"ended_by": "cut", "allowed": FEB},
            "was cut by hand on 2026-02-06; it is allowed again, but no message has shown it since.",
        ),
        (
            {"ended_by": "last_login"},
            "ended on 2026-02-06, when a shared device went to the user who signed in last.",
        ),
        ({"ended_by": "rules"}, "stopped counting on 2026-02-06, when the identity rules changed."),
    ],
)
def test_evidence_that_no_longer_counts(ended: dict[str, object], sentence: str) -> None:
    told = explain_apart(U1, ANN, unknown=(), ended=[evidence(ended=FEB, **ended)], refused=())
    what = "he evidence between user u1 and email ann@example.com (1 message, last on 2026-02-06)"
    assert told.blocked_by == (f"T{what} {sentence}",)
    assert told.summary == f"User u1 and email ann@example.com belong to two customers: t{what} {sentence}"


@pytest.mark.parametrize(
    ("conflict", "sentence"),
    [
        (
            refused("LIMIT", kind="user", limit=1, actual=2),
            "was refused, as one customer would have 2 identifiers of the kind user and the identity rules allow 1.",
        ),
        (refused("MERGE_OFF"), "was refused, as the identity rules unite no customers."),
        (refused("BLOCKED"), "does not count, as the identity rules block one of the two values."),
        (refused("RULES"), "stopped counting when the identity rules changed."),
        (
            refused("MERGE_OFF", status="KEPT_APART", decided=FEB, reason="two people"),
            (
                "was refused, as the identity rules unite no customers; it was decided by hand on 2026-02-06 to keep "
                "them apart (two people)."
            ),
        ),
        (
            refused("LIMIT", status="BLOCKED", decided=FEB),
            "was refused by the identity rules; it was decided by hand on 2026-02-06 to block the value.",
        ),
    ],
)
def test_evidence_that_was_refused(conflict: Refused, sentence: str) -> None:
    told = explain_apart(U1, ANN, unknown=(), ended=(), refused=[conflict])
    what = "vidence between user u1 and email ann@example.com (2 messages, last on 2026-02-06)"
    assert told.blocked_by == (f"E{what} {sentence}",)


def test_several_reasons_and_none() -> None:
    two = explain_apart(U1, ANN, unknown=(), ended=[evidence(ended_by="rules", ended=FEB)], refused=[refused("RULES")])
    assert len(two.blocked_by) == 2
    assert two.summary.endswith("when the identity rules changed (and 1 more).")
    none = explain_apart(U1, ANN, unknown=(), ended=(), refused=())
    assert none.summary == (
        "User u1 and email ann@example.com belong to two customers, and no evidence was ever seen between these."
    )


def test_identifiers_that_nobody_has() -> None:
    one = explain_apart(U1, ANN, unknown=[ANN], ended=(), refused=())
    assert one.summary == "Email ann@example.com was never seen, so it belongs to nobody."
    both = explain_apart(U1, ANN, unknown=[U1, ANN], ended=(), refused=())
    assert both.summary == "Neither user u1 nor email ann@example.com belongs to anybody."
    told = explain_apart(U1, ANN, unknown=[ANN], ended=(), refused=[refused("MERGE_OFF")])
    assert told.summary.startswith("Email ann@example.com belongs to nobody: evidence between user u1 and email")
