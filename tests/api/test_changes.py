"""docs/feed.md, rules 7 to 10, over real HTTP: the feed as pages, and what is left of it after an erasure."""

import pytest

from graphcdp.app import Platform
from graphcdp.model.predicates import parse_predicate
from graphcdp.model.principals import Scope
from graphcdp.model.statement import Statement
from graphcdp.record.clock import utc_now
from graphcdp.record.feed import trim
from graphcdp.record.keys import create_key
from graphcdp.record.recorder import Recorder
from graphcdp.record.segment_edits import create_segment
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.api.conftest import Caller, Json, serving

CHANGES = """query($kinds: [ChangeKind!], $customer: CustomerRef, $first: Int! = 100, $after: String) {
  changes(kinds: $kinds, customer: $customer, first: $first, after: $after) {
    nodes {
      __typename cursor sequence at kind customerId redacted customer { id }
      ... on TraitsChanged { traits { name before after } }
      ... on IdentifierLinked { removed identifier { value } }
      ... on EventRecorded { name event { id name } }
      ... on CustomersMerged { absorbedId merge { cause } }
      ... on CustomerParted { separatedIds }
      ... on SegmentMove { segmentKey segment { name } }
      ... on ConsentChanged { consent { purpose status } }
    }
    newestCursor
    pageInfo { hasNextPage hasPreviousPage endCursor }
  }
}"""
SECRETS = ("user:ann", "ann@", "Hue", "Hanoi", "Order Completed", "newsletter", '"m1"', "local")
"""None of these can be in an id."""


async def told(caller: Caller, **variables: object) -> list[Json]:
    return list((await caller.ask(CHANGES, **variables))["changes"]["nodes"])


@pytest.fixture
async def ann(store: Store, recorder: Recorder, caller: Caller) -> str:
    """A customer of whom every kind of change was told but merges and splits."""
    everybody = parse_predicate({"trait": {"path": "city", "is": {"eq": "Hue"}}})
    await create_segment(store, "local", "Locals", None, everybody, utc_now())
    ids = [("user", "ann"), ("email", "ann@example.com")]
    await recorder.record([{"id": "m1", "name": "Order Completed", "identifiers": ids, "traits": {"city": "Hue"}}])
    await caller.ask(
        'mutation { setConsent(input: {customer: {userId: "ann"}, purpose: "newsletter", granted: true}) '
        "{ errors { message } } }"
    )
    (outcome,) = await recorder.record([{"type": "identify", "identifiers": ids, "traits": {"city": "Hanoi"}}])
    assert outcome.customer_id is not None
    return outcome.customer_id


async def test_each_kind_says_what_became_of_the_customer(caller: Caller, ann: str) -> None:
    nodes = await told(caller)
    assert [int(node["sequence"]) for node in nodes] == list(range(1, len(nodes) + 1))
    assert {node["customerId"] for node in nodes} == {ann}
    assert all(node["customer"] == {"id": ann} for node in nodes)
    assert [node["kind"] for node in nodes] == [
        *("CREATED", "IDENTIFIER", "IDENTIFIER", "TRAITS", "EVENT", "ENTERED", "CONSENT", "TRAITS", "EXITED")
    ]
    assert {node["identifier"]["value"] for node in nodes[1:3]} == {"ann", "ann@example.com"}
    assert nodes[3]["traits"] == [{"name": "city", "before": None, "after": "Hue"}]
    assert nodes[4]["event"] == {"id": "evt_m1", "name": "Order Completed"}
    assert (nodes[5]["segmentKey"], nodes[5]["segment"]) == ("local", {"name": "Locals"})
    assert nodes[6]["consent"] == {"purpose": "newsletter", "status": "GRANTED"}
    assert nodes[7]["traits"] == [{"name": "city", "before": "Hue", "after": "Hanoi"}]
    assert nodes[8]["__typename"] == "SegmentExited"


async def test_merges_and_splits_name_both_sides(caller: Caller, recorder: Recorder, ann: str) -> None:
    (bob,) = await recorder.record([{"id": "m2", "name": "Seen", "identifiers": [("anonymous", "bob")]}])
    await recorder.record([{"type": "alias", "identifiers": [("user", "ann"), ("anonymous", "bob")]}])
    (merged,) = await told(caller, kinds=["MERGED"])
    assert (merged["customerId"], merged["absorbedId"], merged["merge"]) == (ann, bob.customer_id, {"cause": "ALIAS"})
    await caller.ask(
        'mutation { splitCustomer(input: {customer: {userId: "ann"}, identifiers: [{anonymousId: "bob"}]}) '
        "{ errors { message } } }"
    )
    (split,) = await told(caller, kinds=["SPLIT"])
    assert (split["customerId"], split["separatedIds"]) == (ann, [bob.customer_id])


async def test_pages_follow_each_other_by_cursors(caller: Caller, ann: str) -> None:
    everything = [node["cursor"] for node in await told(caller)]
    seen: list[str] = []
    page: Json = {"hasNextPage": True, "endCursor": None}
    while page["hasNextPage"]:
        found = (await caller.ask(CHANGES, first=2, after=page["endCursor"]))["changes"]
        seen += [node["cursor"] for node in found["nodes"]]
        page = found["pageInfo"]
    assert seen == everything
    assert page["endCursor"] == found["newestCursor"]
    assert await told(caller, after=found["newestCursor"]) == []


async def test_filters_read_over_what_does_not_fit(caller: Caller, recorder: Recorder, ann: str) -> None:
    await recorder.record([{"id": f"b{n}", "name": "Seen", "identifiers": [("user", "bob")]} for n in range(30)])
    nodes = await told(caller, customer={"email": "ann@example.com"}, kinds=["TRAITS", "EVENT"])
    assert [node["kind"] for node in nodes] == ["TRAITS", "EVENT", "TRAITS"]
    found = (await caller.ask(CHANGES, customer={"id": ann}, after=nodes[-1]["cursor"], kinds=["EVENT"]))["changes"]
    assert (found["nodes"], found["pageInfo"]["endCursor"]) == ([], found["newestCursor"])
    failure = await caller.failure(CHANGES, customer={"userId": "nobody"})
    assert failure["extensions"]["code"] == "BAD_USER_INPUT"


async def test_the_errors_of_cursors_and_sizes(caller: Caller, store: Store, ann: str) -> None:
    nodes = await told(caller)
    await trim(store, keep_s=1e-9, keep_max=1)
    expired = await caller.failure(CHANGES, after=nodes[0]["cursor"])
    assert expired["extensions"]["code"] == "CURSOR_EXPIRED"
    assert "Read the customers anew" in expired["message"]
    assert await told(caller) == []
    assert (await caller.failure(CHANGES, after="x"))["extensions"]["code"] == "BAD_CURSOR"
    assert (await caller.failure(CHANGES, first=1001))["extensions"]["code"] == "BAD_USER_INPUT"


async def test_values_of_traits_are_masked(store: Store, recorder: Recorder, ann: str) -> None:
    _, key = await create_key(store, "reader", [Scope.READ], utc_now())
    async with serving(Platform(Settings(), store, recorder)) as http:
        body = {"query": CHANGES, "variables": {"kinds": ["TRAITS", "IDENTIFIER"]}}
        response = await http.post("/graphql", json=body, headers={"Authorization": f"Bearer {key}"})
    assert not [secret for secret in ("Hue", "ann@") if secret in response.text]
    assert '"name":"city"' in response.text


async def test_an_erasure_leaves_nothing_in_the_feed(
    caller: Caller, store: Store, recorder: Recorder, ann: str
) -> None:
    before = await told(caller)
    await recorder.record([{"id": "b1", "name": "Seen", "identifiers": [("user", "bob")], "traits": {"plan": "pro"}}])
    await caller.ask(f'mutation {{ eraseCustomer(input: {{customer: {{id: "{ann}"}}}}) {{ errors {{ message }} }} }}')
    pages = await store.read_generated(Statement("MATCH (p:ChangePage) RETURN p.changes AS text"))
    text = " ".join(row["text"] for row in pages)
    assert [secret for secret in SECRETS if secret in text] == []
    assert await store.read_generated(Statement("MATCH (e:FeedErasure) RETURN e")) == []
    nodes = await told(caller)
    assert [node["kind"] for node in nodes[: len(before)]] == ["ERASED"] * len(before)
    assert [int(node["sequence"]) for node in nodes] == list(range(1, len(nodes) + 1))
    assert [node["kind"] for node in nodes[len(before) :]] == ["CREATED", "IDENTIFIER", "TRAITS", "EVENT", "ERASED"]
    assert nodes[-1]["customer"] is None


async def test_what_others_had_of_an_erased_customer_goes_too(
    caller: Caller, store: Store, recorder: Recorder, ann: str
) -> None:
    """The identifier of somebody who is erased was another customer's before: of that one's changes only this goes."""
    await recorder.record(
        [{"type": "identify", "identifiers": [("anonymous", "visitor-9")], "traits": {"secret": "top secret"}}]
    )
    await recorder.record([{"type": "alias", "identifiers": [("user", "ann"), ("anonymous", "visitor-9")]}])
    split = 'mutation { splitCustomer(input: {customer: {userId: "ann"}, identifiers: [{anonymousId: "visitor-9"}]}) '
    await caller.ask(split + "{ errors { message } } }")
    await caller.ask('mutation { eraseCustomer(input: {customer: {anonymousId: "visitor-9"}}) { errors { message } } }')
    pages = await store.read_generated(Statement("MATCH (p:ChangePage) RETURN p.changes AS text"))
    assert not [row for row in pages if "visitor-9" in row["text"] or "top secret" in row["text"]]
    nodes = await told(caller, customer={"id": ann})
    assert {node["kind"] for node in nodes if node["redacted"]} == {"TRAITS", "SPLIT"}
    assert [node["name"] for node in nodes if node["kind"] == "EVENT"] == ["Order Completed"]
