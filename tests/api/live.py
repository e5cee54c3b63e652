"""What tests of sockets and streams share: a job that moves, a socket that was let in, and what is left afterwards."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from graphcdp.model.statement import Statement
from graphcdp.store import Store
from tests.api.conftest import Json

WAIT_S = 60.0
"""How long a test waits for what is sure to come: on a busy machine it may take long."""
PROTOCOL = Subprotocol("graphql-transport-ws")
FOLLOW = "subscription($id: ID!) { jobChanged(id: $id) { id status done } }"


async def set_job(store: Store, job_id: str = "job_a", *, status: str = "RUNNING", done: int = 0) -> None:
    """Let a job stand there, as if it had got so far."""
    statement = """MERGE (j:Job {id: $id})
        ON CREATE SET j.kind = 'RESOLUTION', j.version = 1, j.merges = 0, j.splits = 0, j.startedAt = datetime()
        SET j.status = $status, j.done = $done,
            j.finishedAt = CASE WHEN $status IN ['SUCCEEDED', 'FAILED'] THEN datetime() END"""
    parameters: dict[str, Any] = {"id": job_id, "status": status, "done": done}
    await store.transact(lambda tx: tx.run_generated(Statement(statement, parameters)))


class Client:
    """The other end of a socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, kind: str, **fields: Any) -> None:
        """Send a message of this type."""
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def receive(self) -> Json:
        """The next message."""
        async with asyncio.timeout(WAIT_S):
            found: Json = json.loads(await self.socket.recv())
        return found

    async def init(self, payload: Json | None = None) -> None:
        """Say who is there, and be let in."""
        await self.send("connection_init", **({} if payload is None else {"payload": payload}))
        assert await self.receive() == {"type": "connection_ack"}

    async def subscribe(self, document: str, operation_id: str = "1", **variables: Any) -> None:
        """Ask for an operation."""
        await self.send("subscribe", id=operation_id, payload={"query": document, "variables": variables})

    async def ask(self, document: str, operation_id: str = "1", **variables: Any) -> Json:
        """The only answer to an operation, or the errors that it did not begin for."""
        await self.subscribe(document, operation_id, **variables)
        first = await self.receive()
        if first["type"] == "error":
            return {"errors": first["payload"]}
        assert (first["type"], first["id"]) == ("next", operation_id)
        assert await self.receive() == {"type": "complete", "id": operation_id}
        found: Json = first["payload"]
        return found

    async def closed(self) -> tuple[int | None, str | None]:
        """With which code and reason the server closes."""
        try:
            async with asyncio.timeout(WAIT_S):
                while True:
                    await self.socket.recv()
        except ConnectionClosed:
            return self.socket.close_code, self.socket.close_reason


@asynccontextmanager
async def opened(http: httpx.AsyncClient, **options: Any) -> AsyncIterator[Client]:
    """A socket of this server; it has not said who it is."""
    origin = options.pop("origin", None)
    async with connect(
        address(http),
        subprotocols=options.pop("subprotocols", [PROTOCOL]),
        origin=cast("Origin | None", origin),
        proxy=None,
        **options,
    ) as socket:
        yield Client(socket)


def address(http: httpx.AsyncClient) -> str:
    """Of the server's sockets."""
    return str(http.base_url.join("/graphql")).replace("http", "ws", 1)


def tasks_of_ours() -> list[str]:
    """The tasks that serve sockets, streams, operations or those who follow."""
    ours = ("_Socket.", "Sockets.", "EventStream.", "Reservation", "Polled.", "_until_gone", "aclose", "asyncgen")
    return [str(task) for task in asyncio.all_tasks() if any(name in str(task.get_coro()) for name in ours)]


async def until(condition: Callable[[], bool]) -> None:
    """Wait until this is so."""
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110  # there is no event for what is gone
            await asyncio.sleep(0.02)


async def nothing_left() -> None:
    """Wait until all of them are gone."""
    await until(lambda: not tasks_of_ours())
