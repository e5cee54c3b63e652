"""What is kept of a message that cannot be recorded."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson

from graphcdp.model.messages import RawMessage
from graphcdp.model.problems import Problem
from graphcdp.record.ids import new_ulid
from graphcdp.record.sources import source_of


def rejection_hash(message_id: str, json: str) -> str:
    """What the very same refused message is known by."""
    return sha256(f"{message_id}\n{json}".encode(errors="replace")).hexdigest()


def rejection_row(message_id: str, raw: RawMessage, errors: Sequence[Problem], now: datetime) -> dict[str, Any]:
    """A row of `record/create_rejected`: what is kept of a message that cannot be recorded."""
    told_id, json = message_id.encode(errors="replace").decode(), _as_text(raw)
    return {
        "id": f"rej_{new_ulid(now)}",
        "hash": rejection_hash(told_id, json),
        "messageId": told_id,
        "source": source_of(raw),
        "code": errors[0].code.value,
        "reason": reason_of(errors),
        "json": json,
    }


def reason_of(errors: Sequence[Problem]) -> str:
    """The problems of a refused message as one text; half characters, which they may quote, are question marks."""
    return " ".join(problem.message for problem in errors).encode(errors="replace").decode()


def _as_text(raw: RawMessage) -> str:
    try:
        return orjson.dumps(raw, default=str).decode()
    except (TypeError, RecursionError):
        # Half characters and numbers beyond 64 bits: what was sent is kept as Python writes it.
        return repr(raw)
