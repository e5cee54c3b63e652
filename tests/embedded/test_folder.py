"""A data folder remembers its server and its password, and what is damaged is not believed."""

import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from graphcdp.embedded.folder import DataFolder, Status, argument_file, initial_user
from graphcdp.embedded.processes import ProcessId, find_by_argument
from graphcdp.model.errors import EmbeddedError

HERE = ProcessId.of(os.getpid())


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder.at(tmp_path / "new" / "data")
    made.make()
    return made


@pytest.mark.parametrize(
    "status", [Status(HERE, 7687, "2026.04.0"), Status(HERE, 7687, "2026.04.0", owner=HERE, archive="/cache/x.aot")]
)
def test_a_status_is_read_as_it_was_written(folder: DataFolder, status: Status) -> None:
    folder.write_status(status)
    assert folder.read_status() == status
    folder.forget_status()
    assert folder.read_status() is None
    folder.forget_status()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"process": {"pid": 1}}', '{"port": "x"}'])
def test_a_damaged_status_is_none(folder: DataFolder, text: str) -> None:
    (folder.path / "server.json").write_text(text)
    assert folder.read_status() is None


def test_a_process_is_believed_in_by_its_start_and_its_command_line() -> None:
    assert HERE.is_alive()
    assert not HERE.is_alive("--home-dir=/elsewhere")
    assert not replace(HERE, began_s=HERE.began_s - 60).is_alive(), "the pid belongs to another process now"
    command = [sys.executable, "-c", "print('here', flush=True); input()", "--home-dir=/x y"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        # Before it says so, its command line may still be empty.
        assert child.stdout is not None
        assert child.stdout.readline() == b"here\n"
        found = ProcessId.of(child.pid)
        assert found.is_alive("--home-dir=/x y")
        assert find_by_argument("--home-dir=/x y") == found
        found.kill()
        assert child.wait() < 0
    assert not found.is_alive()
    assert find_by_argument("--home-dir=/x y") is None


def test_the_password_is_random_private_and_stays(folder: DataFolder, tmp_path: Path) -> None:
    folder.ensure_password()
    first = folder.password()
    folder.ensure_password()
    assert folder.password() == first
    assert len(first) >= 24
    other = DataFolder.at(tmp_path / "other")
    other.make()
    other.ensure_password()
    assert other.password() != first
    for path in (folder.credentials, folder.path / "data" / "dbms" / "auth.ini"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert first not in (folder.path / "data" / "dbms" / "auth.ini").read_text()


def test_a_lost_password_of_a_database_that_exists_is_not_made_up(folder: DataFolder) -> None:
    (folder.path / "data" / "databases" / "system").mkdir(parents=True)
    with pytest.raises(EmbeddedError, match=r"Bring that file back"):
        folder.ensure_password()


def test_the_first_user_is_written_as_neo4j_writes_it() -> None:
    """The expected line was written by Neo4j's own command for this password."""
    salt = bytes.fromhex("33781e58fb995a28109795d21a1bae31be61fdf0b54c84954eea58bab8da1bee")
    assert initial_user("neo4j", "hunter2secret", salt) == (
        "neo4j:SHA-256,34c0cfc8802fca4c3385f6320163d8e4d3d1639884155460958f49a3ecdbc999,"
        "33781e58fb995a28109795d21a1bae31be61fdf0b54c84954eea58bab8da1bee,1024:\n"
    )


def test_the_port_of_the_last_start_is_known(folder: DataFolder) -> None:
    assert folder.configured_port() is None
    folder.write_configuration(50123, "64m", "512m")
    assert folder.configured_port() == 50123


def test_arguments_for_java_are_quoted() -> None:
    assert argument_file(["-cp", 'a b:c\\d"e']) == '"-cp"\n"a b:c\\\\d\\"e"\n'


def test_one_folder_has_one_name(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert DataFolder.at(tmp_path / "link") == DataFolder.at(tmp_path / "real" / ".." / "real")
