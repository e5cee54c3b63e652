"""docs/sources.md over HTTP: sources are listed, and asked for by name."""

from graphcdp.model.statement import Statement
from tests.api.conftest import Caller, event, record

FIELDS = "name messages events duplicates rejected rejectedShare limited violations firstSeen lastSeen sample"


async def test_rule_3_sources_are_listed_by_name(caller: Caller) -> None:
    await record(caller, event("m1", source="shop"), event("m2", source="shop", by=[]), event("m3"), event("m3"))
    page = (await caller.ask(f"{{ sources {{ nodes {{ {FIELDS} }} pageInfo {{ hasNextPage }} }} }}"))["sources"]
    api, shop = page["nodes"]
    assert (api["name"], api["messages"], api["events"], api["duplicates"]) == ("api", "2", "1", "1")
    assert (shop["name"], shop["messages"], shop["rejected"], shop["rejectedShare"]) == ("shop", "2", "1", 0.5)
    assert shop["firstSeen"] <= shop["lastSeen"]
    assert api["sample"] == {"type": "track", "name": "Visit", "identifiers": ["user"]}
    assert page["pageInfo"] == {"hasNextPage": False}


async def test_rule_3_one_by_its_name(caller: Caller) -> None:
    await record(caller, event("m1", source="shop"))
    document = f"query($name: String!) {{ source(name: $name) {{ {FIELDS} }} }}"
    found = (await caller.ask(document, name="shop"))["source"]
    assert found["events"] == "1"
    assert (await caller.ask(document, name="nowhere"))["source"] is None
    # Beside a field that is not planned the resolvers answer: the same.
    both = f'source(name: "shop") {{ {FIELDS} }} sources {{ edges {{ cursor node {{ {FIELDS} }} }} }}'
    answer = await caller.ask(f"{{ caller {{ kind }} {both} }}")
    assert answer["source"] == found == answer["sources"]["edges"][0]["node"]


async def test_numbers_beyond_32_bits_are_told(caller: Caller) -> None:
    await record(caller, event("m1"))
    await caller.store.transact(lambda tx: tx.run_generated(Statement("MATCH (s:Source) SET s.messages = 5000000000")))
    assert (await caller.ask("{ sources { nodes { messages } } }"))["sources"]["nodes"] == [{"messages": "5000000000"}]
