"""Words -> full-text query: all must match, the last as a prefix, and nothing typed is syntax."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphcdp.read.lists import Order, Search, list_customers
from graphcdp.read.pages import Page
from graphcdp.read.search import text_query
from graphcdp.store import Store


@pytest.mark.parametrize(
    ("words", "query"),
    [
        ("ann", "+ann*"),
        ("Ann LEE", '+"ann" +lee*'),
        ("ann@exam", '+"ann" +exam*'),
        ("ann@example.com", '+"ann" +example.com*'),
        ("+84 90", '+"+84" +90*'),
        ("a or b", '+"a" +"or" +b*'),
        ('say "hi" now', '+"say" +"\\"hi\\"" +now*'),
        ("x:y", '+"x" +y*'),
        ("o'hara", "+o'hara*"),
        ("end. -", "+end*"),
        ("- ~ !", None),
        ("", None),
    ],
)
def test_query(words: str, query: str | None) -> None:
    assert text_query(words) == query


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12), max_size=14))
def test_any_words_make_a_query_or_none(words: list[str]) -> None:
    query = text_query(" ".join(words))
    assert query is None or query.startswith("+")


@pytest.mark.parametrize(
    "words",
    [
        'a"',
        "a\\",
        "a AND",
        "NOT",
        "[a TO b]",
        "{",
        "a^2",
        "a~",
        "*",
        "?a*",
        "a/b/",
        "(a",
        "&& ||",
        "<a>=",
        "é‮",
        "a\x00b",
    ],
)
async def test_the_index_takes_whatever_was_typed(store: Store, words: str) -> None:
    query = text_query(words)
    found = await list_customers(store, Order.RELEVANCE, Page(), Search(query, ("email:a",)), None)
    assert found.items == []
