"""A real browser without a window, driven by its own debugging protocol: Chromium, where the machine has one."""

import asyncio
import base64
import itertools
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_S = 60.0
WAIT_S = 60.0


class Page:
    """One page of the browser."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self.requested: list[str] = []
        """The addresses that it asked for."""
        self.complaints: list[str] = []
        """What went wrong in it: exceptions, and errors of the console."""

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """What a command of the protocol answers."""
        number = next(self._numbers)
        await self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        async with asyncio.timeout(WAIT_S):
            while True:
                message: dict[str, Any] = json.loads(await self._socket.recv())
                if message.get("id") == number:
                    assert "error" not in message, message
                    found: dict[str, Any] = message["result"]
                    return found
                self._note(message)

    async def open(self, address: str) -> None:
        """Go to an address."""
        for domain in ("Page", "Network", "Runtime", "Log"):
            await self.call(f"{domain}.enable")
        await self.call("Page.navigate", url=address)

    async def value(self, expression: str) -> Any:
        """What an expression of JavaScript comes to, as JSON."""
        found = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def until(self, expression: str) -> Any:
        """Wait until an expression is true; what it came to then."""
        found = None
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_S):
                while not (found := await self.value(expression)):  # noqa: ASYNC110  # a page tells nobody
                    await asyncio.sleep(0.05)
        assert found, f"{expression} never came true; the page says {await self.value('document.body.innerText')!r}"
        return found

    async def click(self, selector: str) -> None:
        """Click the first element of a selector, as soon as there is one."""
        await self.until(f"!!document.querySelector({json.dumps(selector)})")
        await self.value(f"document.querySelector({json.dumps(selector)}).click()")

    async def type(self, text: str) -> None:
        """Type a text where the cursor is."""
        await self.call("Input.insertText", text=text)

    async def picture(self, path: Path) -> None:
        """Keep what is seen, as PNG."""
        found = await self.call("Page.captureScreenshot", format="png")
        await asyncio.to_thread(path.write_bytes, base64.b64decode(found["data"]))

    def _note(self, message: dict[str, Any]) -> None:
        told = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requested.append(told["request"]["url"])
            case "Network.webSocketCreated":
                self.requested.append(told["url"])
            case "Runtime.exceptionThrown":
                self.complaints.append(str(told["exceptionDetails"]))
            case "Log.entryAdded" if told["entry"]["level"] == "error":
                self.complaints.append(str(told["entry"]))


@asynccontextmanager
async def browsing(folder: Path) -> AsyncIterator[Page]:
    """A page of a browser that keeps its files in this folder; skips the test when there is no browser."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("no Chromium is installed")
    running = await asyncio.create_subprocess_exec(
        program,
        "--headless=new",
        # Its sandbox needs rights that a container has not; it opens this project's own page only.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--window-size=1400,900",
        "--remote-debugging-port=0",
        f"--user-data-dir={folder}",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        port = await _port(folder / "DevToolsActivePort")
        async with connect(await _page_of(port), proxy=None, max_size=None) as socket:
            yield Page(socket)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        await running.wait()


async def _port(path: Path) -> int:
    """Where it listens; it tells by a file only."""
    async with asyncio.timeout(START_S):
        while (port := await asyncio.to_thread(_told, path)) is None:  # noqa: ASYNC110  # by nothing else
            await asyncio.sleep(0.05)
    return port


def _told(path: Path) -> int | None:
    lines = path.read_text().split("\n") if path.exists() else []
    # The last line has no end: before it is there the first may be half a number.
    return int(lines[0]) if len(lines) > 1 else None


async def _page_of(port: int) -> str:
    """The socket of its first page."""
    async with connect(await _browser_of(port), proxy=None) as socket:
        await socket.send(json.dumps({"id": 1, "method": "Target.getTargets"}))
        targets = json.loads(await socket.recv())["result"]["targetInfos"]
    (page,) = [one["targetId"] for one in targets if one["type"] == "page"]
    return f"ws://127.0.0.1:{port}/devtools/page/{page}"


async def _browser_of(port: int) -> str:
    async with httpx.AsyncClient(trust_env=False) as http:
        found: str = (await http.get(f"http://127.0.0.1:{port}/json/version")).json()["webSocketDebuggerUrl"]
    return found
