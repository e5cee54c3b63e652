"""`graphcdp keys` on a real database: made, listed, revoked; a token that the server takes."""

import asyncio
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner, Result

from graphcdp.api.tokens import subject_of
from graphcdp.cli.main import app
from graphcdp.model.errors import SettingsError, UnknownReferenceError
from graphcdp.model.principals import key_hash
from graphcdp.store import Store

SECRET = "0123456789abcdef0123456789abcdef"


async def run(*arguments: str) -> Result:
    """The result of a command, which has an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, app, ["keys", *arguments])


@pytest.mark.usefixtures("_external")
async def test_a_key_from_making_to_revoking(store: Store) -> None:
    assert "No key is stored" in (await run("list")).stdout
    made = await run("create", "--name", "shop [x]", "--scope", "read", "--scope", "pii", "--scope", "read")
    text = made.stdout.strip()
    assert text.startswith("gcdp_sec_")
    (row,) = await store.read("read/api_keys")
    assert (row["name"], row["scopes"], row["hash"]) == ("shop [x]", ["pii", "read"], key_hash(text))
    public = await run("create", "--name", "page", "--scope", "write")
    assert public.stdout.startswith("gcdp_pub_")
    listed = (await run("list")).stdout
    assert "shop [x]" in listed
    assert text not in listed
    assert (await run("revoke", row["id"])).stdout == f"{row['id']} (shop [x]) is revoked.\n"
    first = (await store.read("read/api_keys"))[0]["revoked"]
    await run("revoke", row["id"])
    assert (await store.read("read/api_keys"))[0]["revoked"] == first, "the first time counts"


@pytest.mark.usefixtures("_external")
async def test_what_cannot_be_a_key(store: Store) -> None:
    assert (await run("create", "--name", "x", "--scope", "everything")).exit_code == 2
    assert (await run("create", "--name", "x")).exit_code == 2
    assert "1..100" in str((await run("create", "--name", " ", "--scope", "read")).exception)
    assert isinstance((await run("revoke", "key_none")).exception, UnknownReferenceError)
    assert await store.read("read/api_keys") == []


async def test_a_token_for_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHCDP_TOKEN_SECRET", SECRET)
    token = (await run("token", "--sub", "user:u1", "--minutes", "1440")).stdout.strip()
    assert subject_of(SECRET, token, datetime.now(UTC)) == "user:u1"
    assert (await run("token", "--sub", "user:u1", "--minutes", "1441")).exit_code == 2
    monkeypatch.delenv("GRAPHCDP_TOKEN_SECRET")
    assert isinstance((await run("token", "--sub", "user:u1")).exception, SettingsError)
