"""Random histories of people who come again, by recorders who remember them: times and numbers are those of the events.

What a recorder remembers is written back as it stands, so whatever it missed would be lost here.
"""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from graphcdp.model.outcomes import Status
from graphcdp.model.statement import Statement
from graphcdp.record.identity_edits import allow_link, cut_link, split_customer, undo_merge
from graphcdp.record.recorder import Recorder
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store
from tests.emptied import EMPTY
from tests.identity.on_the_graph import START, OnTheGraph

GROUPS = (
    ("user:u0", "device:d0"),
    ("user:u0", "device:d1"),
    ("user:u1", "device:d1"),
    ("user:u1", "email:e1@x.org", "device:d2"),
    ("device:d0",),
    ("email:e1@x.org",),
    ("device:d2", "anonymous:a0"),
    ("anonymous:a0",),
)
IDENTIFIERS = Statement(
    """MATCH (i:Identifier)-[:IDENTIFIES]->(c:Customer)
WITH i, c, COLLECT { MATCH (e:Event) WHERE i.key IN e.identifiers RETURN e.at } AS named,
     COLLECT { MATCH (e:Event)-[:BY]->(i) RETURN e.at } AS recorded
RETURN i.key AS key, c.id AS customer, named, recorded, i.firstSeen AS firstSeen, i.lastSeen AS lastSeen,
       i.firstEventAt AS firstEventAt, i.lastEventAt AS lastEventAt
ORDER BY key"""
)
CUSTOMERS = Statement(
    """MATCH (c:Customer)<-[:IDENTIFIES]-(i:Identifier)
RETURN c.id AS id, c.firstSeen AS firstSeen, c.lastSeen AS lastSeen, c.identifiers AS identifiers,
       min(i.firstSeen) AS first, max(i.lastSeen) AS last, count(i) AS members"""
)
LINKS = Statement(
    """MATCH (one:Identifier)-[l:LINKED]->(other:Identifier)
WHERE NOT coalesce(l.byHand, false) AND l.event IS NOT NULL
WITH one, other, sum(l.count) AS told
RETURN one.key AS one, other.key AS other, told,
       COUNT { MATCH (e:Event)
               WHERE (e.subject = one.key AND other.key IN e.identifiers)
                  OR (e.subject = other.key AND one.key IN e.identifiers) } AS shown"""
)
MERGES = Statement("MATCH (m:Merge) WHERE m.undoneAt IS NULL RETURN m.id AS id ORDER BY m.at, id")


class Acquaintances(OnTheGraph):
    """Two recorders, and people who edit in between."""

    @initialize()
    def begin(self) -> None:
        self.run(self.store.transact(lambda tx: tx.run_generated(EMPTY)))
        self.rules = IdentityRules(region="VN")
        self.recorders = [Recorder(self.store, self.rules, swap_from=2, clock=self.now) for _ in range(2)]
        self.told = 0

    @rule(
        groups=st.lists(st.sampled_from(GROUPS), min_size=1, max_size=2),
        times=st.integers(1, 4),
        by=st.sampled_from((0, 0, 0, 1)),
        late=st.sampled_from((False, False, False, True)),
        stated=st.sampled_from((False, False, False, True)),
    )
    def record(self, groups: list[tuple[str, ...]], times: int, by: int, late: bool, stated: bool) -> None:
        for _ in range(times):
            batch = []
            for group in groups:
                self.told += 1
                one: dict[str, Any] = {
                    "id": f"m{self.told:05}",
                    "name": "Seen",
                    "at": START + timedelta(minutes=self.told - (30 if late else 0)),
                    "identifiers": [key.split(":", 1) for key in group],
                }
                batch.append({**one, "traits": {"n": self.told}} if stated else one)
            outcomes = self.run(self.recorders[by].record(batch))
            assert {outcome.status for outcome in outcomes} <= {Status.RECORDED, Status.REJECTED}

    @precondition(lambda self: self.told)
    @rule(pick=st.integers(0, 999))
    def resend(self, pick: int) -> None:
        again = f"m{pick % self.told + 1:05}"
        was_there = bool(self.rows(Statement("MATCH (e:Event {id: $id}) RETURN e.id AS id", {"id": again})))
        fresh = {"id": f"m{self.told + 1:05}", "name": "Seen", "identifiers": [["device", "d0"]], "at": START}
        self.told += 1
        first, second = self.run(self.recorders[0].record([{**fresh, "id": again}, fresh]))
        assert first.status is Status.DUPLICATE or not was_there
        assert second.status is not Status.DUPLICATE

    @rule(what=st.sampled_from(("cut", "allow", "split", "undo")), pick=st.integers(0, 999))
    def edit(self, what: str, pick: int) -> None:
        keys_of: dict[str, list[str]] = {}
        for row in self.rows(IDENTIFIERS):
            keys_of.setdefault(row["customer"], []).append(row["key"])
        links = [
            (row["one"], row["other"])
            for row in self.rows(LINKS)
            if any(row["one"] in keys and row["other"] in keys for keys in keys_of.values())
        ]
        # By their keys, which are the same in each run.
        big = sorted((keys, customer) for customer, keys in keys_of.items() if len(keys) > 1)
        if what in ("cut", "allow") and links:
            one, other = sorted(links)[pick % len(links)]
            self._try(cut_link(self.store, one, other, self.rules, self.now()))
            if what == "allow":
                self._try(allow_link(self.store, one, other, self.now()))
        elif what == "split" and big:
            keys, customer = big[pick % len(big)]
            self._try(split_customer(self.store, customer, keys[:1], self.rules, self.now()))
        elif what == "undo" and (merges := self.rows(MERGES)):
            self._try(undo_merge(self.store, merges[pick % len(merges)]["id"], self.rules, self.now()))

    def _try(self, edit: Any) -> None:
        try:
            self.run(edit)
        except ValueError:
            # There is nothing to cut or to give back: as good a history.
            return

    @invariant()
    def the_graph_tells_what_the_events_tell(self) -> None:
        if not hasattr(self, "told"):
            return
        for row in self.rows(IDENTIFIERS):
            assert (row["firstSeen"], row["lastSeen"]) == (min(row["named"]), max(row["named"])), row
            recorded = (row["firstEventAt"], row["lastEventAt"])
            assert recorded == ((min(row["recorded"]), max(row["recorded"])) if row["recorded"] else (None, None)), row
        for row in self.rows(CUSTOMERS):
            assert (row["firstSeen"], row["lastSeen"], row["identifiers"]) == (
                row["first"],
                row["last"],
                row["members"],
            )
        for row in self.rows(LINKS):
            assert row["told"] == row["shown"], row


async def test_whoever_comes_again_is_counted_as_if_nobody_remembered(store: Store) -> None:
    await Acquaintances.hold(store, examples=20)
