"""Servers in processes of their own, for the benchmarks that ask over HTTP."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import httpx
import psutil


@asynccontextmanager
async def serving(command: Sequence[str], port: int, environment: dict[str, str]) -> AsyncIterator[psutil.Process]:
    """A process that serves at this port, ready; it is killed at the end."""
    running = await asyncio.create_subprocess_exec(
        *command, env=os.environ | environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with httpx.AsyncClient(timeout=5) as http, asyncio.timeout(120):
            while True:
                with suppress(httpx.TransportError):
                    if (await http.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200:
                        break
                await asyncio.sleep(0.2)
        yield psutil.Process(running.pid)
    finally:
        running.kill()
        await running.wait()
