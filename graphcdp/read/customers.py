"""Customers: by id, by identifier, and what was merged into them. Lists of them are in lists.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graphcdp.read.rows import Row, one_each
from graphcdp.store.neo4j import Store


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A live customer as it is stored.

    traits: JSON object as text. trait_times: JSON text, name -> [when it was
    set, id of the message, source].
    """

    id: str
    created: datetime
    first_seen: datetime
    last_seen: datetime
    updated: datetime
    traits: str
    trait_times: str

    @classmethod
    def of(cls, row: Row) -> "CustomerRow":
        """The customer of a row."""
        return cls(
            id=row["id"],
            created=row["created"],
            first_seen=row["first_seen"],
            last_seen=row["last_seen"],
            updated=row["updated"],
            traits=row["traits"] or "{}",
            trait_times=row["trait_times"] or "{}",
        )


@dataclass(frozen=True, slots=True)
class MergedRow:
    """What is left of a customer that was merged away; customer_id is the live one's."""

    id: str
    at: datetime
    reason: str | None
    message: str | None
    customer_id: str


@dataclass(frozen=True, slots=True)
class Contacts:
    """The identifiers to address a customer by: of each kind the one seen last."""

    email: str | None = None
    phone: str | None = None
    user: str | None = None


async def customers_by_ids(store: Store, ids: Sequence[str]) -> list[CustomerRow | None]:
    """Live customers by id; None for one that was merged away or never was."""
    rows = await store.read("read/customers_by_ids", ids=list(ids))
    return one_each(ids, rows, "id", CustomerRow.of)


async def survivors(store: Store, ids: Sequence[str]) -> list[str | None]:
    """The id of the live customer behind each id, after any merges."""
    rows = await store.read("read/survivors", ids=list(ids))
    return one_each(ids, rows, "id", lambda row: str(row["customer_id"]))


async def holders(store: Store, keys: Sequence[str]) -> list[str | None]:
    """The id of the customer who has each identifier; keys are kind:value in normal form."""
    rows = await store.read("read/holders", keys=list(keys))
    return one_each(keys, rows, "key", lambda row: str(row["customer_id"]))


async def merged_by_ids(store: Store, ids: Sequence[str]) -> list[MergedRow | None]:
    """Customers that were merged away, by the id that they had."""
    rows = await store.read("read/merged_by_ids", ids=list(ids))
    return one_each(ids, rows, "id", _merged)


async def merged_into(store: Store, ids: Sequence[str]) -> list[list[str]]:
    """Ids of all customers that were merged into each live one, oldest first."""
    rows = await store.read("read/merged_into", ids=list(ids))
    return [found or [] for found in one_each(ids, rows, "id", lambda row: list(row["merged_ids"]))]


async def contacts(store: Store, ids: Sequence[str]) -> list[Contacts]:
    """How to address each customer."""
    rows = await store.read("read/contacts", ids=list(ids))
    return [found or Contacts() for found in one_each(ids, rows, "id", _contacts)]


def _merged(row: Row) -> MergedRow:
    return MergedRow(
        id=row["id"],
        at=row["at"],
        reason=row["reason"],
        message=row["message"],
        customer_id=row["customer_id"],
    )


def _contacts(row: Row) -> Contacts:
    return Contacts(email=row["email"], phone=row["phone"], user=row["user"])
