"""What a data folder holds: configuration, password, and which server runs on it.

<data_dir>/conf/neo4j.conf   written anew at each start
<data_dir>/data              the database; back it up with the server stopped
<data_dir>/logs/neo4j.log    what the server tells; debug.log has more
<data_dir>/logs/server.out   what its process printed; server.out.1 of the start before
<data_dir>/credentials.env   user and password, mode 600, in the form that cypher-shell takes from the environment
<data_dir>/server.json       which process is the server, and who owns it
<data_dir>/server.lock       held by whoever starts, joins or stops a server
"""

import hashlib
import json
import os
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from graphcdp.embedded.processes import ProcessId
from graphcdp.model.errors import EmbeddedError

USER = "neo4j"
_HASH_ROUNDS = 1024


@dataclass(frozen=True, slots=True)
class Status:
    """A server on a data folder.

    neo4j: its version. owner: the process that takes it along when it ends;
    None when the server is kept. archive: where later servers look for the
    archive of loaded classes; None when that is not known.
    """

    process: ProcessId
    port: int
    neo4j: str
    owner: ProcessId | None = None
    archive: str | None = None

    @property
    def pid(self) -> int:
        """The server's process."""
        return self.process.pid

    @property
    def uri(self) -> str:
        """Where bolt answers."""
        return f"bolt://127.0.0.1:{self.port}"


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A data folder by its absolute path, links resolved: one folder has one name."""

    path: Path

    @classmethod
    def at(cls, data_dir: Path) -> "DataFolder":
        """The folder of this path, which need not exist."""
        return cls(data_dir.expanduser().resolve())

    @property
    def logs(self) -> Path:
        """Neo4j's logs and the output of its process."""
        return self.path / "logs"

    @property
    def output(self) -> Path:
        """What the server's process printed."""
        return self.logs / "server.out"

    @property
    def configuration(self) -> Path:
        """neo4j.conf."""
        return self.path / "conf" / "neo4j.conf"

    @property
    def credentials(self) -> Path:
        """User and password."""
        return self.path / "credentials.env"

    @property
    def lock(self) -> Path:
        """Held by whoever starts, joins or stops a server."""
        return self.path / "server.lock"

    @property
    def home_argument(self) -> str:
        """The argument by which a server's command line tells its folder."""
        return f"--home-dir={self.path}"

    def make(self) -> None:
        """Make the folder; only its owner may look into it, for it holds personal data."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        for part in (self.logs, self.path / "conf", self.path / "run"):
            part.mkdir(exist_ok=True)

    # -- the configuration

    def write_configuration(self, port: int, page_cache: str, heap_max: str) -> None:
        """Write neo4j.conf for a server on this port of this machine alone."""
        settings = {
            "server.default_listen_address": "127.0.0.1",
            "server.bolt.listen_address": f"127.0.0.1:{port}",
            "server.bolt.advertised_address": f"127.0.0.1:{port}",
            "server.http.enabled": "false",
            "server.https.enabled": "false",
            "server.memory.heap.max_size": heap_max,
            "server.memory.pagecache.size": page_cache,
            "dbms.usage_report.enabled": "false",
            # Half a gigabyte of disk for two empty databases otherwise.
            "db.tx_log.preallocate": "false",
            # Without its signs of life the driver waits for an answer alone, not for each part of it within a time of
            # its own; each statement has a time limit anyway.
            "server.bolt.connection_keep_alive_for_requests": "OFF",
            # A stop waits ten seconds for connections that may still come, even when there never was one.
            "internal.dbms.bolt.netty_server_shutdown_quiet_period_duration": "0s",
        }
        text = "".join(f"{name}={value}\n" for name, value in settings.items())
        self.configuration.write_text(f"# Written by graphcdp at each start.\n{text}", encoding="utf-8")

    def configured_port(self) -> int | None:
        """The port of the last start, if there was one."""
        try:
            text = self.configuration.read_text(encoding="utf-8")
        except OSError:
            return None
        found = re.search(r"^server\.bolt\.listen_address=127\.0\.0\.1:(\d+)$", text, re.MULTILINE)
        return int(found[1]) if found else None

    # -- the password

    def password(self) -> str:
        """The password of USER. Raises EmbeddedError when the file is lost."""
        try:
            text = self.credentials.read_text(encoding="utf-8")
        except OSError as error:
            raise EmbeddedError(
                f"The database's password cannot be read from {self.credentials}: {error.strerror}. "
                f"Bring that file back, or move {self.path} away to begin with an empty database."
            ) from error
        found = re.search(r"^NEO4J_PASSWORD=(\S+)$", text, re.MULTILINE)
        if found is None:
            raise EmbeddedError(f"{self.credentials} holds no line NEO4J_PASSWORD=...; bring it back.")
        return found[1]

    def ensure_password(self) -> None:
        """Give a database that does not exist yet a random password; an existing one keeps its own."""
        if (self.path / "data" / "databases" / "system").exists():
            self.password()
            return
        if not self.credentials.exists():
            text = f"NEO4J_USERNAME={USER}\nNEO4J_PASSWORD={secrets.token_urlsafe(24)}\n"
            _write_private(self.credentials, text)
        initial = self.path / "data" / "dbms" / "auth.ini"
        initial.parent.mkdir(parents=True, exist_ok=True)
        _write_private(initial, initial_user(USER, self.password(), secrets.token_bytes(32)))

    # -- which server runs

    def read_status(self) -> Status | None:
        """What server.json says, whether or not that process still lives; None when absent or damaged."""
        try:
            content = json.loads((self.path / "server.json").read_text(encoding="utf-8"))
            owner, archive = content["owner"], content["archive"]
            return Status(
                process=ProcessId(**content["process"]),
                port=int(content["port"]),
                neo4j=str(content["neo4j"]),
                owner=ProcessId(**owner) if owner else None,
                archive=str(archive) if archive else None,
            )
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write_status(self, status: Status) -> None:
        """Say which server runs; the file is never seen half-written."""
        part = self.path / "server.json.new"
        part.write_text(json.dumps(asdict(status)), encoding="utf-8")
        part.replace(self.path / "server.json")

    def forget_status(self) -> None:
        """Say that none runs."""
        with suppress(FileNotFoundError):
            (self.path / "server.json").unlink()


def is_new(data_dir: Path) -> bool:
    """Whether no database has been made in this folder yet."""
    return not (DataFolder.at(data_dir).path / "data" / "databases").exists()


def initial_user(user: str, password: str, salt: bytes) -> str:
    """The first user in the form that Neo4j takes from auth.ini when it makes its system database.

    Written here, for Neo4j's own command costs the start of a JVM. The hash is
    SHA-256 of salt and password, hashed over again up to 1024 rounds.
    """
    digest = hashlib.sha256(salt + password.encode()).digest()
    for _ in range(_HASH_ROUNDS - 1):
        digest = hashlib.sha256(digest).digest()
    return f"{user}:SHA-256,{digest.hex()},{salt.hex()},{_HASH_ROUNDS}:\n"


def argument_file(arguments: Sequence[str]) -> str:
    """Arguments in the form of Java's @file: quoted, one a line; a class path is too long for some systems."""
    escaped = (argument.replace("\\", "\\\\").replace('"', '\\"') for argument in arguments)
    return "".join(f'"{argument}"\n' for argument in escaped)


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read; it is there whole or not at all."""
    part = path.with_name(f"{path.name}.new")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
