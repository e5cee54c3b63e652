"""docs/subscriptions.md, rules 1 to 9, over real sockets."""

from tests.api.conftest import Caller, event, record
from tests.api.feeds import CHANGES, ONE, following
from tests.api.live import nothing_left


async def test_rule_1_what_is_recorded_is_told(caller: Caller) -> None:
    async with following(caller.http) as follower:
        await record(caller, event("e1"), event("e2"))
        seen = await follower.until(4)
        assert follower.told() == ["CREATED", "IDENTIFIER", "EVENT", "EVENT"]
        assert follower.told("sequence") == ["1", "2", "3", "4"]
        assert {one["customer"]["displayName"] for one in seen} == {"u1"}
        assert {one["customer"]["id"] for one in seen} == {seen[0]["customerId"]}
    await nothing_left()


async def test_rule_5_followed_through_a_merge(caller: Caller) -> None:
    await record(caller, event("a1", by=[{"userId": "a"}]), event("b1", by=[{"email": "b@example.com"}]))
    gone = (await caller.ask('{ customer(by: {email: "b@example.com"}) { id } }'))["customer"]["id"]
    stays = (await caller.ask('{ customer(by: {userId: "a"}) { id } }'))["customer"]["id"]
    async with following(caller.http, ONE, customer={"id": gone}) as follower:
        await record(caller, event("ab", by=[{"userId": "a"}, {"email": "b@example.com"}]))
        seen = await follower.until(2)
        assert follower.told() == ["MERGED", "EVENT"]
        assert seen[0]["absorbedId"] == gone
        assert {one["customerId"] for one in seen} == {stays}
    await nothing_left()
    assert CHANGES
