"""docs/sources.md, rules 1 to 5: what came from each source is counted with its batch, and shown without values."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphcdp.model.identifiers import Claim
from graphcdp.model.messages import Message
from graphcdp.read.pages import Page
from graphcdp.read.sources import SourceRow, list_sources, sources_by_names
from graphcdp.record import sources
from graphcdp.record.erase import erase_customer
from graphcdp.record.recorder import Recorder
from graphcdp.record.shapes import BYTES_MAX, HIDDEN, MORE, NAMES_MAX, shape_of_message, shape_of_raw
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store
from tests.record.test_recorder import rows, seen

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def all_sources(store: Store) -> dict[str, SourceRow]:
    return {row.name: row for row in (await list_sources(store, Page(size=100))).items}


def numbers(row: SourceRow) -> dict[str, int]:
    names = ("messages", "events", "duplicates", "rejected", "limited", "violations")
    return {name: getattr(row, name) for name in names if getattr(row, name)}


async def test_rule_1_each_message_is_counted_at_its_source(store: Store, rules: IdentityRules) -> None:
    moments = iter([NOW, NOW, NOW + timedelta(hours=1), NOW + timedelta(hours=1)])
    recorder = Recorder(store, rules, clock=lambda: next(moments))
    await recorder.record(
        [
            seen("m1", ("user", "u1"), source="shop"),
            seen("m2", ("user", "u2"), source="shop"),
            seen("m2", ("user", "u2"), source="shop"),
            {"id": "m3", "type": "identify", "identifiers": [("user", "u1")], "source": "crm"},
            seen("m4", ("user", "null"), source="crm"),
            seen("m5", ("user", "u1")),
        ]
    )
    found = await all_sources(store)
    assert {name: numbers(row) for name, row in found.items()} == {
        "api": {"messages": 1, "events": 1},
        "crm": {"messages": 2, "rejected": 1},
        "shop": {"messages": 3, "events": 2, "duplicates": 1},
    }
    assert found["crm"].rejected_share == 0.5
    await recorder.record([seen("m6", ("user", "u1"), source="shop"), seen("m7", source="shop")])
    (shop,) = await sources_by_names(store, ["shop"])
    assert shop is not None
    assert numbers(shop) == {"messages": 5, "events": 3, "duplicates": 1, "rejected": 1}
    assert (shop.first, shop.last) == (NOW, NOW + timedelta(hours=1))


async def test_rule_1_batches_of_many_writers_are_all_counted(store: Store, rules: IdentityRules) -> None:
    recorders = [Recorder(store, rules) for _ in range(6)]

    async def write(writer: int) -> None:
        for n in range(8):
            # In both orders, so that writers that locked as they came would wait for each other.
            named = ["one", "two"] if (writer + n) % 2 else ["two", "one"]
            batch = [seen(f"{writer}-{n}-{name}", ("user", f"u{writer}"), source=name) for name in named]
            await recorders[writer].record(batch)

    await asyncio.gather(*(write(writer) for writer in range(6)))
    found = await all_sources(store)
    assert {name: row.events for name, row in found.items()} == {"one": 48, "two": 48}


async def test_rule_1_what_is_not_written_is_not_counted(store: Store, rules: IdentityRules) -> None:
    recorder = Recorder(store, rules)
    unstorable = seen("m1", ("user", "u1"), properties={"x": "\x00" * 5}, source="one")
    await recorder.record([unstorable, *(seen(f"n{n}", ("user", f"u{n}"), source="one") for n in range(5))])
    events = await rows(store, "MATCH (e:Event) RETURN count(e) AS n")
    kept = await rows(store, "MATCH (r:Rejected) RETURN count(r) AS n")
    (one,) = await sources_by_names(store, ["one"])
    assert one is not None
    assert (one.messages, one.events, one.rejected) == (6, events[0]["n"], kept[0]["n"])


async def test_rule_2_callers_cannot_make_sources_without_end(
    recorder: Recorder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "SOURCES_MAX", 3)
    await recorder.record([seen(f"m{n}", ("user", "u"), source=f"s{n}") for n in range(5)])
    await recorder.record([seen(f"n{n}", ("user", "u"), source=f"s{n}") for n in range(2, 9)])
    found = await all_sources(store)
    assert {name: row.messages for name, row in found.items()} == {"(other)": 8, "s0": 1, "s1": 1, "s2": 2}


def message(**more: Any) -> Message:
    claims = (Claim("user", "ann77"), Claim("email", "ann@example.com"))
    return Message.model_validate({"id": "m", "at": NOW, "name": "Paid", "identifiers": claims, **more})


def test_rule_4_a_sample_has_names_and_types_and_no_value() -> None:
    held = {"total": 12.5, "paid": True, "note": "secret", "lines": [{"sku": "s1"}, {"sku": "s2"}], "none": None}
    assert orjson.loads(shape_of_message(message(properties=held, traits={"address": {"city": "Hue"}}))) == {
        "type": "track",
        "name": "Paid",
        "identifiers": ["email", "user"],
        "properties": {
            "total": "number", "paid": "boolean", "note": "string", "lines": [{"sku": "string"}], "none": "null",
        },
        "traits": {"address": {"city": "string"}},
    }  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "ann@example.com",
        "by ann77",
        "order_1234567",
        "+84 912 345 678",
        "192.168.0.1",
        "",
        " x",
        "a" * 81,
        "\n",
        "a\x00",
    ],
)
def test_rule_4_names_that_may_say_who_it_is_are_hidden(name: str) -> None:
    told = shape_of_message(message(properties={name: 1}))
    assert orjson.loads(told)["properties"] == {HIDDEN: "number"}


def test_rule_4_a_sample_is_small() -> None:
    wide = {f"name {n % 7}{chr(97 + n % 26)} {'long ' * 10}{n}": {"a": {"b": {"c": {"d": 1}}}} for n in range(500)}
    told = shape_of_message(message(properties=wide))
    assert len(told) <= BYTES_MAX
    few = orjson.loads(shape_of_message(message(properties={f"p{n}": n for n in range(40)})))["properties"]
    assert len(few) == NAMES_MAX + 1
    assert few[MORE] == MORE


@pytest.mark.parametrize(
    ("raw", "shape"),
    [
        ({"id": "m", "name": "ann", "identifiers": [["user", "ann77"]], "properties": {"ann77": 1}},
         {"id": "string", "name": "string", "identifiers": [["string"]], "properties": {HIDDEN: "number"}}),
        ({"unfit": "why", "sent": {"type": "page", "userId": "ann77", "x ann77": 1}},
         {"type": "page", "userId": "string", HIDDEN: "number"}),
        ({"unfit": "why", "sent": "ann@example.com"}, {"sent": "string"}),
        ({"type": "ann@example.com", "at": NOW, "properties": [[]]},
         {"type": "string", "at": "string", "properties": [[]]}),
        ({"identifiers": 7, "type": ["x"]}, {"identifiers": "number", "type": ["string"]}),
    ],
)  # fmt: skip
def test_rule_4_what_was_refused_has_a_shape_too(raw: dict[str, Any], shape: dict[str, Any]) -> None:
    assert orjson.loads(shape_of_raw(raw)) == shape


WORDS = st.text(max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=30,
)
FIELDS = st.sampled_from(["type", "name", "identifiers", "properties", "userId", "sent", "unfit", "x"])


@given(st.dictionaries(FIELDS, JSON))
def test_rule_4_whatever_comes_has_a_small_shape(raw: dict[str, Any]) -> None:
    told = shape_of_raw(raw)
    assert len(told) <= BYTES_MAX
    assert isinstance(orjson.loads(told), dict)


async def test_rule_4_nothing_of_an_erased_customer_stays(recorder: Recorder, store: Store) -> None:
    values = {"note": "ann77 was here", "ann77": {"x": "ann77"}}
    told = [seen("m1", ("user", "ann77"), properties=values, traits={"nick": "ann77"}, source="shop")]
    (outcome,) = await recorder.record(told)
    assert outcome.customer_id is not None
    await erase_customer(store, outcome.customer_id)
    left = await rows(store, "MATCH (n) WHERE NOT n:Migration UNWIND keys(n) AS k RETURN toString(n[k]) AS text")
    assert left
    assert [row for row in left if "ann77" in (row["text"] or "")] == []


async def test_rule_3_pages_go_by_name(recorder: Recorder, store: Store) -> None:
    await recorder.record([seen(f"m{n}", ("user", "u"), source=name) for n, name in enumerate("cabed")])
    first = await list_sources(store, Page(size=2))
    after = await list_sources(store, Page(size=9, after=("b",)))
    last = await list_sources(store, Page(size=2, forward=False, before=("e",)))
    assert ["".join(row.name for row in page.items) for page in (first, after, last)] == ["ab", "cde", "cd"]
    assert (first.has_next, after.has_next, last.has_previous) == (True, False, True)


async def test_statements_keep_to_the_index(recorder: Recorder, store: Store, profiled: Any) -> None:
    await recorder.record([seen(f"m{n}", ("user", "u"), source=f"s{n:03}") for n in range(300)])
    for name in ("read/sources_first", "read/sources_last"):
        found = await profiled(name, after="s100", before=None, limit=5)
        assert max(hits for _, _, _, hits in found) < 60, found
    found = await profiled("read/sources_by_names", names=["s007"])
    assert not any(operator == "NodeByLabelScan" for operator, *_ in found)
    row = {"name": "s007", "sample": "{}", **dict.fromkeys(
        ("messages", "events", "duplicates", "rejected", "limited", "violations"), 1)}  # fmt: skip
    found = await profiled("record/count_sources", rows=[row], most=1000, other="(other)", now=NOW)
    assert not any(operator in ("NodeByLabelScan", "AllNodesScan") for operator, *_ in found), found
    assert sum(hits for _, _, _, hits in found) < 100, found
