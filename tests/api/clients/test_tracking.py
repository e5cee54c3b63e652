"""The SDKs themselves, with nothing changed but the host: of Node, of Python, and of browsers in a real one."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
import uvicorn
from segment.analytics.client import Client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from graphcdp.api import tracking
from graphcdp.app import Platform
from graphcdp.model.errors import DatabaseError
from graphcdp.model.principals import Scope
from graphcdp.record.clock import utc_now
from graphcdp.record.keys import create_key
from graphcdp.record.recorder import Recorder
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.api.clients import installed, node
from tests.api.conftest import Caller, Json, serving

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
BROWSER_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
EVENTS = """{ events(first: 50) { nodes { name at source properties { json } context { json } } }
  rejected { nodes { code reason content } } }"""
CUSTOMER = """query($by: CustomerRef!) { customer(by: $by) {
  identifiers(first: 20) { nodes { kind value } } } }"""
EACH = ["Group", "Order Completed", "Page Viewed", "Screen Viewed"]


class Hesitant(Recorder):
    """The database does not answer at first, then it does."""

    refusals = 1

    async def record(self, raws: Any) -> Any:
        if self.refusals:
            self.refusals -= 1
            raise DatabaseError("The database does not answer.")
        return await super().record(raws)


@dataclass
class Shop:
    """A server with a public key, and a caller that may read."""

    caller: Caller
    key: str

    @property
    def host(self) -> str:
        return str(self.caller.http.base_url).rstrip("/")

    async def events(self) -> dict[str, Json]:
        """All that was recorded, by name; nothing was refused and nothing doubled."""
        found = await self.caller.ask(EVENTS)
        assert found["rejected"]["nodes"] == []
        by_name = {event["name"]: event for event in found["events"]["nodes"]}
        assert len(by_name) == len(found["events"]["nodes"])
        assert {event["source"] for event in by_name.values()} == {"web shop"}
        return by_name

    async def identifiers(self, user: str) -> set[tuple[str, str]]:
        """Of the customer with this user id."""
        customer = (await self.caller.ask(CUSTOMER, by={"userId": user}))["customer"]
        return {(one["kind"], one["value"]) for one in customer["identifiers"]["nodes"]}


@pytest.fixture
async def shop(store: Store, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    """A shop whose database is away when the first message comes."""
    monkeypatch.setattr(tracking, "DOWN_AGAIN_S", 1)
    _, reading = await create_key(store, "reader", [Scope.READ, Scope.PII], utc_now())
    _, key = await create_key(store, "web shop", [Scope.WRITE], utc_now())
    async with serving(Platform(Settings(), store, Hesitant(store, recorder.rules))) as http:
        http.headers["Authorization"] = f"Bearer {reading}"
        yield Shop(Caller(http, store), key)


async def test_node(shop: Shop) -> None:
    folder = await asyncio.to_thread(installed)
    running = await asyncio.create_subprocess_exec(
        node(),
        folder / "track.mjs",
        shop.host,
        shop.key,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await running.communicate()
    assert running.returncode == 0, err.decode()
    told = orjson.loads(out)
    assert told["errors"] == []
    assert sorted(told["statuses"]) == [200, 200, 503], "what was not taken is sent again"
    events = await shop.events()
    assert sorted(events) == EACH
    order = events["Order Completed"]
    assert order["properties"]["json"] == {"total": 12.5}
    assert order["at"] == "2026-01-02T03:04:05.678Z"
    assert order["context"]["json"]["library"]["name"] == "@segment/analytics-node"
    assert await shop.identifiers("u-node") == {
        ("user", "u-node"), ("anonymous", "a-node"), ("anonymous", "a-before"), ("email", "node@example.com"),
    }  # fmt: skip


@pytest.mark.parametrize("zipped", [False, True])
async def test_python(shop: Shop, zipped: bool) -> None:
    errors: list[Any] = []

    def send() -> None:
        client = Client(
            shop.key,
            host=shop.host,
            gzip=zipped,
            on_error=lambda error, items: errors.append(error),
            upload_interval=0.1,
        )
        who = {"user_id": "u-python", "anonymous_id": "a-python"}
        client.identify(**who, traits={"email": "python@example.com"})
        client.track(
            **who, event="Order Completed", properties={"total": 12.5}, timestamp=datetime(2026, 1, 2, tzinfo=UTC)
        )
        client.page(**who, name="Home")
        client.screen(**who, name="Cart")
        client.group(**who, group_id="g1", traits={"name": "Team"})
        client.alias("a-before", "u-python")
        client.flush()
        client.join()

    await asyncio.to_thread(send)
    assert errors == []
    events = await shop.events()
    assert sorted(events) == EACH
    assert events["Order Completed"]["at"] == "2026-01-02T00:00:00.000Z"
    assert events["Group"]["properties"]["json"] == {"groupId": "g1", "name": "Team"}
    assert await shop.identifiers("u-python") == {
        ("user", "u-python"), ("anonymous", "a-python"), ("anonymous", "a-before"), ("email", "python@example.com"),
    }  # fmt: skip


@pytest.mark.skipif(
    BROWSER is None and not os.environ.get("CI"),
    reason="no Chromium is installed here (Debian: apt-get install chromium); in CI it must be",
)
@pytest.mark.parametrize("way", ["each", "batching"])
async def test_browser(shop: Shop, tmp_path: Path, way: str) -> None:
    assert BROWSER is not None, "CI needs Chromium: apt-get install chromium"
    folder = await asyncio.to_thread(installed)
    asked = urlencode({"host": shop.host, "key": shop.key, **({"batching": "1"} if way == "batching" else {})})
    async with page_server(folder) as (address, done):
        url = f"{address}/shop?utm_source=mail&utm_campaign=spring#{asked}"
        async with browser(tmp_path, url), asyncio.timeout(60):
            told = await done
            assert "error" not in told, told
            # The page was answered 503 at first; the SDK sends it again when it likes, as long as the page is open.
            while len(events := await shop.events()) < 4:  # noqa: ASYNC110  # it tells no event of ours
                await asyncio.sleep(0.1)
    assert told["failed"] == []
    assert sorted(events) == ["Group", "Order Completed", "Page Viewed", "Product Viewed"]
    page = events["Page Viewed"]
    assert page["properties"]["json"].items() >= {
        "name": "Home", "path": "/shop", "title": "Shop", "page_path": "/shop", "utm_source": "mail",
        "utm_campaign": "spring", "browser": "HeadlessChrome", "os": "Linux", "device_type": "desktop",
    }.items()  # fmt: skip
    assert events["Order Completed"]["properties"]["json"]["total"] == 12.5
    assert page["context"]["json"]["library"]["name"] == "analytics.js"
    assert "ip" not in page["context"]["json"]
    assert await shop.identifiers("u-browser") == {
        ("user", "u-browser"), ("anonymous", told["anonymous"]), ("email", "browser@example.com"),
    }  # fmt: skip


@asynccontextmanager
async def page_server(folder: Path) -> AsyncIterator[tuple[str, asyncio.Future[Any]]]:
    """The shop's own server, of another origin; with what the page tells it when it is done."""
    done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def page(request: Request) -> Response:
        return FileResponse(folder / "track.html")

    async def finish(request: Request) -> Response:
        done.set_result(orjson.loads(await request.body()))
        return Response()

    scripts = StaticFiles(directory=folder / "node_modules" / "@segment" / "analytics-next" / "dist" / "umd")
    app = Starlette(routes=[Route("/shop", page), Route("/done", finish, methods=["POST"]), Mount("/umd", scripts)])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off"))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # the server offers no event
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", done
    finally:
        server.should_exit = True
        await running


@asynccontextmanager
async def browser(folder: Path, url: str) -> AsyncIterator[None]:
    """A browser that shows this page, with all its processes gone in the end."""
    assert BROWSER is not None
    running = await asyncio.create_subprocess_exec(
        BROWSER,
        *BROWSER_OPTIONS,
        f"--user-data-dir={folder}",
        # With a debugging port it stays until it is ended.
        "--remote-debugging-port=0",
        url,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        await running.wait()
