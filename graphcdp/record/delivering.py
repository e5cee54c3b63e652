"""Which process delivers for a destination, and what became of its deliveries. Source: docs/webhooks.md, rules 7 to 10.

Whoever delivers holds a lease. Each statement below looks first whether it still
does, under the destination's lock: should two deliver after all, the second keeps nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from graphcdp.model.change_filter import ChangeFilter
from graphcdp.store import Store, Transaction

PENDING_READ_MAX = 5000


@dataclass(frozen=True, slots=True)
class PendingRow:
    """A change that is still to be told. next: not before; None for at once."""

    seq: int
    kind: str
    customers: tuple[str, ...]
    attempts: int
    next: datetime | None
    created: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """A destination that is this process's to deliver for.

    cursor: changes up to this number are delivered, or among `pending`. secrets: to sign with, the newest
    first. complete: whether `pending` holds all that there are.
    """

    id: str
    url: str | None
    filter: ChangeFilter
    version: int
    cursor: int
    failures: int
    failing_since: datetime | None
    secrets: tuple[str, ...]
    pending: tuple[PendingRow, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """What became of one change. status: PENDING, DELIVERED or DEAD. The rest: as `read.deliveries.DeliveryRow`."""

    id: str
    seq: int
    kind: str
    customers: tuple[str, ...]
    status: str
    attempts: int
    created: datetime
    next: datetime | None = None
    tried: datetime | None = None
    code: int | None = None
    duration: float | None = None
    failure: str | None = None


class Kept(Enum):
    """KEPT: go on. EDITED: it is another one now, begin anew. LOST: another process delivers, or it is gone."""

    KEPT = "kept"
    EDITED = "edited"
    LOST = "lost"


async def claim(store: Store, destination: str, holder: str, now: datetime, lease: timedelta) -> Claimed | None:
    """Take a destination, unless it is disabled or gone, or another process delivers for it: then None."""

    async def work(tx: Transaction) -> Claimed | None:
        rows = await tx.run("deliver/lock", id=destination)
        if not rows or not rows[0]["enabled"] or _taken(rows[0], holder, now):
            return None
        (row,) = rows
        await tx.run("deliver/set", id=destination, properties={"holder": holder, "leaseUntil": now + lease})
        pending = await tx.run("deliver/pending", destination=destination, limit=PENDING_READ_MAX)
        before = row["secret_before"] if row["before_until"] is not None and row["before_until"] > now else None
        return Claimed(
            id=destination,
            url=row["url"],
            filter=ChangeFilter.from_json(row["filter"]),
            version=row["version"],
            cursor=row["cursor"],
            failures=row["failures"],
            failing_since=row["failing_since"],
            secrets=tuple(one for one in (row["secret"], before) if one),
            pending=tuple(PendingRow(**one | {"customers": tuple(one["customers"])}) for one in pending),
            complete=len(pending) < PENDING_READ_MAX,
        )

    return await store.transact(work)


async def renew(store: Store, destination: str, holder: str, now: datetime, lease: timedelta) -> bool:
    """Hold the lease for longer; False when it is another's."""

    async def work(tx: Transaction) -> bool:
        tx.concerns(())
        rows = await tx.run("deliver/lock", id=destination)
        if not rows or rows[0]["holder"] != holder:
            return False
        await tx.run("deliver/set", id=destination, properties={"leaseUntil": now + lease})
        return True

    return await store.transact(work)


async def release(store: Store, destination: str, holder: str) -> None:
    """Let others deliver at once."""

    async def work(tx: Transaction) -> None:
        tx.concerns(())
        rows = await tx.run("deliver/lock", id=destination)
        if rows and rows[0]["holder"] == holder:
            await tx.run("deliver/set", id=destination, properties={"holder": None, "leaseUntil": None})

    await store.transact(work)


async def keep(
    store: Store,
    destination: str,
    holder: str,
    version: int,
    *,
    outcomes: Sequence[DeliveryOutcome],
    properties: dict[str, Any],
) -> Kept:
    """Keep what became of changes, and how far the destination has got, together.

    properties: cursor, failures, failingSince; enabled and reason when it is to be disabled. After an edit by
    somebody else only what is over is kept: the rest is decided anew, from the cursor of the edit.
    """

    async def work(tx: Transaction) -> Kept:
        tx.concerns(())
        rows = await tx.run("deliver/lock", id=destination)
        if not rows or rows[0]["holder"] != holder:
            return Kept.LOST
        same = rows[0]["version"] == version
        told = [one for one in outcomes if same or one.status != "PENDING"]
        if told:
            await tx.run("deliver/keep", deliveries=[_stored(destination, one) for one in told])
        if not same:
            return Kept.EDITED
        await tx.run("deliver/set", id=destination, properties=properties)
        return Kept.KEPT

    return await store.transact(work)


def _taken(row: dict[str, Any], holder: str, now: datetime) -> bool:
    return row["holder"] not in (None, holder) and row["lease"] is not None and row["lease"] > now


def _stored(destination: str, one: DeliveryOutcome) -> dict[str, Any]:
    properties = {
        "destination": destination,
        "seq": one.seq,
        "kind": one.kind,
        "customers": list(one.customers),
        "status": one.status,
        "attempts": one.attempts,
        "createdAt": one.created,
        "nextAt": one.next,
        "triedAt": one.tried,
        "code": one.code,
        "durationMs": one.duration,
        "failure": one.failure,
    }
    return {"id": one.id, "properties": properties}
