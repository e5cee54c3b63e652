"""Write neo4j.lock.json anew: `python -m graphcdp.embedded.lock [VERSION]`.

Resolves Neo4j's coordinates on Maven, downloads every jar, and records its size
and hash. To move to another Neo4j, run this with its version, then the tests.
"""

import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from graphcdp.embedded.artifacts import FETCHES_AT_ONCE, LOCK_FILE, Jar, Lock, format_lock, load_lock, sha256_of
from graphcdp.embedded.maven import fetch_from_maven, resolve_coordinates


def make_lock(version: str) -> Lock:
    """Resolve and hash everything that this version of Neo4j needs; minutes of network."""
    roots = (f"org.neo4j:neo4j:{version}", f"org.neo4j.app:neo4j-server:{version}")
    return Lock(version, roots, lock_jars(roots))


def lock_jars(roots: Sequence[str]) -> tuple[Jar, ...]:
    """Every jar that some coordinates need, resolved, downloaded and hashed."""
    unlocked = [Jar(*coordinate, sha256="", size=0) for coordinate in resolve_coordinates(roots)]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(FETCHES_AT_ONCE) as pool:

        def locked(jar: Jar) -> Jar:
            path = fetch_from_maven(jar, Path(folder, jar.filename), lambda _size: None)
            return Jar(jar.group, jar.artifact, jar.version, jar.classifier, sha256_of(path), path.stat().st_size)

        jars = tuple(sorted(pool.map(locked, unlocked)))
    names = {jar.filename for jar in jars}
    if len(names) != len(jars):
        raise ValueError("two jars share a file name; Jar.filename must tell them apart")
    return jars


def main() -> None:
    """Replace the lock in this package."""
    version = sys.argv[1] if len(sys.argv) > 1 else load_lock().neo4j
    lock = make_lock(version)
    LOCK_FILE.write_text(format_lock(lock), encoding="utf-8")
    size_mb = sum(jar.size for jar in lock.jars) / 1e6
    print(f"{LOCK_FILE.name}: Neo4j {lock.neo4j}, {len(lock.jars)} jars, {size_mb:.0f} MB")


if __name__ == "__main__":
    main()
