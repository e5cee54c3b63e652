"""Webhooks made, changed and deleted; deliveries put back into line. Source: docs/webhooks.md, rules 1 to 3."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from graphcdp.model.addresses import Reach
from graphcdp.model.change_filter import ChangeFilter
from graphcdp.model.errors import InvalidReferenceError, UnknownReferenceError
from graphcdp.model.ids import Tag, tagged
from graphcdp.record.ids import new_ulid
from graphcdp.store import Store, Transaction

WEBHOOKS_MAX = 100
NAME_LENGTH_MAX = 100
REPLAY_MAX = 1000
SECRET_PREFIX = "whsec_"  # noqa: S105  # begins each secret, and is none
SECRET_BYTES = 32
BOTH_SIGN = timedelta(hours=24)
"""How long deliveries are signed with the secret before a rotation, too."""
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class WebhookEdits:
    """What an edit changes; None leaves it as it is. name: "" removes it."""

    url: str | None = None
    name: str | None = None
    filter: ChangeFilter | None = None
    enabled: bool | None = None


async def create_webhook(
    store: Store,
    url: str,
    filter_: ChangeFilter,
    now: datetime,
    *,
    reach: Reach,
    after: int,
    name: str | None = None,
    enabled: bool = True,
) -> tuple[str, str]:
    """Make a webhook that is told the changes after a number; its id and its secret.

    Raises InvalidReferenceError for a URL or name that cannot be, or when there are too many.
    """
    reach.check_url(url)
    _check_name(name)
    webhook_id = tagged(Tag.WEBHOOK, new_ulid(now))
    secret = _new_secret()
    properties = {
        "type": "webhook",
        "url": url,
        "name": name or None,
        "filter": filter_.to_json(),
        "enabled": enabled,
        "cursor": after,
        "secret": secret,
    }

    async def work(tx: Transaction) -> None:
        there = await tx.run("deliver/destinations", type="webhook")
        if len(there) >= WEBHOOKS_MAX:
            raise InvalidReferenceError(f"There are {len(there)} webhooks, which is the most: delete one first.")
        await tx.run("deliver/create", id=webhook_id, properties=properties, now=now)

    await store.transact(work)
    return webhook_id, secret


async def update_webhook(store: Store, webhook_id: str, edits: WebhookEdits, now: datetime, *, reach: Reach) -> None:
    """Change a webhook. Enabled again, it goes on where it stopped.

    Raises as `create_webhook`, and UnknownReferenceError.
    """
    properties: dict[str, Any] = {}
    if edits.url is not None:
        properties["url"] = reach.check_url(edits.url)
    if edits.name is not None:
        _check_name(edits.name)
        properties["name"] = edits.name or None
    if edits.filter is not None:
        properties["filter"] = edits.filter.to_json()
    if edits.enabled is not None:
        properties |= {"enabled": edits.enabled, "reason": None}
    if edits.enabled or edits.url is not None:
        properties |= {"failures": None, "failingSince": None}
    await _edit(store, webhook_id, properties, now)


async def rotate_secret(store: Store, webhook_id: str, now: datetime) -> str:
    """A new secret; for a day deliveries are signed with the one before, too. Raises UnknownReferenceError."""
    secret = _new_secret()

    async def work(tx: Transaction) -> None:
        found = await _locked(tx, webhook_id)
        until = now + BOTH_SIGN
        properties = {"secret": secret, "secretBefore": found["secret"], "secretBeforeUntil": until}
        await tx.run("deliver/edit", id=webhook_id, properties=properties, now=now)

    await store.transact(work)
    return secret


async def delete_webhook(store: Store, webhook_id: str) -> None:
    """Delete a webhook, with its log. Raises UnknownReferenceError."""

    async def work(tx: Transaction) -> None:
        await _locked(tx, webhook_id)
        await tx.run("deliver/delete", id=webhook_id)

    await store.transact(work)
    while True:
        (row,) = await store.transact(lambda tx: tx.run("deliver/left", destination=webhook_id, limit=_BATCH))
        if row["dropped"] < _BATCH:
            return


async def replay_from(store: Store, destination: str, after: int, now: datetime) -> None:
    """Deliver all changes after a number, once more those that were delivered, and enable the destination.

    destination: a webhook's id, or dst_<name>. Raises UnknownReferenceError.

    What waits for a change behind that number is told from the feed again; what waits for one before it stays.
    """

    properties = {"cursor": after, "enabled": True, "reason": None, "failures": None, "failingSince": None}

    async def work(tx: Transaction) -> None:
        await _locked(tx, destination, any_type=True)
        await tx.run("deliver/edit", id=destination, properties=properties, now=now)
        await tx.run(
            "deliver/forget", destination=destination, statuses=["PENDING", "DEAD"], after=after, limit=10 * _BATCH
        )

    await store.transact(work)


async def replay_dead(store: Store, ids: Sequence[str], now: datetime) -> list[str]:
    """Put deliveries that were given up back into line; the ids of those that were. Raises InvalidReferenceError."""
    if not 1 <= len(ids) <= REPLAY_MAX:
        raise InvalidReferenceError(f"{len(ids)} deliveries are named; it takes 1..{REPLAY_MAX}.", ("deliveries",))

    async def work(tx: Transaction) -> list[str]:
        rows = await tx.run("deliver/retry", ids=list(ids), now=now)
        for webhook_id in sorted({row["destination"] for row in rows}):
            await tx.run("deliver/edit", id=webhook_id, properties={}, now=now)
        return [row["id"] for row in rows]

    return await store.transact(work)


async def _edit(store: Store, webhook_id: str, properties: Mapping[str, Any], now: datetime) -> None:
    async def work(tx: Transaction) -> None:
        await _locked(tx, webhook_id)
        await tx.run("deliver/edit", id=webhook_id, properties=dict(properties), now=now)

    await store.transact(work)


async def _locked(tx: Transaction, webhook_id: str, *, any_type: bool = False) -> dict[str, Any]:
    rows = await tx.run("deliver/lock", id=webhook_id)
    if not rows or not (any_type or rows[0]["type"] == "webhook"):
        what = "destination" if any_type else "webhook"
        raise UnknownReferenceError(f"There is no {what} {webhook_id!r}.", ("id",))
    return rows[0]


def _check_name(name: str | None) -> None:
    if name is not None and len(name) > NAME_LENGTH_MAX:
        raise InvalidReferenceError(f"The name has {len(name)} characters; the most is {NAME_LENGTH_MAX}.", ("name",))


def _new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
