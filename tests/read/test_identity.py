"""docs/explain.md against the graph: plans that stay fast, what people did, and nodes that bore another id."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graphcdp.model.identifiers import Identifier
from graphcdp.model.statement import Statement
from graphcdp.read.conflicts import ConflictChoice, count_conflicts, list_conflicts
from graphcdp.read.explain import ended_between, refused_between, shortest_path
from graphcdp.read.history import history_pages
from graphcdp.read.identities import customer_link_pages, customer_link_totals
from graphcdp.read.merges import merge_evidence, merge_of_absorbed, merge_pages, merges_by_ids
from graphcdp.read.pages import Page
from graphcdp.read.snapshot import count_identifiers_at, holder_at, identifiers_at, survivor_at
from graphcdp.record.identity_edits import allow_link, cut_link, merge_customers, split_customer, undo_merge
from graphcdp.record.ids import NewIds
from graphcdp.record.joins import BY_RULES, join
from graphcdp.record.recorder import Recorder
from graphcdp.resolve.join import Evidence
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store

START = datetime(2026, 1, 1, tzinfo=UTC)
SCANS = {"AllNodesScan", "NodeByLabelScan", "DirectedAllRelationshipsScan", "UndirectedRelationshipTypeScan"}


async def write(store: Store, text: str, **parameters: Any) -> None:
    """Change the graph."""
    await store.transact(lambda tx: tx.run_generated(Statement(text, parameters)), timeout_s=60)


async def told(recorder: Recorder, message_id: str, *names: str, **more: Any) -> str:
    """Record a message that names these, each as kind:value; whose it is."""
    identifiers = [tuple(name.split(":", 1)) for name in names]
    (outcome,) = await recorder.record([{"id": message_id, "name": "Visit", "identifiers": identifiers, **more}])
    assert outcome.customer_id is not None
    return outcome.customer_id


async def star(store: Store, size: int) -> None:
    """A customer of `size` anonymous ids around one user, half of whose evidence was renewed after a cut."""
    await write(
        store,
        """CREATE (c:Customer {id: 'cus_star', createdAt: $at, firstSeen: $at, lastSeen: $at, updatedAt: $at,
                              identifiers: $size + 1})
        CREATE (u:Identifier:User {id: 'idn_u', key: 'user:u1', kind: 'user', value: 'u1', firstSeen: $at,
                                   lastSeen: $at})-[:IDENTIFIES {since: $at}]->(c)
        WITH c, u UNWIND range(1, $size) AS n
        CREATE (i:Identifier:Anonymous {id: 'idn_' + n, key: 'anonymous:' + n, kind: 'anonymous', value: '' + n,
                                        firstSeen: $at, lastSeen: $at})-[:IDENTIFIES {since: $at}]->(c)
        CREATE (i)-[:LINKED {id: 'lnk_' + n, count: 1, firstSeen: $at, lastSeen: $at, event: 'm' + n}]->(u)
        WITH i, n WHERE n % 2 = 0
        MATCH (next:Identifier {key: 'anonymous:' + (n - 1)})
        CREATE (i)-[:LINKED {id: 'lnk_0' + n, count: 1, firstSeen: $at, lastSeen: $at, event: 'e' + n,
                             endedAt: $at, endedBy: 'cut'}]->(next)""",
        at=START,
        size=size,
    )


async def test_a_path_is_searched_from_both_ends_and_never_through_what_ended(store: Store, profiled: Any) -> None:
    await star(store, 1000)
    plan = await profiled("read/explain_path", **{"from": "anonymous:2", "to": "anonymous:999"})
    (search,) = [operator for operator in plan if operator[0] == "ShortestPath"]
    assert "all(step IN relationships(chain) WHERE step.endedAt IS NULL)" in search[1]
    assert search[3] < 5000
    assert SCANS.isdisjoint(name for name, *_ in plan)
    # A shorter way leads over evidence that was cut.
    path = await shortest_path(store, "anonymous:2", "anonymous:1")
    assert [(step.from_key, step.to_key) for step in path] == [
        ("anonymous:2", "user:u1"), ("user:u1", "anonymous:1"),
    ]  # fmt: skip


async def test_the_evidence_of_a_customer_of_1000_identifiers_comes_in_pages(store: Store) -> None:
    await star(store, 1000)
    seen: list[str] = []
    after = None
    while True:
        (page,) = await customer_link_pages(store, ["cus_star"], True, Page(100, after=after))
        seen += [link.id for link in page.items]
        if not page.has_next:
            break
        after = (page.items[-1].first_seen, page.items[-1].id)
    assert len(seen) == len(set(seen)) == 1500
    assert seen == sorted(seen, reverse=True)
    assert await customer_link_totals(store, ["cus_star", "cus_none"], True) == [1500, 0]
    assert await customer_link_totals(store, ["cus_star"], False) == [1000]


async def test_conflicts_are_read_off_the_index(store: Store, profiled: Any) -> None:
    await write(
        store,
        """UNWIND range(1000, 4999) AS n
        CREATE (:Conflict {id: 'cfl_01jd0000000000000000' + n, pair: '' + n, one: 'a:' + n, other: 'b:' + n,
        subject: 'a:' + n, identifier: 'b:' + n, code: CASE n % 4 WHEN 0 THEN 'BLOCKED' ELSE 'LIMIT' END, count: 1,
        firstSeen: $at, lastSeen: $at, message: 'm', source: 'web',
        status: CASE WHEN n % 2 = 0 THEN 'OPEN' ELSE 'SOLVED' END})""",
        at=START,
    )
    given = {"statuses": ["OPEN"], "code": None, "after": None, "before": None, "limit": 21}
    for name in ("read/conflicts_first", "read/conflicts_last"):
        plan = await profiled(name, **given)
        (seek,) = [operator for operator in plan if operator[0].startswith("NodeIndexSeek")]
        assert "Conflict(status, id)" in seek[1]
        assert seek[2] <= 60, "the index gives the order, so that only what is shown is read"
    choice = ConflictChoice(("OPEN",))
    page = await list_conflicts(store, choice, Page(3))
    assert [row.id[-4:] for row in page.items] == ["4998", "4994", "4990"]
    assert await count_conflicts(store, choice) == 1000
    assert await count_conflicts(store, ConflictChoice(("OPEN", "SOLVED"))) == 3000
    assert await count_conflicts(store, ConflictChoice(("OPEN",), "BLOCKED")) == 1000


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("merges", {"ids": ["cus_star"]}),
        ("history", {"ids": ["cus_star"]}),
        (
            "customer_conflicts",
            {"ids": ["cus_star"], "statuses": ["OPEN"], "code": None, "after": None, "before": None},
        ),
        ("customer_links", {"ids": ["cus_star"], "ended": False}),
    ],
)
@pytest.mark.parametrize("end", ["first", "last"])
async def test_nothing_of_a_customer_is_found_by_scanning(
    store: Store, profiled: Any, name: str, given: dict[str, Any], end: str
) -> None:
    await star(store, 50)
    bounds = {"after_at": None, "after_id": None, "before_at": None, "before_id": None, "limit": 21}
    plan = await profiled(f"read/{name}_{end}", **{**bounds, **given})
    assert SCANS.isdisjoint(operator for operator, *_ in plan)


async def test_refused_and_ended_evidence_is_found_without_scanning(store: Store, profiled: Any) -> None:
    await star(store, 50)
    given = {"one": "cus_star", "other": "cus_none", "limit": 20}
    for name, more in (("explain_ended", {}), ("explain_refused", {"from": "user:u1", "to": "user:u2"})):
        plan = await profiled(f"read/{name}", **given, **more)
        assert SCANS.isdisjoint(operator for operator, *_ in plan)
    plan = await profiled("read/merge_evidence", ids=["mrg_none"])
    assert SCANS.isdisjoint(operator for operator, *_ in plan)


async def test_a_cut_is_told_until_a_message_shows_the_evidence_again(
    store: Store, recorder: Recorder, rules: IdentityRules
) -> None:
    await told(recorder, "m1", "user:u1", "device:d1")
    customer = await told(recorder, "m2", "user:u1", "email:ann@example.com")
    parted = await cut_link(store, "user:u1", "device:d1", rules, datetime.now(UTC), reason="lent")
    (other,) = parted.separated
    (link,) = await ended_between(store, customer, other)
    assert (link.ended_by, link.allowed, link.message) == ("cut", None, "m1")
    assert await told(recorder, "m3", "user:u1", "device:d1") == customer
    assert len(await ended_between(store, other, customer)) == 1
    await allow_link(store, "user:u1", "device:d1", datetime.now(UTC))
    (link,) = await ended_between(store, customer, other)
    assert link.allowed is not None
    await told(recorder, "m4", "user:u1", "device:d1")
    assert [step.message for step in await shortest_path(store, "email:ann@example.com", "device:d1")] == ["m2", "m4"]


async def test_a_merge_by_hand_tells_its_evidence(store: Store, recorder: Recorder, rules: IdentityRules) -> None:
    one = await told(recorder, "m1", "user:u1", "email:ann@example.com")
    two = await told(recorder, "m2", "user:u2", "email:bob@example.com")
    await merge_customers(store, one, [two], rules, datetime.now(UTC), reason="married", override=True)
    (page,) = await merge_pages(store, [one], Page())
    (merge,) = page.items
    assert (merge.cause, merge.message, merge.reason, merge.absorbed) == ("MANUAL", None, "married", two)
    ((link,),) = await merge_evidence(store, [merge.id])
    assert (link.by_hand, {link.from_key, link.to_key}) == (True, {"user:u1", "user:u2"})
    assert await merge_of_absorbed(store, [two]) == [merge.id]


async def test_an_undone_merge_is_told_on_both_sides(store: Store, recorder: Recorder, rules: IdentityRules) -> None:
    one = await told(recorder, "m1", "user:u1", "email:ann@example.com")
    two = await told(recorder, "m2", "user:u2", "email:bob@example.com")
    before = datetime.now(UTC)
    await merge_customers(store, one, [two], rules, datetime.now(UTC), override=True)
    united = datetime.now(UTC)
    (merge,) = [merge for merge in await merge_of_absorbed(store, [two]) if merge is not None]
    await undo_merge(store, merge, rules, datetime.now(UTC), reason="two people")
    undone = datetime.now(UTC)
    assert await merge_of_absorbed(store, [two]) == [None]
    for customer in (one, two):
        (history,) = await history_pages(store, [customer], Page())
        split, logged = [row.change for row in history.items]
        assert (split.cause, split.merge, split.reason) == ("UNDO", merge, "two people")  # type: ignore[union-attr]  # a split
        assert logged.undone is not None  # type: ignore[union-attr]  # the merge
    for at, survivor, size in ((before, two, 2), (united, one, 4), (undone, two, 2)):
        assert await survivor_at(store, two, at) == survivor
        assert await holder_at(store, "email:bob@example.com", at) == survivor
        assert await count_identifiers_at(store, survivor, at, None) == size
    made = await merge_pages(store, [one, two], Page())
    assert [[row.id for row in page.items] for page in made] == [[merge], []], "told of who survived it"


async def test_a_merge_by_other_rules_tells_the_evidence_of_each_customer_it_took(
    store: Store, recorder: Recorder
) -> None:
    one, two, three = [await told(recorder, f"m{n}", f"user:u{n}", f"device:d{n}") for n in (1, 2, 3)]
    evidence = [
        Evidence(Identifier("user", "u1"), Identifier("device", "d2"), 1, START, START, "web", "m8"),
        Evidence(Identifier("user", "u2"), Identifier("device", "d3"), 1, START, START, "web", "m9"),
    ]
    now = datetime.now(UTC)
    wider = IdentityRules.model_validate({"kinds": {"user": {"limit": 3}}})
    await store.transact(lambda tx: join(tx, evidence, wider, now=now, ids=NewIds(now), cause=BY_RULES))
    (page,) = await merge_pages(store, [one], Page())
    assert [(merge.absorbed, merge.cause, merge.message) for merge in page.items] == [
        (three, "RULES", None), (two, "RULES", None),
    ]  # fmt: skip
    found = await merge_evidence(store, [merge.id for merge in page.items])
    assert [[(link.from_key, link.to_key) for link in links] for links in found] == [
        [("device:d3", "user:u2")], [("device:d2", "user:u1")],
    ]  # fmt: skip


async def test_a_message_that_unites_three_tells_the_evidence_for_each(store: Store, recorder: Recorder) -> None:
    await told(recorder, "m1", "email:ann@example.com", "anonymous:a1")
    await told(recorder, "m2", "device:d1", "anonymous:a2")
    customer = await told(recorder, "m3", "user:u1")
    await told(recorder, "m4", "user:u1", "email:ann@example.com", "device:d1", "phone:+84912345678")
    (page,) = await merge_pages(store, [customer], Page())
    found = await merge_evidence(store, [merge.id for merge in page.items])
    assert sorted(link.from_key for (link,) in found) == ["device:d1", "email:ann@example.com"]
    assert {link.to_key for (link,) in found} == {"user:u1"}


async def test_split_off_identifiers_are_told_and_were_where_they_were(
    store: Store, recorder: Recorder, rules: IdentityRules
) -> None:
    customer = await told(recorder, "m1", "user:u1", "email:ann@example.com", "device:d1")
    before = datetime.now(UTC)
    parted = await split_customer(store, customer, ["device:d1"], rules, datetime.now(UTC), reason="kiosk")
    (part,) = parted.separated
    after = datetime.now(UTC)
    for one in (customer, part):
        (history,) = await history_pages(store, [one], Page())
        (row,) = history.items
        assert (row.change.cause, row.change.identifiers) == ("SPLIT", ("device:d1",))  # type: ignore[union-attr]  # a split
    assert await holder_at(store, "device:d1", before) == customer
    assert await holder_at(store, "device:d1", after) == part
    then = await identifiers_at(store, customer, before, None, Page())
    assert [held.identifier.value for held in then.items] == ["u1", "ann@example.com", "d1"]
    assert await count_identifiers_at(store, part, before, None) == 0


async def test_a_node_that_bore_another_id_is_found_by_the_id_of_the_moment(store: Store) -> None:
    """The bigger node lives on under the survivor's id since day 10; the smaller took the absorbed one."""
    await write(
        store,
        """CREATE (big:Customer {id: 'cus_a', createdAt: $day[0]})
        CREATE (small:MergedCustomer {id: 'cus_b', createdAt: $day[0]})
        CREATE (:PastId {id: 'cus_b', since: $day[0], until: $day[10]})-[:OF]->(big)
        CREATE (:PastId {id: 'cus_a', since: $day[0], until: $day[10]})-[:OF]->(small)
        CREATE (small)-[:MERGED_INTO {merge: 'mrg_1', at: $day[10]}]->(big)
        CREATE (:Merge {id: 'mrg_1', at: $day[10], survivor: 'cus_a', absorbed: 'cus_b', cause: 'EVIDENCE'})
        WITH big, small UNWIND [['x', 1], ['y', 12]] AS of
        CREATE (:Identifier {id: 'idn_' + of[0], key: 'device:' + of[0], kind: 'device', value: of[0],
                firstSeen: $day[1], lastSeen: $day[1]})-[:IDENTIFIES {since: $day[of[1]]}]->(big)
        WITH DISTINCT big, small
        CREATE (u:Identifier {id: 'idn_u', key: 'user:u', kind: 'user', value: 'u', firstSeen: $day[1],
                lastSeen: $day[1]})-[:IDENTIFIES {since: $day[10]}]->(big)
        CREATE (u)-[:IDENTIFIED {since: $day[2], until: $day[10], merge: 'mrg_1'}]->(small)""",
        day=[START + timedelta(days=n) for n in range(20)],
    )

    async def values(customer_id: str, day: int) -> list[str]:
        at = START + timedelta(days=day)
        found = await identifiers_at(store, await survivor_at(store, customer_id, at), at, None, Page())
        return [held.identifier.value for held in found.items]

    assert await values("cus_a", 9) == ["u"]
    assert await values("cus_b", 9) == ["x"]
    assert await values("cus_a", 10) == await values("cus_b", 11) == ["u", "x"]
    assert await values("cus_a", 12) == ["u", "x", "y"]
    assert await values("cus_b", 0) == []
    for key, day, holder in (("user:u", 9, "cus_a"), ("device:x", 9, "cus_b"), ("device:x", 10, "cus_a")):
        assert await holder_at(store, key, START + timedelta(days=day)) == holder
    assert await holder_at(store, "user:u", START) is None


async def test_a_merge_that_is_marked_undone_by_a_slower_clock_ends_no_search(store: Store) -> None:
    await write(
        store,
        """CREATE (:Merge {id: 'mrg_1', at: $at, survivor: 'cus_a', absorbed: 'cus_b'})
        CREATE (:Merge {id: 'mrg_2', at: $at, survivor: 'cus_b', absorbed: 'cus_a'})""",
        at=START,
    )
    assert await survivor_at(store, "cus_a", START) in ("cus_a", "cus_b")


async def test_refused_evidence_of_what_is_solved_keeps_nobody_apart(
    store: Store, recorder: Recorder, rules: IdentityRules
) -> None:
    one = await told(recorder, "m1", "user:u1", "email:ann@example.com")
    two = await told(recorder, "m2", "user:u2", "email:bob@example.com")
    await told(recorder, "m3", "user:u1", "email:bob@example.com")
    assert len(await refused_between(store, "user:u1", "user:u2", one, two)) == 1
    assert len(await refused_between(store, "user:u1", "email:bob@example.com", None, None)) == 1
    assert await refused_between(store, "user:u1", "user:u9", one, None) == []
    await write(store, "MATCH (c:Conflict) SET c.status = 'SOLVED'")
    assert await refused_between(store, "user:u2", "user:u1", two, one) == []
    assert await merges_by_ids(store, ["mrg_none"]) == [None]
