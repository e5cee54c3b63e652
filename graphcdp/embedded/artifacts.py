"""The server's jar files: which ones, fetched from Maven, verified, and kept in a cache.

`neo4j.lock.json` names every jar with its size and hash. `ensure` makes sure
that they are all in the cache and returns their paths; it is the only function
here that most callers need. A cache serves any number of data folders and
processes:

    <cache_dir>/neo4j-2026.04.0/*.jar          verified files only
    <cache_dir>/neo4j-2026.04.0/verified.json  size and time of each file when its hash was last computed
    <cache_dir>/neo4j-2026.04.0/staging/       files on their way, emptied by whoever holds the lock
    <cache_dir>/neo4j-2026.04.0/.lock          held while the folder is being filled

A file is trusted without hashing it while its size and modification time are
those of verified.json; otherwise it is hashed, and fetched again if it differs.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from filelock import FileLock

from graphcdp.embedded.maven import fetch_from_maven
from graphcdp.model.errors import EmbeddedError

LOCK_FILE = Path(__file__).with_name("neo4j.lock.json")
FETCHES_AT_ONCE = 16
ATTEMPTS_MAX = 3
ATTEMPT_PAUSE_S = 0.5  # before the second; twice as long before the next


@dataclass(frozen=True, slots=True, order=True)
class Jar:
    """One file on Maven. classifier: "" for none. sha256: 64 hex digits. size: in bytes."""

    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str
    size: int

    @property
    def filename(self) -> str:
        """The name in the cache; unique within a lock."""
        suffix = f"-{self.classifier}" if self.classifier else ""
        return f"{self.artifact}-{self.version}{suffix}.jar"


@dataclass(frozen=True, slots=True)
class Lock:
    """What a server consists of. neo4j: its version. roots: the coordinates that pull in all jars."""

    neo4j: str
    roots: tuple[str, ...]
    jars: tuple[Jar, ...]


class Progress(Protocol):
    """Told how a download goes, from several threads at once.

    Nothing is called when the cache is complete. `begin` comes first, `end`
    last, also after a failure.
    """

    def begin(self, files: int, size_bytes: int) -> None:
        """So much is missing."""

    def advance(self, files: int, size_bytes: int) -> None:
        """So much more has arrived; size_bytes is negative when a part must be fetched again."""

    def end(self) -> None:
        """No more will come."""


# Puts the file of a jar into a folder of its own and returns its path, unverified;
# tells the callback the size of every piece as it comes. Raises OSError or EmbeddedError.
Fetch = Callable[[Jar, Path, Callable[[int], None]], Path]


@cache
def load_lock() -> Lock:
    """The lock that is shipped with this package."""
    return parse_lock(LOCK_FILE.read_text(encoding="utf-8"))


def parse_lock(text: str) -> Lock:
    """Read a lock as `format_lock` writes it."""
    content = json.loads(text)
    jars = tuple(Jar(**jar) for jar in content["jars"])
    return Lock(content["neo4j"], tuple(content["roots"]), jars)


def format_lock(lock: Lock) -> str:
    """A lock as JSON, one jar a line in a fixed order, so that two versions compare well."""
    jars = ",\n".join(f"    {json.dumps(asdict(jar))}" for jar in sorted(lock.jars))
    roots = json.dumps(list(lock.roots))
    return f'{{\n  "neo4j": {json.dumps(lock.neo4j)},\n  "roots": {roots},\n  "jars": [\n{jars}\n  ]\n}}\n'


def ensure(
    cache_dir: Path,
    *,
    lock: Lock | None = None,
    fetch: Fetch = fetch_from_maven,
    progress: Progress | None = None,
    name: str = "neo4j",
) -> tuple[Path, ...]:
    """Make sure that every jar is in the cache, and return their paths in the lock's order.

    A complete cache costs one look at each file; what is missing, cut short or
    altered is fetched. lock: the shipped one by default. fetch: how to get one
    file. name: of the folder, before the version. Safe in several processes at
    once: one fills, the others wait. Raises EmbeddedError when a jar cannot be had.
    """
    lock = lock or load_lock()
    folder = cache_dir / f"{name}-{lock.neo4j}"
    paths = tuple(folder / jar.filename for jar in lock.jars)
    if not _untrusted(folder, lock.jars, _read_verified(folder)):
        return paths
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            _fill(folder, lock.jars, fetch, progress)
    except OSError as error:
        raise EmbeddedError(
            f"Neo4j's files cannot be kept in {folder}: {error.strerror or error}. "
            f"Make room there, or name another folder with GRAPHCDP_CACHE_DIR."
        ) from error
    return paths


def _fill(folder: Path, jars: Sequence[Jar], fetch: Fetch, progress: Progress | None) -> None:
    """Bring the folder in order; the caller holds its lock."""
    verified = _read_verified(folder)
    missing = []
    for jar in _untrusted(folder, jars, verified):
        path = folder / jar.filename
        if path.is_file() and path.stat().st_size == jar.size and sha256_of(path) == jar.sha256:
            verified[jar.filename] = _fingerprint(path, jar)
        else:
            missing.append(jar)
    try:
        if missing:
            # An archive of loaded classes fits the very files it was made from.
            for archive in folder.glob("*.aot"):
                archive.unlink(missing_ok=True)
            _refuse_small_disk(folder, sum(jar.size for jar in missing))
            _fetch_all(folder, missing, fetch, progress, verified)
    finally:
        _write_verified(folder, verified)


def _fetch_all(
    folder: Path, missing: Sequence[Jar], fetch: Fetch, progress: Progress | None, verified: dict[str, list[object]]
) -> None:
    """Fetch jars side by side; each that arrives is entered in verified, also when another one fails."""
    staging = folder / "staging"
    shutil.rmtree(staging, ignore_errors=True)
    if progress:
        progress.begin(len(missing), sum(jar.size for jar in missing))
    with ThreadPoolExecutor(FETCHES_AT_ONCE, thread_name_prefix="fetch-jar") as pool:
        try:
            jar_by_future = {pool.submit(_fetch_one, jar, folder, staging, fetch, progress): jar for jar in missing}
            for future in as_completed(jar_by_future):
                jar = jar_by_future[future]
                verified[jar.filename] = _fingerprint(future.result(), jar)
                if progress:
                    progress.advance(1, 0)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            shutil.rmtree(staging, ignore_errors=True)
            if progress:
                progress.end()


def _fetch_one(jar: Jar, folder: Path, staging: Path, fetch: Fetch, progress: Progress | None) -> Path:
    """Fetch one jar, verify it, and only then give it its name in the cache."""
    problem = ""
    for attempt in range(ATTEMPTS_MAX):
        if attempt:
            time.sleep(ATTEMPT_PAUSE_S * 2 ** (attempt - 1))
        own = staging / f"{jar.filename}.{attempt}"
        own.mkdir(parents=True)
        arrived = 0

        def advance(size_bytes: int) -> None:
            nonlocal arrived
            arrived += size_bytes
            if progress:
                progress.advance(0, size_bytes)

        try:
            part = fetch(jar, own, advance)
        except ConnectionError as error:
            problem = str(error)
        else:
            if sha256_of(part) == jar.sha256:
                if progress:
                    progress.advance(0, jar.size - arrived)
                target = folder / jar.filename
                part.replace(target)
                return target
            problem = "its hash is not the one that was locked"
        if progress:
            progress.advance(0, -arrived)
    raise EmbeddedError(
        f"{jar.filename}, a part of Neo4j, could not be fetched from Maven: {problem}. Connect this machine to the "
        f"network once and try again, or set GRAPHCDP_NEO4J_URI to use a Neo4j of your own."
    )


def _refuse_small_disk(folder: Path, needed_bytes: int) -> None:
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes:
        raise EmbeddedError(
            f"Neo4j's files need {needed_bytes / 1e6:.0f} MB more, and {folder} has {free_bytes / 1e6:.0f} MB free. "
            f"Make room there, or name another folder with GRAPHCDP_CACHE_DIR."
        )


def sha256_of(path: Path) -> str:
    """The hash of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fingerprint(path: Path, jar: Jar) -> list[object]:
    """What verified.json says about a file: it had this hash when it had this size and this time."""
    stat = path.stat()
    return [jar.sha256, stat.st_size, stat.st_mtime_ns]


def _untrusted(folder: Path, jars: Iterable[Jar], verified: Mapping[str, list[object]]) -> list[Jar]:
    """The jars that are absent, or not as they were when verified."""
    untrusted = []
    for jar in jars:
        try:
            trusted = verified.get(jar.filename) == _fingerprint(folder / jar.filename, jar)
        except OSError:
            trusted = False
        if not trusted:
            untrusted.append(jar)
    return untrusted


def _read_verified(folder: Path) -> dict[str, list[object]]:
    """verified.json, or nothing when it is absent or damaged: everything is hashed again then."""
    try:
        content = json.loads((folder / "verified.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write_verified(folder: Path, verified: Mapping[str, list[object]]) -> None:
    part = folder / f"verified.json.{os.getpid()}"
    part.write_text(json.dumps(verified, indent=0, sort_keys=True), encoding="utf-8")
    part.replace(folder / "verified.json")
