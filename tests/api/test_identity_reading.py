"""docs/explain.md over HTTP: why two are one, what was refused, what happened, and how it was."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graphcdp.model.outcomes import Outcome
from graphcdp.model.statement import Statement
from graphcdp.record.ids import new_ulid
from graphcdp.record.recorder import Recorder
from tests.api.conftest import Caller, Json

EXPLAIN = """query($from: IdentifierInput!, $to: IdentifierInput!) { explainIdentity(from: $from, to: $to) {
  connected blockedBy summary
  path { id count source messageId byHand endedBy allowedAt removedAt from { value } to { value } event { eventId } }
} }"""

HISTORY = """query($by: CustomerRef!, $first: Int, $after: String, $last: Int, $before: String) { customer(by: $by) {
  identityHistory(first: $first, after: $after, last: $last, before: $before) {
    nodes { __typename id at cause messageId reason event { eventId }
      ... on Merge { survivorId absorbedId undoneAt survivor { id } evidence { from { value } to { value } } source }
      ... on CustomerSplit { customerId partId part { id } identifierCount identifiers { value } merge { id } }
      ... on IdentityConflict { code status subject { value } identifier { value } }
    } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""

CONFLICTS = """query($status: ConflictStatus, $code: ConflictCode, $first: Int, $after: String, $last: Int) {
  conflicts(status: $status, code: $code, first: $first, after: $after, last: $last) {
    nodes { id at cause code kind limit actual count firstSeenAt lastSeenAt messageId source status decidedAt reason
      subject { kind value } identifier { kind value } subjectCustomer { id } identifierCustomer { id } }
    totalCount { value precision } pageInfo { hasNextPage endCursor } } }"""

SNAPSHOT = """query($of: CustomerRef!, $at: DateTime!) { snapshot(of: $of, at: $at) { at customerId customer { id }
  identifiers(first: 50) { totalCount { value } edges { since node { value } } } } }"""


class Told:
    """Records messages one after another, and remembers when."""

    def __init__(self, caller: Caller, recorder: Recorder) -> None:
        self.caller, self.recorder, self.number = caller, recorder, 0

    async def __call__(self, *names: str, **more: Any) -> Outcome:
        """Record a message that names these, each as kind:value."""
        self.number += 1
        identifiers = [tuple(name.split(":", 1)) for name in names]
        given = {"id": f"m{self.number}", "name": "Visit", "identifiers": identifiers, **more}
        (outcome,) = await self.recorder.record([given])
        return outcome

    async def write(self, text: str, **parameters: Any) -> None:
        """Change the graph."""
        await self.caller.store.transact(lambda tx: tx.run_generated(Statement(text, parameters)))


@pytest.fixture
def told(caller: Caller, recorder: Recorder) -> Told:
    return Told(caller, recorder)


async def explained(caller: Caller, one: Json, other: Json) -> Json:
    found: Json = (await caller.ask(EXPLAIN, **{"from": one, "to": other}))["explainIdentity"]
    return found


async def test_the_shortest_path_in_order(caller: Caller, told: Told) -> None:
    await told("user:u1", "device:d1")
    await told("device:d1", "anonymous:a1", source="web")
    await told("device:d1", "anonymous:a1", source="app")
    await told("user:u1", "email:ann@example.com")
    await told("email:ann@example.com", "phone:+84912345678")
    found = await explained(caller, {"anonymousId": "a1"}, {"phone": "0912345678"})
    assert found["connected"] is True
    assert [(step["from"]["value"], step["to"]["value"]) for step in found["path"]] == [
        ("a1", "d1"), ("d1", "u1"), ("u1", "ann@example.com"), ("ann@example.com", "+84912345678"),
    ]  # fmt: skip
    first = found["path"][0]
    assert (first["count"], first["source"], first["messageId"], first["event"]) == (2, "web", "m2", {"eventId": "m2"})
    assert (first["byHand"], first["endedBy"], first["removedAt"], first["allowedAt"]) == (False, None, None, None)
    assert found["blockedBy"] == []
    assert "through 4 pieces of evidence" in found["summary"]
    await told("anonymous:a1", "email:ann@example.com")
    assert len((await explained(caller, {"anonymousId": "a1"}, {"phone": "0912345678"}))["path"]) == 2
    same = await explained(caller, {"userId": "u1"}, {"userId": "u1"})
    assert (same["connected"], same["path"], same["summary"]) == (True, [], "Both are user u1.")


async def test_what_was_refused_is_told_even_of_an_identifier_that_was_not_kept(caller: Caller, told: Told) -> None:
    await told("user:u1", "email:ann@example.com")
    await told("user:u2", "email:bob@example.com")
    await told("user:u1", "email:bob@example.com")
    found = await explained(caller, {"email": "ann@example.com"}, {"userId": "u2"})
    assert (found["connected"], found["path"]) == (False, [])
    (sentence,) = found["blockedBy"]
    assert "evidence between user u1 and email bob@example.com" in sentence.lower()
    assert "2 identifiers of the kind user" in sentence
    assert found["summary"].startswith("Email ann@example.com and user u2 belong to two customers: evidence")
    for n in range(4):
        await told("user:u1", f"email:ann{n}@example.com")
    await told("user:u1", "email:sixth@example.com")
    found = await explained(caller, {"email": "sixth@example.com"}, {"userId": "u1"})
    assert (found["connected"], len(found["blockedBy"])) == (False, 1)
    assert "Email sixth@example.com belongs to nobody: evidence" in found["summary"]


async def test_what_nobody_has(caller: Caller, told: Told) -> None:
    await told("user:u1")
    for one, other, summary in (
        ({"userId": "u1"}, {"userId": "u9"}, "User u9 was never seen, so it belongs to nobody."),
        ({"email": "no address"}, {"userId": "u1"}, "Email no address was never seen, so it belongs to nobody."),
        ({"userId": "u8"}, {"userId": "u9"}, "Neither user u8 nor user u9 belongs to anybody."),
    ):
        found = await explained(caller, one, other)
        assert found == {"connected": False, "path": [], "blockedBy": [], "summary": summary}


async def test_evidence_that_ended_is_told_and_drawn_on_request(caller: Caller, told: Told) -> None:
    await told("user:u1", "device:d1")
    await told("user:u1", "email:ann@example.com")
    await told("user:u2", "anonymous:a1")
    await told.write(
        """MATCH (a:Identifier {key: 'user:u2'}), (b:Identifier {key: 'user:u1'})
        CREATE (b)-[:LINKED {id: 'lnk_0', count: 4, firstSeen: $at, lastSeen: $at, source: 'web', event: 'gone',
                endedAt: $at, endedBy: 'cut'}]->(a)""",
        at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    found = await explained(caller, {"deviceId": "d1"}, {"anonymousId": "a1"})
    (sentence,) = found["blockedBy"]
    assert sentence == (
        "The evidence between user u1 and user u2 (4 messages, last on 2026-01-01) was cut by hand on 2026-01-01, "
        "and is not taken until it is allowed again."
    )
    document = """query($ended: Boolean, $first: Int, $after: String, $last: Int, $before: String) {
        customer(by: {userId: "u1"}) {
        links(ended: $ended, first: $first, after: $after, last: $last, before: $before) {
        nodes { id endedBy messageId from { value customer { id } } to { value } } totalCount { value precision }
        edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor startCursor } } } }"""

    async def links(**arguments: Any) -> Json:
        page: Json = (await caller.ask(document, **arguments))["customer"]["links"]
        return page

    counting = await links()
    assert [(link["messageId"], link["endedBy"]) for link in counting["nodes"]] == [("m2", None), ("m1", None)]
    assert counting["totalCount"] == {"value": 2, "precision": "EXACT"}
    everything = await links(ended=True)
    assert [link["endedBy"] for link in everything["nodes"]] == [None, None, "CUT"]
    assert everything["totalCount"]["value"] == 3
    first = await links(ended=True, first=2)
    rest = await links(ended=True, first=2, after=first["pageInfo"]["endCursor"])
    assert [*first["nodes"], *rest["nodes"]] == everything["nodes"]
    last = await links(ended=True, last=1)
    back = await links(ended=True, last=2, before=last["pageInfo"]["startCursor"])
    assert [*back["nodes"], *last["nodes"]] == everything["nodes"]
    assert (back["pageInfo"]["hasPreviousPage"], rest["pageInfo"]["hasNextPage"]) == (False, False)


async def test_a_merge_tells_its_cause_and_evidence(caller: Caller, told: Told) -> None:
    gone = (await told("email:ann@example.com", "device:d1")).customer_id
    stays = (await told("user:u1")).customer_id
    await told("user:u1", "email:ann@example.com", "phone:+84912345678", source="shop")
    found = await caller.ask(
        """query($id: ID!, $by: CustomerRef!) { node(id: $id) { ... on MergedCustomer { merge { id } } }
            customer(by: $by) { merges { edges { cursor } nodes { id at cause survivorId absorbedId source messageId
            reason undoneAt undoneReason survivor { id } event { eventId }
            evidence { messageId from { value } to { value } } } pageInfo { hasNextPage } } } }""",
        id=gone,
        by={"id": gone},
    )
    (merge,) = found["customer"]["merges"]["nodes"]
    assert (merge["cause"], merge["messageId"], merge["source"]) == ("EVIDENCE", "m3", "shop")
    assert (merge["absorbedId"], merge["survivorId"], merge["survivor"]) == (gone, stays, {"id": stays})
    assert (merge["event"], merge["undoneAt"], merge["undoneReason"]) == ({"eventId": "m3"}, None, None)
    (link,) = merge["evidence"]
    assert {link["from"]["value"], link["to"]["value"]} == {"u1", "ann@example.com"}
    assert found["node"]["merge"] == {"id": merge["id"]}
    node = await caller.ask("query($id: ID!) { node(id: $id) { __typename id } }", id=merge["id"])
    assert node["node"] == {"__typename": "Merge", "id": merge["id"]}
    assert (await caller.ask('{ node(id: "mrg_none") { id } }'))["node"] is None


async def test_history_covers_what_was_merged_and_goes_both_ways(caller: Caller, told: Told) -> None:
    await told("email:ann@example.com")
    await told("phone:+84912345678")
    await told("email:ann@example.com", "phone:+84912345678")
    await told("user:u1")
    await told("user:u2", "device:d2")
    await told("user:u1", "email:ann@example.com", type="alias", name=None)
    await told("user:u1", "device:d2")
    customer = (await caller.ask('{ customer(by: {userId: "u1"}) { id } }'))["customer"]["id"]
    await told.write(
        """CREATE (:Split {id: 'spl_1', at: $at, customer: $customer, part: 'cus_gone', cause: 'RULES',
                           identifiers: ['device:d2', 'device:gone'], reason: 'limit'})""",
        at=datetime.now(UTC) + timedelta(seconds=1),
        customer=customer,
    )

    async def history(**arguments: Any) -> Json:
        page: Json = (await caller.ask(HISTORY, by={"userId": "u1"}, **arguments))["customer"]["identityHistory"]
        return page

    whole = (await history())["nodes"]
    assert [(one["__typename"], one["cause"], one["messageId"]) for one in whole] == [
        ("CustomerSplit", "RULES", None),
        ("IdentityConflict", "EVIDENCE", "m7"),
        ("Merge", "ALIAS", "m6"),
        ("Merge", "EVIDENCE", "m3"),
    ]
    split = whole[0]
    assert (split["part"], split["identifierCount"], split["identifiers"]) == (None, 2, [{"value": "d2"}])
    assert (whole[1]["code"], whole[1]["event"], whole[2]["event"]) == ("LIMIT", {"eventId": "m7"}, None)
    assert whole[2]["evidence"]
    assert whole[3]["survivor"]["id"] == customer
    first = await history(first=3)
    rest = await history(first=3, after=first["pageInfo"]["endCursor"])
    assert [*first["nodes"], *rest["nodes"]] == whole
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    last = await history(last=1)
    before = await history(last=5, before=last["pageInfo"]["startCursor"])
    assert [*before["nodes"], *last["nodes"]] == whole
    for one in whole:
        node = await caller.ask("query($id: ID!) { node(id: $id) { __typename id } }", id=one["id"])
        assert node["node"] == {"__typename": one["__typename"], "id": one["id"]}
    other = (await caller.ask(HISTORY, by={"userId": "u2"}))["customer"]["identityHistory"]["nodes"]
    assert [one["__typename"] for one in other] == ["IdentityConflict"]


async def test_conflicts_for_review(caller: Caller, told: Told) -> None:
    first = (await told("user:u1", "email:ann@example.com")).customer_id
    second = (await told("user:u2", "email:bob@example.com")).customer_id
    await told("user:u1", "email:bob@example.com", at="2026-02-01T00:00:00Z", source="crm")
    await told("user:u1", "email:bob@example.com", at="2026-01-01T00:00:00Z")
    await told("user:u2", "email:ann@example.com")
    blocked = f"cfl_{new_ulid(datetime.now(UTC))}"
    await told.write(
        """CREATE (:Conflict {id: $id, pair: 'a\\nb', one: 'email:x@example.com', other: 'user:u1', subject: 'user:u1',
        identifier: 'email:x@example.com', code: 'BLOCKED', count: 1, firstSeen: $at, lastSeen: $at, message: 'old',
        source: 'web', status: 'OPEN'})""",
        id=blocked,
        at=datetime(2026, 1, 1, tzinfo=UTC),
    )

    async def conflicts(**arguments: Any) -> Json:
        page: Json = (await caller.ask(CONFLICTS, **{"status": "OPEN", **arguments}))["conflicts"]
        return page

    page = await conflicts()
    assert page["totalCount"] == {"value": 2, "precision": "EXACT"}
    newest, older = page["nodes"]
    assert newest["subject"] == {"kind": "user", "value": "u2"}
    assert older["identifier"] == {"kind": "email", "value": "bob@example.com"}
    assert (older["subjectCustomer"], older["identifierCustomer"]) == ({"id": first}, {"id": second})
    assert [older[name] for name in ("code", "kind", "limit", "actual", "count", "status", "cause")] == [
        "LIMIT", "user", 1, 2, 2, "OPEN", "EVIDENCE",
    ]  # fmt: skip
    assert (older["firstSeenAt"], older["lastSeenAt"]) == ("2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z")
    assert (older["messageId"], older["source"], older["decidedAt"], older["reason"]) == ("m3", "crm", None, None)
    one = await conflicts(first=1)
    assert (one["nodes"], one["pageInfo"]["hasNextPage"]) == ([newest], True)
    assert (await conflicts(first=1, after=one["pageInfo"]["endCursor"]))["nodes"] == [older]
    assert (await conflicts(last=1))["nodes"] == [older]
    (kept,) = (await conflicts(code="BLOCKED"))["nodes"]
    assert (kept["id"], kept["cause"], kept["identifierCustomer"]) == (blocked, "RULES", None)
    await told.write("MATCH (c:Conflict {id: $id}) SET c.status = 'KEPT_APART'", id=older["id"])
    assert [node["id"] for node in (await conflicts())["nodes"]] == [newest["id"]]
    assert [node["id"] for node in (await conflicts(status=None))["nodes"]] == [newest["id"], older["id"]]
    mine = await caller.ask("""{ customer(by: {userId: "u1"}) { conflicts { nodes { id } pageInfo { hasNextPage } }
        all: conflicts(status: null, last: 1) { nodes { id } }
        blocked: conflicts(code: BLOCKED) { nodes { id } } } }""")
    assert mine["customer"] == {
        "conflicts": {"nodes": [{"id": newest["id"]}], "pageInfo": {"hasNextPage": False}},
        "all": {"nodes": [{"id": older["id"]}]},
        "blocked": {"nodes": [{"id": blocked}]},
    }


async def test_a_customer_as_it_was(caller: Caller, told: Told) -> None:
    start = datetime.now(UTC)
    gone = (await told("email:ann@example.com", "device:d1")).customer_id
    apart = datetime.now(UTC)
    stays = (await told("user:u1")).customer_id
    before = datetime.now(UTC)
    await told("user:u1", "email:ann@example.com", "phone:+84912345678")
    after = datetime.now(UTC)

    async def snapshot(of: Json, at: datetime) -> Json | None:
        found: Json | None = (await caller.ask(SNAPSHOT, of=of, at=at.isoformat()))["snapshot"]
        return found

    def values(found: Json | None) -> list[str]:
        assert found is not None
        assert found["identifiers"]["totalCount"]["value"] == len(found["identifiers"]["edges"])
        return [edge["node"]["value"] for edge in found["identifiers"]["edges"]]

    then = await snapshot({"email": "ann@example.com"}, before)
    assert then is not None
    assert (then["customerId"], then["customer"]) == (gone, {"id": stays})
    assert values(then) == ["ann@example.com", "d1"]
    assert values(await snapshot({"id": gone}, apart)) == ["ann@example.com", "d1"]
    assert values(await snapshot({"userId": "u1"}, before)) == values(await snapshot({"id": stays}, before)) == ["u1"]
    for of in ({"id": gone}, {"id": stays}, {"deviceId": "d1"}):
        now = await snapshot(of, after)
        assert now is not None
        assert now["customerId"] == stays
        assert values(now) == ["u1", "ann@example.com", "+84912345678", "d1"]
        assert all(edge["since"] <= now["at"] for edge in now["identifiers"]["edges"])
    assert await snapshot({"id": stays}, apart) is None
    assert await snapshot({"email": "ann@example.com"}, start) is None
    assert await snapshot({"userId": "u9"}, after) is None
    error = await caller.failure(SNAPSHOT, of={"userId": "u1"}, at="2999-01-01T00:00:00Z")
    assert (error["extensions"]["code"], "future" in error["message"]) == ("BAD_USER_INPUT", True)
    error = await caller.failure(SNAPSHOT, of={"userId": "u1"}, at="yesterday")
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_identity_of_many_customers_takes_no_more_statements_than_of_one(caller: Caller, told: Told) -> None:
    document = """query($first: Int!) { customers(first: $first) { nodes { links { nodes { id } totalCount { value } }
        merges { nodes { id evidence { id } survivor { id } } } conflicts { nodes { id subjectCustomer { id } } }
        identityHistory { nodes { id event { id } } } } } }"""
    for n in range(6):
        await told(f"user:u{n}")
        await told(f"email:e{n}@example.com")
        await told(f"user:u{n}", f"email:e{n}@example.com")
        await told(f"user:u{n}", f"email:e{max(n - 1, 0)}@example.com")
    one = await caller.statements(document, first=1)
    # A few more, since loaders that are asked at different moments load twice.
    assert await caller.statements(document, first=6) <= one + 4
