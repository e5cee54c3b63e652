"""docs/discovery.md on the graph: what is read, what is proposed and how well its rules select, what is kept."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson
import pytest

from graphcdp.insight.behaviour import WINDOWS_D
from graphcdp.insight.vectors import DIMENSIONS
from graphcdp.model.catalog import Property
from graphcdp.model.errors import InvalidReferenceError, MissingExtraError
from graphcdp.model.predicates import parse_predicate
from graphcdp.model.statement import Statement
from graphcdp.read.lookalikes import customer_lookalikes, segment_distinctions, segment_lookalikes
from graphcdp.read.segments import meets
from graphcdp.record import discovery
from graphcdp.record.behaviour import behaviours_of, chosen_customers, likeliest_amount, plan_of
from graphcdp.record.discovery import Wanted, discover, renew_behaviour
from graphcdp.record.erase import erase_customer
from graphcdp.record.identity_edits import merge_customers
from graphcdp.record.jobs import JobKind, JobState, JobStatus, queue_job, run_job
from graphcdp.record.recorder import Recorder
from graphcdp.record.segment_edits import create_segment
from graphcdp.store import Store
from tests.insight.graph import messages
from tests.insight.population import GROUPS, NAMES, NOW

Json = dict[str, Any]


@pytest.fixture
async def group_by_customer(store: Store, recorder: Recorder) -> dict[str, str]:
    """The planted customers on the graph: the group of each, by id."""
    found, group_by_user = messages()
    await recorder.record(found)
    rows = await store.read_generated(
        Statement("MATCH (i:User)-[:IDENTIFIES]->(c:Customer) RETURN i.value AS user, c.id AS id")
    )
    return {row["id"]: group_by_user[row["user"]] for row in rows}


async def done(store: Store, wanted: Wanted) -> JobState:
    return await ran(store, await discover(store, wanted, NOW))


async def ran(store: Store, job: str, now: datetime = NOW) -> JobState:
    kinds = {JobKind.DISCOVERY: partial(discovery.begin, clock=lambda: now)}
    state = await run_job(store, job, kinds, clock=lambda: now)
    assert state is not None
    assert state.status is JobStatus.SUCCEEDED, state.failure
    return state


async def worked_out(store: Store) -> JobState:
    """How customers behave, without a search for segments."""
    request = {"renew": True}
    return await ran(store, await store.transact(lambda tx: queue_job(tx, JobKind.DISCOVERY, NOW, request=request)))


async def test_planted_groups_are_proposed_with_rules_that_select_them(
    store: Store, group_by_customer: dict[str, str]
) -> None:
    state = await done(store, Wanted(count=20))
    proposals = state.result["suggestions"]
    assert state.result["customers"] == len(group_by_customer)
    assert [one["quality"] for one in proposals] == sorted((one["quality"] for one in proposals), reverse=True)
    told = {}
    for proposal in [one for one in proposals if one["origin"] == "cluster"]:
        selected = await selected_by(store, proposal["rule"], group_by_customer)
        assert proposal["size"] == len(selected)
        assert proposal["share"] == pytest.approx(len(selected) / len(group_by_customer), abs=1e-3)
        groups = [group_by_customer[one] for one in selected]
        for group in GROUPS:
            precision = groups.count(group) / len(groups)
            recall = groups.count(group) / list(group_by_customer.values()).count(group)
            if precision > 0.5:
                told[group] = (precision, recall)
        assert proposal["precision"] >= 0.7
        assert proposal["recall"] >= 0.5
        assert proposal["distinctions"]
    assert set(told) == set(GROUPS)
    assert all(precision >= 0.8 and recall >= 0.9 for precision, recall in told.values()), told


async def selected_by(store: Store, rule: Json, group_by_customer: dict[str, str]) -> list[str]:
    ids = sorted(group_by_customer)
    text = orjson.dumps(rule).decode()
    return [one for one, inside in zip(ids, await meets(store, ids, text, lambda: NOW), strict=True) if inside]


async def test_rule_1_only_within_a_condition(store: Store, group_by_customer: dict[str, str]) -> None:
    free = parse_predicate({"trait": {"path": "plan", "is": {"eq": "free"}}})
    state = await done(store, Wanted(within=free, count=20, minimum_share=0.2))
    assert state.result["customers"] == sum(group != "shoppers" for group in group_by_customer.values())
    for proposal in state.result["suggestions"]:
        assert proposal["rule"]["all"][0] == free.to_json()
        assert proposal["share"] >= 0.2
        selected = await selected_by(store, proposal["rule"], group_by_customer)
        assert len(selected) == proposal["size"]
        assert "shoppers" not in {group_by_customer[one] for one in selected}


async def test_rule_2_what_is_read_of_a_customer(store: Store, recorder: Recorder) -> None:
    ago = timedelta(days=5)
    await recorder.record(
        [
            {"type": "identify", "identifiers": [("user", "u")], "traits": {"plan": "pro", "email": "a@b.example"}},
            *(
                {
                    "type": "track",
                    "name": NAMES[0],
                    "at": NOW - ago * number,
                    "identifiers": [("user", "u"), ("device", "d")],
                    "properties": {"total": 5, "tax_total": "x", "items": 3},
                    "source": "shop",
                }
                for number in range(1, 4)
            ),
        ]
    )
    plan = await plan_of(store, NOW)
    assert (plan.names, plan.amount, plan.traits) == ((NAMES[0],), (NAMES[0], "total"), ("plan",))
    (one,) = await behaviours_of(store, await chosen_customers(store, None, NOW), plan)
    activity = one.activity[NAMES[0]]
    assert (activity.count, activity.days, activity.amount) == (3, 3, 15.0)
    assert (activity.first, activity.last) == (NOW - 3 * ago, NOW - ago)
    assert activity.recent == (1, 2, 3, 3, 3, 3)
    assert (dict(one.traits), dict(one.identifiers)) == ({"plan": "pro"}, {"user": 1, "device": 1})
    assert one.sources == frozenset(("shop",))


async def test_rule_1_of_too_many_customers_some_are_chosen_always_the_same(store: Store, recorder: Recorder) -> None:
    await recorder.record([{"type": "identify", "identifiers": [("user", f"u{number}")]} for number in range(40)])
    everybody = await chosen_customers(store, None, NOW)
    some = await chosen_customers(store, None, NOW, customers_max=10)
    assert len(everybody) == 40
    assert len(some) == 10
    assert some == sorted(some)
    assert set(some) < set(everybody)
    assert some == await chosen_customers(store, None, NOW, customers_max=10)
    assert some[-1] > everybody[9], "not simply the first ones"


def test_rule_2_amounts_have_names() -> None:
    def number(path: str) -> Property:
        return Property(path, ("number",), (), personal=False)

    found = [("Viewed", number("price")), ("Ordered", number("items")), ("Ordered", number("order_total"))]
    assert likeliest_amount(found) == ("Ordered", "order_total")
    assert likeliest_amount(found[1:2]) is None


async def test_rules_16_to_20_lookalikes_and_what_sets_apart(store: Store, group_by_customer: dict[str, str]) -> None:
    with pytest.raises(InvalidReferenceError, match="discoverSegments"):
        await customer_lookalikes(store, ["cus_1"], 5)
    await worked_out(store)
    for group in GROUPS:
        ids = [customer for customer, of in group_by_customer.items() if of == group]
        same = []
        for one, alike in zip(ids, await customer_lookalikes(store, ids, 5), strict=True):
            assert len(alike) == 5
            assert one not in {found.customer_id for found in alike}
            assert [found.similarity for found in alike] == sorted((found.similarity for found in alike), reverse=True)
            assert all(0 < found.similarity <= 1 and found.reasons for found in alike)
            same += [group_by_customer[found.customer_id] == group for found in alike]
        assert sum(same) >= 0.9 * len(same), group
    pro = {"trait": {"path": "plan", "is": {"eq": "pro"}}}
    old_shoppers = sorted(one for one, group in group_by_customer.items() if group == "shoppers")
    # The rule takes some of the shoppers only, so that the others are to be found.
    many = {"did": {"event": {"name": NAMES[0]}, "times": {"atLeast": 14}}}
    segment = await create_segment(store, "pros", "Pros", None, parse_predicate({"all": [pro, many]}), NOW)
    members = await selected_by(store, {"all": [pro, many]}, group_by_customer)
    (alike,) = await segment_lookalikes(store, [segment], 5)
    assert len(members) < len(old_shoppers)
    assert {found.customer_id for found in alike} <= set(old_shoppers) - set(members)
    assert any("Order Completed" in reason.text for reason in alike[0].reasons)
    (told,) = await segment_distinctions(store, [segment], 10)
    assert told[0].share == 1.0
    assert any(one.text.startswith("did Order Completed at least") and one.lift > 2 for one in told)


async def test_rule_17_what_is_kept_goes_with_the_customer(
    store: Store, recorder: Recorder, group_by_customer: dict[str, str]
) -> None:
    await worked_out(store)
    one, other, third = sorted(one for one, group in group_by_customer.items() if group == "readers")[:3]
    await erase_customer(store, one)
    assert await merge_customers(store, other, [third], await recorder.rules_now(), NOW, override=True)
    (left,) = await store.read_generated(
        Statement("MATCH (c) WHERE c.behaviour IS NOT NULL RETURN count(c) AS customers, "
                  "sum(CASE WHEN c:Customer THEN 0 ELSE 1 END) AS others")
    )  # fmt: skip
    assert left == {"customers": len(group_by_customer) - 2, "others": 0}
    (alike,) = await customer_lookalikes(store, [other], 50)
    assert not {one, third} & {found.customer_id for found in alike}


async def test_rule_18_it_is_renewed_when_it_is_old(store: Store, group_by_customer: dict[str, str]) -> None:
    assert await renew_behaviour(store, NOW, 60) is None, "nobody asked for it yet"
    await worked_out(store)
    assert await renew_behaviour(store, NOW + timedelta(seconds=59), 60) is None
    job = await renew_behaviour(store, NOW + timedelta(seconds=61), 60)
    assert job is not None
    assert await renew_behaviour(store, NOW + timedelta(seconds=61), 60) is None, "a job is at it"
    state = await ran(store, job, NOW + timedelta(seconds=61))
    assert dict(state.result) == {}
    assert state.done == state.total == len(group_by_customer)


@pytest.mark.parametrize("wanted", [Wanted(count=0), Wanted(count=21), Wanted(minimum_share=0.9), Wanted(features=())])
async def test_numbers_out_of_range_are_refused(store: Store, wanted: Wanted) -> None:
    with pytest.raises(InvalidReferenceError):
        await discover(store, wanted, NOW)


async def test_without_the_extra_it_says_what_to_install(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "_NEEDED", ("numpy", "no_such_package"))
    with pytest.raises(MissingExtraError, match=r"pip install 'graphcdp\[discovery\]'"):
        await discover(store, Wanted(), NOW)


async def test_an_empty_graph_has_nothing_to_propose(store: Store) -> None:
    assert (await done(store, Wanted())).result == {"suggestions": [], "customers": 0}


async def test_statements_walk_indexes(store: Store, group_by_customer: dict[str, str], profiled: Any) -> None:
    ids, vector = sorted(group_by_customer), [1.0] * DIMENSIONS
    await worked_out(store)
    row = {"key": "", "vector": vector, "nearest": 5, "segment": None, "without": None}
    edges = [NOW] * len(WINDOWS_D)
    for name, index, parameters in (
        ("insight/latest_event", "at, id", {"now": NOW}),
        ("insight/customer_page", "c:Customer(id)", {"after": "", "limit": 10}),
        (
            "insight/behaviours",
            "e:Event(subject, at)",
            {"ids": ids[:3], "edges": edges, "until": NOW, "event": "a", "amount": "b"},
        ),
        ("insight/of_customers", "c:Customer(id)", {"ids": ids[:3]}),
        ("insight/set_behaviours", "c:Customer(id)", {"rows": [{"id": ids[0], "vector": vector, "facts": []}]}),
        ("insight/nearest", "db.index.vector.queryNodes", {"rows": [row], "limit": 5}),
    ):
        operators = await profiled(name, **parameters)
        assert not [one for one in operators if "LabelScan" in one[0] or "AllNodesScan" in one[0]], name
        assert any(index in details for _, details, _, _ in operators), (name, operators)
