"""Signed by Standard Webhooks: receivers need nothing of ours to check. Pure. Source: docs/webhooks.md, rule 14."""

from collections.abc import Sequence
from datetime import datetime

from standardwebhooks import Webhook


def signed_headers(delivery_id: str, body: bytes, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """The three headers. secrets: whsec_..., one signature for each, the newest first. now: UTC."""
    text = body.decode()
    signatures = [Webhook(secret).sign(delivery_id, now, text) for secret in secrets]
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
