"""The write path on a real Neo4j: what was decided is what the graph holds."""

import asyncio
import random
from typing import Any

import pytest

from graphcdp.model.outcomes import Outcome, Status
from graphcdp.model.problems import ProblemCode
from graphcdp.model.statement import Statement
from graphcdp.record.gathering import BATCHES_MAX
from graphcdp.record.recorder import Recorder
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store


def seen(message_id: str, *identifiers: tuple[str, str], **more: Any) -> dict[str, Any]:
    return {"id": message_id, "name": "Seen", "identifiers": list(identifiers), **more}


async def rows(store: Store, text: str) -> list[dict[str, Any]]:
    return await store.read_generated(Statement(text))


async def partition(store: Store) -> set[frozenset[str]]:
    found = await rows(store, "MATCH (c:Customer) RETURN [(c)<-[:IDENTIFIES]-(i) | i.key] AS keys")
    return {frozenset(row["keys"]) for row in found}


async def test_one_message_unites_and_old_ids_keep_resolving(recorder: Recorder, store: Store) -> None:
    first = await recorder.record([seen("m1", ("anonymous", "a1"), traits={"city": "Hue"}), seen("m2", ("user", "u1"))])
    (united,) = await recorder.record([seen("m3", ("user", "u1"), ("anonymous", "a1"))])
    assert united.customer_id == first[1].customer_id
    assert united.absorbed == (first[0].customer_id,)
    assert await partition(store) == {frozenset({"anonymous:a1", "user:u1"})}
    (merged,) = await rows(
        store, "MATCH (m:MergedCustomer)-[:MERGED_INTO]->(c:Customer) RETURN m.id AS old, c.id AS new"
    )
    assert merged == {"old": first[0].customer_id, "new": first[1].customer_id}
    (customer,) = await rows(store, "MATCH (c:Customer) RETURN c.traits AS traits, c.`traits.city` AS city")
    assert customer == {"traits": '{"city":"Hue"}', "city": "Hue"}
    (past,) = await rows(store, "MATCH (i)-[was:IDENTIFIED]->(m) RETURN i.key AS key, m.id AS id")
    assert past == {"key": "anonymous:a1", "id": first[0].customer_id}


async def test_events_hang_on_their_subject_and_never_move(recorder: Recorder, store: Store) -> None:
    await recorder.record([seen("m1", ("anonymous", "a1"), properties={"total": 3.5, "lines": [{"a": 1}]})])
    await recorder.record([seen("m2", ("anonymous", "a1"), ("user", "u1"))])
    found = await rows(
        store,
        "MATCH (e:Event)-[:BY]->(i) RETURN e.id AS id, e.subject AS subject, i.key AS key, e.json AS json, "
        "e.`properties.total` AS total ORDER BY id",
    )
    assert found == [
        {"id": "m1", "subject": "anonymous:a1", "key": "anonymous:a1", "json": '{"total":3.5,"lines":[{"a":1}]}',
         "total": 3.5},
        {"id": "m2", "subject": "user:u1", "key": "user:u1", "json": "{}", "total": None},
    ]  # fmt: skip


async def test_a_bad_message_harms_no_neighbour_and_is_kept(recorder: Recorder, store: Store) -> None:
    outcomes = await recorder.record(
        [seen("m1", ("user", "null")), seen("m2", ("user", "u1"), ("email", "nope")), seen("m3", at="never")]
    )
    assert [outcome.status for outcome in outcomes] == [Status.REJECTED, Status.RECORDED, Status.REJECTED]
    assert outcomes[0].errors[0].code is ProblemCode.NO_IDENTIFIER
    assert outcomes[1].warnings[0].code is ProblemCode.INVALID
    kept = await rows(store, "MATCH (r:Rejected) RETURN r.messageId AS id, r.code AS code ORDER BY id")
    assert kept == [{"id": "m1", "code": "NO_IDENTIFIER"}, {"id": "m3", "code": "INVALID"}]


async def test_the_same_refused_message_is_kept_once(recorder: Recorder, store: Store) -> None:
    refused = seen("m1", ("user", "null"), at="2026-01-01T00:00:00Z")
    for _ in range(2):
        await recorder.record([refused, refused])
    (kept,) = await rows(store, "MATCH (r:Rejected) RETURN r.id AS id, r.receivedAt AS received, r.tries AS tries")
    await recorder.record([{**refused, "properties": {"total": 1}}, {**refused, "id": "m2"}])
    found = await rows(store, "MATCH (r:Rejected) RETURN r.id AS id, r.messageId AS message ORDER BY id")
    assert sorted(row["message"] for row in found) == ["m1", "m1", "m2"]
    assert kept["id"] in {row["id"] for row in found}


async def test_refused_messages_are_found_by_the_index(store: Store, profiled: Any) -> None:
    row = {"id": "rej_1", "hash": "h", "messageId": "m", "source": "s", "code": "INVALID", "reason": "r", "json": "{}"}
    plan = await profiled("record/create_rejected", rows=[row], now="2026-01-01")
    assert any(name.startswith("NodeUniqueIndexSeek") for name, *_ in plan), plan


async def test_recording_twice_changes_nothing(recorder: Recorder, store: Store) -> None:
    batch = [seen(f"m{n}", ("user", f"u{n % 3}"), ("device", f"d{n % 4}"), traits={"n": n}) for n in range(12)]
    await recorder.record(batch)
    everything = """
        MATCH (n) OPTIONAL MATCH (n)-[r]->()
        RETURN count(DISTINCT n) AS nodes, count(r) AS edges, sum(r.count) AS evidence
    """
    before = await rows(store, everything)
    again = await recorder.record(batch)
    assert {outcome.status for outcome in again} == {Status.DUPLICATE}
    assert await rows(store, everything) == before


async def test_with_last_login_the_device_moves_and_its_traits_go_with_it(store: Store) -> None:
    recorder = Recorder(store, IdentityRules.model_validate({"shared_device": "last_login"}))
    await recorder.record([seen("m0", ("device", "tv"), traits={"model": "X"})])
    await recorder.record([seen("m1", ("device", "tv"), ("user", "u1"), traits={"plan": "pro"})])
    await recorder.record([seen("m2", ("device", "tv"), ("user", "u2"))])
    assert await partition(store) == {frozenset({"user:u1"}), frozenset({"user:u2", "device:tv"})}
    found = await rows(
        store, "MATCH (c:Customer)<-[:IDENTIFIES]-(u:User) RETURN u.value AS user, c.traits AS traits ORDER BY user"
    )
    assert found == [{"user": "u1", "traits": '{"plan":"pro"}'}, {"user": "u2", "traits": '{"model":"X"}'}]
    ended = await rows(store, "MATCH ()-[l:LINKED]->() WHERE l.endedAt IS NOT NULL RETURN l.endedBy AS by")
    assert ended == [{"by": "last_login"}]


async def test_writers_in_several_processes_agree(store: Store, rules: IdentityRules) -> None:
    """Eight recorders, as in eight processes, over the same few identifiers: nothing is lost or doubled."""
    recorders = [Recorder(store, rules) for _ in range(8)]

    async def write(writer: int) -> None:
        for n in range(10):
            await recorders[writer].record(
                [seen(f"w{writer}-{n}", ("email", f"e{(writer + n) % 5}@x.org"), ("device", f"d{(writer * n) % 7}"))]
            )

    await asyncio.gather(*(write(writer) for writer in range(8)))
    (count,) = await rows(store, "MATCH (e:Event) RETURN count(e) AS events")
    assert count["events"] == 80
    (loose,) = await rows(
        store,
        "RETURN COUNT { MATCH (i:Identifier) WHERE COUNT { (i)-[:IDENTIFIES]->(:Customer) } <> 1 } AS ownerless, "
        "COUNT { MATCH (c:Customer) WHERE NOT EXISTS { (c)<-[:IDENTIFIES]-() } } AS empty",
    )
    assert loose == {"ownerless": 0, "empty": 0}


def tangled(prefix: str, count: int) -> list[dict[str, Any]]:
    """Messages of people whose identifiers come together little by little; some are refused by the rules."""
    chance = random.Random(20261126)
    kinds = ("user", "email", "device", "anonymous")
    made = []
    for n in range(count):
        chosen = sorted({chance.randrange(500) for _ in range(chance.choice((1, 1, 1, 2, 2)))})
        claims = [
            (kinds[it % 4], f"{prefix}{it}@x.org" if kinds[it % 4] == "email" else f"{prefix}{it}") for it in chosen
        ]
        made.append(seen(f"{prefix}{n}", *claims, at=f"2026-01-01T10:{n // 60:02}:{n % 60:02}Z", traits={"n": n}))
    return made


async def test_batches_side_by_side_decide_as_one_after_the_other(
    store: Store, rules: IdentityRules, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once: list[int] = [0]
    transact = store.transact

    async def counted(work: Any, **options: Any) -> Any:
        at_once.append(at_once[-1] + 1)
        try:
            return await transact(work, **options)
        finally:
            at_once.append(at_once[-1] - 1)

    alone = await Recorder(store, rules, batch_max=600).record(tangled("a", 600))
    monkeypatch.setattr(store, "transact", counted)
    beside = await Recorder(store, rules, batch_max=20).record(tangled("b", 600))
    assert max(at_once) == BATCHES_MAX

    def told(outcomes: list[Outcome]) -> list[Any]:
        return [(one.status, len(one.absorbed), [problem.code for problem in one.warnings]) for one in outcomes]

    assert told(beside) == told(alone)
    found = await rows(
        store,
        "MATCH (c:Customer) RETURN [(c)<-[:IDENTIFIES]-(i) | i.value] AS values, c.`traits.n` AS n",
    )
    by_prefix = {
        prefix: {
            (frozenset(value[1:] for value in row["values"]), row["n"])
            for row in found
            if row["values"][0][0] == prefix
        }
        for prefix in "ab"
    }
    assert by_prefix["a"] == by_prefix["b"]
    assert len(by_prefix["a"]) > 1


async def test_a_recorder_that_drains_takes_nothing_new(recorder: Recorder, store: Store) -> None:
    recording = asyncio.create_task(recorder.record([seen(f"m{n}", ("user", f"u{n}")) for n in range(50)]))
    await asyncio.sleep(0)
    await recorder.drain()
    assert recording.done() or len(await recording) == 50
    (count,) = await rows(store, "MATCH (e:Event) RETURN count(e) AS events")
    assert count["events"] == 50


async def test_planning_ahead_writes_nothing(recorder: Recorder, store: Store) -> None:
    await recorder.plan_ahead()
    assert await store.read_generated(
        Statement("MATCH (n) WHERE NOT n:Migration|SegmentEdition RETURN count(n) AS made")
    ) == [{"made": 0}]
