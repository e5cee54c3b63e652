"""A real Neo4j of our own. Never a statement, never a rule.

    artifacts.py   the lock, download, verify, cache
    maven.py       one file from Maven
    server.py      configure, start, wait, stop, take over; the data folder's layout
    supervisor.py  the process that stops the server when its owner is gone
    lock.py        makes the lock anew

Start with `start` in server.py.
"""

from graphcdp.embedded.artifacts import Progress
from graphcdp.embedded.server import EmbeddedNeo4j, Status, start, status, stop

__all__ = ["EmbeddedNeo4j", "Progress", "Status", "start", "status", "stop"]
