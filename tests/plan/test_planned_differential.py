"""The planned answer is graphql-core's, word for word: random operations over random graphs."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from graphql import GraphQLError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphcdp.api.answers import answer_of, to_bytes
from graphcdp.api.context import Context
from graphcdp.api.schema import executor, schema
from graphcdp.model.errors import GraphCDPError
from graphcdp.model.principals import ANONYMOUS, OWNER, Principal, Scope, key_principal, visitor_principal
from graphcdp.model.statement import SharedStatement, Statement, together
from graphcdp.record.background import BackgroundJobs, follow_job
from graphcdp.record.recorder import Recorder
from graphcdp.record.segment_sizes import measure_sizes
from graphcdp.resolve.rules import IdentityRules
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.plan.made import Maker, Operation, Pool, personal_in

NOW = datetime(2026, 2, 1, tzinfo=UTC)

PRINCIPALS = [
    OWNER,
    OWNER,
    OWNER,
    *[key_principal("key_x", [Scope.READ])] * 3,
    key_principal("key_x", [Scope.READ, Scope.PII]),
    key_principal("key_x", [Scope.ADMIN]),
    key_principal("key_x", [Scope.WRITE]),
    ANONYMOUS,
    *[visitor_principal("user:u0")] * 2,
    visitor_principal("email:Ann1@example.com"),
    visitor_principal("user:nobody"),
]
"""Those that are asked in more than one way stand here more than once."""

VALUES: list[Any] = ["pro", "free", "Ünï 💚", 1, 12.5, True, None, ["x", "y"], {"city": "Huế"}, "2026-01-01", 'a"\\b\n']

SEGMENT = (
    """mutation($input: CreateSegmentInput!) { createSegment(input: $input) { segment { key } errors { message } } }"""
)
RENAME = """mutation($input: UpdateSegmentInput!) { updateSegment(input: $input) { errors { message } } }"""
ARCHIVE = """mutation($input: ArchiveSegmentInput!) { archiveSegment(input: $input) { errors { message } } }"""
CUT = """mutation($input: CutLinkInput!) { cutLink(input: $input) { errors { message } } }"""
CONSENT = """mutation($input: SetConsentInput!) { setConsent(input: $input) { errors { message } } }"""
SURVEY = """{ customers(first: 30, order: OLDEST) { edges { cursor node { id mergedIds
  events(first: 5) { edges { cursor node { id } } } devices(first: 4) { edges { cursor node { id } } }
  identifiers { edges { cursor node { id kind value links(first: 3) { edges { cursor } } } } }
  links(ended: true) { edges { cursor node { id } } } segments(first: 2) { edges { cursor node { id } } }
  merges(first: 5) { edges { cursor node { id } } } conflicts(status: null) { edges { cursor node { id } } }
  identityHistory(first: 6) { edges { cursor node { id } } } } } }
  events(first: 9) { edges { cursor } } rejected { edges { cursor } }
  segments { edges { cursor node { versions { edges { cursor } } } } }
  conflicts(status: null) { edges { cursor node { id } } } }"""
SPLIT = """mutation($input: SplitCustomerInput!) { splitCustomer(input: $input) { errors { message } } }"""
UNDO = """mutation($input: UndoMergeInput!) { undoMerge(input: $input) { errors { message } } }"""
MERGES = "{ customers { nodes { merges(first: 3) { nodes { id } } } } }"
RULES = """mutation($input: SetIdentityRulesInput!) { setIdentityRules(input: $input) {
  job { id } errors { message } } }"""


def a_message(choose: random.Random, number: int) -> dict[str, Any]:
    """A message of one of a few people, who may turn out to be the same."""
    # Most messages keep to one person's identifiers, some join two people.
    person = choose.randrange(9)
    named = {}
    for kind in choose.sample(["user", "email", "phone", "device", "anonymous"], choose.randint(1, 3)):
        one = person if choose.random() < 0.93 else choose.randrange(9)
        named[kind] = {"email": f"ann{one}@example.com", "phone": f"+8491234567{one}"}.get(kind, f"{kind[0]}{one}")
    step = choose.choice([timedelta(hours=7), timedelta(milliseconds=40), timedelta(microseconds=1234), timedelta(0)])
    traits = {name: choose.choice(VALUES) for name in ("plan", "name", "age", "address") if choose.random() < 0.3}
    return {
        "id": f"m{number}",
        "name": choose.choice(["Visit", "Order", 'Said "hi" \\ 💚']),
        "identifiers": list(named.items()),
        "at": datetime(2026, 1, 1, tzinfo=UTC) + step * choose.randrange(60),
        "properties": {name: choose.choice(VALUES) for name in ("plan", "born", "a.b") if choose.random() < 0.5},
        "context": {} if choose.random() < 0.5 else {"page": {"url": "/x"}},
        "traits": traits,
        "source": choose.choice(["web", "api", "shop"]),
    }


class Graph:
    """A graph with a way to ask it in both ways."""

    def __init__(self, store: Store, recorder: Recorder) -> None:
        self.store = store
        self._recorder = recorder
        self._settings = Settings(query_timeout_s=60)
        self._jobs = BackgroundJobs()

    def context(self, principal: Principal) -> Context:
        """A fresh context, in which time stands still."""
        return Context(
            store=self.store,
            recorder=self._recorder,
            settings=self._settings,
            principal=principal,
            clock=lambda: NOW,
            jobs=self._jobs,
        )

    async def plainly(self, text: str, variables: dict[str, Any], principal: Principal = OWNER) -> dict[str, Any]:
        """The answer of graphql-core and the resolvers."""
        return answer_of(await schema.execute(text, variable_values=variables, context_value=self.context(principal)))

    async def planned(self, text: str, variables: dict[str, Any], principal: Principal) -> dict[str, Any]:
        """The answer of the executor."""
        return answer_of(await executor.execute(text, variables, self.context(principal)))

    async def fill(self, seed: int) -> Pool:
        """Record a random graph; what there is to ask for."""
        choose = random.Random(seed)
        await self._recorder.record([a_message(choose, number) for number in range(70)])
        for key, where in (
            ("pros", {"trait": {"path": "plan", "is": {"eq": "pro"}}}),
            ("visitors", {"did": {"event": {"name": "Visit"}}}),
            ("gone", {"all": []}),
        ):
            await self.plainly(SEGMENT, {"input": {"key": key, "name": key, "where": where}})
        for version in range(1, 5):
            edit = {"segment": {"key": "pros"}, "version": version, "name": f"Pros {version}", "paused": version == 3}
            await self.plainly(RENAME, {"input": edit})
        await self.plainly(ARCHIVE, {"input": {"segment": {"key": "gone"}}})
        for hours in (50, 25, 1, 0):
            await measure_sizes(self.store, NOW - timedelta(hours=hours))
        for device in range(2):
            between = [{"deviceId": f"d{device}"}, {"userId": "u0"}]
            await self.plainly(CUT, {"input": {"between": between}})
        await self._recorder.record([a_message(choose, number) for number in range(70, 100)])
        for number in range(12):
            granted = choose.random() < 0.7
            decision = {
                "customer": {choose.choice(["userId", "deviceId"]): f"{choose.choice('ud')}{choose.randrange(9)}"},
                "purpose": choose.choice(["ads", "mail"]),
                "granted": granted,
                "at": f"2026-01-0{choose.randrange(1, 9)}T00:00:00Z",
                "expiresAt": choose.choice([None, "2026-01-20T00:00:00Z", "2026-03-01T00:00:00Z"]) if granted else None,
                "source": choose.choice([None, f"form {number}"]),
            }
            await self.plainly(CONSENT, {"input": decision})
        job = await self._disturb()
        answer = await self.plainly(SURVEY, {})
        assert "errors" not in answer, answer["errors"]
        pool = surveyed(answer["data"])
        pool.ids.append(job)
        return pool

    async def _disturb(self) -> str:
        """Undo and split, have messages refused, and resolve all by other rules; the id of the job that did it."""
        merged = (await self.plainly(MERGES, {}))["data"]["customers"]["nodes"]
        for one in [one["id"] for node in merged for one in node["merges"]["nodes"]][:2]:
            await self.plainly(UNDO, {"input": {"merge": one, "reason": "wrong"}})
        for user in ("u2", "u3"):
            by = {"userId": user}
            await self.plainly(SPLIT, {"input": {"customer": by, "identifiers": [by]}})
        refused = [{"id": f"x{number}", "name": "Visit", "identifiers": [], "source": "web"} for number in range(3)]
        await self._recorder.record(refused)
        rules = {"kinds": [{"kind": "device", "limit": 1}], "region": "VN"}
        answer = await self.plainly(RULES, {"input": {"rules": rules, "version": 0}})
        job: str = answer["data"]["setIdentityRules"]["job"]["id"]
        await follow_job(self.store, job)
        await self._jobs.close()
        return job


def surveyed(data: dict[str, Any]) -> Pool:
    """The ids, references and cursors of a graph."""
    pool = Pool(
        ["cus_none", "evt_none", "nonsense", "mrg_x"],
        [{"userId": "nobody"}, {"email": "none"}],
        ["pros", "visitors", "gone"],
        {},
    )

    def keep(connection: str, edges: list[dict[str, Any]]) -> None:
        pool.cursors.setdefault(connection, []).extend(edge["cursor"] for edge in edges)
        pool.ids.extend(edge["node"]["id"] for edge in edges if "node" in edge)

    keep("CustomerConnection", data["customers"]["edges"])
    keep("EventConnection", data["events"]["edges"])
    for edge in data["segments"]["edges"]:
        keep("SegmentConnection", [{"cursor": edge["cursor"]}])
        keep("SegmentVersionConnection", edge["node"]["versions"]["edges"])
    keep("RejectedMessageConnection", data["rejected"]["edges"])
    keep("IdentityConflictConnection", data["conflicts"]["edges"])
    for edge in data["customers"]["edges"]:
        node = edge["node"]
        pool.ids += node["mergedIds"]
        pool.references += [{"id": one} for one in (node["id"], *node["mergedIds"])]
        keep("EventConnection", node["events"]["edges"][:3])
        keep("IdentifierConnection", node["identifiers"]["edges"])
        keep("DeviceConnection", node["devices"]["edges"])
        keep("CustomerLinkConnection", node["links"]["edges"])
        keep("MergeConnection", node["merges"]["edges"])
        keep("CustomerConflictConnection", node["conflicts"]["edges"])
        keep("IdentityChangeConnection", node["identityHistory"]["edges"])
        keep("CustomerSegmentConnection", node["segments"]["edges"])
        for one in node["identifiers"]["edges"]:
            keep("LinkConnection", one["node"]["links"]["edges"])
            name = {"user": "userId", "device": "deviceId", "anonymous": "anonymousId"}.get(one["node"]["kind"])
            pool.references.append({name or one["node"]["kind"]: one["node"]["value"]})
    return pool


@pytest.fixture(params=[1, 2])
async def graph(request: pytest.FixtureRequest, store: Store) -> tuple[Graph, Pool]:
    """A random graph, and what there is to ask for."""
    found = Graph(store, Recorder(store, IdentityRules(region="VN")))
    return found, await found.fill(request.param)


def settled(answer: dict[str, Any]) -> bytes:
    """The answer as it is sent, errors in the order of their paths."""
    if "errors" in answer:
        answer = {**answer, "errors": sorted(answer["errors"], key=lambda error: str(error.get("path")))}
    return to_bytes(answer)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(choose=st.randoms(use_true_random=False))
async def test_a_planned_answer_is_that_of_the_resolvers(graph: tuple[Graph, Pool], choose: random.Random) -> None:
    asked, pool = graph
    principal = choose.choice(PRINCIPALS)
    operation: Operation = Maker(choose, pool, visitor=principal.subject is not None).operation()
    plain = await asked.plainly(operation.text, operation.variables, principal)
    planned = await asked.planned(operation.text, operation.variables, principal)
    assert settled(planned) == settled(plain), f"{principal}\n{operation.text}\n{operation.variables}"


async def test_asked_together_each_gets_what_it_gets_alone(graph: tuple[Graph, Pool]) -> None:
    asked, pool = graph
    choose = random.Random(7)
    shared: list[SharedStatement] = []
    for _ in range(300):
        principal = choose.choice(PRINCIPALS)
        operation: Operation = Maker(choose, pool, visitor=principal.subject is not None).operation()
        try:
            statement = executor.statement(operation.text, operation.variables, asked.context(principal))
        except (GraphCDPError, GraphQLError):
            # Arguments that the resolvers refuse.
            continue
        if isinstance(statement, SharedStatement):
            shared.append(statement)
    assert len(shared) > 30, "of all kinds"
    for one in shared:
        others = [other.parameters for other in shared if other.own == one.own]
        chosen = [one.parameters, *choose.sample(others, min(len(others), 3)), one.parameters]
        own = [{name: values[name] for name in one.own} for values in chosen]
        several = [replace(one, parameters={**one.parameters, **values}) for values in own]
        alone = [await asked.store.read_value(Statement(each.text, each.parameters)) for each in several]
        found = dict(await asked.store.read_value(together(several)))
        assert [found[place] for place in range(len(several))] == alone, one.text


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(choose=st.randoms(use_true_random=False))
def test_no_statement_reads_personal_values_for_those_who_may_not_see_them(
    store: Store, recorder: Recorder, choose: random.Random
) -> None:
    pool = Pool(["cus_1", "evt_1", "idn_1", "dev_1"], [{"userId": "u1"}, {"id": "cus_1"}], ["pros"], {})
    operation = Maker(choose, pool).operation()
    reader = key_principal("key_x", [Scope.READ])
    context = Context(store=store, recorder=recorder, settings=Settings(), principal=reader, clock=lambda: NOW)
    try:
        statement = executor.statement(operation.text, operation.variables, context)
    except GraphCDPError:
        # Arguments that the resolvers refuse.
        return
    assert statement is None or personal_in(statement) == [], operation.text
    if isinstance(statement, SharedStatement):
        assert personal_in(together([statement])) == [], operation.text
