"""Components that the rules may object to, decided message by message by the recorder's own `decide_batch`."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from graphcdp.bulk.identity import NOBODY, Decided
from graphcdp.bulk.messages import Keys, Messages
from graphcdp.bulk.parts import EPOCH, TYPES
from graphcdp.model.identifiers import identifier_of_key
from graphcdp.model.messages import Message
from graphcdp.record.ids import NewIds
from graphcdp.resolve.decide import Cleansed, decide_batch
from graphcdp.resolve.facts import IdentifierFacts, Known
from graphcdp.resolve.limits import CustomerLimits
from graphcdp.resolve.rules import IdentityRules
from graphcdp.resolve.traits import latest
from graphcdp.resolve.writes import Writes

_NO_SWAP = 1 << 62


class Replay:
    """Decides components; at the end, `owner` and `drops` say what became of their identifiers and messages."""

    def __init__(
        self, keys: Keys, messages: Messages, rules: IdentityRules, limits: CustomerLimits, now: datetime
    ) -> None:
        self._keys = keys
        self._messages = messages
        self._rules = rules
        self._limits = limits
        self._now = now
        self._ids = NewIds(now)
        self._traits: dict[int, dict[str, Any]] = {}
        self.decided = Decided()
        self.drops: list[int] = []

    def run(self, label: Any, which: Any) -> Any:
        """Decide the components that `which` marks; the owner of each identifier. label: as `components` gives it.

        Messages lose what they were recorded without.
        """
        messages = self._messages
        owner = label.astype(np.int64)
        component = label[messages.subject]
        rows = np.flatnonzero(messages.kept & which[component])
        rows = rows[np.lexsort((messages.ordinal[rows], component[rows]))]
        self._read_traits(rows)
        next_owner = int(label.max()) + 1
        bounds = np.flatnonzero(np.diff(component[rows])) + 1
        for some in np.split(rows, bounds):
            next_owner = self._decide(some, owner, next_owner)
        self._drop()
        return owner

    def _decide(self, rows: Any, owner: Any, next_owner: int) -> int:
        messages, rules = self._messages, self._rules
        numbers = np.unique(np.concatenate([self._named(row) for row in rows.tolist()]))
        keys = self._keys.text.take(pa.array(numbers)).to_pylist()
        number_by_key = dict(zip(keys, numbers.tolist(), strict=True))
        key_by_number = {number: key for key, number in number_by_key.items()}
        facts = {key: IdentifierFacts(identifier_of_key(key), "") for key in keys}
        batch = [self._cleansed(row, key_by_number) for row in rows.tolist()]
        place_by_id = {item.message.id: place for place, item in enumerate(batch)}
        decision = decide_batch(
            batch, Known(facts, {}), rules, now=self._now, ids=self._ids, swap_from=_NO_SWAP, limits=self._limits
        )
        writes = decision.writes
        taken = [row["properties"] for row in [*writes.events, *writes.statements]]
        for row in taken:
            place = place_by_id[row["id"]]
            kept = set(row["identifiers"])
            message = int(rows[place])
            for at, number in zip(
                range(messages.start[message], messages.start[message + 1]), self._named(message), strict=True
            ):
                if key_by_number[int(number)] not in kept:
                    self.drops.append(at)
        number_by_customer: dict[str, int] = {}
        for key, known in facts.items():
            if known.owner is None:
                owner[number_by_key[key]] = NOBODY
            else:
                number = number_by_customer.setdefault(known.owner, next_owner + len(number_by_customer))
                owner[number_by_key[key]] = number
        self.decided.links += writes.links
        for refusal in writes.refusals:
            assert refusal.message is not None
            self.decided.refusals.append((int(messages.ordinal[rows[place_by_id[refusal.message]]]), refusal))
        for link in writes.links:
            if link.event is not None:
                self.decided.linked_at[link.between] = max(
                    int(messages.ordinal[rows[place_by_id[link.event]]]), self.decided.linked_at.get(link.between, -1)
                )
        for outcome in decision.outcomes:
            self.decided.warnings.update(problem.code for problem in outcome.warnings)
        self._keep_facts(writes, facts, number_by_key, number_by_customer)
        return next_owner + len(number_by_customer)

    def _keep_facts(
        self,
        writes: Writes,
        facts: Mapping[str, IdentifierFacts],
        number_by_key: Mapping[str, int],
        number_by_customer: Mapping[str, int],
    ) -> None:
        members: dict[str, list[IdentifierFacts]] = {}
        for key, known in facts.items():
            if known.owner is not None:
                members.setdefault(known.owner, []).append(known)
                if known.traits:
                    self.decided.traits[number_by_key[key]] = known.traits
        for customer in writes.customers:
            if customer.id not in number_by_customer:
                continue
            if customer.id in writes.recompute:
                # As the database puts it together from what is left.
                held = members[customer.id]
                customer.first_seen = min(one.first_seen for one in held if one.first_seen is not None)
                customer.last_seen = max(one.last_seen for one in held if one.last_seen is not None)
                customer.traits = latest(*(one.traits for one in held))
            self.decided.facts[number_by_customer[customer.id]] = customer

    def _named(self, row: int) -> Any:
        return self._messages.named[self._messages.start[row] : self._messages.start[row + 1]]

    def _cleansed(self, row: int, key_by_number: dict[int, str]) -> Cleansed:
        messages = self._messages
        message = Message.model_construct(
            type=TYPES[int(messages.type[row])],
            id=messages.id[row].as_py(),
            at=EPOCH.astimezone(UTC) + timedelta(microseconds=int(messages.at[row])),
            name="",
            identifiers=(),
            properties={},
            context={},
            traits=self._traits.get(row, {}),
            unset=(),
            source=messages.sources[int(messages.source[row])],
        )
        named = [identifier_of_key(key_by_number[int(number)]) for number in self._named(row)]
        identifiers = tuple(sorted(named, key=self._rules.order))
        return Cleansed(message, identifiers, tuple(range(len(identifiers))))

    def _read_traits(self, rows: Any) -> None:
        wanted = np.zeros(len(self._messages), bool)
        wanted[rows] = True
        self._traits = {row: orjson.loads(text) for row, text in self._messages.traits() if wanted[row]}

    def _drop(self) -> None:
        messages = self._messages
        if not self.drops:
            return
        gone = np.zeros(len(messages.named), bool)
        gone[self.drops] = True
        counts = np.diff(messages.start) - np.bincount(messages.whose[gone], minlength=len(messages))
        messages.named, messages.whose = messages.named[~gone], messages.whose[~gone]
        messages.start = np.concatenate([[0], np.cumsum(counts)])
