"""Pages of lists: sizes, directions and keyset cursors. Pure.

A cursor holds the sort key of one item, never an offset, so it stays right
while data changes. It is opaque text: base64url of [version, list, key...].
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import orjson

from graphcdp.model.errors import InvalidReferenceError
from graphcdp.model.times import short_time

SIZE_MAX = 100
SIZE_DEFAULT = 20
_VERSION = 1
_CURSOR_LENGTH_MAX = 2000

Item = TypeVar("Item")
Key = tuple[Any, ...]


class BadCursorError(InvalidReferenceError):
    """A cursor that this list never gave out."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for.

    size: 1..100. forward: from the start, else from the end. after, before:
    sort keys of the items between which the page lies, neither included.
    Equal pages of one list answer the same, so a page can be a loader's key.
    """

    size: int = SIZE_DEFAULT
    forward: bool = True
    after: Key | None = None
    before: Key | None = None

    @property
    def fetch(self) -> int:
        """How many items to read: one more than the page tells whether others follow."""
        return self.size + 1

    @property
    def end(self) -> str:
        """The end of the list that the page is counted from, as statements for each end are named."""
        return "first" if self.forward else "last"

    def bounds(self, place: str = "at") -> dict[str, Any]:
        """Parameters of a statement on a list that is sorted by a place and, among equals, by id."""
        after, after_id = self.after or (None, None)
        before, before_id = self.before or (None, None)
        return {
            f"after_{place}": after,
            "after_id": after_id,
            f"before_{place}": before,
            "before_id": before_id,
            "limit": self.fetch,
        }


@dataclass(frozen=True, slots=True)
class Slice(Generic[Item]):
    """The items of a page, in the list's order, and what lies around them."""

    items: list[Item]
    has_next: bool
    has_previous: bool


def page_of(
    order: str,
    shape: Sequence[type],
    *,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    size_max: int = SIZE_MAX,
) -> Page:
    """The page that Relay's arguments ask for.

    order: names the list and its order; a cursor of another one is refused.
    shape: types of the sort key's parts: str, int, float or datetime. size_max: of a page.
    Raises InvalidReferenceError for a size out of range or for both sizes, BadCursorError for a bad cursor.
    """
    if first is not None and last is not None:
        raise InvalidReferenceError(
            "Give `first` or `last`, not both: a page starts at one end of the list.", ("last",)
        )
    for name, size in (("first", first), ("last", last)):
        if size is not None and not 1 <= size <= size_max:
            raise InvalidReferenceError(f"`{name}` is 1..{size_max}; {size} was given.", (name,))
    return Page(
        size=first or last or SIZE_DEFAULT,
        forward=last is None,
        after=None if after is None else read_cursor(after, order, shape, "after"),
        before=None if before is None else read_cursor(before, order, shape, "before"),
    )


def cursor(order: str, key: Sequence[Any]) -> str:
    """The cursor of the item with this sort key in the list of this order."""
    text = orjson.dumps([_VERSION, order, *(short_time(part) if isinstance(part, datetime) else part for part in key)])
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def sliced(page: Page, rows: Sequence[Any], made: Callable[[Any], Item]) -> Slice[Item]:
    """The page from the rows that were read for it.

    rows: at most `page.fetch`, nearest to the page's own end first, so in the
    list's order when forward and in the reverse when not.
    """
    more = len(rows) > page.size
    kept = list(rows[: page.size])
    if not page.forward:
        kept.reverse()
    # The item that a cursor was made of lies on its side of the page.
    return Slice(
        items=[made(row) for row in kept],
        has_next=page.before is not None or (page.forward and more),
        has_previous=page.after is not None or (not page.forward and more),
    )


def read_cursor(text: str, order: str, shape: Sequence[type], name: str) -> Key:
    """The sort key in a cursor of the list of this order. name: of the argument, for errors. Raises BadCursorError."""
    try:
        if len(text) > _CURSOR_LENGTH_MAX:
            raise ValueError
        padded = text + "=" * (-len(text) % 4)
        found = orjson.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
        version, of_order, *parts = found
    except (ValueError, TypeError, binascii.Error, UnicodeEncodeError) as error:
        raise BadCursorError(
            f"`{name}` is no cursor: give `startCursor` or `endCursor` of a page, unchanged.", (name,)
        ) from error
    try:
        if version != _VERSION or of_order != order:
            raise ValueError
        return tuple(_part(part, kind) for part, kind in zip(parts, shape, strict=True))
    except ValueError as error:
        raise BadCursorError(
            f"`{name}` is a cursor of another list or order; use it only with the arguments that it came from.",
            (name,),
        ) from error


def _part(part: Any, kind: type) -> Any:
    if kind is datetime and type(part) is str:
        part = datetime.fromisoformat(part)
        if part.tzinfo is None:
            raise ValueError
    if type(part) is not kind:
        raise ValueError
    return part
