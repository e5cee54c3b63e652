"""Free ports of this machine."""

import socket

from graphcdp.model.errors import EmbeddedError


def free_port(preferred: int | None) -> int:
    """A port of 127.0.0.1 that nobody listens on: the preferred one if it is free, for clients come back to it."""
    for port in (preferred, 0):
        if port is None:
            continue
        with socket.socket() as listener:
            # As Neo4j does: connections of the last server that are only fading away do not count.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(listener.getsockname()[1])
    raise EmbeddedError("This machine has no free port on 127.0.0.1.")
