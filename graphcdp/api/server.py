"""The HTTP server: uvicorn, with what sockets and streams need of it."""

import socket
from typing import Any

import uvicorn

from graphcdp.api.http import Application
from graphcdp.api.operations import BODY_BYTES_MAX

PING_S = 20.0
UNTAKEN_S = 60
"""A connection whose other side takes nothing for so long is dropped, with all that is kept for it."""


class Server(uvicorn.Server):
    """Ends what stays open first, so that a stop waits for requests only."""

    def __init__(self, app: Application, **options: Any) -> None:
        """A server of an application from `build_app`; options: as of uvicorn's Config."""
        self._live = app.connections
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                ws="websockets-sansio",
                ws_max_size=BODY_BYTES_MAX,
                ws_ping_interval=PING_S,
                ws_ping_timeout=PING_S,
                # It would keep its tables for each socket, for messages that are small anyway.
                ws_per_message_deflate=False,
                **options,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        await super().startup(sockets)
        if not hasattr(socket, "TCP_USER_TIMEOUT"):
            return
        for server in self.servers:
            for listening in server.sockets:
                if listening.family in (socket.AF_INET, socket.AF_INET6):
                    # Connections inherit it. Without it what was closed stays as long as the other side likes.
                    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNTAKEN_S * 1000)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End sockets with 1001 and streams without `complete`; then finish requests and stop."""
        await self._live.close()
        await super().shutdown(sockets)
