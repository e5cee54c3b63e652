"""Pages: sizes, directions, cursors, and what lies around a page."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from graphcdp.model.errors import InvalidReferenceError
from graphcdp.read.pages import BadCursorError, Page, cursor, page_of, sliced

AT = datetime(2026, 1, 31, 9, 30, 0, 123456, tzinfo=UTC)
SHAPE = (datetime, str)


def asked(**arguments: Any) -> Page:
    return page_of("things", SHAPE, **{"first": None, "after": None, "last": None, "before": None, **arguments})


def test_neither_size_is_the_first_twenty() -> None:
    assert asked() == Page(size=20, forward=True)


def test_the_last_ones_go_backward() -> None:
    assert asked(last=7) == Page(size=7, forward=False)


def test_a_cursor_gives_its_key_back() -> None:
    given = cursor("things", (AT, "Ünï | 'id'"))
    assert asked(after=given).after == (AT, "Ünï | 'id'")
    assert asked(last=1, before=given).before == (AT, "Ünï | 'id'")


@pytest.mark.parametrize("arguments", [{"first": 0}, {"first": 101}, {"last": -1}, {"last": 101}])
def test_a_size_out_of_range_is_refused(arguments: dict[str, int]) -> None:
    with pytest.raises(InvalidReferenceError, match=r"1\.\.100"):
        asked(**arguments)


def test_both_sizes_are_refused() -> None:
    with pytest.raises(InvalidReferenceError, match="not both"):
        asked(first=1, last=1)


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "x",
        "ÿ",
        "not base64!",
        "a" * 3000,
        encoded("text"),
        encoded({}),
        encoded([]),
        encoded([1, "other", AT.isoformat(), "a"]),
        encoded([2, "things", AT.isoformat(), "a"]),
        encoded([1, "things", AT.isoformat()]),
        encoded([1, "things", AT.isoformat(), "a", "b"]),
        encoded([1, "things", AT.isoformat(), 7]),
        encoded([1, "things", "yesterday", "a"]),
        encoded([1, "things", "2026-01-31T09:30:00", "a"]),
        encoded([1, "things", None, None]),
    ],
)
def test_what_no_page_gave_out_is_no_cursor(bad: str) -> None:
    with pytest.raises(BadCursorError, match="cursor"):
        asked(after=bad)


@pytest.mark.parametrize(
    ("page", "rows", "items", "has_next", "has_previous"),
    [
        (Page(size=2), [1, 2, 3], [1, 2], True, False),
        (Page(size=2), [1, 2], [1, 2], False, False),
        (Page(size=2), [], [], False, False),
        (Page(size=2, after=(0,)), [1, 2, 3], [1, 2], True, True),
        (Page(size=2, before=(9,)), [1], [1], True, False),
        (Page(size=2, forward=False), [9, 8, 7], [8, 9], False, True),
        (Page(size=2, forward=False), [9], [9], False, False),
        (Page(size=2, forward=False, before=(10,)), [9, 8, 7], [8, 9], True, True),
        (Page(size=2, forward=False, after=(0,)), [1], [1], False, True),
    ],
)
def test_a_page_knows_what_lies_around_it(
    page: Page, rows: list[int], items: list[int], has_next: bool, has_previous: bool
) -> None:
    found = sliced(page, rows, int)
    assert (found.items, found.has_next, found.has_previous) == (items, has_next, has_previous)
