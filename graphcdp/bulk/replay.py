"""Components that the rules may object to, decided message by message by the recorder's own `decide_batch`."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from graphcdp.bulk.identity import NOBODY, Decided
from graphcdp.bulk.messages import Keys, Messages
from graphcdp.bulk.parts import EPOCH, TYPES, read_table
from graphcdp.model.identifiers import identifier_of_key
from graphcdp.model.messages import Message
from graphcdp.record.ids import NewIds
from graphcdp.resolve.decide import Cleansed, decide_batch
from graphcdp.resolve.ledger import IdentifierFacts, Known
from graphcdp.resolve.rules import IdentityRules, SharedDevice

_NO_SWAP = 1 << 62


class Replay:
    """Decides components; at the end, `owner` and `drops` say what became of their identifiers and messages."""

    def __init__(self, keys: Keys, messages: Messages, rules: IdentityRules, now: datetime) -> None:
        self._keys = keys
        self._messages = messages
        self._rules = rules
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
        decision = decide_batch(batch, Known(facts, {}), rules, now=self._now, ids=self._ids, swap_from=_NO_SWAP)
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
        if rules.shared_device is SharedDevice.LAST_LOGIN:
            for customer in writes.customers:
                if customer.id not in writes.recompute and customer.id in number_by_customer:
                    self.decided.facts[number_by_customer[customer.id]] = customer
        return next_owner + len(number_by_customer)

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
        identifiers = tuple(identifier_of_key(key_by_number[int(number)]) for number in self._named(row))
        return Cleansed(message, identifiers, tuple(range(len(identifiers))))

    def _read_traits(self, rows: Any) -> None:
        wanted = np.zeros(len(self._messages), bool)
        wanted[rows] = True
        for _, path, first in self._messages.parts:
            table = read_table(path, ["traits", "at"])
            if "traits" not in table.column_names:
                continue
            some = np.flatnonzero(wanted[first : first + table.num_rows])
            texts: Sequence[str | None] = table.column("traits").take(pa.array(some)).to_pylist()
            for row, text in zip(some.tolist(), texts, strict=True):
                if text:
                    self._traits[first + row] = orjson.loads(text)

    def _drop(self) -> None:
        messages = self._messages
        if not self.drops:
            return
        gone = np.zeros(len(messages.named), bool)
        gone[self.drops] = True
        counts = np.diff(messages.start) - np.bincount(messages.whose()[gone], minlength=len(messages))
        messages.named = messages.named[~gone]
        messages.start = np.concatenate([[0], np.cumsum(counts)])
