"""Makes ids: ULIDs, so that ids of one type sort by age."""

from datetime import datetime

from ulid import ULID

from graphcdp.model.ids import Tag


def new_ulid(now: datetime) -> str:
    """A ULID of this moment, in lower case."""
    return str(ULID.from_datetime(now)).lower()


class NewIds:
    """Ids for one batch; those of customers ascend, although all are made at one moment."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._last_customer = ""

    def customer(self) -> str:
        """cus_…, greater than all that were made before."""
        made = new_ulid(self._now)
        if made <= self._last_customer:
            made = str(ULID.from_int(int(ULID.from_str(self._last_customer.upper())) + 1)).lower()
        self._last_customer = made
        return f"{Tag.CUSTOMER}_{made}"

    def identifier(self) -> str:
        """idn_…"""
        return f"{Tag.IDENTIFIER}_{new_ulid(self._now)}"

    def link(self) -> str:
        """lnk_…"""
        return f"{Tag.LINK}_{new_ulid(self._now)}"

    def merge(self) -> str:
        """mrg_…"""
        return f"{Tag.MERGE}_{new_ulid(self._now)}"
