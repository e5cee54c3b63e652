"""Random histories on a real graph, compared after each step with a plain model of the procedure."""

from datetime import datetime, timedelta
from typing import Any

import orjson
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
)

from graphcdp.model.outcomes import Status
from graphcdp.model.statement import Statement
from graphcdp.read.jobs import job_of_version
from graphcdp.record.background import run_job
from graphcdp.record.erase import erase_customer
from graphcdp.record.identity_edits import allow_link, cut_link, split_customer, undo_merge
from graphcdp.record.recorder import Recorder
from graphcdp.record.rules import Origin, put_in_force, rules_in_force
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store
from tests.emptied import EMPTY
from tests.identity.model import Merge, Model
from tests.identity.on_the_graph import START, OnTheGraph

KEYS = [
    *(f"user:u{n}" for n in range(3)),
    *(f"email:e{n}@x.org" for n in range(3)),
    *(f"device:d{n}" for n in range(3)),
    *(f"anonymous:a{n}" for n in range(4)),
]
RULES = [
    {},
    {"kinds": {"email": {"limit": 2}, "device": {"limit": 2}}},
    {"shared_device": "last_login"},
    {"merge": "never"},
    {"merge": "always"},
    {"kinds": {"device": {"limit": 1}, "anonymous": {"limit": 2}, "email": {"blocked": ["e0@x.org"]}}},
]
OWNERS = Statement(
    """MATCH (i:Identifier)-[:IDENTIFIES]->(c:Customer)
RETURN i.key AS key, c.id AS customer, c.traits AS traits, c.identifiers AS identifiers,
       COUNT { (i)-[:IDENTIFIES]->() } AS owners, COLLECT { MATCH (e:Event)-[:BY]->(i) RETURN e.id } AS events
ORDER BY key"""
)
LONELY = Statement("MATCH (c:Customer) WHERE NOT (c)<-[:IDENTIFIES]-() RETURN c.id AS id")
ACTIVE = Statement(
    "MATCH (a:Identifier)-[l:LINKED]->(b:Identifier) WHERE l.endedAt IS NULL RETURN a.key AS a, b.key AS b"
)
LEADS = Statement("MATCH (m:MergedCustomer)-[:MERGED_INTO*1..]->(c:Customer) RETURN m.id AS id, c.id AS customer")
MERGES = Statement("MATCH (m:Merge) WHERE m.undoneAt IS NULL RETURN m.id AS id, m.absorbed AS absorbed")

some_keys = st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=True)
some_traits = st.dictionaries(st.sampled_from(["city", "plan"]), st.integers(0, 9), max_size=2)


class Histories(OnTheGraph):
    """Tells the graph and the model the same story."""

    def __init__(self) -> None:
        super().__init__()
        self.told = 0
        self.id_of: dict[int, str] = {}

    @initialize(rules=st.sampled_from(RULES))
    def begin(self, rules: dict[str, Any]) -> None:
        self.rules = IdentityRules.model_validate({"region": "VN", **rules})
        self.model = Model(self.rules)
        self.run(self.store.transact(lambda tx: tx.run_generated(EMPTY)))
        self.recorder = Recorder(self.store, self.rules, swap_from=2, clock=self.now)

    @precondition(lambda self: self.told > 2)
    @rule(rules=st.sampled_from(RULES))
    def change_rules(self, rules: dict[str, Any]) -> None:
        self.rules = IdentityRules.model_validate({"region": "VN", **rules})
        before = self.run(rules_in_force(self.store))
        made = self.run(put_in_force(self.store, self.rules, origin=Origin.API, now=self.now()))
        if before is None or made.version != before.version:
            job = self.run(job_of_version(self.store, made.version))
            self.run(run_job(self.store, job, clock=self.now))
            self.model.change_rules(self.rules)
        self.run(self.recorder.rules_now())

    @rule(keys=some_keys, traits=some_traits, late=st.booleans())
    def record(self, keys: list[str], traits: dict[str, int], late: bool) -> None:
        self.told += 1
        at = START + timedelta(minutes=self.told - (7 if late else 0))
        self._tell(f"m{self.told:04}", keys, at, traits)

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def resend(self, data: st.DataObject) -> None:
        message = f"m{data.draw(st.integers(1, self.told)):04}"
        if message in self.model.seen and message in self.model.events:
            self._tell(message, ["user:u0"], START, {})

    def _tell(self, message: str, keys: list[str], at: datetime, traits: dict[str, int]) -> None:
        raw = {
            "id": message,
            "name": "Seen",
            "at": at,
            "identifiers": [k.split(":", 1) for k in keys],
            "traits": traits,
        }
        (outcome,) = self.run(self.recorder.record([raw]))
        dropped = self.model.record(message, keys, at, traits)
        if outcome.status is not Status.DUPLICATE:
            told = {(warning.identifier, warning.code.value) for warning in outcome.warnings}
            assert told == dropped

    def _choose(self, data: st.DataObject, among: Any) -> Any:
        return data.draw(st.sampled_from(sorted(among, key=sorted)))

    @precondition(lambda self: self.model.active())
    @rule(data=st.data())
    def cut(self, data: st.DataObject) -> None:
        pair = self._choose(data, set(self.model.active()))
        self.run(cut_link(self.store, *sorted(pair), self.rules, self.now()))
        self.model.cut(pair)

    @precondition(lambda self: any(edge.cut for edge in self.model.edges))
    @rule(data=st.data())
    def allow(self, data: st.DataObject) -> None:
        pair = self._choose(data, {edge.pair for edge in self.model.edges if edge.cut})
        self.run(allow_link(self.store, *sorted(pair), self.now()))
        self.model.allow(pair)

    @precondition(lambda self: any(len(self.model.keys_of(c)) > 1 for c in self.model.owner.values()))
    @rule(data=st.data())
    def split(self, data: st.DataObject) -> None:
        big = sorted({c for c in self.model.owner.values() if len(self.model.keys_of(c)) > 1})
        customer = data.draw(st.sampled_from(big))
        held = sorted(self.model.keys_of(customer))
        keys = data.draw(st.lists(st.sampled_from(held), min_size=1, max_size=len(held) - 1, unique=True))
        self.run(split_customer(self.store, self.id_of[customer], keys, self.rules, self.now()))
        self.model.split(customer, set(keys))

    def _standing(self) -> list[Merge]:
        owner = self.model.owner
        return [
            merge
            for merge in self.model.merges
            if not merge.undone and any(owner.get(key) == self.model.lives_on_as(merge.into) for key in merge.brought)
        ]

    @precondition(lambda self: self._standing())
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        standing = self._standing()
        merge = standing[data.draw(st.integers(0, len(standing) - 1))]
        ids = {row["absorbed"]: row["id"] for row in self.rows(MERGES)}
        self.run(undo_merge(self.store, ids[self.id_of[merge.gone]], self.rules, self.now()))
        self.model.undo(merge)

    @precondition(lambda self: len(set(self.model.owner.values())) > 2)
    @rule(data=st.data())
    def erase(self, data: st.DataObject) -> None:
        customer = data.draw(st.sampled_from(sorted(set(self.model.owner.values()))))
        self.run(erase_customer(self.store, self.id_of[customer]))
        self.model.erase(customer)

    @invariant()
    def graph_and_model_agree(self) -> None:
        if not hasattr(self, "model"):
            return
        rows = self.rows(OWNERS)
        assert {row["key"] for row in rows} == self.model.owner.keys()
        assert all(row["owners"] == 1 for row in rows)
        for row in rows:
            number = self.model.owner[row["key"]]
            known = self.id_of.setdefault(number, row["customer"])
            assert known == row["customer"], f"{row['key']} is {row['customer']}'s, not {known}'s"
            assert orjson.loads(row["traits"]) == self.model.visible(number)
            assert row["identifiers"] == len(self.model.keys_of(number))
            assert sorted(row["events"]) == sorted(m for m, key in self.model.events.items() if key == row["key"])
        living = set(self.model.owner.values())
        assert len({self.id_of[number] for number in living}) == len(living)
        assert self.rows(LONELY) == []
        assert {frozenset((row["a"], row["b"])) for row in self.rows(ACTIVE)} == set(self.model.active())
        number_of = {customer: number for number, customer in self.id_of.items()}
        for row in self.rows(LEADS):
            if row["id"] in number_of:
                assert self.id_of[self.model.lives_on_as(number_of[row["id"]])] == row["customer"]


async def test_any_history_is_as_the_model_says(store: Store) -> None:
    await Histories.hold(store, examples=25)
