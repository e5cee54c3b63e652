"""A real server for each data folder: one, never two; ours until we end; taken over after a crash."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from graphcdp import embedded
from graphcdp.embedded import EmbeddedNeo4j
from graphcdp.embedded.probe import Answer, ask
from graphcdp.model.errors import EmbeddedError

HEAP_MAX, PAGE_CACHE = "384m", "16m"
FOLLOW_S = 10
STARTER = f"""
import json, sys
from pathlib import Path
from graphcdp import embedded
data_dir, cache_dir = map(Path, sys.argv[1:])
server = embedded.start(data_dir, cache_dir=cache_dir, heap_max="{HEAP_MAX}", page_cache="{PAGE_CACHE}")
print(json.dumps([server.pid, server.started_here]), flush=True)
sys.stdin.read()
server.stop()
"""


def start(data_dir: Path, cache_dir: Path) -> EmbeddedNeo4j:
    return embedded.start(data_dir, cache_dir=cache_dir, heap_max=HEAP_MAX, page_cache=PAGE_CACHE)


def starter(data_dir: Path, cache_dir: Path) -> "subprocess.Popen[str]":
    """Another process that starts or joins, tells what it has, and stops when its input ends."""
    command = [sys.executable, "-c", STARTER, str(data_dir), str(cache_dir)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def told(process: "subprocess.Popen[str]") -> tuple[int, bool]:
    assert process.stdout is not None
    pid, started_here = json.loads(process.stdout.readline())
    return pid, started_here


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("it's a folder") / "data"


@pytest.fixture(scope="module")
def server(data_dir: Path, cache_dir: Path) -> Iterator[EmbeddedNeo4j]:
    with start(data_dir, cache_dir) as started:
        yield started


def port_of(server: EmbeddedNeo4j) -> int:
    return int(server.connection.uri.rpartition(":")[2])


def test_it_is_ready_with_its_password_and_no_other(server: EmbeddedNeo4j) -> None:
    assert server.started_here
    assert ask(port_of(server), "neo4j", server.connection.password) is Answer.READY
    assert ask(port_of(server), "neo4j", "neo4j") is Answer.REFUSED
    assert stat.S_IMODE(server.credentials.stat().st_mode) == 0o600
    assert server.connection.password in server.credentials.read_text()


def test_it_listens_on_this_machine_alone(server: EmbeddedNeo4j) -> None:
    listening = [each for each in psutil.Process(server.pid).net_connections() if each.status == psutil.CONN_LISTEN]
    addresses = {(each.laddr.ip.removeprefix("::ffff:"), each.laddr.port) for each in listening}
    assert addresses == {("127.0.0.1", port_of(server))}


def test_its_password_is_on_no_command_line(server: EmbeddedNeo4j) -> None:
    lines = [" ".join(each.info["cmdline"] or []) for each in psutil.process_iter(["cmdline"])]
    assert not [line for line in lines if server.connection.password in line]


def test_a_second_start_joins_and_does_not_stop_it(server: EmbeddedNeo4j, data_dir: Path, cache_dir: Path) -> None:
    with start(data_dir, cache_dir) as joined:
        assert (joined.pid, joined.started_here) == (server.pid, False)
        assert joined.connection == server.connection
        joined.stop()
    running = embedded.status(data_dir)
    assert running is not None
    assert running.pid == server.pid


@pytest.mark.parametrize("text", [None, "{"])
def test_it_is_joined_even_when_server_json_is_lost(
    server: EmbeddedNeo4j, data_dir: Path, cache_dir: Path, text: str | None
) -> None:
    state = data_dir / "server.json"
    kept = state.read_text()
    state.unlink() if text is None else state.write_text(text)
    joined = start(data_dir, cache_dir)
    state.write_text(kept)
    assert (joined.pid, joined.connection) == (server.pid, server.connection)


def test_two_who_start_at_once_make_one_server_which_follows_its_owner(tmp_path: Path, cache_dir: Path) -> None:
    both = [starter(tmp_path, cache_dir) for _ in range(2)]
    (pid, first_started), (other_pid, second_started) = map(told, both)
    assert pid == other_pid
    assert first_started is not second_started

    owner, guest = both if first_started else reversed(both)
    owner.kill()
    began = time.monotonic()
    psutil.wait_procs([psutil.Process(pid)], timeout=FOLLOW_S)
    assert not psutil.pid_exists(pid), f"alive {time.monotonic() - began:.0f} s after its owner was killed"
    assert embedded.status(tmp_path) is None
    for process in (owner, guest):
        process.communicate("", timeout=30)
    assert guest.returncode == 0


def test_a_killed_server_is_taken_over_at_its_old_port(tmp_path: Path, cache_dir: Path) -> None:
    with start(tmp_path, cache_dir) as crashed:
        os.kill(crashed.pid, signal.SIGKILL)
        psutil.wait_procs([psutil.Process(crashed.pid)], timeout=FOLLOW_S)
        assert embedded.status(tmp_path) is None
        with start(tmp_path, cache_dir) as after:
            assert after.started_here
            assert after.pid != crashed.pid
            assert after.connection == crashed.connection
            crashed.stop()
            assert embedded.status(tmp_path) is not None, "who started the crashed one must not stop the next"
    assert embedded.status(tmp_path) is None
    assert (tmp_path / "logs" / "neo4j.log").read_text().rstrip().endswith("Stopped.")


def graphcdp(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "graphcdp", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=os.environ | environment)


def test_the_command_line_keeps_a_server_until_it_is_stopped(tmp_path: Path, cache_dir: Path) -> None:
    here = f"--data-dir={tmp_path}"
    assert graphcdp("db", "status", here).returncode == 3
    started = graphcdp("db", "start", here, f"--cache-dir={cache_dir}", f"--heap={HEAP_MAX}")
    assert started.returncode == 0, started.stderr
    assert "bolt://127.0.0.1:" in started.stdout
    assert str(tmp_path / "credentials.env") in started.stdout
    again = graphcdp("db", "start", here, f"--cache-dir={cache_dir}")
    assert "ran already" in again.stdout
    assert graphcdp("db", "status", here).returncode == 0
    stopped = graphcdp("db", "stop", here)
    assert (stopped.returncode, stopped.stdout) == (0, "Neo4j is stopped.\n")
    assert graphcdp("db", "status", here).returncode == 3
    assert graphcdp("db", "stop", here).returncode == 0


def test_a_server_that_cannot_start_says_why_in_one_line(tmp_path: Path, cache_dir: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"GRAPHCDP_PAGE_CACHE.*Its logs are in") as failed:
        embedded.start(tmp_path, cache_dir=cache_dir, heap_max=HEAP_MAX, page_cache="900000g")
    assert "\n" not in str(failed.value)
    assert embedded.status(tmp_path) is None


@pytest.mark.parametrize("heap_max", ["1", "64m", "x", "", "1t", "-1g"])
def test_a_heap_that_cannot_be_is_refused_before_anything_is_done(tmp_path: Path, heap_max: str) -> None:
    with pytest.raises(EmbeddedError, match="no heap size"):
        embedded.start(tmp_path / "data", cache_dir=tmp_path / "cache", heap_max=heap_max)
    assert list(tmp_path.iterdir()) == []


def test_a_data_folder_that_cannot_be_is_told_in_one_line(tmp_path: Path, cache_dir: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedError, match="GRAPHCDP_DATA_DIR"):
        start(tmp_path / "file", cache_dir)
    assert embedded.status(tmp_path / "file") is None
    assert embedded.stop(tmp_path / "nowhere") is False
