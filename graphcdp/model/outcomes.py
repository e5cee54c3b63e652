"""What became of a message."""

from enum import StrEnum
from typing import NamedTuple

from graphcdp.model.problems import Problem


class Status(StrEnum):
    """What became of a message."""

    RECORDED = "RECORDED"  # written now
    DUPLICATE = "DUPLICATE"  # was there already; nothing changed
    REJECTED = "REJECTED"  # not recorded, and kept for review with the reason; one that is LIMITED is not kept


class Outcome(NamedTuple):
    """What became of one message.

    message_id: given or made. customer_id: whose it is; None when REJECTED (and
    for a DUPLICATE whose customer is gone). absorbed: ids of the customers that
    this message merged into that one. errors: why it was rejected. warnings: what
    it was recorded without, and what the tracking plan says against it.
    """

    message_id: str
    status: Status
    customer_id: str | None = None
    absorbed: tuple[str, ...] = ()
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
