"""Erases a customer for good, and remembers not to know the identifiers again. Source: docs/identity.md, rule 12.

The first transaction takes the customer out of sight and suppresses the
identifiers; what hangs on them is deleted after that in pieces, so that a long
history needs no large transaction. When the server stops in between,
`finish_erasures` goes on.
"""

from dataclasses import dataclass

from graphcdp.model.changes import Erased
from graphcdp.model.errors import UnknownReferenceError
from graphcdp.record.feed import redact_feed
from graphcdp.record.parts import keys_of, lock_members
from graphcdp.record.tries import transact_again
from graphcdp.store import Store, Transaction

EVENTS_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Receipt:
    """customers: ids that are gone, those of merged customers included. events, identifiers: how many were deleted."""

    customers: tuple[str, ...]
    events: int
    identifiers: int


async def erase_customer(store: Store, customer: str) -> Receipt:
    """Erase a live customer: identifiers, traits, events, history. Raises UnknownReferenceError for an unknown one."""

    async def work(tx: Transaction) -> tuple[list[str], int]:
        if not await keys_of(tx, customer):
            raise UnknownReferenceError(f"No customer {customer} is known; it may just have been merged: ask again.")
        members = await lock_members(tx, customer)
        hashes = [{"key": key, "hash": member.identifier.fingerprint} for key, member in members.items()]
        others = [row["id"] for row in await tx.run("record/erase_sharers", id=customer, keys=sorted(members))]
        (begun,) = await tx.run("record/erase_begin", id=customer, hashes=hashes)
        await tx.run("record/erase_log", ids=begun["ids"])
        await tx.run("record/erase_from_feed", ids=begun["ids"], keys=sorted(members), others=others)
        tx.tell(Erased(one) for one in begun["ids"])
        return begun["ids"], len(members)

    ids, identifiers = await transact_again(store, work)
    return Receipt(tuple(ids), await finish_erasures(store), identifiers)


async def finish_erasures(store: Store) -> int:
    """Delete what still hangs on erased identifiers, and these; how many events that were. Safe at any time."""
    events: int = 0
    while True:
        (row,) = await store.transact(lambda tx: tx.run("record/erase_events", limit=EVENTS_AT_ONCE))
        events += int(row["deleted"])
        if row["deleted"] < EVENTS_AT_ONCE:
            break

    async def rest(tx: Transaction) -> None:
        (left,) = await tx.run("record/erase_traces")
        if left["erased"]:
            await tx.run("record/erase_rejected")
            await tx.run("record/erase_identifiers")

    await transact_again(store, rest)
    await redact_feed(store)
    return events
