"""Words -> full-text query: all must match, the last as a prefix, and nothing typed is syntax."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphcdp.read.lists import Order, Search, list_customers
from graphcdp.read.pages import Page
from graphcdp.read.search import text_query
from graphcdp.record.recorder import Recorder
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
        ("O’Hara", "+o'hara*"),
        ("Müller", '+("müller" muller*)'),
        ("Mu\u0308ller", '+("müller" muller*)'),
        ("Nguyễn Đặ", '+"nguyễn" +("đặ" da*)'),
        ("Straße", '+("straße" strasse*)'),
        ("田中", '+("田中" 田中*)'),
        ("Иван", '+("иван" иван*)'),
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


PEOPLE = {
    "nguyen": {"name": "Nguyễn Thị Ánh"},
    "muller": {"first_name": "Ju\u0308rgen", "last_name": "Müller-Lüdenscheidt"},
    "obrien": {"name": "Conan O’Brien"},
    "tanaka": {"name": "田中 太郎"},
    "ivan": {"name": "Иван Петров"},
    "acme": {"company": "ACME & Söhne GmbH"},
}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        *[(words, "nguyen") for words in ("nguyen", "Nguyễn", "NGUY", "Nguyê", "anh thị", "ánh")],
        *[(words, "muller") for words in ("muller", "Müll", "jürgen müller", "jurgen ludensch", "Ju\u0308rgen")],
        *[(words, "obrien") for words in ("o'brien", "O’Brien", "conan o'b")],
        *[(words, "tanaka") for words in ("田中", "太郎", "田中 太郎")],
        *[(words, "ivan") for words in ("иван", "пет", "ИВАН ПЕТРОВ")],
        *[(words, "acme") for words in ("sohne", "söhne gmbh", "acme")],
        *[(words, "nobody") for words in ("ngugen", "中田", "brien muller")],
    ],
)
async def test_names_are_found_however_they_are_typed(store: Store, recorder: Recorder, words: str, found: str) -> None:
    messages = [
        {"id": key, "type": "identify", "identifiers": [("device", key)], "traits": PEOPLE[key]} for key in PEOPLE
    ]
    key_by_id = {outcome.customer_id: outcome.message_id for outcome in await recorder.record(messages)}
    await store.read("store/await_indexes")
    listed = await list_customers(store, Order.RELEVANCE, Page(), Search(text_query(words), ()), None)
    assert [key_by_id[one.customer.id] for one in listed.items] == ([] if found == "nobody" else [found])
