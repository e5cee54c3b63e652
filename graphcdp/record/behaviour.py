"""How customers behave: read for discovery, and kept as vectors and facts.

Source: docs/discovery.md, rules 1 to 3, 13 and 16.
"""

import zlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from graphcdp.insight.behaviour import WINDOWS_D, Activity, Behaviour, Value
from graphcdp.insight.facts import Fact, Facts
from graphcdp.insight.rules import Moment, moment_of
from graphcdp.insight.vectors import vector_of
from graphcdp.model.catalog import Property, properties_in
from graphcdp.model.predicates import Predicate
from graphcdp.plan.members import meeting
from graphcdp.plan.where import PROPERTY_PREFIX, condition
from graphcdp.store import Store, Transaction

CUSTOMERS_MAX = 100_000
"""Whom discovery looks at; of more, so many are chosen by a hash of their ids."""
PAGE = 500
"""Customers whose events are read at once."""
IDS_PAGE = 5000
NAMES_MAX = 30
TRAITS_MAX = 20
TEXT_LENGTH_MAX = 100
SAMPLE_MAX = 500
SAMPLE_BYTES_MAX = 4096
NAMES_READ_MAX = 1000
COUNT_MAX = 10_000

_HASHES = 2**32
_AMOUNTS = ("revenue", "total", "amount", "value", "price", "sum", "spend")
"""Words for an amount in the name of a property, the likeliest first."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is read of customers.

    names: of events, the most frequent. amount: the event and the property that hold amounts; None: there
    are none. traits: dotted paths of those that are not personal. moment: where windows reach back from.
    """

    names: tuple[str, ...]
    amount: tuple[str, str] | None
    traits: tuple[str, ...]
    moment: Moment

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "names": self.names,
            "amount": self.amount,
            "traits": self.traits,
            "at": self.moment.at,
            "live": self.moment.live,
        }

    @classmethod
    def of(cls, value: dict[str, Any]) -> "Plan":
        """The plan that these JSON values tell."""
        return cls(
            tuple(value["names"]),
            None if value["amount"] is None else (value["amount"][0], value["amount"][1]),
            tuple(value["traits"]),
            Moment(datetime.fromisoformat(value["at"]), value["live"]),
        )


async def plan_of(store: Store, now: datetime, amount: tuple[str, str] | None = None) -> Plan:
    """What there is to read. amount: the event and its property that hold amounts; None: the likeliest."""
    latest = await store.read("insight/latest_event", now=now)
    moment = moment_of(now, latest[0]["at"] if latest else None)
    names = await _frequent_names(store)
    traits = [
        one.path
        for one in await _properties_of_customers(store)
        if not one.personal and not {"array", "object"}.issuperset(one.types)
    ]
    if amount is None:
        amount = likeliest_amount(await _properties_of_events(store, names))
    return Plan(tuple(names), amount, tuple(traits), moment)


def likeliest_amount(properties: Sequence[tuple[str, Property]]) -> tuple[str, str] | None:
    """The event and its property that most likely hold an amount of money; None when none does.

    properties: with the event of each, of the most frequent event first. A number whose name says what it is.
    """
    found = [
        (place, order, name, one.path)
        for order, (name, one) in enumerate(properties)
        if one.types[:1] == ("number",)
        for place, word in enumerate(_AMOUNTS)
        if word in one.path.lower().replace("-", "_").rpartition(".")[2].split("_")
    ]
    return min(found)[2:] if found else None


async def chosen_customers(
    store: Store, within: Predicate | None, now: datetime, customers_max: int = CUSTOMERS_MAX
) -> list[str]:
    """Ids of whom to look at, ascending: all who meet the condition, or those whose ids have the least hash."""
    found: list[str] = []
    bound = _HASHES
    async for ids in _pages_of_ids(store):
        kept = ids
        if within is not None:
            rows = await store.read_generated(meeting(condition(within, now), ids))
            kept = sorted(row["id"] for row in rows)
        found += [one for one in kept if _hash(one) < bound]
        if len(found) > 2 * customers_max:
            found, bound = _least(found, customers_max)
    return _least(found, customers_max)[0] if len(found) > customers_max else found


async def behaviours_of(store: Store, ids: Sequence[str], plan: Plan) -> list[Behaviour]:
    """What these customers did and are, in their order; those who are gone are left out."""
    found: dict[str, Behaviour] = {}
    for start in range(0, len(ids), PAGE):
        part = ids[start : start + PAGE]
        rows = await store.read("insight/behaviours", ids=part, **_parameters(plan))
        found |= {row["id"]: behaviour_of(row, plan.traits) for row in rows}
    return [found[one] for one in ids if one in found]


def behaviour_of(row: dict[str, Any], traits: Sequence[str]) -> Behaviour:
    """The behaviour that a row of insight/behaviours tells. traits: paths of those to keep."""
    values = orjson.loads(row["traits"])
    days = {day for event in row["events"] for day in event[6]}
    return Behaviour(
        row["id"],
        row["first_seen"],
        row["last_seen"],
        {
            event[0]: Activity(event[1], len(event[6]), _time(event[2]), _time(event[3]), tuple(event[4]), event[5])
            for event in row["events"]
        },
        len(days),
        {path: value for path in traits if (value := _at(values, path)) is not None},
        {kind: count for kind, count in row["identifiers"] if count},
        frozenset(source for event in row["events"] for source in event[7]),
    )


def common_traits(behaviours: Sequence[Behaviour]) -> tuple[str, ...]:
    """Paths of the traits that most of them have; at most TRAITS_MAX."""
    counts = Counter(path for one in behaviours for path in one.traits)
    return tuple(sorted(sorted(counts, key=lambda path: (-counts[path], path))[:TRAITS_MAX]))


def rows_of(behaviours: Sequence[Behaviour], facts: Facts) -> list[dict[str, Any]]:
    """What is kept of customers: rows for insight/set_behaviours."""
    found = []
    for one in behaviours:
        true = facts.true_of(one)
        vector = vector_of(true, facts.share_by_fact)
        codes = None if vector is None else sorted(fact.code for fact in true)
        found.append({"id": one.id, "vector": vector, "facts": codes})
    return found


async def keep_model(tx: Transaction, facts: Facts, plan: Plan, customers: int, now: datetime) -> None:
    """Keep what the facts are. customers: how many were looked at."""
    told = {"facts": [[fact.parts, share] for fact, share in facts.share_by_fact.items()], "plan": plan.to_json()}
    await tx.run("insight/set_model", facts=orjson.dumps(told).decode(), customers=customers, at=now)


async def kept_model(store: Store) -> tuple[Facts, Plan] | None:
    """The facts that were kept last, and what they are about; None when there are none."""
    rows = await store.read("insight/model")
    if not rows:
        return None
    told = orjson.loads(rows[0]["facts"])
    plan = Plan.of(told["plan"])
    return Facts({Fact(*parts): share for parts, share in told["facts"]}, plan.moment), plan


async def ids_after(store: Store, after: str, limit: int = PAGE) -> list[str]:
    """The next customers by id."""
    return [row["id"] for row in await store.read("insight/customer_page", after=after, limit=limit)]


async def _pages_of_ids(store: Store) -> AsyncIterator[list[str]]:
    after = ""
    while ids := await ids_after(store, after, IDS_PAGE):
        yield ids
        after = ids[-1]


def _parameters(plan: Plan) -> dict[str, Any]:
    event, amount = plan.amount or (None, None)
    return {
        "edges": [plan.moment.at - timedelta(days=days) for days in WINDOWS_D],
        "until": plan.moment.at,
        "event": event,
        "amount": None if amount is None else PROPERTY_PREFIX + amount,
    }


async def _frequent_names(store: Store) -> list[str]:
    rows = await store.read("read/catalog_event_names", most=NAMES_READ_MAX)
    names = rows[0]["names"]
    since = datetime(1, 1, 1, tzinfo=UTC)
    counted = await store.read("read/catalog_event_counts", names=names, since=since, limit=COUNT_MAX)
    count_by_name = {row["name"]: row["events"] for row in counted}
    return sorted(names, key=lambda name: (-count_by_name.get(name, 0), name))[:NAMES_MAX]


async def _properties_of_events(store: Store, names: Sequence[str]) -> list[tuple[str, Property]]:
    rows = await store.read(
        "read/catalog_event_samples",
        names=list(names),
        limit=SAMPLE_MAX // max(1, len(names)) + 1,
        bytes=SAMPLE_BYTES_MAX,
    )
    return [
        (name, one)
        for name in names
        for one in properties_in((row["json"], row["customer"]) for row in rows if row["name"] == name)
    ]


async def _properties_of_customers(store: Store) -> list[Property]:
    rows = await store.read("read/catalog_trait_samples", limit=SAMPLE_MAX, bytes=SAMPLE_BYTES_MAX)
    return properties_in((row["json"], row["customer"]) for row in rows)


def _least(ids: Sequence[str], count: int) -> tuple[list[str], int]:
    """So many of the ids, those of least hash, ascending; and the bound that their hashes are below."""
    ordered = sorted(ids, key=lambda one: (_hash(one), one))[:count]
    return sorted(ordered), _hash(ordered[-1]) + 1


def _hash(text: str) -> int:
    return zlib.crc32(text.encode())


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _at(values: Any, path: str) -> Value | None:
    """The value at a dotted path that conditions can see."""
    found = values.get(path) if isinstance(values, dict) else None
    if found is None:
        found = values
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
    if isinstance(found, str):
        return found if len(found) <= TEXT_LENGTH_MAX else None
    return found if isinstance(found, bool | int | float) else None
