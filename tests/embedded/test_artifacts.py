"""The cache holds exactly what the lock names, whatever happened to it before.

The files are tiny and come from a folder instead of Maven: how one file is
fetched is an argument of `ensure`.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread

import pytest

from graphcdp.embedded import artifacts
from graphcdp.embedded.artifacts import ATTEMPTS_MAX, Jar, Lock, ensure, format_lock, load_lock, parse_lock
from graphcdp.model.errors import EmbeddedError

CONTENT = {name: f"the content of {name}".encode() * 50 for name in ("alpha", "beta", "gamma")}
LOCK = Lock(
    "2026.04.0",
    ("org.example:alpha:1",),
    tuple(
        Jar("org.example", name, "1", "", hashlib.sha256(content).hexdigest(), len(content))
        for name, content in CONTENT.items()
    ),
)


@pytest.fixture(autouse=True)
def no_pause_between_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "ATTEMPT_PAUSE_S", 0)


class Shelf:
    """Gives the files out and counts; what it holds can be changed."""

    def __init__(self) -> None:
        self.content = dict(CONTENT)
        self.fetched: list[str] = []

    def __call__(self, jar: Jar, folder: Path, advance: Callable[[int], None]) -> Path:
        self.fetched.append(jar.artifact)
        if jar.artifact not in self.content:
            raise ConnectionError("no connection")
        content = self.content[jar.artifact]
        path = folder / "deep" / jar.filename
        path.parent.mkdir()
        path.write_bytes(content)
        advance(len(content))
        return path


class Counts:
    """Adds up what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.files = self.size_bytes = 0

    def begin(self, files: int, size_bytes: int) -> None:
        self.said.append(f"begin {files} {size_bytes}")

    def advance(self, files: int, size_bytes: int) -> None:
        self.files += files
        self.size_bytes += size_bytes

    def end(self) -> None:
        self.said.append("end")


def test_an_empty_cache_is_filled_and_a_full_one_left_alone(tmp_path: Path) -> None:
    shelf, counts = Shelf(), Counts()
    paths = ensure(tmp_path, lock=LOCK, fetch=shelf, progress=counts)
    assert [path.read_bytes() for path in paths] == list(CONTENT.values())
    size_bytes = sum(map(len, CONTENT.values()))
    assert counts.said == [f"begin 3 {size_bytes}", "end"]
    assert (counts.files, counts.size_bytes) == (3, size_bytes)

    assert ensure(tmp_path, lock=LOCK, fetch=shelf, progress=counts) == paths
    assert sorted(shelf.fetched) == ["alpha", "beta", "gamma"]
    assert len(counts.said) == 2
    assert not (paths[0].parent / "staging").exists()


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def altered(path: Path) -> None:
    path.write_bytes(path.read_bytes().swapcase())


def removed(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("damage", [cut_short, altered, removed])
def test_a_damaged_file_is_fetched_again_and_only_that_one(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    shelf = Shelf()
    paths = ensure(tmp_path, lock=LOCK, fetch=shelf)
    (paths[0].parent / "java-25.aot").touch()
    shelf.fetched.clear()
    damage(paths[1])
    ensure(tmp_path, lock=LOCK, fetch=shelf)
    assert paths[1].read_bytes() == CONTENT["beta"]
    assert shelf.fetched == ["beta"]
    assert not list(paths[0].parent.glob("*.aot")), "an archive made from other files must go"


@pytest.mark.parametrize("record", [None, "{", "[]"])
def test_whole_files_without_a_record_are_hashed_not_fetched(tmp_path: Path, record: str | None) -> None:
    shelf = Shelf()
    paths = ensure(tmp_path, lock=LOCK, fetch=shelf)
    shelf.fetched.clear()
    verified = paths[0].parent / "verified.json"
    verified.unlink() if record is None else verified.write_text(record)
    os.utime(paths[2])
    ensure(tmp_path, lock=LOCK, fetch=shelf)
    assert shelf.fetched == []


def test_what_does_not_have_its_hash_never_gets_into_the_cache(tmp_path: Path) -> None:
    shelf, counts = Shelf(), Counts()
    shelf.content["beta"] = b"something else"
    with pytest.raises(EmbeddedError, match=r"beta-1\.jar.*hash"):
        ensure(tmp_path, lock=LOCK, fetch=shelf, progress=counts)
    assert not list(tmp_path.rglob("beta*"))
    assert shelf.fetched.count("beta") == ATTEMPTS_MAX
    assert counts.said[-1] == "end"


def test_without_a_network_one_line_says_what_to_do_and_what_came_is_kept(tmp_path: Path) -> None:
    shelf = Shelf()
    del shelf.content["gamma"]
    with pytest.raises(EmbeddedError, match=r"no connection.*GRAPHCDP_NEO4J_URI") as failed:
        ensure(tmp_path, lock=LOCK, fetch=shelf)
    assert "\n" not in str(failed.value)
    shelf.content["gamma"] = CONTENT["gamma"]
    shelf.fetched.clear()
    ensure(tmp_path, lock=LOCK, fetch=shelf)
    assert shelf.fetched == ["gamma"]


def test_two_who_fill_a_cache_at_once_fetch_each_file_once(tmp_path: Path) -> None:
    shelf, together = Shelf(), Barrier(2)

    def fill() -> None:
        together.wait()
        ensure(tmp_path, lock=LOCK, fetch=shelf)

    threads = [Thread(target=fill) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(shelf.fetched) == ["alpha", "beta", "gamma"]


def test_a_cache_folder_that_cannot_be_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedError, match="GRAPHCDP_CACHE_DIR"):
        ensure(tmp_path / "file", lock=LOCK, fetch=Shelf())


def test_the_shipped_lock_is_in_order_and_complete() -> None:
    lock = load_lock()
    assert list(lock.jars) == sorted(lock.jars)
    assert parse_lock(format_lock(lock)) == lock
    assert len({jar.filename for jar in lock.jars}) == len(lock.jars)
    assert all(len(jar.sha256) == 64 and jar.size > 0 for jar in lock.jars)
    assert {f"{jar.group}:{jar.artifact}:{jar.version}" for jar in lock.jars} >= set(lock.roots)
