"""docs/subscriptions.md, rules 1 to 8: who gets which changes, over real sockets."""

from contextlib import aclosing

import pytest
from graphql import GraphQLInterfaceType

from graphcdp.api import change_subscriptions
from graphcdp.api.answering import Asked, follow
from graphcdp.api.answers import read_json, to_bytes
from graphcdp.api.change_places import place_text
from graphcdp.api.operations import Operation
from graphcdp.api.schema import schema
from graphcdp.app import Platform
from graphcdp.model.principals import OWNER
from graphcdp.notify.choice import Followed
from graphcdp.read.feed import feed_cursor
from graphcdp.record.feed import trim
from graphcdp.record.recorder import Recorder
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.api.conftest import Caller, Json, event, record, serving
from tests.api.feeds import CHANGES, MINE, ONE, Follower, following
from tests.api.live import nothing_left, opened
from tests.api.test_access import SCHEMA, SCOPES, Door, _ways, bearer, door, token

__all__ = ["door"]


async def id_of(caller: Caller, **by: str) -> str:
    found: str = (await caller.ask("query($by: CustomerRef!) { customer(by: $by) { id } }", by=by))["customer"]["id"]
    return found


async def test_rule_1_what_is_recorded_is_told(caller: Caller) -> None:
    async with following(caller.http) as follower:
        await record(caller, event("e1"), event("e2"))
        seen = await follower.until(4)
        assert follower.told() == ["CREATED", "IDENTIFIER", "EVENT", "EVENT"]
        assert follower.told("sequence") == ["1", "2", "3", "4"]
        assert {one["customer"]["displayName"] for one in seen} == {"u1"}
        assert {one["customer"]["id"] for one in seen} == {seen[0]["customerId"]}
    await nothing_left()


async def test_rule_2_from_a_cursor_nothing_is_missed(caller: Caller) -> None:
    async with following(caller.http) as follower:
        after = follower.after
    await record(caller, event("e1"))
    async with following(caller.http, after=after) as follower:
        await record(caller, event("e2"))
        await follower.until(4)
        assert follower.told("sequence") == ["1", "2", "3", "4"]
        after = follower.after
    await record(caller, event("e3"))
    async with following(caller.http, after=after) as follower:
        await follower.until(1)
        assert follower.told("sequence") == ["5"]


@pytest.mark.parametrize(("after", "expected"), [(feed_cursor(1), "CURSOR_EXPIRED"), ("nonsense", "BAD_CURSOR")])
async def test_rule_3_cursors_that_cannot_be_followed(caller: Caller, after: str, expected: str) -> None:
    await record(caller, event("e1"))
    await record(caller, event("e2"))
    await trim(caller.store, keep_s=3600, keep_max=1)
    async with opened(caller.http) as client:
        await client.init()
        for document in (CHANGES, ONE):
            answer = await client.ask(document, customer={"userId": "u1"}, after=after)
            assert answer["data"] is None
            assert [one["extensions"]["code"] for one in answer["errors"]] == [expected]
    await nothing_left()


SEGMENT = """mutation { createSegment(input: {key: "pro", name: "Pro",
  where: {trait: {path: "plan", is: {eq: "pro"}}}}) { segment { id } errors { code } } }"""
FILTERED = """subscription($segment: SegmentRef, $names: [String!], $traits: [String!], $kinds: [ChangeKind!]) {
  changes(segment: $segment, eventNames: $names, traits: $traits, kinds: $kinds) { cursor nodes { kind sequence
    ... on EventRecorded { name event { name } } ... on SegmentMove { segmentKey segment { name } }
    ... on TraitsChanged { traits { name before after } } } } }"""


async def test_rule_4_filters(caller: Caller) -> None:
    await caller.ask(SEGMENT)
    given: list[tuple[Json, list[str]]] = [
        ({"segment": {"key": "pro"}}, ["ENTERED", "EXITED"]),
        ({"names": ["Order"]}, ["EVENT"]),
        ({"traits": ["plan"]}, ["TRAITS", "TRAITS"]),
        ({"traits": ["plan"], "kinds": ["TRAITS", "CREATED"]}, ["CREATED", "TRAITS", "TRAITS"]),
        ({"kinds": ["CREATED", "IDENTIFIER"]}, ["CREATED", "IDENTIFIER"]),
    ]
    identify = """mutation($t: JSON!) { identify(input: {identifiers: [{userId: "u1"}], traits: $t}) { status } }"""
    async with opened(caller.http) as client:
        await client.init()
        followers = [await Follower(client, str(place)).begin(FILTERED, **one) for place, (one, _) in enumerate(given)]
        await caller.ask(identify, t={"plan": "pro", "city": "Hue"})
        await record(caller, event("e1"), event("e2", name="Order"))
        await caller.ask(identify, t={"plan": "free", "city": "Hue"})
        by_id = {str(place): follower for place, follower in enumerate(followers)}
        while any(len(one.seen) < len(kinds) for one, (_, kinds) in zip(followers, given, strict=True)):
            message = await client.receive()
            by_id[message["id"]].take(message)
        assert [one.told() for one in followers] == [kinds for _, kinds in given]
        entered = followers[0].seen[0]
        assert (entered["segmentKey"], entered["segment"]) == ("pro", {"name": "Pro"})
        assert followers[1].told("event") == [{"name": "Order"}]
        (plan,) = [one for one in followers[2].seen[1]["traits"] if one["name"] == "plan"]
        assert (plan["before"], plan["after"]) == ("pro", "free")
        unknown = await client.ask(FILTERED, "x", segment={"key": "none"})
        assert unknown["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    await nothing_left()


async def test_rule_5_followed_through_a_merge_and_back(caller: Caller) -> None:
    await record(caller, event("a1", by=[{"userId": "a"}]), event("b1", by=[{"email": "b@example.com"}]))
    gone, stays = await id_of(caller, email="b@example.com"), await id_of(caller, userId="a")
    async with following(caller.http, ONE, customer={"id": gone}) as follower:
        await record(caller, event("ab", by=[{"userId": "a"}, {"email": "b@example.com"}]))
        seen = await follower.until(2)
        assert follower.told() == ["MERGED", "EVENT"]
        assert seen[0]["absorbedId"] == gone
        assert {one["customerId"] for one in seen} == {stays}
        after = follower.after
    merged = "query($by: CustomerRef!) { customer(by: $by) { merges { nodes { id } } } }"
    (merge,) = (await caller.ask(merged, by={"id": stays}))["customer"]["merges"]["nodes"]
    # Who was away for the split goes on as who it was, and gets its part back.
    async with following(caller.http, ONE, customer={"id": gone}, after=after) as follower:
        undo = "mutation($m: ID!) { undoMerge(input: {merge: $m}) { errors { code message } } }"
        assert (await caller.ask(undo, m=merge["id"]))["undoMerge"]["errors"] == []
        await record(caller, event("a2", by=[{"userId": "a"}]), event("b2", by=[{"email": "b@example.com"}]))
        seen = await follower.until(2)
        split, *_, last = seen
        assert (split["kind"], split["customerId"], split["separatedIds"]) == ("SPLIT", stays, [gone])
        assert (last["kind"], last["customerId"], last["customer"]["id"]) == ("EVENT", gone, gone)
    await nothing_left()


async def test_rule_5_by_an_identifier_whoever_has_it(caller: Caller) -> None:
    async with following(caller.http, ONE, customer={"email": "b@example.com"}) as follower:
        await record(caller, event("a1", by=[{"userId": "a"}]))
        await record(caller, event("b1", by=[{"email": "b@example.com"}]))
        await follower.until(2)
        assert follower.told() == ["IDENTIFIER", "EVENT"]
        await record(caller, event("ab", by=[{"userId": "a"}, {"email": "b@example.com"}]))
        await follower.until(4)
        assert follower.told()[2:] == ["MERGED", "EVENT"]
        assert "b@example" not in str(follower.after)


async def test_rule_6_from_a_cursor_of_the_whole_feed(caller: Caller) -> None:
    """It does not tell who the customer was there: all ids that lead to it now are followed."""
    await record(caller, event("a1", by=[{"userId": "a"}]))
    await record(caller, event("b1", by=[{"email": "b@example.com"}]))
    gone = await id_of(caller, email="b@example.com")
    await record(caller, event("ab", by=[{"userId": "a"}, {"email": "b@example.com"}]))
    async with following(caller.http, ONE, customer={"id": gone}, after=feed_cursor(0)) as follower:
        await follower.until(8)
        assert follower.told() == ["CREATED", "IDENTIFIER", "EVENT"] * 2 + ["MERGED", "EVENT"]


async def test_a_sign_moves_the_cursor_on(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_subscriptions, "SIGN_S", 0.1)
    async with following(caller.http, kinds=["ERASED"]) as follower:
        await record(caller, event("e1"))
        assert await follower.batch() == []
        assert follower.after == feed_cursor(3)
        await record(caller, event("e2"))
        assert await follower.batch() == []
        assert follower.after == feed_cursor(4)
    await nothing_left()


async def test_rule_7_equal_subscribers_are_read_once(store: Store, recorder: Recorder, settings: Settings) -> None:
    platform = Platform(settings, store, recorder)
    async with serving(platform) as http:
        caller = Caller(http, store)
        await record(caller, event("e0"))
        async with opened(http) as one, opened(http) as other:
            followers = []
            for client in (one, other):
                await client.init()
                followers += [await Follower(client, str(place)).begin(CHANGES) for place in range(10)]
            assert len(platform.change_answers) == 1
            batches = 0
            for number in range(1, 6):
                before, made = store.statements_run, platform.change_answers.batches_made
                await recorder.record([{"id": f"x{number}", "name": "Visit", "identifiers": [("user", "u1")]}])
                for client in (one, other):
                    for _ in range(10):
                        message = await client.receive()
                        (node,) = message["payload"]["data"]["changes"]["nodes"]
                        assert node["customer"]["displayName"] == "u1"
                batches += platform.change_answers.batches_made - made
                # Recording, the feed's reader, and one statement for twenty subscribers.
                assert store.statements_run - before < 15
            assert batches == 5
    await nothing_left()
    assert len(platform.change_answers) == 0


SUBSCRIPTIONS = {
    "changes": "subscription { changes { cursor } }",
    "customerChanged": 'subscription { customerChanged(customer: {userId: "u1"}) { cursor } }',
}


@pytest.mark.parametrize("principal", SCOPES)
async def test_rule_8_who_may_follow(door: Door, principal: str) -> None:
    header = door.header_by_principal[principal]
    async with opened(door.http, additional_headers=header) as client:
        await client.init()
        expected = "UNAUTHENTICATED" if principal == "anonymous" else "FORBIDDEN"
        for place, (name, document) in enumerate({**SUBSCRIPTIONS, "myChanges": MINE}.items()):
            await client.subscribe(document, str(place))
            payload = (await client.receive())["payload"]
            may = principal == "visitor" if name == "myChanges" else principal in ("read", "pii", "admin", "all")
            if may:
                assert payload["data"][name]["cursor"]
                await client.send("complete", id=str(place))
            else:
                assert [one["extensions"]["code"] for one in payload["errors"]] == [expected]
                assert (await client.receive())["type"] == "complete"
    await nothing_left()


async def test_rule_8_what_is_masked(door: Door) -> None:
    document = """subscription { changes { cursor nodes { sequence kind customer { id displayName email }
      ... on TraitsChanged { traits { name before after } } ... on IdentifierLinked { identifier { value } } } } }"""
    async with (
        following(door.http, document, door.header_by_principal["read"]["Authorization"]) as masked,
        following(door.http, document, door.header_by_principal["pii"]["Authorization"]) as plain,
    ):
        write = """mutation { identify(input: {identifiers: [{email: "ann@example.com"}], traits: {plan: "pro"}})
          { status } }"""
        await door.ask(write, "write")
        for follower, email in ((masked, None), (plain, "ann@example.com")):
            await follower.until(3)
            assert follower.told() == ["CREATED", "IDENTIFIER", "TRAITS"]
            assert {one["customer"]["email"] for one in follower.seen} == {email}
            (plan,) = follower.seen[2]["traits"]
            assert (plan["name"], plan["after"]) == ("plan", "pro" if email else None)
            assert follower.seen[1]["identifier"]["value"] == (email or "***")
    await nothing_left()


async def test_rule_8_a_visitor_follows_itself_alone(door: Door) -> None:
    async def write(event_id: str, *by: Json) -> None:
        document = """mutation($e: EventInput!) { recordEvent(input: $e) { status } }"""
        body = {"query": document, "variables": {"e": event(event_id, by=list(by))}}
        answer = await door.http.post("/graphql", json=body, headers=door.header_by_principal["write"])
        assert "errors" not in answer.json()

    other = {"email": "other@example.com"}
    async with following(door.http, MINE, bearer(token("user:u1"))["Authorization"]) as follower:
        await write("o1", other)
        await write("m1", {"userId": "u1"})
        await follower.until(2)
        assert follower.told() == ["IDENTIFIER", "EVENT"]
        await write("both", {"userId": "u1"}, other)
        await follower.until(4)
        assert follower.told() == ["IDENTIFIER", "EVENT", "MERGED", "EVENT"]
        mine, before = follower.seen[-1]["customerId"], follower.after
        cut = (
            'mutation { cutLink(input: {between: [{userId: "u1"}, {email: "other@example.com"}]}) { errors { code } } }'
        )
        assert (await door.ask(cut, "admin"))["cutLink"]["errors"] == []
        await write("o2", other)
        await write("m2", {"userId": "u1"})
        await follower.until(6)
        assert follower.told()[4:] == ["SPLIT", "EVENT"]
        assert {one["customer"]["id"] for one in follower.seen[5:]} == {follower.seen[5]["customerId"]}
    theirs = (await door.ask('{ customer(by: {email: "other@example.com"}) { id } }', "read"))["customer"]["id"]
    assert theirs != mine or follower.seen[5]["customerId"] != mine
    made_up = place_text(0, Followed(frozenset((theirs,)), (theirs,)))
    for after in (made_up, feed_cursor(0), before):
        async with following(door.http, MINE, bearer(token("user:u1"))["Authorization"], after=after) as again:
            await again.until(1)
            # Nothing from before the split, when it had what turned out to be somebody else's.
            assert again.told() == ["EVENT"]
            assert again.seen[0]["customer"]["email"] is None
    await nothing_left()


async def test_what_was_erased_is_in_no_answer_that_was_made_before(caller: Caller) -> None:
    document = """subscription($after: String) { changes(after: $after) { cursor nodes { kind sequence
      ... on TraitsChanged { traits { name after } } } } }"""
    write = """mutation { identify(input: {identifiers: [{userId: "u1"}], traits: {secret: "s3cret"}}) { status } }"""
    await caller.ask(write)
    async with following(caller.http, document, after=feed_cursor(0)) as follower:
        await follower.until(3)
        assert "s3cret" in str(follower.seen)
        erase = """mutation { eraseCustomer(input: {customer: {userId: "u1"}}) { errors { code } } }"""
        assert (await caller.ask(erase))["eraseCustomer"]["errors"] == []
        await follower.until(4)
        async with following(caller.http, document, after=feed_cursor(0)) as again:
            await again.until(4)
            assert set(again.told()) == {"ERASED"}
            assert "s3cret" not in str(again.seen)
    await nothing_left()


async def test_rule_8_a_visitor_comes_back_soon(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_subscriptions, "VISITOR_BACK_MAX", 2)
    write = """mutation { recordEvent(input: {name: "x", identifiers: [{userId: "u1"}]}) { status } }"""
    await door.ask(write, "write")
    async with opened(door.http, additional_headers=door.header_by_principal["visitor"]) as client:
        await client.init()
        answer = await client.ask(MINE, after=feed_cursor(0))
        assert [one["extensions"]["code"] for one in answer["errors"]] == ["CURSOR_EXPIRED"]
        await client.subscribe(MINE, after=feed_cursor(1))
        assert (await client.receive())["payload"]["data"]["myChanges"]["nodes"]


LONG = """subscription Long($x: Boolean!, $y: Boolean!) {
  all: changes(after: "AFTER") { __typename at: cursor caughtUp
    first: nodes { ...Told who: customer { ...C } customer @include(if: $x) { id } }
    nodes { customer { n: displayName } customer { id traits { json } } }
    empty: nodes { customer @skip(if: $y) { id } }
    only: nodes { ... on EventRecorded { customer { id } event { id customer { id } } } } } }
fragment Told on Change { __typename sequence kind
  ... on TraitsChanged { traits { name after } customer { updatedAt } }
  ... on IdentifierLinked { removed identifier { kind value customer { id } } } }
fragment C on Customer { id events(first: 2) { totalish: nodes { name } nodes { id } } __typename }"""


@pytest.mark.parametrize("given", [{"x": True, "y": False}, {"x": False, "y": True}])
async def test_what_is_delivered_is_what_graphql_core_answers(
    store: Store, recorder: Recorder, settings: Settings, given: dict[str, bool]
) -> None:

    platform = Platform(settings, store, recorder)
    await recorder.record(
        [
            {"id": "1", "name": "A", "identifiers": [("user", "a")], "traits": {"plan": "pro"}},
            {"id": "2", "name": "B", "identifiers": [("user", "b")]},
            {"id": "3", "name": "C", "identifiers": [("user", "a"), ("user", "b")]},
        ]
    )
    text = LONG.replace("AFTER", feed_cursor(0))
    context = platform.context()
    context.principal = OWNER
    async with aclosing(await schema.subscribe(text, variable_values=given, context_value=context)) as results:
        expected = await anext(results)
    async with aclosing(follow(Asked(Operation(text, given, None, False), OWNER, ""), platform)) as answers:
        delivered = await anext(answers)
    assert expected.errors is None
    assert read_json(to_bytes(delivered)) == read_json(to_bytes({"data": expected.data}))
    assert delivered["data"]["all"]["first"]


def test_rule_8_no_way_leads_from_changes_to_somebody_else() -> None:
    change = SCHEMA._schema.type_map["Change"]
    assert isinstance(change, GraphQLInterfaceType)
    for of in SCHEMA._schema.get_possible_types(change):
        for path, found in _ways(of, of.name, {"Customer"}):
            assert found.name not in ("MergedCustomer", "Link", "Merge", "IdentityConflict", "CustomerSplit"), path
            # Of a change it is the visitor itself.
            assert found.name != "Customer" or path == f"{of.name}.customer", path
