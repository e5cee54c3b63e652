"""`graphcdp webhooks` and `graphcdp destinations` on a real database, against a real receiver."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from typer.testing import CliRunner, Result

from graphcdp.cli.main import app
from graphcdp.model.errors import DeliveryError, InvalidReferenceError, UnknownReferenceError
from graphcdp.record.recorder import Recorder
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.deliver.conftest import Desk
from tests.deliver.receiver import FAIL, TAKE, Receiver, receiving


async def run(*arguments: str) -> Result:
    """The result of a command, which has an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, app, list(arguments))


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


@pytest.mark.usefixtures("_external")
async def test_a_webhook_from_its_making_to_its_end(
    store: Store, recorder: Recorder, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = await run("webhooks", "create", receiver.url)
    assert isinstance(refused.exception, InvalidReferenceError)
    monkeypatch.setenv("GRAPHCDP_WEBHOOK_PRIVATE_ALLOWED", "true")
    assert "There are no webhooks" in (await run("webhooks", "list")).stdout
    made = await run("webhooks", "create", receiver.url, "--name", "till [x]", "--event", "Paid", "--after", "start")
    secret = made.stdout.strip()
    webhook = made.stderr.split(" ")[0]
    assert secret.startswith("whsec_")
    listed = (await run("webhooks", "list")).stdout
    assert all(part in listed for part in (webhook, "till [x]", receiver.url, "events: Paid", "enabled"))
    assert secret not in listed

    tested = await run("webhooks", "test", webhook)
    assert (tested.exit_code, tested.stdout) == (0, "The test was taken: HTTP 204.\n")
    assert receiver.got[0].check(secret)["type"] == "webhook.test"
    receiver.answer = lambda got: FAIL
    assert isinstance((await run("webhooks", "test", webhook)).exception, DeliveryError)

    desk = Desk(store, recorder, Settings(webhook_private_allowed=True, webhook_timeout_s=1), receiver)
    assert (await run("webhooks", "disable", webhook)).exit_code == 0
    assert "disabled" in (await run("webhooks", "list")).stdout
    await desk.record(("m1", "Paid", "ann"), ("m2", "Paid", "bob"))
    assert "There are no such" in (await run("webhooks", "deliveries", webhook)).stdout
    assert (await run("webhooks", "enable", webhook)).exit_code == 0

    async def given_up() -> bool:
        return (await run("webhooks", "deliveries", webhook, "--status", "DEAD")).stdout.count("it answered 500") == 2

    async with desk.delivering():
        await desk.until(given_up)
        receiver.answer = lambda got: TAKE
        assert (await run("webhooks", "replay", webhook, "--dead")).stdout == "Back in line: 2.\n"
        await receiver.until(lambda: len(receiver.taken) == 3)
        replayed = await run("webhooks", "replay", webhook, "--after", "start")
        assert "delivered again" in replayed.stdout
        await receiver.until(lambda: len(receiver.taken) == 5)
    rotated = (await run("webhooks", "rotate", webhook)).stdout.strip()
    assert rotated.startswith("whsec_")
    assert rotated != secret
    assert (await run("webhooks", "delete", webhook)).exit_code == 0
    for command in (["enable"], ["delete"], ["rotate"], ["test"], ["deliveries"], ["replay", "--dead"]):
        gone = await run("webhooks", command[0], webhook, *command[1:])
        assert isinstance(gone.exception, UnknownReferenceError), command
    assert "No destination is known" in (await run("destinations", "list")).stdout


async def test_what_to_replay_is_said() -> None:
    for arguments in ((), ("--dead", "--after", "start"), ("--delivery", "dlv_1", "--dead")):
        assert isinstance((await run("webhooks", "replay", "whk_1", *arguments)).exception, InvalidReferenceError)
