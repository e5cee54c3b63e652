"""Makes ids: ULIDs, so that ids of one type sort by age."""

import secrets
from datetime import datetime

from ulid import ULID

from graphcdp.model.ids import Tag

_RANDOM_BITS = 80
"""Of a ULID; those before are the milliseconds since 1970."""


def new_ulid(now: datetime) -> str:
    """A ULID of this moment, in lower case."""
    return str(ULID.from_datetime(now)).lower()


class NewIds:
    """Ids for one batch. They ascend, although all are made at one moment."""

    def __init__(self, now: datetime) -> None:
        # Not ULID.from_datetime: of the same millisecond it gives one more than it gave last, and
        # that is an id of the batch before. A bit less than may be random, so that counting up stays in range.
        self._last = (int(now.timestamp() * 1000) << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS - 1)

    def _next(self, tag: Tag) -> str:
        self._last += 1
        return f"{tag}_{str(ULID.from_int(self._last)).lower()}"

    def customer(self) -> str:
        """cus_…"""
        return self._next(Tag.CUSTOMER)

    def identifier(self) -> str:
        """idn_…"""
        return self._next(Tag.IDENTIFIER)

    def link(self) -> str:
        """lnk_…"""
        return self._next(Tag.LINK)

    def merge(self) -> str:
        """mrg_…"""
        return self._next(Tag.MERGE)

    def split(self) -> str:
        """spl_…"""
        return self._next(Tag.SPLIT)

    def conflict(self) -> str:
        """cfl_…"""
        return self._next(Tag.CONFLICT)
