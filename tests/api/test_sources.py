"""docs/sources.md over HTTP: sources are listed, and asked for by name."""

from graphcdp.model.statement import Statement
from graphcdp.record.pace import Pace
from graphcdp.record.recorder import Recorder
from graphcdp.resolve.limits import CustomerLimits
from graphcdp.tracking_plan.written import parse_plan
from tests.api.conftest import Caller, event, record

FIELDS = "name messages events duplicates rejected rejectedShare limited violations firstSeen lastSeen sample"


async def test_rule_3_sources_are_listed_by_name(caller: Caller) -> None:
    await record(caller, event("m1", source="shop"), event("m2", source="shop", by=[]), event("m3"), event("m3"))
    page = (await caller.ask(f"{{ sources {{ nodes {{ {FIELDS} }} pageInfo {{ hasNextPage }} }} }}"))["sources"]
    api, shop = page["nodes"]
    assert (api["name"], api["messages"], api["events"], api["duplicates"]) == ("api", "2", "1", "1")
    assert (shop["name"], shop["messages"], shop["rejected"], shop["rejectedShare"]) == ("shop", "2", "1", 0.5)
    assert shop["firstSeen"] <= shop["lastSeen"]
    assert api["sample"] == {"type": "track", "name": "Visit", "identifiers": ["user"]}
    assert page["pageInfo"] == {"hasNextPage": False}


async def test_rule_3_one_by_its_name(caller: Caller) -> None:
    await record(caller, event("m1", source="shop"))
    document = f"query($name: String!) {{ source(name: $name) {{ {FIELDS} }} }}"
    found = (await caller.ask(document, name="shop"))["source"]
    assert found["events"] == "1"
    assert (await caller.ask(document, name="nowhere"))["source"] is None
    # Beside a field that is not planned the resolvers answer: the same.
    both = f'source(name: "shop") {{ {FIELDS} }} sources {{ edges {{ cursor node {{ {FIELDS} }} }} }}'
    answer = await caller.ask(f"{{ caller {{ kind }} {both} }}")
    assert answer["source"] == found == answer["sources"]["edges"][0]["node"]


async def test_rule_13_who_sends_too_fast_is_told_when_to_come_again(caller: Caller, recorder: Recorder) -> None:
    recorder._pace = Pace(per_s=0.5, burst=1)
    document = """mutation($events: [EventInput!]!) { recordEvents(input: {events: $events}) { results {
        status errors { __typename code message ... on LimitedError { retryAfterS } } } } }"""
    found = (await caller.ask(document, events=[event("m1"), event("m2")]))["recordEvents"]["results"]
    assert [one["status"] for one in found] == ["RECORDED", "REJECTED"]
    (error,) = found[1]["errors"]
    assert (error["__typename"], error["code"], error["retryAfterS"]) == ("LimitedError", "LIMITED", 2)
    assert (await caller.ask("{ rejected { nodes { id } } }"))["rejected"]["nodes"] == []
    assert (await caller.ask("{ sources { nodes { limited } } }"))["sources"]["nodes"] == [{"limited": "1"}]


async def test_rules_14_and_15_what_is_left_out_is_told(caller: Caller, recorder: Recorder) -> None:
    recorder._limits = CustomerLimits(traits_max=1, identifiers_max=1)
    found = await record(caller, event("m1", by=[{"userId": "u"}, {"deviceId": "d"}], traits={"a": 1, "b": 2}))
    (result,) = found["results"]
    assert result["status"] == "RECORDED"
    assert [(one["code"], one["path"]) for one in result["warnings"]] == [
        ("FULL", ["identifiers", "1", "deviceId"]), ("FULL", ["traits"]),
    ]  # fmt: skip


async def test_numbers_beyond_32_bits_are_told(caller: Caller) -> None:
    await record(caller, event("m1"))
    await caller.store.transact(lambda tx: tx.run_generated(Statement("MATCH (s:Source) SET s.messages = 5000000000")))
    assert (await caller.ask("{ sources { nodes { messages } } }"))["sources"]["nodes"] == [{"messages": "5000000000"}]


async def test_rule_9_events_tell_what_the_plan_says_against_them(caller: Caller, recorder: Recorder) -> None:
    recorder._plan = parse_plan("unknown_events: mark\nevents: {Visit: {properties: {total: number}}}", "plan")
    found = await record(
        caller,
        event("m1", properties={"total": "x"}),
        event("m2"),
        event("m3", name="Surprise"),
        event("m4", name=" Visit"),
    )
    assert [[one["code"] for one in result["warnings"]] for result in found["results"]] == [["PLAN"], [], ["PLAN"], []]
    assert found["results"][0]["warnings"][0]["path"] == ["properties", "total"]
    told = [{"eventId": "m1", "violations": ["properties.total is not of the type number."]}]
    told += [{"eventId": "m2", "violations": []}]
    told += [{"eventId": "m3", "violations": ["The event is not in the tracking plan."]}]
    told += [{"eventId": "m4", "violations": []}]
    for beside in ("", "caller { kind }"):
        fields = "nodes { eventId violations }"
        answer = await caller.ask(f"""{{ {beside} events(order: OLDEST_FIRST) {{ {fields} }}
            customer(by: {{userId: "u1"}}) {{ events(order: OLDEST_FIRST) {{ {fields} }} }} node(id: "evt_m1") {{
            ... on Event {{ eventId violations }} }} }}""")
        assert answer["events"]["nodes"] == answer["customer"]["events"]["nodes"] == told
        assert answer["node"] == told[0]
