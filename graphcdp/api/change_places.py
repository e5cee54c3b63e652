"""Cursors of one customer's changes: a place in the feed, and who the customer is there."""

from dataclasses import dataclass

from graphcdp.notify.choice import IDS_MAX, Followed
from graphcdp.read.feed import feed_cursor, number_of
from graphcdp.read.pages import BadCursorError, cursor, read_cursor

_ORDER = "followed"


@dataclass(frozen=True, slots=True)
class Place:
    """seq: number of the change before it. followed: who the customer is there; None when the cursor does not tell."""

    seq: int
    followed: Followed | None = None


def place_text(seq: int, followed: Followed) -> str:
    """The cursor of this place. It holds ids alone, never the identifier that was asked for."""
    if len(followed.ids) > IDS_MAX:
        return feed_cursor(seq)
    return cursor(_ORDER, (seq, " ".join(sorted(followed.ids)), " ".join(followed.former)))


def place_of(text: str) -> Place:
    """The place of a cursor: one of `place_text`, or of the feed as a whole. Raises BadCursorError."""
    try:
        return Place(number_of(text))
    except BadCursorError:
        seq, ids, former = read_cursor(text, _ORDER, (int, str, str), "after")
        return Place(seq, Followed(frozenset(ids.split()), tuple(former.split())))
