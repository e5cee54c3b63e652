"""The public form of a change, one for webhooks, files, Kafka and `graphcdp tail`. Pure.

Source: docs/webhooks.md, rules 20 to 24.
"""

from typing import Any, TypeAlias

from graphcdp.model.changes import (
    Change,
    ChangeKind,
    ConsentChanged,
    EventRecorded,
    IdentifierMoved,
    Merged,
    SegmentEntered,
    SegmentExited,
    Sequenced,
    Split,
    TraitsChanged,
)
from graphcdp.model.times import time_text
from graphcdp.read.feed import feed_cursor

JsonObject: TypeAlias = dict[str, Any]

TYPE_BY_KIND = {
    ChangeKind.CREATED: "customer.created",
    ChangeKind.IDENTIFIER: "customer.identifier",
    ChangeKind.MERGED: "customer.merged",
    ChangeKind.SPLIT: "customer.split",
    ChangeKind.TRAITS: "customer.traits",
    ChangeKind.EVENT: "event.recorded",
    ChangeKind.ENTERED: "segment.entered",
    ChangeKind.EXITED: "segment.exited",
    ChangeKind.CONSENT: "consent.changed",
    ChangeKind.ERASED: "customer.erased",
}
"""The public names of kinds; a house test holds them complete."""


def public_change(told: Sequenced) -> JsonObject:
    """A change as other systems get it: type, timestamp, data."""
    change = told.change
    data: JsonObject = {
        "cursor": feed_cursor(told.seq),
        "sequence": told.seq,
        "kind": change.kind.value,
        "customerId": change.customer,
        **_details(change),
    }
    if getattr(change, "redacted", False):
        data["redacted"] = True
    return {"type": TYPE_BY_KIND[change.kind], "timestamp": time_text(told.at), "data": data}


def _details(change: Change) -> JsonObject:
    match change:
        case IdentifierMoved():
            return {"identifier": _identifier(change.key), "removed": change.removed}
        case Merged():
            return {"absorbedId": change.absorbed, "mergeId": change.merge}
        case Split():
            return {"parts": [_part(*part) for part in change.parts], "cause": change.cause}
        case TraitsChanged():
            return {"traits": [one._asdict() for one in change.traits]}
        case EventRecorded():
            event = None if change.event is None else {"id": change.event, "name": change.name}
            return {"event": event, "identifier": _identifier(change.subject)}
        case SegmentEntered() | SegmentExited():
            return {"segment": {"id": change.segment, "key": change.key}}
        case ConsentChanged():
            return {
                "identifier": _identifier(change.identifier),
                "purpose": change.purpose,
                "granted": change.granted,
                "at": None if change.at is None else time_text(change.at),
                "expiresAt": None if change.expires_at is None else time_text(change.expires_at),
                "source": change.source,
            }
    return {}


def _part(customer: str, split: str, keys: tuple[str, ...]) -> JsonObject:
    return {"customerId": customer, "splitId": split, "identifiers": [_identifier(key) for key in keys]}


def _identifier(key: str | None) -> JsonObject | None:
    if key is None:
        return None
    kind, _, value = key.partition(":")
    return {"kind": kind, "value": value}
