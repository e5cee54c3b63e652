"""docs/import.md, the dry run: what is foreseen is what recording does then, and foreseeing writes nothing."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graphcdp.model.outcomes import Outcome
from graphcdp.model.statement import Statement
from graphcdp.record.erase import erase_customer
from graphcdp.record.foresight import Foresight
from graphcdp.record.recorder import Recorder
from graphcdp.record.rules import rules_in_force, rules_to_be, settle_rules
from graphcdp.resolve.limits import NO_LIMITS, CustomerLimits
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store, Transaction

START = datetime(2026, 1, 1, tzinfo=UTC)
RULES = {
    "default": {},
    "limits": {"kinds": {"email": {"limit": 1}, "device": {"limit": 2}}},
    "window": {"kinds": {"device": {"limit": 1, "window": "P2D"}}},
    "last_login": {"shared_device": "last_login", "kinds": {"user": {"limit": 1}}},
    "never": {"merge": "never"},
    "crowded": {},
}


def made(seed: int, count: int) -> list[dict[str, Any]]:
    """Messages over few identifiers, some of them unusable, some twice."""
    chance = random.Random(seed)
    found = []
    for n in range(count):
        pool = [("user", f"u{chance.randrange(6)}"), ("email", f"e{chance.randrange(8)}@x.org")]
        pool += [("device", f"d{chance.randrange(9)}"), ("anonymous", f"a{chance.randrange(9)}"), ("user", "null")]
        named = chance.sample(pool, chance.randint(1, 3))
        at = START + timedelta(hours=chance.randrange(200))
        message = {"id": f"{seed}-{n}", "name": "Seen", "at": at, "identifiers": named, "traits": {"n": n}}
        found.append(chance.choice(found) if found and chance.random() < 0.1 else message)
    return found


async def graph(store: Store) -> dict[str, int]:
    text = """
        MATCH (n) OPTIONAL MATCH (n)-[r]->()
        RETURN count(DISTINCT n) AS nodes, count(r) AS edges, sum(r.count) AS evidence,
               count(DISTINCT CASE WHEN n:Customer OR n:MergedCustomer THEN n END) AS made,
               count(DISTINCT CASE WHEN n:MergedCustomer THEN n END) AS merged
    """
    (row,) = await store.read_generated(Statement(text))
    return row


def told(outcomes: list[Outcome]) -> list[tuple[Any, ...]]:
    """Outcomes without the ids of customers, which are made anew each time."""
    return [
        (one.message_id, one.status, len(one.absorbed), [p.code for p in one.warnings], [p.code for p in one.errors])
        for one in outcomes
    ]


def parts(messages: list[dict[str, Any]], size: int) -> list[list[dict[str, Any]]]:
    return [messages[start : start + size] for start in range(0, len(messages), size)]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", RULES)
async def test_what_is_foreseen_comes_true(store: Store, name: str, seed: int) -> None:
    limits = CustomerLimits(traits_max=None, identifiers_max=6) if name == "crowded" else NO_LIMITS
    recorder = Recorder(store, IdentityRules.model_validate({"region": "VN", **RULES[name]}), limits=limits)
    stored, new = made(100 + seed, 30), made(200 + seed, 60)
    await recorder.record(stored)
    before = await graph(store)
    foresight = Foresight(store)
    messages = [*stored[:5], *new]
    foreseen = [told(await recorder.foresee(part, foresight)) for part in parts(messages, 7)]
    assert await graph(store) == before
    happened = [told(await recorder.record(part)) for part in parts(messages, 7)]
    assert foreseen == happened
    after = await graph(store)
    assert foresight.created == after["made"] - before["made"]
    assert foresight.merged == after["merged"] - before["merged"]
    assert foresight.created


async def test_erased_identifiers_are_left_out(recorder: Recorder, store: Store) -> None:
    (outcome,) = await recorder.record([{"name": "Seen", "identifiers": [("user", "u1")]}])
    await erase_customer(store, outcome.customer_id or "")
    messages = [
        {"id": "m1", "name": "Seen", "identifiers": [("user", "u1")]},
        {"id": "m2", "name": "Seen", "identifiers": [("user", "u1"), ("user", "u2")]},
    ]
    foreseen = told(await recorder.foresee(messages, Foresight(store)))
    assert foreseen == told(await recorder.record(messages))
    assert foreseen[1][3]


async def test_who_consults_cannot_write(store: Store) -> None:
    async def write(tx: Transaction) -> None:
        await tx.run_generated(Statement("CREATE (:Scratch)"))

    before = await graph(store)
    with pytest.raises(Exception, match="Writing in read access mode"):
        await store.consult(write)
    assert await graph(store) == before


async def test_rules_that_will_be_are_told_and_not_put_in_force(store: Store) -> None:
    of_file = IdentityRules(region="DE")
    assert (await rules_to_be(store, None, "VN")).region == "VN"
    assert await rules_to_be(store, (of_file, "hash"), "VN") == of_file
    assert await rules_in_force(store) is None
    await settle_rules(store, None, "FR", START)
    assert (await rules_to_be(store, None, "VN")).region == "FR"
    assert await rules_to_be(store, (of_file, "hash"), "VN") == of_file


async def test_what_is_known_is_found_by_indexes(recorder: Recorder, profiled: Any) -> None:
    await recorder.record([{"name": "Seen", "identifiers": [("user", f"u{n}")]} for n in range(50)])
    for name, parameters in (
        ("record/known_identifiers", {"batch": {"identifiers": [{"key": "user:u1", "hash": "h"}]}}),
        ("record/known_neighbours", {"batch": {"customers": ["c"], "pairs": [["a", "b"]], "messages": ["m"]}}),
        ("record/import_stands", {"keys": ["k"]}),
    ):
        plan = await profiled(name, **parameters)
        assert not [step for step in plan if step[0] in ("AllNodesScan", "NodeByLabelScan")], name
