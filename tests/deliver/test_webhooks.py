"""docs/webhooks.md: told at least once, in order, tried again, given up, replayed, signed."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from standardwebhooks import WebhookVerificationError

from graphcdp.model.change_filter import ChangeFilter
from graphcdp.read.deliveries import DeliveryStatus
from graphcdp.record.clock import utc_now
from graphcdp.record.erase import erase_customer
from graphcdp.record.feed import trim
from graphcdp.record.webhooks import (
    WebhookEdits,
    delete_webhook,
    replay_dead,
    replay_from,
    rotate_secret,
    update_webhook,
)
from tests.deliver.conftest import QUICK, Desk
from tests.deliver.receiver import DROP, FAIL, GONE, HANG, TAKE, Got, elsewhere

DEAD, DELIVERED, PENDING = DeliveryStatus.DEAD, DeliveryStatus.DELIVERED, DeliveryStatus.PENDING


async def test_rules_1_and_14_each_change_is_posted_signed_and_logged(desk: Desk) -> None:
    webhook, secret = await desk.webhook()
    await desk.record(("m1", "Paid", "ann"))
    async with desk.delivering():
        await desk.receiver.until(lambda: len(desk.receiver.taken) == 3)
    told = [one.check(secret) for one in desk.receiver.taken]
    assert [one["type"] for one in told] == ["customer.created", "customer.identifier", "event.recorded"]
    assert told[2]["data"]["event"] == {"id": "m1", "name": "Paid"}
    assert told[2]["data"]["identifier"] == {"kind": "user", "value": "ann"}
    assert {one["data"]["customerId"] for one in told} == {told[0]["data"]["customerId"]}
    assert desk.receiver.sequences() == [1, 2, 3]
    ids = [one.id for one in desk.receiver.taken]
    assert ids == [f"dlv_{webhook.removeprefix('whk_')}_{seq}" for seq in (1, 2, 3)]
    with pytest.raises(WebhookVerificationError):
        desk.receiver.taken[0].check("whsec_" + "A" * 43 + "=")
    rows = await desk.rows(webhook)
    assert [(row.seq, row.status, row.code, row.attempts) for row in rows] == [
        (seq, DELIVERED, 204, 1) for seq in (3, 2, 1)
    ]
    assert all(row.duration is not None and row.duration > 0 for row in rows)
    assert (await desk.row(webhook)).cursor == 3
    # Let go of at the end, so that another process can go on at once.
    assert (await desk.row(webhook)).holder is None


async def test_rule_4_only_what_is_wanted_is_told(desk: Desk) -> None:
    await desk.webhook(events=["Paid"])
    await desk.record(("m1", "Seen", "ann"), ("m2", "Paid", "ann"), ("m3", "Paid", "bob"))
    async with desk.delivering():
        await desk.receiver.until(lambda: len(desk.receiver.taken) == 2)
        await desk.record(("m4", "Seen", "ann"), ("m5", "Paid", "ann"))
        await desk.receiver.until(lambda: len(desk.receiver.taken) == 3)
    assert [one.data["event"]["id"] for one in desk.receiver.taken] == ["m2", "m3", "m5"]


def whose(got: Got) -> str:
    return str(got.data["customerId"])


async def test_rule_9_a_customer_that_fails_keeps_its_order_and_holds_nobody_up(desk: Desk) -> None:
    webhook, _ = await desk.webhook(kinds=["EVENT"])
    await desk.record(("a0", "Paid", "ann"), ("b0", "Paid", "bob"))
    async with desk.delivering(backoff=replace(QUICK, tries_max=1000)):
        await desk.receiver.until(lambda: len(desk.receiver.taken) == 2)
        ann = next(whose(one) for one in desk.receiver.taken if one.data["event"]["id"] == "a0")
        desk.receiver.answer = lambda got: FAIL if whose(got) == ann else TAKE
        await desk.record(*[(f"{who}{n}", "Paid", {"a": "ann", "b": "bob"}[who]) for n in (1, 2, 3) for who in "ab"])
        await desk.receiver.until(lambda: len(desk.receiver.taken) == 5)

        async def tried() -> bool:
            return any(row.attempts >= 1 for row in await desk.rows(webhook, PENDING))

        await desk.until(tried)
        desk.receiver.answer = lambda got: TAKE
        await desk.receiver.until(lambda: len(desk.receiver.taken) == 8)
    told = [one.data["event"]["id"] for one in desk.receiver.taken]
    assert [one for one in told if one[0] == "b"] == ["b0", "b1", "b2", "b3"]
    assert [one for one in told if one[0] == "a"] == ["a0", "a1", "a2", "a3"]
    assert told.index("b3") < told.index("a1")
    # The ones behind the failing one were never tried before it.
    first_tries = [one.data["event"]["id"] for one in desk.receiver.got if one.data["event"]["id"] in ("a1", "a2")]
    assert first_tries.index("a2") > max(i for i, one in enumerate(first_tries) if one == "a1")


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (FAIL, "it answered 500"),
        (HANG, "no whole answer within 0.3 s"),
        (DROP, "no whole answer"),
        (elsewhere("http://127.0.0.1:1/secret"), "redirects are not followed"),
    ],
)
async def test_rules_11_to_13_what_fails_is_tried_again_then_given_up_then_replayed(
    desk: Desk, answer: bytes, failure: str
) -> None:
    desk.settings = desk.settings.model_copy(update={"webhook_timeout_s": 0.3})
    webhook, _ = await desk.webhook(kinds=["EVENT"])
    await desk.record(("m1", "Paid", "ann"))
    desk.receiver.answer = lambda got: answer

    async with desk.delivering():

        async def given_up() -> bool:
            return bool(await desk.rows(webhook, DEAD))

        await desk.until(given_up)
        assert len(desk.receiver.got) == 4
        assert len({one.id for one in desk.receiver.got}) == 1
        (row,) = await desk.rows(webhook, DEAD)
        assert (row.attempts, failure in (row.failure or "")) == (4, True), row.failure
        # What comes behind a dead letter goes on.
        desk.receiver.answer = lambda got: TAKE
        await desk.record(("m2", "Paid", "ann"))
        await desk.receiver.until(lambda: len(desk.receiver.taken) == 1)
        assert await replay_dead(desk.store, [row.id], utc_now()) == [row.id]
        await desk.receiver.until(lambda: len(desk.receiver.taken) == 2)
        assert desk.receiver.taken[-1].id == row.id

        async def delivered() -> bool:
            return len(await desk.rows(webhook, DELIVERED)) == 2

        await desk.until(delivered)
    assert not await desk.rows(webhook, DEAD)


async def test_rule_10_a_replay_tells_all_again_with_the_same_ids(desk: Desk) -> None:
    webhook, _ = await desk.webhook(kinds=["EVENT"])
    await desk.record(("m1", "Paid", "ann"), ("m2", "Paid", "bob"))
    async with desk.delivering():
        await desk.receiver.until(lambda: len(desk.receiver.taken) == 2)
        await replay_from(desk.store, webhook, 0, utc_now())
        await desk.receiver.until(lambda: len(desk.receiver.taken) == 4)
    ids = [one.id for one in desk.receiver.taken]
    assert sorted(ids[:2]) == sorted(ids[2:])


async def test_rule_8_one_process_delivers_and_another_takes_over(desk: Desk) -> None:
    webhook, _ = await desk.webhook(kinds=["EVENT"])
    async with desk.delivering():
        await desk.record(("m1", "Paid", "ann"))
        await desk.receiver.until(lambda: len(desk.receiver.taken) == 1)
        holder = (await desk.row(webhook)).holder
        async with desk.delivering():
            await desk.record(("m2", "Paid", "ann"))
            await desk.receiver.until(lambda: len(desk.receiver.taken) == 2)
            assert (await desk.row(webhook)).holder == holder
    async with desk.delivering():
        await desk.record(("m3", "Paid", "ann"))
        await desk.receiver.until(lambda: len(desk.receiver.taken) == 3)
    assert [one.data["event"]["id"] for one in desk.receiver.got] == ["m1", "m2", "m3"]


async def test_rule_12_who_fails_for_long_is_disabled_with_a_reason_and_goes_on_when_enabled(desk: Desk) -> None:
    desk.settings = desk.settings.model_copy(update={"webhook_disable_s": 0.2})
    webhook, _ = await desk.webhook(kinds=["EVENT"])
    desk.receiver.answer = lambda got: FAIL
    await desk.record(*[(f"m{n}", "Paid", f"u{n}") for n in range(12)])

    async def disabled() -> bool:
        return not (await desk.row(webhook)).enabled

    async with desk.delivering():
        await desk.until(disabled)
        row = await desk.row(webhook)
        assert "Nothing was taken since" in (row.reason or "")
        desk.receiver.answer = lambda got: TAKE
        await replay_dead(desk.store, [one.id for one in await desk.rows(webhook, DEAD)] or ["dlv_x"], utc_now())
        edits = WebhookEdits(enabled=True)
        await update_webhook(desk.store, webhook, edits, utc_now(), reach=desk.settings.webhook_reach)
        await desk.receiver.until(lambda: len(desk.receiver.taken) == 12)
    assert (await desk.row(webhook)).reason is None


async def test_rule_12_gone_disables_at_once(desk: Desk) -> None:
    webhook, _ = await desk.webhook(kinds=["EVENT"])
    desk.receiver.answer = lambda got: GONE
    await desk.record(("m1", "Paid", "ann"))

    async def disabled() -> bool:
        return not (await desk.row(webhook)).enabled

    async with desk.delivering():
        await desk.until(disabled)
    assert "410" in ((await desk.row(webhook)).reason or "")
    assert len(desk.receiver.got) == 1


async def test_rule_14_after_a_rotation_both_secrets_sign(desk: Desk) -> None:
    webhook, old = await desk.webhook(kinds=["EVENT"])
    new = await rotate_secret(desk.store, webhook, utc_now())
    await desk.record(("m1", "Paid", "ann"))
    async with desk.delivering():
        await desk.receiver.until(lambda: len(desk.receiver.taken) == 1)
    assert old != new
    desk.receiver.taken[0].check(old)
    desk.receiver.taken[0].check(new)
    await desk.record(("m2", "Paid", "ann"))
    async with desk.delivering(clock=lambda: utc_now() + timedelta(hours=25)):
        await desk.receiver.until(lambda: len(desk.receiver.taken) == 2)
    desk.receiver.taken[1].check(new)
    with pytest.raises(WebhookVerificationError):
        desk.receiver.taken[1].check(old)


async def test_rule_6_an_erasure_is_told_whatever_is_wanted_and_leaves_nothing_to_deliver(desk: Desk) -> None:
    webhook, _ = await desk.webhook(events=["Paid"])
    desk.receiver.answer = lambda got: FAIL
    await desk.record(("m1", "Paid", "ann"))

    async def tried() -> bool:
        return any(row.attempts for row in await desk.rows(webhook, PENDING))

    async with desk.delivering(backoff=replace(QUICK, tries_max=1000)):
        await desk.until(tried)
        customer = whose(desk.receiver.got[0])
        await erase_customer(desk.store, customer)
        desk.receiver.answer = lambda got: TAKE
        # Tried again, it is read from the feed, where nothing of it is left.
        edits = WebhookEdits(filter=ChangeFilter.of(events=["Paid", "More"]))
        await update_webhook(desk.store, webhook, edits, utc_now(), reach=desk.settings.webhook_reach)
        await desk.receiver.until(lambda: len(desk.receiver.taken) >= 2)
    assert {one.data["kind"] for one in desk.receiver.taken} == {"ERASED"}


async def test_rule_3_a_deleted_webhook_is_told_nothing_more(desk: Desk) -> None:
    webhook, _ = await desk.webhook(kinds=["EVENT"])
    async with desk.delivering():
        await desk.record(("m1", "Paid", "ann"))
        await desk.receiver.until(lambda: len(desk.receiver.taken) == 1)
        await delete_webhook(desk.store, webhook)
        await asyncio.sleep(0.2)
        await desk.record(("m2", "Paid", "ann"))
        await asyncio.sleep(0.3)
    assert len(desk.receiver.got) == 1
    assert await desk.rows(webhook) == []


async def test_rules_11_and_12_what_the_feed_no_longer_keeps_is_dead_and_a_place_before_it_disables(desk: Desk) -> None:
    webhook, _ = await desk.webhook(kinds=["EVENT"])
    late, _ = await desk.webhook(kinds=["EVENT"])
    edits = WebhookEdits(enabled=False)
    await update_webhook(desk.store, late, edits, utc_now(), reach=desk.settings.webhook_reach)
    desk.receiver.answer = lambda got: FAIL
    await desk.record(("m1", "Paid", "ann"))

    async def tried() -> bool:
        return any(row.attempts for row in await desk.rows(webhook, PENDING))

    async with desk.delivering(backoff=replace(QUICK, tries_max=1000)):
        await desk.until(tried)
    await desk.record(("m2", "Paid", "ann"))
    await trim(desk.store, keep_s=1e9, keep_max=1)
    desk.receiver.answer = lambda got: TAKE
    await update_webhook(desk.store, late, WebhookEdits(enabled=True), utc_now(), reach=desk.settings.webhook_reach)

    async def settled() -> bool:
        return not (await desk.rows(webhook, PENDING)) and (await desk.row(late)).reason is not None

    async with desk.delivering():
        await desk.until(settled)
    (dead,) = await desk.rows(webhook, DEAD)
    assert (dead.seq, dead.failure) == (3, "the feed no longer keeps the change")
    assert "no longer kept" in ((await desk.row(late)).reason or "")
    assert not (await desk.row(late)).enabled
