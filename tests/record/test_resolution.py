"""docs/rules.md, rules 13 to 22: what is stored follows new rules, as simulated, however often the job is stopped."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from neo4j import GraphDatabase

from graphcdp.embedded import EmbeddedNeo4j
from graphcdp.model.statement import Statement
from graphcdp.read.jobs import job_of_version
from graphcdp.read.simulation import Simulation, simulate
from graphcdp.record import resolution
from graphcdp.record.background import BackgroundJobs, follow_job, run_job
from graphcdp.record.jobs import JobState, JobStatus, retry_job
from graphcdp.record.recorder import Recorder
from graphcdp.record.rules import Origin, put_in_force
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store, Transaction, statements

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)

KINDS = {"u": "user", "e": "email", "d": "device", "a": "anonymous", "l": "loyalty"}


def rules(**given: Any) -> IdentityRules:
    return IdentityRules.model_validate({"region": "VN", **given})


def claim(name: str) -> tuple[str, str]:
    kind = KINDS[name[0]]
    return kind, f"{name}@x.org" if kind == "email" else name


def key(name: str) -> str:
    return ":".join(claim(name))


async def record(store: Store, first: IdentityRules, *messages: str) -> None:
    """Record messages such as `d1 e1`, an hour apart, under rules that come into force."""
    await put_in_force(store, first, origin=Origin.API, now=START)
    await Recorder(store, first, version=1).record(
        [
            {
                "id": f"m{n}",
                "name": "Visit",
                "identifiers": [claim(name) for name in text.split()],
                "at": START + timedelta(hours=n),
            }
            for n, text in enumerate(messages)
        ]
    )


async def change(store: Store, new: IdentityRules) -> tuple[Simulation, JobState]:
    """What the simulation says of new rules, and what the job then did."""
    simulated = await simulate(store, new, 5)
    made = await put_in_force(store, new, origin=Origin.API, now=NOW)
    job = await job_of_version(store, made.version)
    assert job is not None
    state = await run_job(store, job)
    assert state is not None
    assert state.status is JobStatus.SUCCEEDED
    return simulated, state


async def customers(store: Store) -> list[str]:
    """The identifiers of each customer, as names."""
    rows = await store.read_generated(
        Statement("MATCH (c:Customer) RETURN COLLECT { MATCH (c)<-[:IDENTIFIES]-(i) RETURN i.value } AS values")
    )
    return sorted(" ".join(sorted(value.partition("@")[0] for value in row["values"])) for row in rows)


async def rows(store: Store, text: str) -> list[dict[str, Any]]:
    return await store.read_generated(Statement(text))


async def conflicts(store: Store) -> list[tuple[str, str, str, str]]:
    found = await rows(
        store, "MATCH (c:Conflict) RETURN c.one AS one, c.other AS other, c.code AS code, c.status AS status"
    )
    return sorted((row["one"], row["other"], row["code"], row["status"]) for row in found)


def agree(simulated: Simulation, state: JobState) -> None:
    assert (simulated.merges, simulated.splits) == (state.merges, state.splits)


async def test_a_lower_limit_splits_and_the_old_one_unites_again(store: Store) -> None:
    await record(store, rules(), "d1 e1", "d1 e2", "d1 e3", "u9 a9")
    simulated, state = await change(store, rules(kinds={"email": {"limit": 2}}))
    agree(simulated, state)
    assert (simulated.customers_before, simulated.customers_after, simulated.splits) == (2, 3, 1)
    assert (simulated.conflicts_made, simulated.conflicts_solved) == (1, 0)
    (sample,) = simulated.sample_splits
    assert [[one.value for one in group] for group in sample.groups] == [["d1", "e1@x.org", "e2@x.org"], ["e3@x.org"]]
    assert await customers(store) == ["a9 u9", "d1 e1 e2", "e3"]
    assert await conflicts(store) == [(key("d1"), key("e3"), "LIMIT", "OPEN")]
    simulated, state = await change(store, rules())
    agree(simulated, state)
    assert (simulated.merges, simulated.conflicts_solved) == (1, 1)
    assert len(simulated.sample_merges[0]) == 2
    assert await customers(store) == ["a9 u9", "d1 e1 e2 e3"]
    assert await conflicts(store) == [(key("d1"), key("e3"), "LIMIT", "SOLVED")]


async def test_a_blocked_value_falls_out_and_comes_back(store: Store) -> None:
    await record(store, rules(), "u1 e1", "u2 d2", "e1 a3")
    blocking = rules(kinds={"email": {"blocked_patterns": ["E1@.*"]}})
    simulated, state = await change(store, blocking)
    agree(simulated, state)
    assert await customers(store) == ["a3", "d2 u2", "e1", "u1"]
    assert {code for _, _, code, _ in await conflicts(store)} == {"BLOCKED"}
    ended = await rows(store, "MATCH ()-[l:LINKED]->() WHERE l.endedBy = 'rules' RETURN l.id AS id")
    assert len(ended) == 2
    simulated, state = await change(store, rules())
    agree(simulated, state)
    assert await customers(store) == ["a3 e1 u1", "d2 u2"]


async def test_claims_that_were_left_out_are_taken_when_the_rules_take_them(store: Store) -> None:
    await record(store, rules(kinds={"email": {"blocked": ["e1@x.org"]}}), "u1 l7 e1", "u2 l8", "d3 l7", "d4 e1")
    assert await customers(store) == ["d3", "d4", "u1", "u2"]
    new = rules(kinds={"loyalty": {}})
    simulated, state = await change(store, new)
    agree(simulated, state)
    assert state.merges == 2
    assert await customers(store) == ["d3 d4 e1 l7 u1", "l8 u2"]
    assert await rows(store, "MATCH (p:Partial) RETURN p.id AS id") == []
    (event,) = await rows(store, "MATCH (e:Event {id: 'm0'}) RETURN e.identifiers AS keys, e.dropped AS dropped")
    assert event == {"keys": ["user:u1", "loyalty:l7", "email:e1@x.org"], "dropped": None} or sorted(event["keys"]) == [
        "email:e1@x.org",
        "loyalty:l7",
        "user:u1",
    ]
    links = await rows(store, "MATCH (:User)-[l:LINKED]-(:Identifier {kind: 'loyalty'}) RETURN l.event AS event")
    assert sorted(link["event"] for link in links) == ["m0", "m1"]


async def test_a_kind_that_is_taken_out_leaves_its_identifiers(store: Store) -> None:
    await record(store, rules(kinds={"loyalty": {}}), "u1 l1", "u2 l2")
    simulated, state = await change(store, rules())
    agree(simulated, state)
    assert state.splits == 0
    assert await customers(store) == ["l1 u1", "l2 u2"]


@pytest.mark.parametrize("merge", ["protect", "always", "never"])
async def test_refused_evidence_is_tried_as_the_rules_unite(store: Store, merge: str) -> None:
    await record(store, rules(), "u1 d1", "u2 d1", "u3 d3")
    simulated, state = await change(store, rules(merge=merge, kinds={"user": {"limit": 1}, "device": {"limit": 19}}))
    agree(simulated, state)
    together = merge == "always"
    assert await customers(store) == (["d1 u1 u2", "d3 u3"] if together else ["d1 u1", "d3 u3", "u2"])
    assert simulated.conflicts_solved == together


async def test_new_identifiers_join_even_if_rules_never_unite(store: Store) -> None:
    await record(store, rules(kinds={"email": {"limit": 1}}), "u1 e1", "u1 e2", "u2 e2")
    assert await customers(store) == ["e1 u1", "e2 u2"]
    await record_again(store, "u1 e3")
    simulated, state = await change(store, rules(merge="never"))
    agree(simulated, state)
    assert await customers(store) == ["e1 e3 u1", "e2 u2"]


async def record_again(store: Store, text: str) -> None:
    found = await resolution.rule_sets(store)
    recorder = Recorder(store, found[0].rules, version=found[0].version)
    await recorder.record(
        [{"id": f"again {text}", "name": "Visit", "identifiers": [claim(name) for name in text.split()]}]
    )


async def test_what_people_cut_stays_cut(store: Store) -> None:
    from graphcdp.record.identity_edits import cut_link

    await record(store, rules(kinds={"email": {"limit": 1}}), "u1 e1", "u1 d1", "u2 e2", "u2 d2", "u1 e2")
    (conflict,) = await conflicts(store)
    assert conflict[3] == "OPEN"
    await cut_link(store, key("u1"), key("d1"), rules(), NOW)
    simulated, state = await change(store, rules(kinds={"user": {"limit": 2}, "email": {"limit": 2}}))
    agree(simulated, state)
    assert await customers(store) == ["d1", "d2 e1 e2 u1 u2"]


async def test_what_is_united_by_hand_stays_united(store: Store) -> None:
    from graphcdp.record.identity_edits import merge_customers

    await record(store, rules(), "u1 d1", "u2 d2")
    (one, other) = [row["id"] for row in await rows(store, "MATCH (c:Customer) RETURN c.id AS id ORDER BY id")]
    await merge_customers(store, one, [other], rules(), NOW, override=True)
    simulated, state = await change(store, rules(kinds={"email": {"limit": 4}}))
    agree(simulated, state)
    assert await customers(store) == ["d1 d2 u1 u2"]


async def test_the_log_says_that_rules_did_it(store: Store) -> None:
    await record(store, rules(), "d1 e1", "d1 e2")
    await change(store, rules(kinds={"email": {"limit": 1}}))
    await change(store, rules())
    (split,) = await rows(store, "MATCH (s:Split) RETURN s.cause AS cause, s.identifiers AS keys")
    assert split == {"cause": "RULES", "keys": [key("e2")]}
    (merge,) = await rows(store, "MATCH (m:Merge) RETURN m.cause AS cause")
    assert merge == {"cause": "RULES"}


def messages(seed: int) -> list[str]:
    chance = random.Random(seed)
    names = [f"{kind}{n}" for kind in "uedal" for n in range(1, 9)]
    return [" ".join(chance.sample(names, chance.randint(1, 3))) for _ in range(60)]


SETS = [
    rules(),
    rules(kinds={"email": {"limit": 1}, "user": {"limit": 2}}),
    rules(
        kinds={"loyalty": {"limit": 2}, "email": {"blocked": ["e1@x.org"]}, "device": {"blocked_patterns": ["d[12]"]}}
    ),
    rules(merge="always", kinds={"loyalty": {}}),
    rules(merge="never"),
    rules(
        kinds={
            "email": {"limit": 1, "window": "PT5H"},
            "user": {"limit": 3, "window": "PT20H"},
            "loyalty": {"limit": 1},
        }
    ),
]


@pytest.mark.parametrize("seed", range(4))
async def test_the_job_does_what_was_simulated(store: Store, seed: int) -> None:
    chance = random.Random(seed + 100)
    order = chance.sample(SETS, len(SETS))
    await record(store, order[0], *messages(seed))
    for new in order[1:]:
        before = len(await customers(store))
        simulated, state = await change(store, new)
        agree(simulated, state)
        after = len(await customers(store))
        assert (simulated.customers_before, simulated.customers_after) == (before, after)
        again = await simulate(store, new, 0)
        assert (again.merges, again.splits) == (0, 0), new


async def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    from graphcdp.record import resolution_pages

    monkeypatch.setattr(resolution_pages, "CUSTOMERS_PAGE", 1)
    monkeypatch.setattr(resolution_pages, "KEYS_PAGE", 2)
    monkeypatch.setattr(resolution_pages, "EVIDENCE_PAGE", 1)


async def test_a_job_that_is_stopped_anywhere_goes_on_and_does_nothing_twice(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await record(store, SETS[0], *messages(7))
    await small_pages(monkeypatch)
    simulated = await simulate(store, SETS[2], 0)
    made = await put_in_force(store, SETS[2], origin=Origin.API, now=NOW)
    job = await job_of_version(store, made.version)
    assert job is not None
    chance = random.Random(3)
    state, stops = None, 0
    while state is None or state.status is not JobStatus.SUCCEEDED:
        pages = chance.randint(1, 4)

        def stop(_: JobState, left: list[int] = [pages]) -> None:  # noqa: B006  # counts down over the calls
            left[0] -= 1
            if left[0] < 0:
                raise asyncio.CancelledError

        try:
            state = await run_job(store, job, on_progress=stop)
        except asyncio.CancelledError:
            stops += 1
    assert stops > 5
    agree(simulated, state)
    assert (await simulate(store, SETS[2], 0)).splits == 0


async def test_two_processes_do_not_run_one_job(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await record(store, SETS[0], *messages(5))
    await small_pages(monkeypatch)
    simulated = await simulate(store, SETS[1], 0)
    made = await put_in_force(store, SETS[1], origin=Origin.API, now=NOW)
    job = await job_of_version(store, made.version)
    assert job is not None
    states = await asyncio.gather(*(follow_job(store, job) for _ in range(3)))
    for state in states:
        assert state is not None
        assert state.status is JobStatus.SUCCEEDED
        agree(simulated, state)


async def test_a_job_whose_runner_died_is_taken_over_when_the_lease_has_run_out(store: Store) -> None:
    await record(store, SETS[0], "d1 e1", "d1 e2")
    made = await put_in_force(store, SETS[1], origin=Origin.API, now=NOW)
    job = await job_of_version(store, made.version)
    assert job is not None

    async def dies(tx: Transaction) -> None:
        properties = {"status": "RUNNING", "leaseUntil": NOW + timedelta(seconds=30)}
        await tx.run("job/set", id=job, properties=properties, now=NOW)

    await store.transact(dies)
    held = await run_job(store, job, clock=lambda: NOW + timedelta(seconds=29))
    assert held is not None
    assert (held.status, held.done) == (JobStatus.RUNNING, 0)
    state = await run_job(store, job, clock=lambda: NOW + timedelta(seconds=31))
    assert state is not None
    assert (state.status, state.splits) == (JobStatus.SUCCEEDED, 1)


async def test_newer_rules_take_the_place_of_an_unfinished_job(store: Store) -> None:
    await record(store, SETS[0], "d1 e1", "d1 e2")
    older = await put_in_force(store, SETS[1], origin=Origin.API, now=NOW)
    job = await job_of_version(store, older.version)
    assert job is not None
    await put_in_force(store, SETS[0], origin=Origin.API, now=NOW)
    state = await run_job(store, job)
    assert state is not None
    assert (state.status, state.splits) == (JobStatus.FAILED, 0)
    assert "Version 3" in str(state.failure)


async def test_a_job_that_failed_says_why_and_can_be_tried_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from graphcdp.record import resolution_pages

    await record(store, SETS[0], "d1 e1", "d1 e2")
    made = await put_in_force(store, SETS[1], origin=Origin.API, now=NOW)
    job = await job_of_version(store, made.version)
    assert job is not None

    async def breaks(page: resolution_pages.Page) -> resolution_pages.Step:
        raise KeyError("x")

    with monkeypatch.context() as patch:
        patch.setitem(resolution_pages.STEPS, resolution_pages.Phase.BLOCKED, breaks)
        with pytest.raises(KeyError):
            await run_job(store, job)
    failed = await run_job(store, job)
    assert failed is not None
    assert (failed.status, failed.failure) == (JobStatus.FAILED, "Internal error: KeyError.")
    await retry_job(store, job, NOW)
    state = await run_job(store, job)
    assert state is not None
    assert (state.status, state.splits, state.failure) == (JobStatus.SUCCEEDED, 1, None)


async def test_there_is_no_job_of_an_unknown_id(store: Store) -> None:
    assert await run_job(store, "job_unknown") is None


async def test_the_background_finishes_what_is_unfinished(store: Store) -> None:
    await record(store, SETS[0], "d1 e1", "d1 e2")
    made = await put_in_force(store, SETS[1], origin=Origin.API, now=NOW)
    job = await job_of_version(store, made.version)
    assert job is not None
    jobs = BackgroundJobs()
    jobs.start(store)
    jobs.start(store)
    state = await follow_job(store, job)
    await jobs.close()
    assert state is not None
    assert (state.status, state.splits) == (JobStatus.SUCCEEDED, 1)


async def test_messages_may_come_while_the_job_runs(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await record(store, SETS[0], *messages(11))
    await small_pages(monkeypatch)
    made = await put_in_force(store, SETS[1], origin=Origin.API, now=NOW)
    job = await job_of_version(store, made.version)
    assert job is not None
    # It still has the former rules, and learns of the new ones with its first write.
    recorder = Recorder(store, SETS[0], version=1)

    async def write(seed: int) -> None:
        for n, text in enumerate(messages(seed)):
            named = [claim(name) for name in text.split()]
            await recorder.record([{"id": f"w{seed} {n}", "name": "Visit", "identifiers": named}])

    state, *_ = await asyncio.gather(follow_job(store, job), write(12), write(13))
    assert state is not None
    assert state.status is JobStatus.SUCCEEDED
    assert (await simulate(store, SETS[1], 0)).splits == 0
    owners = await rows(store, "MATCH (i:Identifier) RETURN COUNT { (i)-[:IDENTIFIES]->(:Customer) } AS owners")
    assert {row["owners"] for row in owners} == {1}
    assert await rows(store, "MATCH (c:Customer) WHERE NOT EXISTS { (c)<-[:IDENTIFIES]-() } RETURN c.id AS id") == []
    wrong = await rows(
        store,
        "MATCH (a)-[l:LINKED]->(b) WHERE l.endedAt IS NULL AND "
        "NOT EXISTS { (a)-[:IDENTIFIES]->(:Customer)<-[:IDENTIFIES]-(b) } RETURN a.key AS one, b.key AS other",
    )
    assert wrong == []


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("over_limit", {"limits": [], "after": "", "page": 1}),
        ("keys", {"after": "email:", "end": "email;", "page": 1}),
        ("conflicts", {"after": "", "page": 1}),
        ("partials", {"after": "", "page": 1}),
    ],
)
@pytest.mark.usefixtures("store")
def test_pages_are_walked_on_an_index(neo4j: EmbeddedNeo4j, name: str, parameters: dict[str, Any]) -> None:
    """Neither scanned nor sorted: a page in the middle costs what the first one costs."""
    to = neo4j.connection
    with GraphDatabase.driver(to.uri, auth=(to.user, to.password)) as driver:
        summary = driver.execute_query(f"EXPLAIN {statements.text(f'resolution/{name}')}", parameters).summary
    operators = str(summary.plan)
    assert "IndexSeek" in operators
    assert "Sort" not in operators
    assert "Top" not in operators
