"""Changes -> pages of the feed, as `feed/append` writes them."""

from collections.abc import Sequence
from typing import Any

import orjson

from graphcdp.model.changes import Change

PAGE_MAX = 500
"""Changes in one page: a reader parses whole pages."""


def pages_of(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """The rows of `feed/append` for the changes of one transaction, in order."""
    return [
        {"offset": start, "size": len(part), "changes": page_text(part)}
        for start in range(0, len(changes), PAGE_MAX)
        for part in (changes[start : start + PAGE_MAX],)
    ]


def page_text(changes: Sequence[Change]) -> str:
    """Changes as one JSON list."""
    return orjson.dumps([change.to_json() for change in changes], option=orjson.OPT_UTC_Z).decode()
