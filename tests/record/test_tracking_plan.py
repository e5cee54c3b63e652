"""docs/sources.md, rules 5 to 9, on the write path: what breaks the plan is marked or refused, and counted."""

from graphcdp.model.outcomes import Status
from graphcdp.model.problems import ProblemCode
from graphcdp.read.sources import sources_by_names
from graphcdp.record.recorder import Recorder
from graphcdp.record.rejected import replay_next
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store
from graphcdp.tracking_plan.written import parse_plan
from tests.record.test_recorder import rows, seen

PLAN = """
unknown_events: keep
events:
  Seen: {properties: {total: number}}
  Paid: {violations: refuse, properties: {total: {type: number, required: true}}}
traits: {age: integer}
"""


async def test_rule_9_what_breaks_the_plan_is_marked_or_refused_and_counted(store: Store, rules: IdentityRules) -> None:
    recorder = Recorder(store, rules, plan=parse_plan(PLAN, "plan"))
    user = ("user", "u")
    outcomes = await recorder.record(
        [
            seen("m1", user, properties={"total": 1}),
            seen("m2", user, properties={"total": "secret"}),
            seen("m3", user, name="Paid"),
            {"id": "m4", "type": "identify", "identifiers": [user], "traits": {"age": "old"}},
            seen("m5", user, name="Other", properties={"total": "x"}),
        ]
    )
    assert [one.status for one in outcomes] == [
        Status.RECORDED, Status.RECORDED, Status.REJECTED, Status.RECORDED, Status.RECORDED,
    ]  # fmt: skip
    assert [one.code for one in outcomes[1].warnings] == [ProblemCode.PLAN]
    assert [one.code for one in outcomes[2].errors] == [ProblemCode.PLAN]
    assert [one.message for one in outcomes[3].warnings] == ["traits.age is not of the type integer."]
    stored = await rows(store, "MATCH (e:Event) RETURN e.id AS id, e.violations AS said, e.json AS json ORDER BY id")
    assert stored == [
        {"id": "m1", "said": None, "json": '{"total":1}'},
        {"id": "m2", "said": ["properties.total is not of the type number."], "json": '{"total":"secret"}'},
        {"id": "m5", "said": None, "json": '{"total":"x"}'},
    ]
    kept = await rows(store, "MATCH (r:Rejected) RETURN r.messageId AS id, r.code AS code, r.reason AS reason")
    assert kept == [{"id": "m3", "code": "PLAN", "reason": "properties.total is missing."}]
    (api,) = await sources_by_names(store, ["api"])
    assert api is not None
    assert (api.messages, api.events, api.rejected, api.violations) == (5, 3, 1, 3)


async def test_rule_9_what_was_refused_is_taken_once_the_plan_is_put_right(store: Store, rules: IdentityRules) -> None:
    strict = Recorder(store, rules, plan=parse_plan("unknown_events: refuse", "plan"))
    await strict.record([seen("m1", ("user", "u"))])
    assert (await replay_next(store, strict)).taken == 0
    assert (await replay_next(store, Recorder(store, rules))).taken == 1
    assert await rows(store, "MATCH (e:Event) RETURN e.id AS id") == [{"id": "m1"}]
