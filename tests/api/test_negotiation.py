"""docs/http.md, rules 2 and 3: the media type of an answer, and its status."""

from typing import Any

import pytest

from graphcdp.api.compression import encoding_for
from graphcdp.api.negotiation import LEGACY, RESPONSE, answer_type, status_of, wants_page

ACCEPTED = """
accept                                                                | answer   | page
                                                                      | legacy   |
*/*                                                                   | legacy   |
application/*                                                         | legacy   |
application/json                                                      | legacy   |
APPLICATION/JSON; charset=UTF-8                                       | legacy   |
application/json; charset=latin-1                                     | none     |
application/graphql-response+json                                     | response |
application/graphql-response+json, application/json                   | response |
application/graphql-response+json; charset=utf-8, application/json;q=.9 | response |
application/graphql-response+json;q=0.5, application/json             | legacy   |
application/graphql-response+json;q=0.5, */*;q=0.1                    | response |
application/json;q=0, */*                                             | none     |
application/json, multipart/mixed                                     | legacy   |
application/graphql+json                                              | none     |
text/html                                                             | none     | page
text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8       | legacy   | page
application/json, text/html;q=0.5                                     | legacy   |
image/webp                                                            | none     |
nonsense;q=x, ;;                                                      | none     |
"""


@pytest.mark.parametrize("row", ACCEPTED.strip().splitlines()[1:])
def test_the_media_type_of_an_answer(row: str) -> None:
    accept, answer, page = (cell.strip() for cell in row.split("|"))
    expected = {"legacy": LEGACY, "response": RESPONSE, "none": None}[answer]
    assert answer_type(accept or None) == expected
    assert wants_page(accept or None) == (page == "page")


@pytest.mark.parametrize(
    ("codes", "data", "expected"),
    [
        ([], {"a": 1}, 200),
        (["INTERNAL"], {"a": None}, 200),
        (["INTERNAL"], None, 200),
        (["GRAPHQL_PARSE_FAILED"], ..., 400),
        (["COST_EXCEEDED"], ..., 400),
        (["BAD_USER_INPUT", "BAD_USER_INPUT"], ..., 400),
        (["UNAVAILABLE"], ..., 503),
        (["TIMEOUT"], ..., 504),
        (["INTERNAL"], ..., 500),
    ],
)
def test_the_status_of_an_answer(codes: list[str], data: Any, expected: int) -> None:
    answer: dict[str, Any] = {"errors": [{"message": "", "extensions": {"code": code}} for code in codes]}
    if data is not ...:
        answer["data"] = data
    assert status_of(answer, RESPONSE) == expected
    assert status_of(answer, LEGACY) == 200


@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [
        ("", "identity"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("br; q=0.000, gzip;q=0", "identity"),
        ("brotli", "identity"),
    ],
)
def test_the_encoding_of_an_answer(accept_encoding: str, expected: str) -> None:
    assert encoding_for(accept_encoding) == expected
