"""What tests of subscriptions to the feed share: documents, batches as they come, and events that are recorded."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.api.conftest import Json
from tests.api.live import Client, opened

CHANGES = """subscription Follow($after: String, $kinds: [ChangeKind!]) { changes(after: $after, kinds: $kinds) {
  cursor caughtUp nodes { sequence kind customerId customer { id displayName } } } }"""
ONE = """subscription One($customer: CustomerRef!, $after: String, $kinds: [ChangeKind!]) {
  customerChanged(customer: $customer, after: $after, kinds: $kinds) { cursor nodes { sequence kind customerId
    customer { id } ... on CustomersMerged { absorbedId } ... on CustomerParted { separatedIds } } } }"""
MINE = """subscription($after: String) { myChanges(after: $after) { cursor nodes { sequence kind customerId
  customer { id email } } } }"""


class Follower:
    """One subscription on a socket; `after` is where it goes on from."""

    def __init__(self, client: Client, operation_id: str = "1") -> None:
        self.client = client
        self._operation_id = operation_id
        self.after: str | None = None
        self.seen: list[Json] = []

    async def begin(self, document: str, **variables: Any) -> "Follower":
        """Subscribe; without a cursor, wait for the first batch, which tells one."""
        await self.client.subscribe(document, self._operation_id, **variables)
        if variables.get("after") is None:
            assert await self.batch() == []
        return self

    async def batch(self) -> list[Json]:
        """The changes of the next answer."""
        return self.take(await self.client.receive())

    def take(self, message: Json) -> list[Json]:
        """The changes of a message that is about this subscription."""
        assert (message["type"], message["id"]) == ("next", self._operation_id), message
        assert "errors" not in message["payload"], message
        (batch,) = message["payload"]["data"].values()
        self.after = batch["cursor"]
        self.seen += batch["nodes"]
        found: list[Json] = batch["nodes"]
        return found

    async def until(self, count: int) -> list[Json]:
        """All that was seen, when it is so many."""
        while len(self.seen) < count:
            await self.batch()
        return self.seen

    def told(self, name: str = "kind") -> list[Any]:
        """One field of all that was seen."""
        return [one[name] for one in self.seen]


@asynccontextmanager
async def following(
    http: httpx.AsyncClient, document: str = CHANGES, authorization: str | None = None, **variables: Any
) -> AsyncIterator[Follower]:
    """A follower on a socket of its own."""
    async with opened(http, max_size=None) as client:
        await client.init(None if authorization is None else {"authorization": authorization})
        yield await Follower(client).begin(document, **variables)
