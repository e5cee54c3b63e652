"""The destination `webhook`: one signed post a change. Source: docs/webhooks.md."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from graphcdp.deliver.destination import Outgoing, take_options
from graphcdp.deliver.http import Sender
from graphcdp.deliver.signing import signed_headers
from graphcdp.model.errors import DestinationError, InvalidReferenceError
from graphcdp.model.times import time_text
from graphcdp.record.clock import utc_now
from graphcdp.record.ids import new_ulid
from graphcdp.settings import Settings


class WebhookDestination:
    """Posts changes to a URL. secrets: whsec_..., the newest first."""

    def __init__(self, url: str, secrets: Sequence[str], sender: Sender) -> None:
        self._url = url
        self._secrets = secrets
        self._sender = sender

    async def open(self) -> None:
        """Nothing to do: a connection is made with the first post."""

    async def deliver(self, batch: Sequence[Outgoing]) -> None:
        """Post one after another. Raises DeliveryError at the first that is not taken."""
        for one in batch:
            await self.post(one)

    async def post(self, one: Outgoing) -> int:
        """Post one change; the status of the answer. Raises DeliveryError."""
        body = one.text()
        return await self._sender.post(self._url, body, signed_headers(one.id, body, self._secrets, utc_now()))

    async def close(self) -> None:
        """Close the connections."""
        await self._sender.close()


async def post_test(url: str, secret: str, settings: Settings) -> int:
    """Post `webhook.test`, which stands for no change, once; the status of the answer. Raises DeliveryError."""
    now = utc_now()
    body = orjson.dumps({"type": "webhook.test", "timestamp": time_text(now), "data": {}})
    sender = Sender(settings.webhook_reach, settings.webhook_timeout_s)
    try:
        return await sender.post(url, body, signed_headers(f"dlv_test_{new_ulid(now)}", body, [secret], now))
    finally:
        await sender.close()


def make(options: Mapping[str, Any], settings: Settings) -> WebhookDestination:
    """Of the options `url` and `secret`. Raises DestinationError."""
    given = take_options(options, url=str, secret=str)
    try:
        url = settings.webhook_reach.check_url(given.get("url", ""))
        signed_headers("", b"", [given.get("secret", "")], utc_now())
    except InvalidReferenceError as error:
        raise DestinationError(str(error)) from error
    except Exception as error:
        raise DestinationError("The option secret must be whsec_ with base64 behind it.") from error
    return WebhookDestination(url, [given["secret"]], Sender(settings.webhook_reach, settings.webhook_timeout_s))
