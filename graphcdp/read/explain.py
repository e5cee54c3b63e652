"""Evidence between two identifiers, for an explanation."""

from graphcdp.read.conflicts import ConflictRow, conflicts_by_ids
from graphcdp.read.identities import LinkRow
from graphcdp.read.rows import found_by_ids
from graphcdp.store.neo4j import Store

REASONS_MAX = 20
"""How many pieces of refused evidence, and how many that no longer count, are told."""


async def shortest_path(store: Store, one: str, other: str) -> list[LinkRow]:
    """The shortest chain of evidence that counts, in order, `from_key` being nearer to `one`; empty when there is none.

    one, other: keys, which differ.
    """
    return [LinkRow.of(row) for row in await store.read("read/explain_path", **{"from": one, "to": other})]


async def ended_between(store: Store, one_customer: str, other_customer: str) -> list[LinkRow]:
    """Evidence between two customers that no longer counts: the last of each pair, ended last first."""
    rows = await store.read("read/explain_ended", one=one_customer, other=other_customer, limit=REASONS_MAX)
    return [LinkRow.of(row) for row in rows]


async def refused_between(
    store: Store, one: str, other: str, one_customer: str | None, other_customer: str | None
) -> list[ConflictRow]:
    """Evidence between two keys, or between who has them, that was refused and still is; refused last first."""
    parameters = {"from": one, "to": other, "one": one_customer, "other": other_customer, "limit": REASONS_MAX}
    rows = await store.read("read/explain_refused", **parameters)
    return list((await found_by_ids(store, [row["id"] for row in rows], conflicts_by_ids)).values())
