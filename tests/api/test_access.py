"""docs/access.md over real HTTP: every root field by every principal, what is masked, and what a visitor reaches."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType, get_named_type
from pydantic import SecretStr
from structlog.testing import capture_logs

from graphcdp.api.access import needs_by_field
from graphcdp.api.principals import check_exposure
from graphcdp.api.schema import build_schema
from graphcdp.api.tokens import sign_token
from graphcdp.app import Platform
from graphcdp.model.principals import Scope, key_hash, visitor_principal
from graphcdp.record.clock import utc_now
from graphcdp.record.keys import create_key, revoke_key
from graphcdp.record.recorder import Recorder
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.api.conftest import Json, event, serving

SECRET = "0123456789abcdef0123456789abcdef"
SCHEMA = build_schema()
NEEDS = needs_by_field(SCHEMA)
ROOTS = [
    (kind.name, name)
    for kind in (SCHEMA._schema.query_type, SCHEMA._schema.mutation_type)
    if kind is not None
    for name in kind.fields
]
SCOPES = {
    "anonymous": set[Scope](),
    "visitor": set[Scope](),
    "write": {Scope.WRITE},
    "read": {Scope.READ},
    "pii": {Scope.READ, Scope.PII},
    "admin": {Scope.READ, Scope.WRITE, Scope.ADMIN},
    "all": set(Scope),
}
IDS = 'between: [{userId: "u1"}, {email: "ann@example.com"}]'
OPERATIONS = {
    "caller": "{ caller { kind scopes } }",
    "me": "{ me { id } }",
    "node": '{ node(id: "cus_x") { id } }',
    "nodes": '{ nodes(ids: ["cus_x"]) { id } }',
    "customer": '{ customer(by: {userId: "u1"}) { id } }',
    "customers": "{ customers { nodes { id } } }",
    "events": "{ events { nodes { id } } }",
    "identifier": '{ identifier(is: {userId: "u1"}) { id } }',
    "explainIdentity": '{ explainIdentity(from: {userId: "u1"}, to: {userId: "u2"}) { summary } }',
    "changes": "{ changes { nodes { cursor } } }",
    "snapshot": '{ snapshot(of: {userId: "u1"}, at: "2026-01-01T00:00:00Z") { customerId } }',
    "conflicts": "{ conflicts { nodes { id } } }",
    "rejected": "{ rejected { nodes { id } } }",
    "identityRules": "{ identityRules { version } }",
    "identityRulesHistory": "{ identityRulesHistory { version } }",
    "previewIdentityRules": "{ previewIdentityRules(rules: {}) { mergeCount } }",
    "previewMerge": '{ previewMerge(customers: [{userId: "u1"}, {userId: "u2"}]) { blockedBy { code } } }',
    "job": '{ job(id: "job_x") { id } }',
    "segment": '{ segment(by: {key: "x"}) { id } }',
    "segments": "{ segments { nodes { id } } }",
    "previewSegment": '{ previewSegment(where: {hasIdentifier: "email"}) { count { value } } }',
    "sources": "{ sources { nodes { name } } }",
    "source": '{ source(name: "api") { name } }',
    "webhooks": "{ webhooks { id } }",
    "webhook": '{ webhook(id: "whk_x") { id } }',
    "catalog": "{ catalog { purposes } }",
    "recordEvent": 'mutation { recordEvent(input: {name: "x", identifiers: [{userId: "u1"}]}) { status } }',
    "recordEvents": "mutation { recordEvents(input: {events: []}) { recorded } }",
    "identify": 'mutation { identify(input: {identifiers: [{userId: "u1"}]}) { status } }',
    "alias": 'mutation { alias(input: {identifiers: [{userId: "u1"}]}) { status } }',
    "setConsent": """mutation { setConsent(input: {customer: {userId: "nobody"}, purpose: "ads", granted: true}) {
        errors { code } } }""",
    "cutLink": f"mutation {{ cutLink(input: {{{IDS}}}) {{ errors {{ code }} }} }}",
    "allowLink": f"mutation {{ allowLink(input: {{{IDS}}}) {{ allowed }} }}",
    "splitCustomer": 'mutation { splitCustomer(input: {customer: {id: "x"}, identifiers: []}) { errors { code } } }',
    "undoMerge": 'mutation { undoMerge(input: {merge: "mrg_x"}) { errors { code } } }',
    "mergeCustomers": 'mutation { mergeCustomers(input: {keep: {userId: "u1"}, absorb: []}) { errors { code } } }',
    "eraseCustomer": 'mutation { eraseCustomer(input: {customer: {userId: "nobody"}}) { errors { code } } }',
    "decideConflict": 'mutation { decideConflict(input: {conflict: "x", decision: KEEP_APART}) { errors { code } } }',
    "replayRejected": "mutation { replayRejected(input: {ids: []}) { taken } }",
    "setIdentityRules": "mutation { setIdentityRules(input: {rules: {}, version: 99}) { errors { code } } }",
    "parseRule": '{ parseRule(text: "plan = true") { text } }',
    "discoverSegments": "mutation { discoverSegments(input: {count: 0}) { errors { code } } }",
    "createSegment": 'mutation { createSegment(input: {key: "", name: "", where: {all: []}}) { errors { code } } }',
    "updateSegment": 'mutation { updateSegment(input: {segment: {key: "x"}, version: 1}) { errors { code } } }',
    "createWebhook": 'mutation { createWebhook(input: {url: "ftp://x"}) { errors { code } } }',
    "updateWebhook": 'mutation { updateWebhook(input: {id: "whk_x"}) { errors { code } } }',
    "deleteWebhook": 'mutation { deleteWebhook(input: {id: "whk_x"}) { errors { code } } }',
    "rotateWebhookSecret": 'mutation { rotateWebhookSecret(input: {id: "whk_x"}) { errors { code } } }',
    "replayWebhook": 'mutation { replayWebhook(input: {id: "whk_x"}) { errors { code } } }',
    "replayDeliveries": "mutation { replayDeliveries(input: {ids: []}) { errors { code } } }",
    "revertSegment": (
        'mutation { revertSegment(input: {segment: {key: "x"}, version: 1, to: 1}) { errors { code } } }'
    ),
    "archiveSegment": 'mutation { archiveSegment(input: {segment: {key: "x"}}) { errors { code } } }',
    "restoreSegment": 'mutation { restoreSegment(input: {segment: {key: "x"}}) { errors { code } } }',
    "deleteSegment": 'mutation { deleteSegment(input: {segment: {key: "x"}}) { errors { code } } }',
}


@dataclass(slots=True)
class Door:
    """A server with keys, and the header of each principal."""

    http: httpx.AsyncClient
    store: Store
    header_by_principal: dict[str, Json] = field(default_factory=dict)

    async def post(self, document: str, principal: str | None = None, **headers: str) -> httpx.Response:
        """The response to an operation of this principal."""
        given = {**(self.header_by_principal[principal] if principal else {}), **headers}
        return await self.http.post("/graphql", json={"query": document}, headers=given)

    async def ask(self, document: str, principal: str) -> Json:
        """The data of an answer that has no errors."""
        answer = (await self.post(document, principal)).json()
        assert "errors" not in answer, answer["errors"]
        data: Json = answer["data"]
        return data


def bearer(text: str) -> Json:
    return {"Authorization": f"Bearer {text}"}


def token(subject: str, minutes: float = 5) -> str:
    return sign_token(SECRET, subject, datetime.now(UTC) + timedelta(minutes=minutes))


@pytest.fixture
async def door(store: Store, recorder: Recorder) -> AsyncIterator[Door]:
    """A server that takes keys and tokens; its keys are made before, and nothing else is there."""
    headers: dict[str, Json] = {"anonymous": {}, "visitor": bearer(token("user:u1"))}
    for name, scopes in SCOPES.items():
        if scopes:
            _, text = await create_key(store, name, sorted(scopes), utc_now())
            headers[name] = bearer(text)
    settings = Settings(token_secret=SecretStr(SECRET), keys_fresh_s=0.01)
    async with serving(Platform(settings, store, recorder)) as client:
        yield Door(client, store, headers)


def test_rule_3_every_root_field_says_what_it_needs() -> None:
    silent = [".".join(root) for root in ROOTS if root not in NEEDS or NEEDS[root].scopes is None]
    assert silent == [], "give them `scopes=` beside their definition"
    assert sorted(OPERATIONS) == sorted(name for _, name in ROOTS)


@pytest.mark.parametrize("principal", SCOPES)
async def test_rule_3_every_root_field_by_every_principal(door: Door, principal: str) -> None:
    for kind, name in ROOTS:
        needed = NEEDS[kind, name].scopes
        assert needed is not None
        answer = (await door.post(OPERATIONS[name], principal)).json()
        codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
        if needed <= SCOPES[principal]:
            assert not {"FORBIDDEN", "UNAUTHENTICATED", "INTERNAL", "BAD_REQUEST"} & set(codes), (name, answer)
        else:
            assert codes == ["UNAUTHENTICATED" if principal == "anonymous" else "FORBIDDEN"], (name, answer)
            assert answer["data"] in (None, {name: None})


async def test_rule_3_a_refused_mutation_does_nothing(door: Door) -> None:
    for principal in ("anonymous", "visitor", "read", "pii"):
        await door.post(OPERATIONS["recordEvent"], principal)
    assert (await door.ask(OPERATIONS["customer"], "read"))["customer"] is None


async def test_rule_3_a_write_key_reads_nothing_back(door: Door) -> None:
    document = """mutation { recordEvent(input: {name: "x", identifiers: [{userId: "u1"}]}) {
        status customer { id } event { id } } }"""
    answer = (await door.post(document, "write")).json()
    assert answer["data"]["recordEvent"] == {"status": "RECORDED", "customer": None, "event": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"] * 2
    assert "customer" in (await door.ask(document, "all"))["recordEvent"]


async def test_a_key_is_told_its_scopes(door: Door) -> None:
    document = "{ caller { kind keyId scopes } }"
    for principal, kind in (("anonymous", "ANONYMOUS"), ("visitor", "VISITOR"), ("write", "KEY"), ("admin", "KEY")):
        told = (await door.ask(document, principal))["caller"]
        assert (told["kind"], told["scopes"]) == (kind, sorted(SCOPES[principal]))
        assert (told["keyId"] is not None) is (kind == "KEY")


async def seed(door: Door) -> None:
    sent = [
        event(
            "e1",
            by=[{"userId": "u1"}, {"email": "ann@example.com"}, {"phone": "+84912345678"}, {"deviceId": "d1"}],
            properties={"total": 7},
            context={"ip": "1.2.3.4"},
            traits={"name": "Ann", "plan": "pro"},
        ),
        event("e2", by=[{"userId": "bob@example.com"}]),
        event("e3", by=[{"email": "no address"}]),
        event("e4", by=[{"email": "kim@example.com"}, {"deviceId": "kim@phone"}], context={"os": "iOS"}),
    ]
    document = "mutation($events: [EventInput!]!) { recordEvents(input: {events: $events}) { recorded } }"
    response = await door.http.post(
        "/graphql",
        json={"query": document, "variables": {"events": sent}},
        headers=door.header_by_principal["all"],
    )
    assert response.json()["data"]["recordEvents"]["recorded"] == 3


CUSTOMER = """{ id displayName email phone traits { json names text(path: "plan") } trait(path: "plan") { value }
  identifiers { nodes { kind value } edges { cursor } pageInfo { endCursor } }
  events { nodes { name properties { json number(path: "total") } context { json } } }
  eventCount { value } devices { nodes { deviceId } } segments { nodes { key name } } }"""


async def test_rule_4_personal_values_are_masked(door: Door) -> None:
    await seed(door)
    plain = (await door.ask(f'{{ customer(by: {{userId: "u1"}}) {CUSTOMER} }}', "pii"))["customer"]
    assert (plain["displayName"], plain["email"], plain["phone"]) == ("Ann", "ann@example.com", "+84912345678")
    assert plain["traits"]["text"] == plain["trait"]["value"] == "pro"
    masked = (await door.ask(f'{{ customer(by: {{userId: "u1"}}) {CUSTOMER} }}', "admin"))["customer"]
    assert (masked["displayName"], masked["email"], masked["phone"]) == (masked["id"], None, None)
    assert (masked["traits"], masked["trait"]) == ({"json": {}, "names": [], "text": None}, None)
    assert [(one["kind"], one["value"]) for one in masked["identifiers"]["nodes"]] == [
        ("user", "u1"),
        ("email", "***"),
        ("phone", "***"),
        ("device", "d1"),
    ]
    assert masked["events"]["nodes"][0] == {
        "name": "Visit",
        "properties": {"json": {}, "number": None},
        "context": {"json": {}},
    }
    everything = str(masked) + "".join(map(_opened, [edge["cursor"] for edge in masked["identifiers"]["edges"]]))
    for secret in ("ann@", "Ann", "8491", "'pro'", "1.2.3.4"):
        assert secret not in everything


def _opened(cursor: str) -> str:
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()


async def test_rule_4_everywhere(door: Door) -> None:
    await seed(door)
    odd = await door.ask('{ customer(by: {userId: "bob@example.com"}) { identifiers { nodes { value } } } }', "read")
    assert odd["customer"]["identifiers"]["nodes"] == [{"value": "***"}]
    document = (
        '{ customer(by: {email: "kim@example.com"}) { devices { nodes { deviceId platform attributes { json } } } '
    )
    document += 'identifiers(kinds: ["device", "email"]) { nodes { value isMasked } } } }'
    masked = (await door.ask(document, "read"))["customer"]
    assert masked["devices"]["nodes"] == [{"deviceId": "***", "platform": "IOS", "attributes": {"json": {}}}]
    assert masked["identifiers"]["nodes"] == [{"value": "***", "isMasked": True}] * 2
    shown = (await door.ask(document, "pii"))["customer"]
    (device,) = shown["devices"]["nodes"]
    assert device == {"deviceId": "kim@phone", "platform": "IOS", "attributes": {"json": {"os": "iOS"}}}
    assert [one["isMasked"] for one in shown["identifiers"]["nodes"]] == [False, False]
    (refused,) = (await door.ask("{ rejected { nodes { code reason content } } }", "read"))["rejected"]["nodes"]
    assert (refused["reason"], refused["content"]) == ("***", "***")
    (told,) = (await door.ask("{ rejected { nodes { content } } }", "pii"))["rejected"]["nodes"]
    assert "no address" in told["content"]


@pytest.mark.parametrize(
    "document",
    [
        '{ customers(search: "ann") { nodes { id } } }',
        '{ customers(where: {trait: {path: "plan", is: {eq: "pro"}}}) { nodes { id } } }',
        '{ customers(where: {not: {did: {event: {name: "x", where: [{path: "n", is: {gt: 1}}]}}}}) { nodes { id } } }',
        '{ customer(by: {userId: "u1"}) { matches(where: {trait: {path: "plan", is: {exists: true}}}) } }',
        '{ previewSegment(where: {trait: {path: "plan", is: {exists: true}}}) { count { value } } }',
        '{ events(filter: {where: [{path: "total", is: {gt: 6}}]}) { nodes { id } } }',
        '{ customer(by: {userId: "u1"}) { eventCount(filter: {where: [{path: "total", is: {gt: 6}}]}) { value } } }',
    ],
)
async def test_rule_5_what_is_masked_cannot_be_guessed(door: Door, document: str) -> None:
    await seed(door)
    (error,) = (await door.post(document, "read")).json()["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"
    await door.ask(document, "pii")


async def test_rule_5_other_conditions_are_free(door: Door) -> None:
    await seed(door)
    document = '{ customers(where: {did: {event: {name: "Visit"}}}) { nodes { id } } }'
    assert len((await door.ask(document, "read"))["customers"]["nodes"]) == 3


async def test_rule_6_a_visitor_reads_its_own_page(door: Door) -> None:
    await seed(door)
    mine = (await door.ask(f"{{ me {CUSTOMER} }}", "visitor"))["me"]
    assert (mine["displayName"], mine["email"], mine["traits"]["text"]) == ("Ann", "ann@example.com", "pro")
    by_id = await door.post("{ me { email } }", **bearer(token(mine["id"])))
    assert by_id.json() == {"data": {"me": {"email": "ann@example.com"}}}
    for subject in ("user:nobody", "email:no address", "unknown:x", "cus_nobody", "nonsense"):
        assert (await door.post("{ me { id } }", **bearer(token(subject)))).json() == {"data": {"me": None}}
    for principal in ("anonymous", "read", "all"):
        assert await door.ask("{ me { id } }", principal) == {"me": None}


def _ways(kind: Any, path: str, seen: set[str]) -> Iterator[tuple[str, Any]]:
    """Each field that a visitor reaches from a type, with the type it leads to."""
    visitor = visitor_principal("user:u1")
    for name, one in kind.fields.items():
        needs = NEEDS.get((kind.name, name))
        if needs is not None and needs.scopes is not None and not visitor.may(needs.scopes):
            continue
        found = get_named_type(one.type)
        yield f"{path}.{name}", found
        if isinstance(found, GraphQLObjectType) and found.name not in seen:
            seen.add(found.name)
            yield from _ways(found, f"{path}.{name}", seen)


def test_rule_6_no_way_leads_from_me_to_somebody_else() -> None:
    customer = SCHEMA._schema.type_map["Customer"]
    others = {"Customer", "MergedCustomer", "Link", "Merge", "IdentityConflict", "CustomerSplit"}
    for path, found in _ways(customer, "me", {"Customer"}):
        assert found.name not in others, path
        assert not isinstance(found, GraphQLInterfaceType), path


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("Bearer gcdp_sec_nothing", "no such key"),
        ("Bearer gcdp_", "no such key"),
        ("bearer   gcdp_pub_" + "x" * 9000, "no such key"),
        ("Basic dTpw", "Authorization: Bearer"),
        ("Bearer", "Authorization: Bearer"),
        ("", "Authorization: Bearer"),
        ("Bearer nonsense", "neither a key nor a token"),
        ("Bearer a.b.c", "no JWT"),
        ("Bearer ..", "no JWT"),
        (f"Bearer {'a' * 5000}.b.c", "too long"),
    ],
)
async def test_rule_2_what_is_not_good_is_401(door: Door, header: str, said: str) -> None:
    response = await door.post("{ __typename }", Authorization=header)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert said in error["message"]


async def test_rule_2_keys_come_and_go(door: Door) -> None:
    key_id, text = await create_key(door.store, " late ", [Scope.READ], utc_now())
    document = OPERATIONS["segments"]
    assert (await door.post(document, **bearer(text))).status_code == 200
    await revoke_key(door.store, key_id, utc_now())
    await asyncio.sleep(0.05)
    response = await door.post(document, **bearer(text))
    assert (response.status_code, "revoked" in response.text) == (401, True)
    (row,) = [row for row in await door.store.read("read/api_keys") if row["id"] == key_id]
    assert (row["name"], row["scopes"], row["hash"]) == ("late", ["read"], key_hash(text))
    assert row["revoked"] is not None
    assert row["last_used"] is not None
    assert text not in str(row)


async def test_rule_1_without_keys_the_server_is_open_on_loopback_only(store: Store, recorder: Recorder) -> None:
    async with serving(Platform(Settings(keys_fresh_s=0.01), store, recorder)) as client:
        assert (await client.post("/graphql", json={"query": OPERATIONS["segments"]})).json()["data"]["segments"]
        for host in ("evil.example:8000", "evil.example", "127.0.0.1.evil.example", ""):
            rebound = await client.post("/graphql", json={"query": "{ __typename }"}, headers={"Host": host})
            assert rebound.status_code in (400, 421), host
        for host in ("localhost:8000", "127.0.0.1", "[::1]:8000", "[::1]"):
            local = await client.post("/graphql", json={"query": "{ __typename }"}, headers={"Host": host})
            assert local.status_code == 200, host
        key_id, _ = await create_key(store, "first", [Scope.READ], utc_now())
        await asyncio.sleep(0.05)
        closed = (await client.post("/graphql", json={"query": OPERATIONS["segments"]})).json()
        assert closed["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        await revoke_key(store, key_id, utc_now())
        await asyncio.sleep(0.05)
        closed = (await client.post("/graphql", json={"query": OPERATIONS["segments"]})).json()
        assert closed["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED", "a revoked key opens nothing"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "cdp.internal"])
async def test_rule_1_an_open_server_is_not_on_the_network(store: Store, recorder: Recorder, host: str) -> None:
    settings = Settings(host=host)
    refusal = await check_exposure(store, settings)
    assert refusal is not None
    assert refusal.startswith(f"GRAPHCDP_HOST is {host}")
    assert "\n" not in refusal
    async with serving(Platform(settings, store, recorder)) as client:
        response = await client.post("/graphql", json={"query": OPERATIONS["segments"]})
        assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED", "even if it did"
    await create_key(store, "first", [Scope.READ], utc_now())
    assert await check_exposure(store, settings) is None


async def test_rule_1_an_open_server_says_so(store: Store) -> None:
    with capture_logs() as logs:
        assert await check_exposure(store, Settings()) is None
    assert [line["event"][:5] for line in logs] == ["open:"]


async def test_no_tokens_without_a_secret(store: Store, recorder: Recorder) -> None:
    async with serving(Platform(Settings(), store, recorder)) as client:
        response = await client.post("/graphql", json={"query": "{ me { id } }"}, headers=bearer(token("user:u1")))
        assert (response.status_code, "GRAPHCDP_TOKEN_SECRET" in response.text) == (401, True)


async def test_rule_2_a_large_body_of_nobody_known_is_not_taken(door: Door) -> None:
    large = b'{"query": "' + b"x" * 4_000_000 + b'"}'
    headers = {"Content-Type": "application/json", "Authorization": "Bearer gcdp_sec_nothing"}
    for _ in range(5):
        response = await door.http.post("/graphql", content=large, headers=headers)
        assert response.status_code == 401
