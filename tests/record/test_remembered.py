"""What a recorder remembers of customers who come again saves reading them, and is never trusted when it is not so."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from graphcdp.model.identifiers import Identifier
from graphcdp.model.messages import Message
from graphcdp.model.outcomes import Outcome, Status
from graphcdp.model.predicates import parse_predicate
from graphcdp.model.problems import ProblemCode
from graphcdp.model.statement import Statement
from graphcdp.read.sources import sources_by_names
from graphcdp.record.erase import erase_customer
from graphcdp.record.identity_edits import cut_link, merge_customers
from graphcdp.record.recorder import Recorder
from graphcdp.record.remembered import Acquaintance, Met, Remembered
from graphcdp.record.rules import Origin, put_in_force
from graphcdp.record.segment_edits import create_segment
from graphcdp.record.sources import Tally, count_sources
from graphcdp.resolve.decide import Cleansed
from graphcdp.resolve.facts import CustomerFacts, IdentifierFacts
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store, Transaction

NOW = datetime(2026, 1, 1, tzinfo=UTC)
USER, DEVICE, EMAIL = ("user", "u1"), ("device", "d1"), ("email", "ann@shop.example")


class Told:
    """Tells a recorder of one person again and again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._count = 0

    async def by(self, recorder: Recorder, *identifiers: tuple[str, str], **more: Any) -> Outcome:
        """One message by these."""
        self._count += 1
        raw = {"id": f"m{self._count}", "name": "Seen", "identifiers": list(identifiers), **more}
        (outcome,) = await recorder.record([raw])
        return outcome

    async def again(self, recorder: Recorder, *identifiers: tuple[str, str]) -> int:
        """How many statements it takes once the person is remembered."""
        for _ in range(3):
            await self.by(recorder, *identifiers)
        before = self._store.statements_run
        await self.by(recorder, *identifiers)
        return self._store.statements_run - before


@pytest.fixture
def told(store: Store) -> Told:
    return Told(store)


async def evidence(store: Store) -> list[dict[str, Any]]:
    text = """MATCH (one:Identifier)-[l:LINKED]->(other:Identifier)
RETURN one.key AS one, other.key AS other, l.count AS count, l.endedAt IS NULL AS counts, l.byHand AS byHand
ORDER BY one, other, counts"""
    return await store.read_generated(Statement(text))


async def test_who_comes_again_is_written_without_being_read(recorder: Recorder, store: Store, told: Told) -> None:
    await told.by(recorder, USER, DEVICE)
    assert await told.again(recorder, USER, DEVICE) == 1
    (link,) = await evidence(store)
    assert link["count"] == 5
    (seen,) = await store.read_generated(
        Statement("MATCH (c:Customer), (e:Event) RETURN c.lastSeen AS seen, c.identifiers AS n, max(e.at) AS last")
    )
    assert (seen["seen"], seen["n"]) == (seen["last"], 2)


async def test_in_one_batch_some_are_remembered(recorder: Recorder, store: Store, told: Told) -> None:
    await told.again(recorder, USER, DEVICE)
    batch = [
        {"id": "x1", "name": "Seen", "identifiers": [USER, DEVICE]},
        {"id": "x2", "name": "Seen", "identifiers": [USER, EMAIL]},
        {"id": "x3", "name": "Seen", "identifiers": [("user", "u2")]},
        {"id": "x1", "name": "Seen", "identifiers": [USER, DEVICE]},
    ]
    outcomes = await recorder.record(batch)
    assert [outcome.status for outcome in outcomes] == [*[Status.RECORDED] * 3, Status.DUPLICATE]
    assert outcomes[0].customer_id == outcomes[1].customer_id != outcomes[2].customer_id
    counts = {link["one"]: link["count"] for link in await evidence(store)}
    assert counts == {"device:d1": 5, f"email:{EMAIL[1]}": 1}


async def test_a_message_is_taken_once_also_from_who_is_remembered(
    recorder: Recorder, store: Store, told: Told
) -> None:
    await told.again(recorder, USER, DEVICE)
    outcomes = await recorder.record([{"id": n, "name": "Seen", "identifiers": [USER, DEVICE]} for n in ("m1", "new")])
    assert [outcome.status for outcome in outcomes] == [Status.DUPLICATE, Status.RECORDED]
    (link,) = await evidence(store)
    assert link["count"] == 5


async def test_an_id_is_taken_once_whatever_the_message_was(recorder: Recorder, store: Store, told: Told) -> None:
    await recorder.record([{"id": "x1", "type": "identify", "identifiers": [USER, DEVICE]}])
    await told.again(recorder, USER, DEVICE)
    (outcome,) = await recorder.record([{"id": "x1", "name": "Seen", "identifiers": [USER, DEVICE]}])
    assert outcome.status is Status.DUPLICATE
    await told.again(recorder, USER, DEVICE)
    (outcome,) = await recorder.record([{"id": "m1", "type": "identify", "identifiers": [USER, DEVICE]}])
    assert outcome.status is Status.DUPLICATE


async def test_a_source_that_is_new_is_counted(recorder: Recorder, store: Store, told: Told) -> None:
    await told.again(recorder, USER, DEVICE)
    await told.by(recorder, USER, DEVICE, source="till")
    await told.again(recorder, USER, DEVICE)
    await told.by(recorder, USER, DEVICE, source="till")
    found = await sources_by_names(store, ["api", "till"])
    assert [(one.messages, one.events) for one in found if one is not None] == [(8, 8), (2, 2)]


async def test_what_all_writers_count_is_read_when_it_is_locked(recorder: Recorder, store: Store, told: Told) -> None:
    await told.again(recorder, USER, DEVICE)
    is_counted = asyncio.Event()

    async def count(tx: Transaction) -> None:
        await count_sources(tx, {"api": Tally(messages=10)}, NOW)
        await tx.run("feed/append", pages=[], count=10)
        is_counted.set()
        await asyncio.sleep(0.3)

    async def record() -> None:
        await is_counted.wait()
        await told.by(recorder, USER, DEVICE)

    before, statements = await counts(store), store.statements_run
    await asyncio.gather(store.transact(count), record())
    assert store.statements_run - statements == 3
    changed = {name: count - before[name] for name, count in (await counts(store)).items()}
    assert changed == {"messages": 11, "events": 1, "seq": 11, "last": 11}


async def counts(store: Store) -> dict[str, int]:
    text = """MATCH (s:Source {name: 'api'}), (f:Feed), (p:ChangePage)
RETURN s.messages AS messages, s.events AS events, f.seq AS seq, max(p.last) AS last"""
    (row,) = await store.read_generated(Statement(text))
    return row


async def test_what_another_recorder_wrote_is_seen(
    recorder: Recorder, rules: IdentityRules, store: Store, told: Told
) -> None:
    other = Recorder(store, rules)
    for _ in range(2):
        await told.again(recorder, USER, DEVICE)
        await told.again(other, USER, DEVICE)
    await told.by(other, USER, DEVICE, traits={"city": "Hue"})
    await told.by(recorder, USER, DEVICE, traits={"plan": "pro"})
    (link,) = await evidence(store)
    assert link["count"] == 18
    (row,) = await store.read_generated(Statement("MATCH (c:Customer) RETURN c.traits AS traits"))
    assert row["traits"] == '{"city":"Hue","plan":"pro"}'


async def test_two_batches_of_one_customer_at_the_same_moment(rules: IdentityRules, store: Store, told: Told) -> None:
    recorder = Recorder(store, rules, clock=lambda: NOW)
    await told.again(recorder, USER, DEVICE)
    await told.again(recorder, USER, EMAIL)
    for _ in range(3):
        groups = [DEVICE], [EMAIL], [USER, DEVICE], [USER, EMAIL]
        await asyncio.gather(*(told.by(recorder, *group) for group in groups))
    counts = {link["one"]: link["count"] for link in await evidence(store)}
    assert counts == {"device:d1": 7, f"email:{EMAIL[1]}": 7}
    (row,) = await store.read_generated(
        Statement("MATCH (c:Customer) RETURN c.lastSeen AS last, COUNT { (:Event) } AS events")
    )
    assert row == {"last": NOW, "events": 20}


async def test_a_cut_holds_though_nobody_is_parted_by_it(
    recorder: Recorder, rules: IdentityRules, store: Store, told: Told
) -> None:
    for pair in 2 * [(USER, DEVICE), (USER, EMAIL), (EMAIL, DEVICE)]:
        await told.again(recorder, *pair)
    await cut_link(store, "user:u1", "device:d1", rules, datetime.now(UTC))
    outcome = await told.by(recorder, USER, DEVICE)
    assert [warning.code for warning in outcome.warnings] == [ProblemCode.CUT]
    (ended,) = [link for link in await evidence(store) if not link["counts"]]
    assert ended["count"] == 8


async def test_evidence_by_hand_is_kept(recorder: Recorder, rules: IdentityRules, store: Store, told: Told) -> None:
    await told.again(recorder, USER, DEVICE)
    other = ("user", "u2")
    await told.again(recorder, other)
    ids = [(await told.by(recorder, one)).customer_id for one in (USER, other)]
    await merge_customers(store, str(ids[0]), [str(ids[1])], rules, datetime.now(UTC), override=True)
    assert (await told.by(recorder, other)).customer_id == ids[0]
    assert await told.again(recorder, USER, DEVICE) <= await told.again(recorder, other) + 1
    assert [(link["count"], link["byHand"]) for link in await evidence(store)] == [(8, None), (1, True)]


async def test_who_was_erased_does_not_come_back(recorder: Recorder, store: Store, told: Told) -> None:
    await told.again(recorder, USER, DEVICE)
    customer = (await told.by(recorder, USER, DEVICE)).customer_id
    await erase_customer(store, str(customer))
    outcome = await told.by(recorder, USER, DEVICE)
    assert outcome.status is Status.REJECTED
    assert not await store.read_generated(Statement("MATCH (c:Customer) RETURN c.id AS id"))


async def test_rules_that_another_process_changed_are_followed(store: Store, told: Told) -> None:
    rules = IdentityRules()
    version = (await put_in_force(store, rules, origin=Origin.API, now=datetime.now(UTC))).version
    recorder = Recorder(store, rules, version=version)
    await told.again(recorder, USER, DEVICE)
    blocking = IdentityRules.model_validate({"kinds": {"device": {"blocked": ["d1"]}}})
    await put_in_force(store, blocking, origin=Origin.API, now=datetime.now(UTC))
    outcome = await told.by(recorder, USER, DEVICE)
    assert [warning.code for warning in outcome.warnings] == [ProblemCode.BLOCKED]


async def test_segments_that_are_made_meanwhile_are_entered(recorder: Recorder, store: Store, told: Told) -> None:
    text = Statement("MATCH (:Customer)-[:IN_SEGMENT]->(s:Segment) RETURN s.key AS key ORDER BY key")
    for number in (1, 2):
        await told.again(recorder, USER, DEVICE)
        rule = parse_predicate({"did": {"event": {"name": f"Order {number}"}}})
        await create_segment(store, f"buyers{number}", "Buyers", None, rule, datetime.now(UTC))
        await told.again(recorder, USER, DEVICE)
        await told.by(recorder, USER, DEVICE, name=f"Order {number}")
        assert [row["key"] for row in await store.read_generated(text)] == ["buyers1", "buyers2"][:number]


def acquaintance(number: int, *kinds: str) -> Acquaintance:
    one = Acquaintance(CustomerFacts(f"cus_{number}", NOW))
    for kind in kinds:
        identifier = Identifier(kind, str(number))
        one.identifiers[identifier.key] = IdentifierFacts(identifier, f"idn_{number}", one.customer.id)
    return one


def by(*identifiers: tuple[str, str]) -> Cleansed:
    return Cleansed(Message(id="m", at=NOW), tuple(Identifier(*one) for one in identifiers), (0,))


def test_whoever_came_longest_ago_is_forgotten_first() -> None:
    remembered = Remembered(identifiers_max=4)
    people = [acquaintance(number, "user", "device") for number in range(2)]
    remembered.keep(Met(1, people, (0, 0), ()))
    found = remembered.recall([by(("user", "0"))])
    assert list(found.acquaintances) == ["cus_0"]
    remembered.keep(Met(1, [found.acquaintances["cus_0"], acquaintance(2, "user")], (1, 0), ()))
    found = remembered.recall([by(("user", "0")), by(("user", "1")), by(("user", "2"))])
    assert list(found.acquaintances) == ["cus_0", "cus_2"]
    assert not found.is_all
    assert found.acquaintances["cus_0"].changed == (1, 0)


def test_what_a_batch_recalls_is_forgotten_until_it_is_kept_again() -> None:
    remembered = Remembered()
    remembered.keep(Met(1, [acquaintance(1, "user")], (0, 0), ()))
    assert remembered.recall([by(("user", "1"))]).is_all
    assert not remembered.recall([by(("user", "1"))]).acquaintances
