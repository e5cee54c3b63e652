"""What recording messages would do: read without locks, decide as the recorder does, write nothing.

What was decided is remembered, so that later messages see it as if it were
stored. What other writers do meanwhile is not seen; segments are not told.
"""

from collections.abc import Sequence
from datetime import datetime

from graphcdp.model.identifiers import Identifier
from graphcdp.model.outcomes import Outcome, Status
from graphcdp.record.ids import NewIds
from graphcdp.record.neighbours import customer_facts, evidence, identifier_facts, pairs_of, read_recent
from graphcdp.resolve.decide import Cleansed, decide_batch
from graphcdp.resolve.facts import CustomerFacts, IdentifierFacts, Known
from graphcdp.resolve.limits import NO_LIMITS, CustomerLimits
from graphcdp.resolve.rules import IdentityRules
from graphcdp.resolve.writes import Writes
from graphcdp.store import Store, Transaction


class Foresight:
    """Decides batches of one run in their order. It keeps about 2 kB for each identifier that they name.

    created: customers that would be made. merged: those that would go into others.
    """

    def __init__(self, store: Store) -> None:
        self.created = 0
        self.merged = 0
        self._store = store
        self._identifiers: dict[str, IdentifierFacts] = {}
        self._customers: dict[str, CustomerFacts] = {}
        self._into: dict[str, str] = {}
        self._seen: dict[str, str | None] = {}

    async def decide(
        self, batch: Sequence[Cleansed], rules: IdentityRules, now: datetime, limits: CustomerLimits = NO_LIMITS
    ) -> list[Outcome]:
        """What would become of the messages, in their order. Raises DatabaseError."""
        if not batch:
            return []
        ids = NewIds(now)

        async def read(tx: Transaction) -> Known:
            return await self._known(tx, batch, rules, ids)

        known = await self._store.consult(read)
        decision = decide_batch(batch, known, rules, now=now, ids=ids, limits=limits)
        self._remember(known, decision.writes)
        for outcome in decision.outcomes:
            if outcome.status is Status.RECORDED:
                self._seen[outcome.message_id] = outcome.customer_id
        return list(decision.outcomes)

    async def _known(self, tx: Transaction, batch: Sequence[Cleansed], rules: IdentityRules, ids: NewIds) -> Known:
        """What deciding the batch needs: what is stored, and where it was decided on before, as it would be then."""
        named = {identifier.key: identifier for item in batch for identifier in item.identifiers}
        found, suppressed = await self._read_identifiers(tx, named)
        identifiers = {}
        for key, identifier in named.items():
            facts = self._identifiers.get(key) or found.get(key) or IdentifierFacts(identifier, ids.identifier())
            if facts.owner is not None:
                facts.owner = self._final(facts.owner)
            identifiers[key] = facts
        owners = {facts.owner for facts in identifiers.values() if facts.owner is not None}
        # Evidence that was decided on before need not be remembered: no decision asks for more than what was cut.
        wanted = {
            "customers": sorted(owners - self._customers.keys()),
            "pairs": [list(between) for between in sorted(set(pairs_of(batch, suppressed)))],
            "messages": [item.message.id for item in batch],
        }
        stored = await tx.run_gathered("record/known_neighbours", batch=wanted)
        customers = {row[0]: customer_facts(row) for row in stored["customers"]}
        await read_recent(tx, customers, rules)
        customers |= {owner: self._customers[owner] for owner in owners if owner in self._customers}
        for facts in identifiers.values():
            if facts.owner not in customers:
                # Another writer has merged it away since.
                facts.owner = None
        links, cuts = evidence(stored["links"])
        return Known(
            identifiers,
            customers,
            links,
            cuts,
            seen={**dict(stored["seen"]), **self._told_before(batch)},
            suppressed=suppressed,
        )

    async def _read_identifiers(
        self, tx: Transaction, named: dict[str, Identifier]
    ) -> tuple[dict[str, IdentifierFacts], frozenset[str]]:
        asked = [{"key": key, "hash": named[key].fingerprint} for key in sorted(named)]
        found = await tx.run_gathered("record/known_identifiers", batch={"identifiers": asked})
        facts = {row[0]: identifier_facts(row, named[row[0]]) for row in found["rows"]}
        return facts, frozenset(found["erased"])

    def _told_before(self, batch: Sequence[Cleansed]) -> dict[str, str | None]:
        told = {item.message.id: self._seen[item.message.id] for item in batch if item.message.id in self._seen}
        return {message: owner and self._final(owner) for message, owner in told.items()}

    def _remember(self, known: Known, writes: Writes) -> None:
        # Deciding has changed the facts that it was given: they stand as they would be stored.
        self.created += len(writes.new_customers)
        self.merged += len(writes.absorbed)
        self._identifiers.update(known.identifiers)
        self._customers.update(known.customers)
        self._customers.update((facts.id, facts) for facts in writes.new_customers)
        for absorbed in writes.absorbed:
            self._into[absorbed.id] = absorbed.into
            self._customers.pop(absorbed.id, None)

    def _final(self, customer: str) -> str:
        while customer in self._into:
            customer = self._into[customer]
        return customer
