"""Lists: Relay both ways, search, orders, filters, and arguments that cannot be."""

from typing import Any

import pytest

from tests.api.conftest import Caller, Json, event, record

EVENTS = """query($first: Int, $after: String, $last: Int, $before: String, $order: TimeOrder!, $filter: EventFilter) {
  customer(by: {userId: "u1"}) {
    events(first: $first, after: $after, last: $last, before: $before, order: $order, filter: $filter) {
      edges { cursor node { eventId } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}"""

CUSTOMERS = """query($search: String, $order: CustomerOrder, $first: Int, $after: String, $last: Int, $before: String) {
  customers(search: $search, order: $order, first: $first, after: $after, last: $last, before: $before) {
    edges { cursor score node { displayName } } totalCount { value precision }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""


async def events(caller: Caller, **arguments: Any) -> Json:
    found: Json = (await caller.ask(EVENTS, **{"order": "NEWEST_FIRST", **arguments}))["customer"]["events"]
    return found


def ids(page: Json) -> list[str]:
    return [edge["node"]["eventId"] for edge in page["edges"]]


async def test_a_timeline_turns_back_to_where_it_was(caller: Caller) -> None:
    await record(caller, *(event(f"e{n}", at=f"2026-01-0{n}T00:00:00Z") for n in range(1, 8)))
    first = await events(caller, first=3)
    assert ids(first) == ["e7", "e6", "e5"]
    assert (first["pageInfo"]["hasNextPage"], first["pageInfo"]["hasPreviousPage"]) == (True, False)
    second = await events(caller, first=3, after=first["pageInfo"]["endCursor"])
    assert ids(second) == ["e4", "e3", "e2"]
    assert (second["pageInfo"]["hasNextPage"], second["pageInfo"]["hasPreviousPage"]) == (True, True)
    back = await events(caller, last=3, before=second["pageInfo"]["startCursor"])
    assert (ids(back), back["pageInfo"]["hasPreviousPage"]) == (ids(first), False)
    assert back["edges"] == first["edges"]
    oldest = await events(caller, last=2)
    assert (ids(oldest), oldest["pageInfo"]["hasPreviousPage"], oldest["pageInfo"]["hasNextPage"]) == (
        ["e2", "e1"], True, False,
    )  # fmt: skip
    assert ids(await events(caller, order="OLDEST_FIRST", first=2)) == ["e1", "e2"]
    assert ids(await events(caller, order="OLDEST_FIRST", last=2)) == ["e6", "e7"]


@pytest.mark.parametrize("order", ["NEWEST_FIRST", "OLDEST_FIRST"])
async def test_a_timeline_of_more_identifiers_than_a_page_is_long(caller: Caller, order: str) -> None:
    await record(caller, *(event(f"l{n}", by=[{"userId": "u1"}, {"deviceId": f"d{n}"}]) for n in range(6)))
    # Some times are of one device alone, some of two, and each device is busy until another day.
    await record(
        caller,
        *(
            event(f"e{n}-{day}", by=[{"deviceId": f"d{n}"}], at=f"2026-01-{day:02}T00:00:00Z")
            for n in range(6)
            for day in (n + 1, n + 3, 15 - n // 2)
        ),
    )
    whole = ids(await events(caller, order=order, first=50))
    assert len(whole) == 24
    for size in range(1, 8):
        forth, back = await events(caller, order=order, first=size), await events(caller, order=order, last=size)
        for first in range(0, 24, size):
            assert ids(forth) == whole[first : first + size]
            assert ids(back) == whole[::-1][first : first + size][::-1]
            assert forth["pageInfo"]["hasNextPage"] == back["pageInfo"]["hasPreviousPage"] == (first + size < 24)
            forth = await events(caller, order=order, first=size, after=forth["pageInfo"]["endCursor"])
            back = await events(caller, order=order, last=size, before=back["pageInfo"]["startCursor"])


@pytest.mark.parametrize("order", ["NEWEST_FIRST", "OLDEST_FIRST"])
async def test_a_page_that_ends_among_events_of_one_moment(caller: Caller, order: str) -> None:
    await record(caller, *(event(f"l{n}", by=[{"userId": "u1"}, {"deviceId": f"d{n}"}]) for n in range(12)))
    at = {"NEWEST_FIRST": "2026-02-01T00:00:00Z", "OLDEST_FIRST": "2025-01-01T00:00:00Z"}[order]
    await record(caller, *(event(f"e{n * 7 % 12:02}", by=[{"deviceId": f"d{n}"}], at=at) for n in range(12)))
    expected = [f"e{n:02}" for n in range(12)]
    if order == "NEWEST_FIRST":
        expected.reverse()
    for size in range(1, 8):
        assert ids(await events(caller, order=order, first=size)) == expected[:size]


async def test_a_page_stays_right_while_events_arrive(caller: Caller) -> None:
    await record(caller, *(event(f"e{n}", at=f"2026-01-0{n}T00:00:00Z") for n in range(1, 6)))
    first = await events(caller, first=2)
    await record(caller, event("new", at="2026-02-01T00:00:00Z"), event("late", at="2026-01-03T12:00:00Z"))
    assert ids(await events(caller, first=3, after=first["pageInfo"]["endCursor"])) == ["late", "e3", "e2"]


async def test_filters_by_name_time_and_source(caller: Caller) -> None:
    await record(
        caller,
        event(
            "a", name="Order", at="2026-01-01T00:00:00Z", source="shop", properties={"total": 5, "paid": "2026-01-01"}
        ),
        event("b", name="Order", at="2026-01-02T00:00:00Z", source="web", properties={"total": 9}),
        event("c", name="Visit", at="2026-01-03T00:00:00Z", source="web", properties={"total": "9"}),
    )
    for wanted, found in (
        ({"names": ["Order"]}, ["b", "a"]),
        ({"names": ["Order", "Visit", "Order"]}, ["c", "b", "a"]),
        ({"names": []}, []),
        ({"sources": ["web"]}, ["c", "b"]),
        ({"names": ["Order"], "sources": ["web"]}, ["b"]),
        ({"during": {"since": "2026-01-02T00:00:00Z"}}, ["c", "b"]),
        ({"during": {"until": "2026-01-02T00:00:00Z"}}, ["a"]),
        ({"during": {"since": "2026-01-02T07:00:00+07:00", "until": "2026-01-03T00:00:00Z"}}, ["b"]),
        ({"during": {"within": "PT1M"}}, []),
        ({"during": {"within": "P9Y"}}, ["c", "b", "a"]),
        ({"where": [{"path": "total", "is": {"gte": 5}}]}, ["b", "a"]),
        ({"where": [{"path": "total", "is": {"exists": True}}], "sources": ["web"]}, ["c", "b"]),
        ({"where": [{"path": "total", "is": {"lt": 9}}, {"path": "paid", "is": {"before": "P1D"}}]}, ["a"]),
        ({"where": []}, ["c", "b", "a"]),
    ):
        assert ids(await events(caller, filter=wanted)) == found


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"first": 0}, "BAD_USER_INPUT"),
        ({"first": 101}, "BAD_USER_INPUT"),
        ({"first": 1, "last": 1}, "BAD_USER_INPUT"),
        ({"after": "nonsense"}, "BAD_CURSOR"),
        ({"filter": {"names": ["n"] * 51}}, "BAD_USER_INPUT"),
        ({"filter": {"during": {"since": "yesterday"}}}, "BAD_USER_INPUT"),
        ({"filter": {"during": {"within": "P11Y"}}}, "BAD_USER_INPUT"),
        ({"filter": {"during": {"within": "a week"}}}, "BAD_USER_INPUT"),
        ({"filter": {"where": [{"path": "total", "is": {"gt": True}}]}}, "BAD_USER_INPUT"),
        ({"filter": {"where": [{"path": "total", "is": {"gt": 1}}] * 11}}, "BAD_USER_INPUT"),
    ],
)
async def test_arguments_that_cannot_be(caller: Caller, arguments: Json, code: str) -> None:
    await record(caller, event("e1"))
    error = await caller.failure(EVENTS, **{"order": "NEWEST_FIRST", **arguments})
    assert error["extensions"]["code"] == code


async def test_a_cursor_of_another_order_is_refused(caller: Caller) -> None:
    await record(caller, event("e1"), event("e2"))
    page = await events(caller, first=1)
    error = await caller.failure(EVENTS, order="OLDEST_FIRST", after=page["pageInfo"]["endCursor"])
    assert error["extensions"]["code"] == "BAD_CURSOR"


async def test_one_bad_field_does_not_take_its_neighbours(caller: Caller) -> None:
    await record(caller, event("e1"))
    answer = await caller.answer('{ customer(by: {userId: "u1"}) { displayName events(first: 0) { nodes { id } } } }')
    assert answer["data"] == {"customer": {"displayName": "u1", "events": None}}
    assert [error["path"] for error in answer["errors"]] == [["customer", "events"]]


PEOPLE = [
    ("u1", "Ann Lee", "ann@example.com", "2026-01-01"),
    ("u2", "Ann Smith", "ann.smith@other.org", "2026-01-03"),
    ("u3", "Bob Lee", "bob@example.com", "2026-01-02"),
]


async def people(caller: Caller) -> None:
    for user, name, email, day in PEOPLE:
        by = [{"userId": user}, {"email": email}]
        await record(caller, event(f"e-{user}", by=by, traits={"name": name}, at=f"{day}T00:00:00Z"))
    # The full-text index follows within a moment.
    await caller.store.run_schema("CALL db.index.fulltext.awaitEventuallyConsistentIndexRefresh()")


async def listed(caller: Caller, **arguments: Any) -> Json:
    found: Json = (await caller.ask(CUSTOMERS, **arguments))["customers"]
    return found


def names(page: Json) -> list[str]:
    return [edge["node"]["displayName"] for edge in page["edges"]]


async def test_orders_of_customers_both_ways(caller: Caller) -> None:
    await people(caller)
    for order, expected in (
        ("LAST_SEEN", ["Ann Smith", "Bob Lee", "Ann Lee"]),
        ("NEWEST", ["Bob Lee", "Ann Smith", "Ann Lee"]),
        ("OLDEST", ["Ann Lee", "Ann Smith", "Bob Lee"]),
        (None, ["Ann Smith", "Bob Lee", "Ann Lee"]),
    ):
        first = await listed(caller, order=order, first=2)
        rest = await listed(caller, order=order, first=2, after=first["pageInfo"]["endCursor"])
        assert names(first) + names(rest) == expected
        assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
        assert first["totalCount"] == {"value": 3, "precision": "EXACT"}
        last = await listed(caller, order=order, last=1)
        before = await listed(caller, order=order, last=5, before=last["pageInfo"]["startCursor"])
        assert names(before) + names(last) == expected
        assert (last["pageInfo"]["hasPreviousPage"], before["pageInfo"]["hasPreviousPage"]) == (True, False)


async def test_search(caller: Caller) -> None:
    await people(caller)
    for words, expected in (
        ("ann", {"Ann Lee", "Ann Smith"}),
        ("LEE", {"Ann Lee", "Bob Lee"}),
        ("lee ann", {"Ann Lee"}),
        ("smi", {"Ann Smith"}),
        ("bob@exam", {"Bob Lee"}),
        ("ann@example.com", {"Ann Lee"}),
        ("u3", {"Bob Lee"}),
        ("nobody", set()),
        ("??", set()),
    ):
        page = await listed(caller, search=words)
        assert set(names(page)) == expected, words
        assert page["totalCount"] == {"value": len(expected), "precision": "EXACT"}
        assert all(edge["score"] > 0 for edge in page["edges"])
        assert set(names(await listed(caller, search=words, order="NEWEST"))) == expected
    first = await listed(caller, search="ann", first=1)
    second = await listed(caller, search="ann", first=1, after=first["pageInfo"]["endCursor"])
    assert {*names(first), *names(second)} == {"Ann Lee", "Ann Smith"}
    assert second["pageInfo"]["hasNextPage"] is False


@pytest.mark.parametrize(
    "arguments", [{"search": "a"}, {"search": "x" * 201}, {"order": "RELEVANCE"}, {"search": "ann", "last": 1}]
)
async def test_searches_that_cannot_be(caller: Caller, arguments: Json) -> None:
    error = await caller.failure(CUSTOMERS, **arguments)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("connection", ["identifiers", "devices"])
async def test_identifiers_and_devices_in_pages(caller: Caller, connection: str) -> None:
    await record(
        caller,
        *(
            event(f"e{n}", by=[{"userId": "u1"}, {"deviceId": f"d{n}"}], at=f"2026-01-0{n}T00:00:00Z")
            for n in range(1, 6)
        ),
    )
    document = f"""query($first: Int, $after: String, $last: Int, $before: String) {{ customer(by: {{userId: "u1"}}) {{
        {connection}(first: $first, after: $after, last: $last, before: $before) {{ nodes {{ id }}
        totalCount {{ value }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}"""

    async def page(**arguments: Any) -> Json:
        found: Json = (await caller.ask(document, **arguments))["customer"][connection]
        return found

    whole = [node["id"] for node in (await page(first=50))["nodes"]]
    assert len(whole) == (await page())["totalCount"]["value"]
    forth: list[str] = []
    after = None
    while True:
        found = await page(first=2, after=after)
        forth += [node["id"] for node in found["nodes"]]
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
    back: list[str] = []
    before = None
    while True:
        found = await page(last=2, before=before)
        back = [node["id"] for node in found["nodes"]] + back
        before = found["pageInfo"]["startCursor"]
        if not found["pageInfo"]["hasPreviousPage"]:
            break
    assert forth == back == whole


async def test_refused_messages_newest_first(caller: Caller) -> None:
    for n in range(3):
        await record(caller, event(f"bad{n}", by=[{"email": "no address"}], properties={"n": n}))
    document = """query($first: Int, $after: String, $last: Int) { rejected(first: $first, after: $after, last: $last) {
        nodes { id messageId receivedAt source code reason content } pageInfo { hasNextPage endCursor } } }"""
    page = (await caller.ask(document, first=2))["rejected"]
    assert [node["messageId"] for node in page["nodes"]] == ["bad2", "bad1"]
    assert (page["nodes"][0]["code"], page["nodes"][0]["source"]) == ("NO_IDENTIFIER", "api")
    assert '"no address"' in page["nodes"][0]["content"]
    rest = (await caller.ask(document, first=2, after=page["pageInfo"]["endCursor"]))["rejected"]
    assert [node["messageId"] for node in rest["nodes"]] == ["bad0"]
    assert [node["messageId"] for node in (await caller.ask(document, last=1))["rejected"]["nodes"]] == ["bad0"]
