"""In which media type an answer goes, with which status: the specification "GraphQL over HTTP". Pure.

`application/graphql-response+json` tells by the status how an operation went.
`application/json` is the older way: 200 whenever a well-formed request was
taken, whatever became of the operation in it.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

RESPONSE = "application/graphql-response+json"
LEGACY = "application/json"
HTML = "text/html"
EVENTS = "text/event-stream"

KNOWN_LENGTH_MAX = 200

_ANY = (("*/*", LEGACY), ("application/*", LEGACY))
_STATUS_BY_CODE = {"INTERNAL": 500, "UNAVAILABLE": 503, "TIMEOUT": 504}
"""Of operations that did not begin; any other code says that the request is at fault."""


def answer_type(accept: str | None) -> str | None:
    """The media type to answer in, by an Accept header; None when it takes none of ours.

    A client that takes anything gets the older type, which every client can read.
    """
    if accept is None or not accept.strip():
        return LEGACY
    quality_by_range = qualities(accept)
    best, best_quality = None, 0.0
    for named, given in ((RESPONSE, RESPONSE), (LEGACY, LEGACY), *_ANY):
        quality = quality_by_range.get(named, 0.0)
        # What is refused by name is not taken by a wildcard.
        if quality > best_quality and quality_by_range.get(given, 1.0) > 0:
            best, best_quality = given, quality
    return best


def wants_page(accept: str | None) -> bool:
    """Does this Accept header ask for a page, as a browser's address bar does?"""
    quality_by_range = qualities(accept or "")
    ours = max(quality_by_range.get(RESPONSE, 0.0), quality_by_range.get(LEGACY, 0.0))
    return quality_by_range.get(HTML, 0.0) > ours


def takes_events(accept: str | None) -> bool:
    """Does this Accept header name event streams?"""
    return qualities(accept or "").get(EVENTS, 0.0) > 0


def wants_events(accept: str | None) -> bool:
    """Does this Accept header ask for an event stream rather than for one answer?"""
    quality_by_range = qualities(accept or "")
    ours = max(quality_by_range.get(RESPONSE, 0.0), quality_by_range.get(LEGACY, 0.0))
    return quality_by_range.get(EVENTS, 0.0) > ours


def status_of(answer: dict[str, Any], media_type: str) -> int:
    """The status of an answer to a well-formed request.

    An answer without `data` is one of an operation that did not begin.
    """
    if media_type == LEGACY or "data" in answer:
        return 200
    codes = [error.get("extensions", {}).get("code") for error in answer["errors"]]
    return max((_STATUS_BY_CODE.get(code, 400) for code in codes), default=400)


def qualities(header: str) -> Mapping[str, float]:
    """What a header of the Accept family takes, and how gladly, 0..1; an encoding other than UTF-8 not at all."""
    # Most callers of a server send one of a few.
    return _known_qualities(header) if len(header) <= KNOWN_LENGTH_MAX else _qualities(header)


def _qualities(header: str) -> Mapping[str, float]:
    quality_by_range: dict[str, float] = {}
    for one in header.split(","):
        media_range, *parameters = (part.strip().lower() for part in one.split(";"))
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                quality = _quality(value)
            elif name.strip() == "charset" and value.strip(' "') not in ("utf-8", "utf8"):
                quality = 0.0
        quality_by_range[media_range] = max(quality, quality_by_range.get(media_range, 0.0))
    return quality_by_range


_known_qualities = lru_cache(maxsize=200)(_qualities)


def _quality(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0
