"""docs/sources.md, rules 11 to 13: a customer whose messages come too fast is held back, nobody else is."""

from datetime import UTC, datetime, timedelta
from typing import Any

from graphcdp.model.outcomes import Outcome, Status
from graphcdp.model.problems import ProblemCode
from graphcdp.read.sources import sources_by_names
from graphcdp.record.files import Row
from graphcdp.record.load import LoadReport, load_rows
from graphcdp.record.pace import Pace
from graphcdp.record.recorder import Recorder
from graphcdp.record.rejected import replay_next
from graphcdp.resolve.limits import CustomerLimits
from graphcdp.resolve.rules import IdentityRules, KindRule
from graphcdp.store import Store
from tests.record.test_recorder import rows, seen

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_rule_11_a_burst_then_the_steady_rate() -> None:
    pace = Pace(per_s=2, burst=5)
    assert [pace.wait_s("a", 100.0) for _ in range(5)] == [0] * 5
    assert pace.wait_s("a", 100.0) == 0.5
    assert pace.wait_s("b", 100.0) == 0
    assert pace.wait_s("a", 100.4) > 0
    assert pace.wait_s("a", 100.5) == 0
    assert pace.wait_s("a", 100.5) == 0.5
    # Half a minute later the bucket is full again, and not fuller.
    assert [pace.wait_s("a", 130.0) == 0 for _ in range(6)] == [True] * 5 + [False]


def test_rule_11_over_a_long_time_it_is_the_rate() -> None:
    pace = Pace(per_s=4, burst=1)
    taken = sum(pace.wait_s("a", 1_700_000_000 + n / 100) == 0 for n in range(10_000))
    assert 399 <= taken <= 401


def test_rule_11_a_clock_that_goes_back_locks_nobody_out_for_long() -> None:
    pace = Pace(per_s=10, burst=10)
    for _ in range(10):
        pace.wait_s("a", 100.0)
    assert 0 < pace.wait_s("a", 99.0) <= 1.1


def test_rule_11_memory_is_bounded() -> None:
    pace = Pace(per_s=1, burst=1, subjects_max=3)
    assert pace.wait_s("a", 0) == 0
    for other in "bc":
        pace.wait_s(other, 0)
    assert pace.wait_s("a", 0) > 0
    for other in "de":
        pace.wait_s(other, 0)
    assert len(pace._paid_until) == 3
    assert pace.wait_s("e", 0) > 0
    assert pace.wait_s("a", 0) == 0, "it was seen longest ago"


async def test_rules_11_to_13_one_runaway_device(store: Store, rules: IdentityRules) -> None:
    clock = [NOW]
    recorder = Recorder(store, rules, pace=Pace(per_s=1, burst=3), clock=lambda: clock[0])

    def outcomes_of(outcomes: list[Outcome]) -> list[str]:
        return [one.errors[0].code.value if one.errors else one.status.value for one in outcomes]

    batch = [seen(f"m{n}", ("device", "mad"), source="app") for n in range(6)]
    others = [seen(f"o{n}", ("device", f"d{n}"), ("user", f"u{n}"), source="app") for n in range(2)]
    found = await recorder.record([*batch, *others])
    assert outcomes_of(found) == ["RECORDED"] * 3 + ["LIMITED"] * 3 + ["RECORDED"] * 2
    assert (found[3].status, found[3].errors[0].retry_after_s) == (Status.REJECTED, 1)
    assert await rows(store, "MATCH (r:Rejected) RETURN r") == [], "it does not fill the list for review"
    (app,) = await sources_by_names(store, ["app"])
    assert app is not None
    assert (app.messages, app.events, app.rejected, app.limited) == (8, 5, 0, 3)

    # The strongest identifier counts: with a user beside it, it is the user's message.
    assert outcomes_of(await recorder.record([seen("p1", ("device", "mad"), ("user", "u9"))])) == ["RECORDED"]
    clock[0] += timedelta(seconds=1)
    again = await recorder.record(batch[3:])
    assert outcomes_of(again) == ["RECORDED", "LIMITED", "LIMITED"]


async def test_rule_12_what_is_imported_or_tried_again_may_come_at_once(store: Store) -> None:
    cards = IdentityRules(kinds={"card": KindRule(priority=50)})
    recorder = Recorder(store, IdentityRules(), pace=Pace(per_s=1, burst=1), clock=lambda: NOW)
    file = [Row(n, seen(f"m{n}", ("user", "u"))) for n in range(20)]
    report = await load_rows(recorder, file, report=LoadReport())
    assert (report.recorded, report.rejected) == (20, 0)
    await recorder.record([seen(f"n{n}", ("card", "c")) for n in range(5)])
    recorder.follow(cards)
    assert (await replay_next(store, recorder, clock=lambda: NOW + timedelta(days=1))).taken == 5


async def test_rules_14_and_15_on_the_graph(store: Store, rules: IdentityRules) -> None:
    recorder = Recorder(store, rules, limits=CustomerLimits(traits_max=2, identifiers_max=2))
    await recorder.record([seen("m1", ("user", "u"), ("device", "d1"), traits={"a": 1})])
    more: dict[str, Any] = {"traits": {"a": 2, "b": 2, "c": 2}}
    (outcome,) = await recorder.record([seen("m2", ("user", "u"), ("device", "d2"), **more)])
    assert (outcome.status, [one.code for one in outcome.warnings]) == (Status.RECORDED, [ProblemCode.FULL] * 2)
    stored = await rows(store, "MATCH (i)-[:IDENTIFIES]->(c) RETURN i.key AS key, c.traits AS traits ORDER BY key")
    assert stored == [
        {"key": "device:d1", "traits": '{"a":2,"b":2}'},
        {"key": "user:u", "traits": '{"a":2,"b":2}'},
    ]
    assert await rows(store, "MATCH (x:Conflict) RETURN x") == []
    assert await rows(store, "MATCH (e:Event) RETURN count(e) AS n") == [{"n": 2}]
