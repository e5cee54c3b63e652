"""`graphcdp sources`, as it is called."""

import asyncio

import pytest
from typer.testing import CliRunner, Result

from graphcdp.cli.main import app
from graphcdp.record.recorder import Recorder
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store


async def run(*arguments: str) -> Result:
    # A command has an event loop of its own.
    return await asyncio.to_thread(CliRunner().invoke, app, ["sources", *arguments])


@pytest.mark.usefixtures("_external")
async def test_sources_are_printed(store: Store, rules: IdentityRules, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "No message has come yet" in (await run()).stdout
    named = [("user", "u1")]
    await Recorder(store, rules).record(
        [
            {"id": "m1", "name": "Paid", "identifiers": named, "source": "till [x]", "properties": {"total": 3}},
            {"id": "m2", "name": "Paid", "identifiers": [], "source": "till [x]"},
            *({"id": f"n{n}", "name": "Paid", "identifiers": named, "source": f"shop {n:03}"} for n in range(120)),
        ]
    )
    monkeypatch.setenv("COLUMNS", "80")
    assert "till [x]" in (await run()).stdout, "a narrow terminal leaves no source out"
    monkeypatch.setenv("COLUMNS", "200")
    listed = (await run()).stdout
    (till,) = [line for line in listed.splitlines() if "till [x]" in line]
    assert till.split()[2:9] == ["2", "1", "0", "1", "(50.0%)", "0", "0"]
    assert "shop 119" in listed
    assert '"total":"number"' not in listed
    assert '"identifiers":["user"]' in (await run("--sample")).stdout
