"""One Neo4j for each data folder: start or join, wait until it is ready, stop, take over.

Who may do what is settled by three things. server.lock is held while a server
is being started, joined or stopped, so that two who come at once make one
server. server.json names the process; a process is believed in only when its
start and its command line fit as well. And a server that is not kept has an
owner: once that one is gone it is on its way out, and nobody joins it.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import psutil
from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from graphcdp.embedded import admin, warm
from graphcdp.embedded.artifacts import Progress, ensure, load_lock
from graphcdp.embedded.failures import Cause, reason
from graphcdp.embedded.folder import USER, DataFolder, Status
from graphcdp.embedded.java import (
    ORPHAN_STOP_TIMEOUT_S,
    archive_path,
    clean_environment,
    megabytes,
    server_command,
    supervisor_command,
)
from graphcdp.embedded.ports import free_port
from graphcdp.embedded.probe import Answer, ask
from graphcdp.embedded.processes import ProcessId, find_by_argument
from graphcdp.model.connection import Connection
from graphcdp.model.errors import EmbeddedError

HEAP_MIN_MB = 128
_POLL_S = 0.05
_ATTEMPTS_MAX = 3


class EmbeddedNeo4j:
    """A running server, started by this object or found running; a context manager that stops what it started."""

    def __init__(
        self,
        folder: DataFolder,
        status: Status,
        supervisor: "subprocess.Popen[bytes] | None",
        *,
        started_here: bool,
    ) -> None:
        self._folder = folder
        self._status = status
        self._supervisor = supervisor
        self.started_here = started_here
        self.connection = Connection(status.uri, USER, folder.password())

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._status.pid

    @property
    def credentials(self) -> Path:
        """The file that holds user and password, as variables for cypher-shell."""
        return self._folder.credentials

    @property
    def owner_pid(self) -> int | None:
        """The process whose end is this server's too; None when the server is kept."""
        return self._status.owner.pid if self._status.owner else None

    def stop(self, timeout_s: float = 60) -> None:
        """Stop the server if it was started here and still runs; a server that was joined is left alone.

        Raises EmbeddedError when it had to be killed after the limit.
        """
        if not self.started_here:
            return
        self.started_here = False
        try:
            with _locked(self._folder, timeout_s):
                _end(self._folder, self._status, timeout_s)
        finally:
            _let_go(self._supervisor)
        _warm_for(self._status)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._status.owner is not None:
            self.stop()


def start(
    data_dir: Path,
    *,
    cache_dir: Path | None = None,
    heap_max: str = "1g",
    page_cache: str = "256m",
    start_timeout_s: float = 120,
    keep: bool = False,
    progress: Progress | None = None,
) -> EmbeddedNeo4j:
    """Start a server on this folder, or join the one that runs there; it is ready on return.

    cache_dir: the user's cache folder by default. heap_max, page_cache: sizes
    such as 512m or 2g, of a server started here. keep: let it outlive this
    process; otherwise it is stopped within 10 s of this process's end, also by
    kill -9. progress: told about a download. Raises EmbeddedError.
    """
    _refuse_sizes(heap_max, page_cache)
    jars = ensure(cache_dir or user_cache_path("graphcdp"), progress=progress)
    folder = DataFolder.at(data_dir)
    try:
        folder.make()
        with _locked(folder, start_timeout_s):
            joined = _join(folder, start_timeout_s)
            if joined is None:
                admin.finish(folder)
            if joined is not None:
                return EmbeddedNeo4j(folder, joined, None, started_here=False)
            folder.ensure_password()
            return _start(folder, jars, heap_max, page_cache, start_timeout_s, keep)
    except OSError as error:
        raise EmbeddedError(
            f"The data folder {folder.path} cannot be used: {error.strerror or error}. "
            f"Make it your own, or name another with GRAPHCDP_DATA_DIR."
        ) from error


@contextmanager
def unused(data_dir: Path, timeout_s: float = 60) -> Iterator[DataFolder]:
    """Hold a folder that no server runs on: none is started while this lasts. Raises EmbeddedError when one runs."""
    folder = DataFolder.at(data_dir)
    folder.make()
    with _locked(folder, timeout_s):
        running = _find(folder)
        if running is not None:
            raise EmbeddedError(
                f"The database in {folder.path} runs as process {running.pid}, and a bulk import needs it stopped: end "
                f"what uses it, or stop it with `graphcdp db stop`, and try again."
            )
        folder.forget_status()
        yield folder


def status(data_dir: Path) -> Status | None:
    """The server that runs on this folder; None when none does. Takes no lock: it may still be starting."""
    return _find(DataFolder.at(data_dir))


def stop(data_dir: Path, timeout_s: float = 60) -> bool:
    """Stop the server of this folder, whoever started it; False when none runs.

    Raises EmbeddedError when it had to be killed after the limit.
    """
    folder = DataFolder.at(data_dir)
    if not folder.path.is_dir():
        return False
    with _locked(folder, timeout_s):
        running = _find(folder)
        if running is None:
            return False
        _end(folder, running, timeout_s)
    _warm_for(running)
    return True


@contextmanager
def _locked(folder: DataFolder, timeout_s: float) -> Iterator[None]:
    """Hold the folder; whoever holds it now may need its whole time limit first."""
    try:
        lock = FileLock(folder.lock)
        lock.acquire(timeout=timeout_s)
    except Timeout as error:
        raise EmbeddedError(
            f"Another process has been starting or stopping the database in {folder.path} for {timeout_s:g} s. "
            f"Wait for it, or end it, and try again."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _find(folder: DataFolder) -> Status | None:
    """The living server of a folder, by server.json or, when that is lost, by its command line."""
    written = folder.read_status()
    if written is not None and written.process.is_alive(folder.home_argument):
        return written
    found, port = find_by_argument(folder.home_argument), folder.configured_port()
    if found is None or port is None:
        return None
    return Status(found, port, load_lock().neo4j)


def _join(folder: DataFolder, timeout_s: float) -> Status | None:
    """The living server of a folder once it is ready; None when there is none, or none that will stay."""
    running = _find(folder)
    if running is None:
        folder.forget_status()
        return None
    if running.owner is not None and not running.owner.is_alive():
        _end(folder, running, ORPHAN_STOP_TIMEOUT_S)
        return None
    answer = _await_answer(running, folder.password(), timeout_s)
    if answer is Answer.REFUSED:
        raise EmbeddedError(
            f"The database in {folder.path} does not accept the password in {folder.credentials}. "
            f"If the password was changed in the database, write the new one there."
        )
    if answer is Answer.SILENT and running.process.is_alive():
        raise EmbeddedError(
            f"The database in {folder.path} runs as process {running.pid} but has not answered for {timeout_s:g} s. "
            f"Its logs are in {folder.logs}; `graphcdp db stop` ends it."
        )
    if answer is Answer.SILENT:
        folder.forget_status()
        return None
    folder.write_status(running)
    return running


def _start(
    folder: DataFolder, jars: Sequence[Path], heap_max: str, page_cache: str, timeout_s: float, keep: bool
) -> EmbeddedNeo4j:
    """Launch a server and wait for it; a taken port or a damaged archive is mended and the start tried again."""
    archive = archive_path(jars)
    port = free_port(folder.configured_port())
    for attempt in range(1, _ATTEMPTS_MAX + 1):
        folder.write_configuration(port, page_cache, heap_max)
        archived = archive.is_file()
        options = [f"-XX:AOTCache={archive}"] if archived else []
        logged_bytes = _size(folder.logs / "neo4j.log")
        holder, begun = _launch(folder, server_command(folder, jars, heap_max, options), port, archive, keep)
        if begun and _await_answer(begun, folder.password(), timeout_s) is Answer.READY:
            return EmbeddedNeo4j(folder, begun, holder, started_here=True)
        cause, why = _give_up(folder, begun, holder, logged_bytes, timeout_s)
        if attempt < _ATTEMPTS_MAX and cause is Cause.PORT_TAKEN:
            port = free_port(None)
        elif attempt < _ATTEMPTS_MAX and archived and logged_bytes == _size(folder.logs / "neo4j.log"):
            # Java ended before Neo4j said a word: only the archive can be the matter, or what fails again without it.
            archive.unlink(missing_ok=True)
        else:
            break
    raise EmbeddedError(f"Neo4j did not start: {why}. Its logs are in {folder.logs}.")


def _launch(
    folder: DataFolder, command: Sequence[str], port: int, archive: Path, keep: bool
) -> tuple["subprocess.Popen[bytes]", Status | None]:
    """Start the process by a supervisor, in a session of its own: Ctrl-C in the terminal is not for the database.

    No Status when the process was gone before it could be looked at.
    """
    if folder.output.exists():
        folder.output.replace(folder.output.with_suffix(".out.1"))
    with folder.output.open("wb") as output:
        holder = subprocess.Popen(
            supervisor_command("free" if keep else "leash", command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            start_new_session=True,
            cwd=folder.logs,
            env=clean_environment(),
        )
    assert holder.stdout is not None
    with holder.stdout as told:
        pid = int(told.readline() or 0)
    if keep:
        _let_go(holder)
    try:
        owner = None if keep else ProcessId.of(os.getpid())
        begun = Status(ProcessId.of(pid), port, load_lock().neo4j, owner, str(archive))
    except psutil.NoSuchProcess:
        return holder, None
    folder.write_status(begun)
    return holder, begun


def _give_up(
    folder: DataFolder,
    begun: Status | None,
    holder: "subprocess.Popen[bytes]",
    logged_bytes: int,
    timeout_s: float,
) -> tuple[Cause, str]:
    """End what is left of a start that failed, and say why it failed."""
    hung = begun is not None and begun.process.is_alive()
    if begun is not None:
        begun.process.kill()
    _let_go(holder)
    folder.forget_status()
    if hung:
        return Cause.OTHER, f"it was not ready within {timeout_s:g} s"
    written = ""
    for path, offset in ((folder.logs / "neo4j.log", logged_bytes), (folder.output, 0)):
        if path.exists():
            written += path.read_bytes()[offset:].decode(errors="replace")
    return reason(written)


def _await_answer(running: Status, password: str, timeout_s: float) -> Answer:
    """Wait until the server lets us in, refuses us for good, ends, or the time is over."""
    answer = Answer.SILENT

    def settled() -> bool:
        nonlocal answer
        answer = ask(running.port, USER, password)
        return answer is not Answer.SILENT or not running.process.is_alive()

    _wait(settled, timeout_s)
    return answer


def _end(folder: DataFolder, running: Status, timeout_s: float) -> None:
    """Stop a server cleanly or, after the limit, by force; the caller holds the folder's lock."""
    running.process.terminate()
    if _wait(lambda: not running.process.is_alive(), timeout_s):
        folder.forget_status()
        return
    running.process.kill()
    _wait(lambda: not running.process.is_alive(), timeout_s)
    folder.forget_status()
    raise EmbeddedError(
        f"Neo4j (process {running.pid}) did not stop within {timeout_s:g} s and was killed; nothing that was "
        f"committed is lost. Its logs are in {folder.logs}."
    )


def _warm_for(stopped: Status) -> None:
    """Make later starts quick, now that the machine has less to do."""
    if stopped.archive is not None:
        warm.begin(Path(stopped.archive))


def _let_go(holder: "subprocess.Popen[bytes] | None") -> None:
    """Let the leash go, and wait for the supervisor, whose server has ended or was set free."""
    if holder is None:
        return
    if holder.stdin is not None:
        holder.stdin.close()
    try:
        holder.wait(ORPHAN_STOP_TIMEOUT_S * 2)
    except subprocess.TimeoutExpired:
        holder.kill()
        holder.wait()


def _refuse_sizes(heap_max: str, page_cache: str) -> None:
    for name, size, least_mb in (("heap", heap_max, HEAP_MIN_MB), ("page cache", page_cache, 1)):
        try:
            fits = megabytes(size) >= least_mb
        except (ValueError, IndexError):
            fits = False
        if not fits:
            raise EmbeddedError(
                f"{size!r} is no {name} size for Neo4j; write such as 512m or 2g, at least {least_mb}m."
            )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _wait(reached: Callable[[], bool], timeout_s: float) -> bool:
    end = time.monotonic() + timeout_s
    while not reached():
        if time.monotonic() > end:
            return False
        time.sleep(_POLL_S)
    return True
