"""A real Neo4j of our own, as a process beside us. Never a statement, never a rule.

    artifacts.py   the lock file, download, verify, cache
    maven.py       one file from Maven
    lock.py        makes the lock file anew
    server.py      start or join, wait, stop, take over
    admin.py       bulk import into a folder that no server uses
    folder.py      what a data folder holds: configuration, password, which server runs
    java.py        the command that is the server
    supervisor.py  the small process that ends the server when its owner is gone
    processes.py   whether a process is still that very process
    probe.py       whether the server lets us in
    failures.py    why a server ended, in one line
    warm.py        the archive of loaded classes, which makes later starts quick
    ports.py       free ports

Start with `start` in server.py. The layout of a data folder is in folder.py,
that of a cache folder in artifacts.py.
"""

from graphcdp.embedded.admin import clean_work
from graphcdp.embedded.artifacts import Progress, ensure
from graphcdp.embedded.folder import Status, is_new
from graphcdp.embedded.server import EmbeddedNeo4j, start, status, stop, unused

__all__ = ["EmbeddedNeo4j", "Progress", "Status", "clean_work", "ensure", "is_new", "start", "status", "stop", "unused"]
