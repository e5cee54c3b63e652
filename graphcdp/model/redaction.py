"""Changes without what was erased. Source: docs/feed.md, rule 10.

Numbers stay, so that nobody who follows meets a gap. What told of the erased
customer alone becomes ERASED; what tells of others too keeps what is theirs.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from graphcdp.model.changes import (
    Change,
    ConsentChanged,
    Erased,
    EventRecorded,
    IdentifierMoved,
    Merged,
    Split,
    TraitsChanged,
)


@dataclass(frozen=True, slots=True)
class Erasure:
    """ids: that the erased customer ever had. keys: of its identifiers. others: customers who had one of these before.

    Traits of those may have come from an identifier that was erased.
    """

    ids: Collection[str]
    keys: Collection[str]
    others: Collection[str]


def redacted(change: Change, erasure: Erasure) -> Change:
    """What is left of a change; itself when it tells nothing of what was erased."""
    ids, keys = erasure.ids, erasure.keys
    match change:
        case Merged(customer, absorbed):
            return Erased(customer) if customer in ids and absorbed in ids else change
        case Split(customer, parts):
            if customer in ids and all(part.customer in ids for part in parts):
                return Erased(customer)
            left = tuple(part._replace(keys=tuple(key for key in part.keys if key not in keys)) for part in parts)
            return change if left == parts else replace(change, parts=left, redacted=True)
        case _ if change.customer in ids:
            return Erased(change.customer)
        case IdentifierMoved(key=key) if key in keys:
            return replace(change, key=None)
        case EventRecorded(customer, subject=subject) if subject in keys:
            return EventRecorded(customer, None, None, None)
        case ConsentChanged(customer, identifier=identifier) if identifier in keys:
            return ConsentChanged(customer, None, None, False, None)
        case TraitsChanged(customer) if customer in erasure.others:
            return TraitsChanged(customer, ())
    return change
