"""`graphcdp rejected` on a real database: listed, tried again."""

import asyncio

import pytest
from typer.testing import CliRunner, Result

from graphcdp.cli.main import app
from graphcdp.model.errors import InvalidReferenceError
from graphcdp.model.statement import Statement
from graphcdp.record.recorder import Recorder
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store


async def run(*arguments: str) -> Result:
    """The result of a command, which has an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, app, ["rejected", *arguments])


@pytest.mark.usefixtures("_external")
async def test_messages_are_listed_and_tried_again(store: Store, rules: IdentityRules) -> None:
    assert "No message was refused" in (await run("list")).stdout
    await Recorder(store, rules).record(
        [
            {"id": "m1", "name": "", "identifiers": [("user", "u")], "source": "till [x]"},
            {"id": "m2", "name": "Paid", "identifiers": [("card", "7")], "source": "till"},
        ]
    )
    listed = (await run("list", "--content")).stdout
    assert "till [x]" in listed
    assert "name is missing" in listed
    assert '"card"' in listed
    assert "till [x]" not in (await run("list", "--first", "1")).stdout

    again = await run("replay", "--all")
    assert (again.exit_code, again.stdout.strip().splitlines()[-1]) == (2, "Taken: 0. Still refused: 2.")
    repair = """MATCH (r:Rejected {messageId: 'm1'})
        SET r.json = replace(r.json, '"name":""', '"name":"Paid"') RETURN r.id AS id"""
    (row,) = await store.transact(lambda tx: tx.run_generated(Statement(repair)))
    taken = await run("replay", row["id"])
    assert (taken.exit_code, taken.stdout.strip().splitlines()[-1]) == (0, "Taken: 1. Still refused: 0.")
    assert "till [x]" not in (await run("list")).stdout


async def test_what_to_try_is_said() -> None:
    for arguments in ((), ("rej_1", "--all")):
        assert isinstance((await run("replay", *arguments)).exception, InvalidReferenceError)
