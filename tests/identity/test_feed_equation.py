"""docs/feed.md, rule 6: what was + the feed = what is, for any history; and for whoever follows late, too."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import orjson
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from graphcdp.model.errors import InvalidReferenceError
from graphcdp.model.predicates import SegmentName, parse_predicate
from graphcdp.model.statement import Statement
from graphcdp.read.feed import read_changes
from graphcdp.read.jobs import job_of_version
from graphcdp.record.background import run_job
from graphcdp.record.erase import erase_customer
from graphcdp.record.identity_edits import cut_link, merge_customers, split_customer, undo_merge
from graphcdp.record.recorder import Recorder
from graphcdp.record.rules import Origin, put_in_force, rules_in_force
from graphcdp.record.segment_edits import (
    Changes,
    archive_segment,
    create_segment,
    delete_segment,
    restore_segment,
    update_segment,
)
from graphcdp.record.segment_moments import run_due
from graphcdp.record.segment_upkeep import sweep
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store
from tests.emptied import EMPTY
from tests.identity.follower import Copy
from tests.identity.on_the_graph import START, OnTheGraph
from tests.identity.test_against_model import ACTIVE, RULES, some_keys, some_traits

SEGMENTS = {
    "high": {"trait": {"path": "city", "is": {"gte": 5}}},
    "busy": {"did": {"event": {"name": "Seen"}, "times": {"atLeast": 2}}},
    "both": {"all": [{"inSegment": {"key": "high"}}, {"inSegment": {"key": "busy"}}]},
}
RULES_OF_HIGH = [{"trait": {"path": "city", "is": {"gte": least}}} for least in (2, 5, 8)]
OWNERS = Statement(
    "MATCH (i:Identifier)-[:IDENTIFIES]->(c:Customer) RETURN i.key AS key, c.id AS customer ORDER BY key"
)
TRAITS = Statement("MATCH (c:Customer) RETURN c.id AS id, c.traits AS traits")
MEMBERS = Statement("MATCH (c:Customer)-[:IN_SEGMENT]->(s:Segment) RETURN c.id AS customer, s.key AS key")
EVENTS = Statement("MATCH (e:Event)-[:BY]->(i) RETURN e.id AS id, i.key AS subject")
LEADS = Statement("MATCH (m:MergedCustomer)-[:MERGED_INTO*1..]->(c:Customer) RETURN m.id AS id, c.id AS customer")
MERGES = Statement("MATCH (m:Merge) WHERE m.undoneAt IS NULL RETURN m.id AS id ORDER BY id")

a_choice = st.integers(0, 99)


class Followed(OnTheGraph):
    """Histories whose feed is followed: by one at once, by another now and then, across erasures."""

    def __init__(self) -> None:
        super().__init__()
        self.told = 0

    @initialize(rules=st.sampled_from(RULES))
    def begin(self, rules: dict[str, Any]) -> None:
        self.rules = IdentityRules.model_validate({"region": "VN", **rules})
        self.run(self.store.transact(lambda tx: tx.run_generated(EMPTY)))
        self.recorder = Recorder(self.store, self.rules, swap_from=2, clock=self.now)
        for key, given in SEGMENTS.items():
            self.run(create_segment(self.store, key, key, None, parse_predicate(given), self.now()))
        self.prompt, self.late = (Copy(self._traits_of, self._keys_of) for _ in range(2))

    @rule(batch=st.lists(st.tuples(some_keys, some_traits, st.booleans()), min_size=1, max_size=6))
    def record(self, batch: list[tuple[list[str], dict[str, int], bool]]) -> None:
        raws = []
        for keys, traits, is_late in batch:
            self.told += 1
            at = START + timedelta(minutes=self.told - (7 if is_late else 0))
            raw = {"id": f"m{self.told:04}", "name": "Seen", "traits": traits, "at": at}
            raws.append(raw | {"identifiers": [key.split(":", 1) for key in keys]})
        self.run(self.recorder.record(raws))

    @rule(rules=st.sampled_from(RULES))
    def change_rules(self, rules: dict[str, Any]) -> None:
        self.rules = IdentityRules.model_validate({"region": "VN", **rules})
        before = self.run(rules_in_force(self.store))
        made = self.run(put_in_force(self.store, self.rules, origin=Origin.API, now=self.now()))
        if before is None or made.version != before.version:
            job = self.run(job_of_version(self.store, made.version))
            self.run(run_job(self.store, job, clock=self.now))
        self.run(self.recorder.rules_now())

    @rule(choice=a_choice)
    def cut(self, choice: int) -> None:
        links = sorted((row["a"], row["b"]) for row in self.rows(ACTIVE))
        if links:
            self.run(cut_link(self.store, *links[choice % len(links)], self.rules, self.now()))

    @rule(choice=a_choice, data=st.data())
    def split(self, choice: int, data: st.DataObject) -> None:
        owners = self.rows(OWNERS)
        if owners:
            customer = owners[choice % len(owners)]["customer"]
            held = [row["key"] for row in owners if row["customer"] == customer]
            if len(held) > 1:
                keys = data.draw(st.lists(st.sampled_from(held), min_size=1, max_size=len(held) - 1, unique=True))
                self.run(split_customer(self.store, customer, keys, self.rules, self.now()))

    @rule(choice=a_choice)
    def undo(self, choice: int) -> None:
        merges = self.rows(MERGES)
        if merges:
            # Nothing may be left of what it brought.
            with suppress(InvalidReferenceError):
                self.run(undo_merge(self.store, merges[choice % len(merges)]["id"], self.rules, self.now()))

    @rule(one=a_choice, other=a_choice)
    def unite(self, one: int, other: int) -> None:
        owners = [row["customer"] for row in self.rows(OWNERS)]
        if owners:
            keep, absorb = owners[one % len(owners)], owners[other % len(owners)]
            self.run(merge_customers(self.store, keep, [absorb], self.rules, self.now(), override=True))

    @rule(choice=a_choice)
    def erase(self, choice: int) -> None:
        owners = self.rows(OWNERS)
        if len(owners) > 4:
            self.run(erase_customer(self.store, owners[choice % len(owners)]["customer"]))

    @rule(given=st.sampled_from(RULES_OF_HIGH))
    def edit_segment(self, given: dict[str, Any]) -> None:
        (row,) = self.run(self.store.read("segment/by_keys", keys=["high"]))
        changed = Changes(rule=parse_predicate(given))
        self.run(update_segment(self.store, SegmentName(key="high"), row["version"], changed, self.now()))
        self.run(sweep(self.store, self.now()))
        self.run(run_due(self.store, self.now()))

    @rule()
    def replace_segment(self) -> None:
        self.run(delete_segment(self.store, SegmentName(key="both")))
        self.run(create_segment(self.store, "both", "both", None, parse_predicate(SEGMENTS["both"]), self.now()))

    @rule()
    def archive_and_restore_segment(self) -> None:
        self.run(archive_segment(self.store, SegmentName(key="both"), self.now()))
        self.run(restore_segment(self.store, SegmentName(key="both"), self.now()))

    @rule()
    def late_one_follows(self) -> None:
        self._follow(self.late)
        self._agrees(self.late)

    @invariant()
    def the_copy_is_the_graph(self) -> None:
        if hasattr(self, "prompt"):
            self._follow(self.prompt)
            self._agrees(self.prompt)

    def teardown(self) -> None:
        if hasattr(self, "late"):
            self.late_one_follows()

    def _follow(self, copy: Copy) -> None:
        while found := self.run(read_changes(self.store, copy.seq, 7)):
            for one in found:
                assert one.seq == copy.seq + 1
                copy.apply(one.change)
                copy.seq = one.seq

    def _agrees(self, copy: Copy) -> None:
        assert copy.owner == {row["key"]: row["customer"] for row in self.rows(OWNERS)}
        assert copy.traits == self._traits()
        assert copy.members == {(row["customer"], row["key"]) for row in self.rows(MEMBERS)}
        assert copy.events == {row["id"]: row["subject"] for row in self.rows(EVENTS)}

    def _traits_of(self, customer: str) -> dict[str, Any] | None:
        return self._traits().get(customer)

    def _traits(self) -> dict[str, dict[str, Any]]:
        return {row["id"]: orjson.loads(row["traits"] or "{}") for row in self.rows(TRAITS)}

    def _keys_of(self, customer: str) -> set[str]:
        live = {row["id"]: row["customer"] for row in self.rows(LEADS)}.get(customer, customer)
        return {row["key"] for row in self.rows(OWNERS) if row["customer"] == live}


async def test_a_copy_that_follows_the_feed_is_the_graph(store: Store) -> None:
    await Followed.hold(store, examples=12)
