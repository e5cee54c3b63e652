"""docs/rules.md, rules 13 to 15: which evidence ends under other rules, and into what a customer falls."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphcdp.model.identifiers import identifier_of_key
from graphcdp.resolve.facts import pair
from graphcdp.resolve.reresolve import Held, Tie, Verdict, reresolve
from graphcdp.resolve.rules import IdentityRules
from graphcdp.resolve.stored import (
    bounds_of_kind,
    kinds_with_blocks,
    left_out_evidence,
    limits_of,
    may_be_tried,
    refused_evidence,
)
from graphcdp.resolve.unions import Seen

START = datetime(2026, 1, 1, tzinfo=UTC)


def rules(**given: Any) -> IdentityRules:
    return IdentityRules.model_validate({"region": "VN", **given})


def at(first: int, last: int) -> Seen:
    return Seen(START + timedelta(first), START + timedelta(last))


def customer(ties: str, seen: dict[str, int] | None = None) -> tuple[dict[str, Held], list[Tie]]:
    """Ties such as `d1-e1 u1=d1`, in order of arrival, a day apart; `=` is by hand. seen: days when last seen."""
    names: set[str] = set()
    found = []
    for day, text in enumerate(ties.split()):
        sign = "=" if "=" in text else "-"
        one, other = text.split(sign)
        names |= {one, other}
        between = pair(key_of(one), key_of(other))
        found.append(Tie(f"lnk_{day:03}", between, at(day, day), by_hand=sign == "="))
    days = dict.fromkeys(names, 0) | (seen or {})
    members = {key_of(name): Held(identifier_of_key(key_of(name)), at(0, day)) for name, day in days.items()}
    return members, found


KINDS = {"u": "user", "e": "email", "d": "device", "p": "phone", "a": "anonymous"}


def key_of(name: str) -> str:
    return f"{KINDS[name[0]]}:{name}"


def told(verdict: Verdict) -> tuple[str, str]:
    """The verdict as text: ended ties, and groups."""
    ends = [f"{end.tie.id[-1]}:{end.why.code}{':' + end.why.kind if end.why.kind else ''}" for end in verdict.ends]
    groups = sorted(" ".join(sorted(key.partition(":")[2] for key in group)) for group in verdict.groups)
    return " ".join(ends), " | ".join(groups)


CASES = """
within the limits                   | d1-e1 d1-e2             | 2 |         | d1 e1 e2         |
the third e-mail falls out          | d1-e1 d1-e2 d1-e3       | 2 | 2:LIMIT:email | d1 e1 e2 / e3 |
the earlier evidence stays          | d1-e1 d1-e2 d2-e3 d1-d2 | 2 | 3:LIMIT:email | d1 e1 e2 / d2 e3 |
both sides keep what they may       | e1-d1 e2-d2 d1-d2 e3-d2 | 1 | 2:LIMIT:email 3:LIMIT:email | d1 e1 / d2 e2 / e3 |
a refused link inside one group     | e1-d1 e2-d2 d1-d2 d1-e2 | 2 |         | d1 d2 e1 e2      |
by hand no limit applies            | e1=e2 e2=e3 d1-e1       | 1 |         | d1 e1 e2 e3      |
by hand comes first                 | d1-e1 d1-e2 e2=e3 e1=e2 | 1 |         | d1 e1 e2 e3      |
what hangs on a side goes with it   | d1-e1 d2-e2 d2-a1 d1-d2 | 1 | 3:LIMIT:email | a1 d2 e2 / d1 e1 |
"""


@pytest.mark.parametrize("line", CASES.strip().splitlines())
def test_limits(line: str) -> None:
    _, ties, limit, ends, groups, *_ = (cell.strip() for cell in line.split("|"))
    verdict = reresolve(*customer(ties), rules(kinds={"email": {"limit": int(limit)}}))
    assert told(verdict) == (ends, groups.replace(" / ", " | "))


def test_the_limit_that_objects_is_told() -> None:
    (end,) = reresolve(*customer("d1-e1 d1-e2"), rules(kinds={"email": {"limit": 1}})).ends
    assert (end.why.code, end.why.kind, end.why.limit, end.why.actual) == ("LIMIT", "email", 1, 2)


@pytest.mark.parametrize("merge", ["always", "never"])
def test_limits_take_nobody_apart_unless_rules_protect(merge: str) -> None:
    verdict = reresolve(*customer("d1-e1 d1-e2"), rules(merge=merge, kinds={"email": {"limit": 1}}))
    assert (verdict.ends, verdict.splits) == ((), 0)


def test_blocked_identifiers_fall_out_and_stand_alone() -> None:
    given = rules(merge="always", kinds={"email": {"blocked": ["E1"]}, "device": {"blocked_patterns": ["d[2-9]"]}})
    verdict = reresolve(*customer("d1-e1 d2-e1 u1-d1 d2-u1"), given)
    assert told(verdict) == ("0:BLOCKED 1:BLOCKED 3:BLOCKED", "d1 u1 | d2 | e1")


def test_what_only_the_blocked_one_held_together_falls_apart() -> None:
    verdict = reresolve(*customer("u1-e1 d1-e1 d1-a1"), rules(kinds={"email": {"blocked": ["e1"]}}))
    assert told(verdict) == ("0:BLOCKED 1:BLOCKED", "a1 d1 | e1 | u1")


def test_a_blocked_identifier_alone_stays_a_customer() -> None:
    members, _ = customer("d1-e1")
    alone = {key: held for key, held in members.items() if "e1" in key}
    assert reresolve(alone, [], rules(kinds={"email": {"blocked": ["e1"]}})).splits == 0


def test_a_customer_that_is_not_concerned_stays_whole_even_unconnected() -> None:
    members, ties = customer("d1-e1 d2-e2")
    assert told(reresolve(members, ties, rules())) == ("", "d1 d2 e1 e2")


def test_a_kind_that_the_rules_do_not_know_is_left_alone() -> None:
    members, ties = customer("d1-e1 d1-e2")
    members["loyalty:7"] = Held(identifier_of_key("loyalty:7"), at(0, 0))
    verdict = reresolve(members, [*ties, Tie("lnk_9", ("device:d1", "loyalty:7"), at(0, 0))], rules())
    assert verdict.splits == 0


MONTH = rules(kinds={"email": {"limit": 1, "window": "P30D"}})
LATER = "d1-e1 d1-d2 " + "d2-d3 " * 60 + "d1-e2"
"""The second e-mail comes on day 62."""


@pytest.mark.parametrize(
    ("last_seen", "ends"),
    [
        (0, ""),
        (31, ""),
        (50, "2:LIMIT:email"),
        # Used since: whether it was in use then is not known, so what was accepted stays.
        (70, ""),
    ],
)
def test_a_limit_within_a_window_counts_what_was_in_use_then(last_seen: int, ends: str) -> None:
    assert told(reresolve(*customer(LATER, {"e1": last_seen, "e2": 62}), MONTH))[0] == ends


def test_evidence_that_came_again_is_accepted_when_it_would_be_then() -> None:
    members, ties = customer("d1-e1 d1-e2", {"e1": 0, "e2": 62})
    assert reresolve(members, ties, MONTH).splits == 1
    ties[1] = Tie(ties[1].id, ties[1].between, at(1, 62))
    assert reresolve(members, ties, MONTH).splits == 0


NAMES = st.sampled_from(["u1", "u2", "e1", "e2", "e3", "e4", "d1", "d2", "d3", "a1"])


@given(
    st.lists(st.tuples(NAMES, NAMES, st.integers(0, 9)), min_size=1, max_size=14),
    st.integers(1, 3),
    st.sampled_from([(), ("e1",), ("e1", "d1")]),
)
def test_what_comes_out_keeps_the_rules_and_is_final(
    drawn: Sequence[tuple[str, str, int]], limit: int, blocked: tuple[str, ...]
) -> None:
    text = " ".join(f"{one}{'=' if chance == 0 else '-'}{other}" for one, other, chance in drawn if one != other)
    if not text:
        return
    members, ties = customer(text)
    given = rules(kinds={"email": {"limit": limit, "blocked": blocked}, "device": {"blocked": blocked}})
    verdict = reresolve(members, ties, given)
    assert sorted(key for group in verdict.groups for key in group) == sorted(members)
    ended = {end.tie.id for end in verdict.ends}
    by_hand = {key for tie in ties if tie.by_hand for key in tie.between}
    for group in verdict.groups:
        inner = [tie for tie in ties if tie.id not in ended and set(tie.between) <= group]
        if len(verdict.groups) > 1:
            stays = {key: members[key] for key in group}
            assert reresolve(stays, inner, given) == Verdict((), (group,))
        if verdict.ends and not group & by_hand:
            assert sum(key.startswith("email") for key in group) <= limit
    for tie in ties:
        together = any(set(tie.between) <= group for group in verdict.groups)
        assert together != (tie.id in ended)


def test_what_is_read_for_it() -> None:
    given = rules(kinds={"email": {"limit": 3, "blocked": ["x"]}, "device": {"limit": None}, "user": {"limit": None}})
    assert {rule["property"]: rule["limit"] for rule in limits_of(given)} == {
        "count.email": 3,
        "count.phone": 5,
        "count.anonymous": 1000,
    }
    assert limits_of(rules(merge="always")) == []
    assert kinds_with_blocks(given) == ["email"]
    after, end = bounds_of_kind("crm")
    assert after < "crm:0" < "crm:~" < end < "crm_id:0"


def test_left_out_claims_that_the_rules_take() -> None:
    row = {
        "id": "m1",
        "subject": "user:u1",
        "at": "2026-01-01T00:00:00Z",
        "source": "shop",
        "dropped": [
            "BLOCKED email:Info@Shop.example",
            "UNKNOWN_KIND loyalty:a:7",
            "UNKNOWN_KIND user:x",
            "BLOCKED user:u1",
        ],
    }
    taken = left_out_evidence(row, rules(kinds={"loyalty": {}}))
    assert {text: item.identifier.key for text, item in taken.items()} == {
        "BLOCKED email:Info@Shop.example": "email:info@shop.example",
        "UNKNOWN_KIND loyalty:a:7": "loyalty:a:7",
    }
    still = left_out_evidence(row, rules(kinds={"email": {"blocked": ["info@shop.example"]}}))
    assert still == {}


@pytest.mark.parametrize(
    ("kinds", "tried"),
    [({}, True), ({"email": {"blocked": ["a@x.org"]}}, False), ({"user": {"blocked": ["u1"]}}, False)],
)
def test_refused_evidence_is_tried_unless_an_end_is_blocked(kinds: dict[str, Any], tried: bool) -> None:
    row = {
        "subject": "user:u1",
        "identifier": "email:a@x.org",
        "count": 2,
        "firstSeen": "2026-01-01T00:00:00Z",
        "lastSeen": "2026-01-02T00:00:00Z",
        "source": "api",
        "message": "m1",
    }
    assert may_be_tried(refused_evidence(row), rules(kinds=kinds)) is tried


def test_refused_evidence_of_a_kind_that_is_gone_is_not_tried() -> None:
    row = {
        "subject": "user:u1",
        "identifier": "loyalty:7",
        "count": 1,
        "firstSeen": "2026-01-01T00:00:00Z",
        "lastSeen": "2026-01-01T00:00:00Z",
        "source": "api",
        "message": None,
    }
    assert not may_be_tried(refused_evidence(row), rules())
