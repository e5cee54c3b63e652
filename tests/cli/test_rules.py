"""docs/rules.md, at the command line."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from graphcdp.embedded import EmbeddedNeo4j
from graphcdp.model.statement import Statement
from graphcdp.record.clock import utc_now
from graphcdp.record.recorder import Recorder
from graphcdp.record.rules import rules_in_force, settle_rules
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store


@pytest.fixture
def environment(neo4j: EmbeddedNeo4j, store: Store) -> dict[str, str]:
    """The environment of a command that works on the test's own, empty database."""
    connection = neo4j.connection
    return {
        **os.environ,
        "GRAPHCDP_NEO4J_URI": connection.uri,
        "GRAPHCDP_NEO4J_USER": connection.user,
        "GRAPHCDP_NEO4J_PASSWORD": connection.password,
        "COLUMNS": "200",
    }


def run(environment: dict[str, str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "graphcdp", "rules", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def begun(environment: dict[str, str], *arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "graphcdp", "rules", *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of rules that allow one e-mail address a customer."""
    path = tmp_path / "rules.yaml"
    path.write_text("kinds:\n  email: {limit: 1}\n  loyalty: {window: P30D}\n", encoding="utf-8")
    return path


async def two_mails(store: Store, devices: int = 1) -> None:
    """Devices that two e-mail addresses each were seen on."""
    settled = await settle_rules(store, None, "VN", utc_now())
    recorder = Recorder(store, settled.rules, version=settled.version)
    await recorder.record(
        [
            {"name": "Visit", "identifiers": [("device", f"d{n}"), ("email", f"{n}.{mail}@x.org")]}
            for n in range(devices)
            for mail in (1, 2)
        ]
    )


async def count(store: Store) -> int:
    (row,) = await store.read_generated(Statement("MATCH (c:Customer) RETURN count(c) AS total"))
    total: int = row["total"]
    return total


def test_a_sound_file(environment: dict[str, str], file: Path) -> None:
    done = run(environment, "check", file)
    assert done.returncode == 0, done.stderr
    assert "is sound" in done.stdout
    assert "user, email, phone, loyalty, device, anonymous" in done.stdout


@pytest.mark.parametrize("command", ["check", "preview", "apply"])
def test_an_unsound_file(environment: dict[str, str], file: Path, command: str) -> None:
    file.write_text("kinds: {email: {limit: none}}")
    done = run(environment, command, file)
    assert done.returncode == 1
    assert done.stderr.startswith("graphcdp: ")
    assert f"{file}: kinds.email.limit: " in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_file_that_is_not_there(environment: dict[str, str], tmp_path: Path) -> None:
    done = run(environment, "apply", tmp_path / "none.yaml")
    assert done.returncode == 1
    assert "cannot be read: No such file" in done.stderr


async def test_what_is_shown_is_a_file_of_the_same_rules(
    environment: dict[str, str], store: Store, tmp_path: Path
) -> None:
    default = run(environment, "show")
    assert default.returncode == 0, default.stderr
    assert IdentityRules.model_validate(yaml.safe_load(default.stdout)) == IdentityRules()
    settled = await settle_rules(store, None, "VN", utc_now())
    shown = run(environment, "show")
    assert shown.stdout.startswith("# Version 1, DEFAULT, ")
    same = tmp_path / "same.yaml"
    write(same, shown.stdout)
    again = run(environment, "apply", same)
    assert again.returncode == 0, again.stderr
    assert again.stdout == "Version 1 of the rules is in force.\n"
    assert await rules_in_force(store) == settled


async def test_a_preview_writes_nothing(environment: dict[str, str], store: Store, file: Path) -> None:
    await two_mails(store)
    done = run(environment, "preview", file)
    assert done.returncode == 0, done.stderr
    numbers = {line[:20].strip(): line[20:].strip() for line in done.stdout.splitlines()[:6]}
    assert numbers["Customers now"] == "1"
    assert numbers["Customers then"] == "2"
    assert numbers["Split off others"] == "1"
    assert "falls apart:\n  device:d0, email:0.1@x.org\n  email:0.2@x.org" in done.stdout
    assert await count(store) == 1


async def test_rules_are_applied_and_listed(environment: dict[str, str], store: Store, file: Path) -> None:
    await two_mails(store)
    done = run(environment, "apply", file, "--note", "One each.")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Version 2 of the rules is in force. 0 merged into others, 1 split off others.\n"
    assert await count(store) == 2
    found = await rules_in_force(store)
    assert found is not None
    # The file names no region, so the one in force stayed.
    assert (found.rules.region, found.note) == ("VN", "One each.")
    listed = run(environment, "history").stdout
    assert "One each." in listed
    assert listed.index("API") < listed.index("DEFAULT")
    former = run(environment, "show", "--version", "1").stdout
    assert yaml.safe_load(former)["kinds"]["email"]["limit"] == 5
    unknown = run(environment, "show", "--version", "9")
    assert unknown.returncode == 1
    assert "no version 9" in unknown.stderr
    write(file, former)
    back = run(environment, "apply", file)
    assert back.stdout == "Version 3 of the rules is in force. 1 merged into others, 0 split off others.\n"


async def test_what_was_stopped_goes_on(environment: dict[str, str], store: Store, file: Path) -> None:
    await two_mails(store, devices=150)
    stopped = begun(environment, "apply", file)
    while await count(store) < 160:
        assert stopped.poll() is None
        await asyncio.sleep(0.02)
    stopped.send_signal(signal.SIGINT)
    _, said = stopped.communicate(timeout=60)
    assert stopped.returncode == 130
    assert "run the same command again to go on" in said
    assert await count(store) < 300
    done = run(environment, "apply", file)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Version 2 of the rules is in force. 0 merged into others, 150 split off others.\n"
    assert await count(store) == 300


async def test_a_normal_form_in_use_cannot_change(environment: dict[str, str], store: Store, file: Path) -> None:
    await two_mails(store)
    write(file, "kinds: {device: {normalise: lower}}")
    done = run(environment, "apply", file)
    assert done.returncode == 1
    assert "Keep `normalise: trim`" in done.stderr


def test_no_history_yet(environment: dict[str, str]) -> None:
    assert run(environment, "history").stdout == "No rules were put in force yet.\n"


def test_a_database_that_is_away(environment: dict[str, str], file: Path) -> None:
    done = run({**environment, "GRAPHCDP_NEO4J_URI": "bolt://127.0.0.1:9"}, "apply", file)
    assert done.returncode == 1
    assert "graphcdp: " in done.stderr
