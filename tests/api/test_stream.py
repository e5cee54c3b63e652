"""The stream of events of all customers, and evidence as a node."""

from tests.api.conftest import Caller, event, record


async def test_the_stream_tells_all_customers_events(caller: Caller) -> None:
    await record(
        caller,
        event("e1", at="2026-01-01T10:00:00Z", by=[{"userId": "u1"}], properties={"n": 1}),
        event("e2", at="2026-01-02T10:00:00Z", by=[{"userId": "u2"}, {"deviceId": "d2"}], name="Order"),
        event("e3", at="2026-01-03T10:00:00Z", by=[{"email": "c@example.com"}]),
    )
    document = """query($order: TimeOrder! = NEWEST_FIRST, $filter: EventFilter, $first: Int, $after: String) {
      events(order: $order, filter: $filter, first: $first, after: $after) {
        nodes { eventId customer { id } identifiers { value } properties { json } }
        edges { cursor } pageInfo { hasNextPage endCursor } } }"""
    found = (await caller.ask(document, first=2))["events"]
    assert [one["eventId"] for one in found["nodes"]] == ["e3", "e2"]
    assert [one["value"] for one in found["nodes"][1]["identifiers"]] == ["u2", "d2"]
    assert len({one["customer"]["id"] for one in found["nodes"]}) == 2
    assert found["pageInfo"]["hasNextPage"] is True
    rest = (await caller.ask(document, after=found["pageInfo"]["endCursor"]))["events"]
    assert [(one["eventId"], one["properties"]["json"]) for one in rest["nodes"]] == [("e1", {"n": 1})]
    orders = (await caller.ask(document, order="OLDEST_FIRST", filter={"names": ["Order"]}))["events"]
    assert [one["eventId"] for one in orders["nodes"]] == ["e2"]
    failure = await caller.failure(document, order="OLDEST_FIRST", after=found["pageInfo"]["endCursor"])
    assert failure["extensions"]["code"] == "BAD_CURSOR"


async def test_a_link_is_a_node(caller: Caller) -> None:
    await record(caller, event("e1", by=[{"userId": "u1"}, {"deviceId": "d1"}]))
    listed = await caller.ask('{ customer(by: {userId: "u1"}) { links { nodes { id } } } }')
    (link,) = listed["customer"]["links"]["nodes"]
    document = "query($id: ID!) { node(id: $id) { __typename id ... on Link { from { value } to { value } count } } }"
    found = (await caller.ask(document, id=link["id"]))["node"]
    assert found == {"__typename": "Link", **link, "from": {"value": "d1"}, "to": {"value": "u1"}, "count": 1}
    assert (await caller.ask(document, id="lnk_none"))["node"] is None
