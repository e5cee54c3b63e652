"""How many members segments have, kept hour by hour. Source: docs/segments.md, rule 20."""

from datetime import datetime, timedelta

from graphcdp.store import Store, Transaction

KEPT_DAYS = 400
_FORGOTTEN_AT_ONCE = 1000


async def measure_sizes(store: Store, now: datetime) -> None:
    """Keep the present size of each segment as that of this hour, and let go of what is too old.

    What is measured again within the hour takes the place of what was. Safe to
    run in several processes.
    """

    async def measure(tx: Transaction) -> None:
        tx.concerns(())
        await tx.run("segment/measure", day=f"{now:%Y-%m-%d}", hour=now.hour)

    async def forget(tx: Transaction) -> int:
        tx.concerns(())
        before = f"{now - timedelta(days=KEPT_DAYS):%Y-%m-%d}"
        (row,) = await tx.run("segment/forget_days", before=before, limit=_FORGOTTEN_AT_ONCE)
        gone: int = row["gone"]
        return gone

    await store.transact(measure)
    while await store.transact(forget) == _FORGOTTEN_AT_ONCE:
        pass
