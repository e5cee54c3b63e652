"""What customers have consented to."""

from collections.abc import Sequence

from graphcdp.model.consent import Decision
from graphcdp.read.rows import many_each
from graphcdp.store.neo4j import Store


async def consents(store: Store, ids: Sequence[str]) -> list[list[Decision]]:
    """What each customer decided last on each purpose, by purpose."""
    rows = await store.read("read/consents", ids=list(ids))
    return [
        [Decision(row["purpose"], row["granted"], row["at"], row["expires"], row["source"]) for row in of_one]
        for of_one in many_each(ids, rows, "customer_id")
    ]
