"""What other rules would do to the whole graph. Writes nothing. Source: docs/rules.md, rules 13 to 17.

The steps are those of the job in record/resolution.py. All is read by pages;
what is remembered are the ids of customers that would split, and what limits
need of the customers that refused evidence names.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from graphcdp.model.identifiers import Identifier, identifier_of_key
from graphcdp.resolve.join import Evidence
from graphcdp.resolve.reresolve import Held, Verdict, reresolve
from graphcdp.resolve.rules import IdentityRules
from graphcdp.resolve.stored import (
    bounds_of_kind,
    content_of,
    kinds_with_blocks,
    kinds_with_windows,
    left_out_evidence,
    limits_of,
    may_be_tried,
    refused_evidence,
    whole_customer,
)
from graphcdp.resolve.unions import Content, Seen, Unions
from graphcdp.store.neo4j import Store

CUSTOMERS_PAGE = 1000
CUSTOMERS_AT_ONCE = 100
KEYS_PAGE = 20_000
EVIDENCE_PAGE = 2000
SAMPLE_GROUPS_MAX = 50
SAMPLE_SIZE_MAX = 50


@dataclass(frozen=True, slots=True)
class SampleSplit:
    """A customer that would fall apart, and into which groups: at most 50, of at most 50 identifiers each."""

    customer: str
    groups: tuple[tuple[Identifier, ...], ...]


@dataclass(slots=True)
class Simulation:
    """What rules would do.

    merges: customers that would be merged into others; splits: customers that
    would come out of others. conflicts_solved: refused evidence that would be
    accepted; conflicts_made: evidence that would end. sample_merges: ids of
    customers that would become one, at most 50.
    """

    customers_before: int
    merges: int = 0
    splits: int = 0
    conflicts_solved: int = 0
    conflicts_made: int = 0
    sample_merges: list[tuple[str, ...]] = field(default_factory=list)
    sample_splits: list[SampleSplit] = field(default_factory=list)

    @property
    def customers_after(self) -> int:
        """Customers under the rules."""
        return self.customers_before + self.splits - self.merges


async def simulate(store: Store, rules: IdentityRules, sample: int) -> Simulation:
    """Resolve the stored graph by these rules without writing. sample: how many examples of each sort."""
    (row,) = await store.read("read/customers_total")
    work = _Work(store, rules, sample, Simulation(row["total"]))
    await work.split()
    await work.join()
    return work.result


async def keys_of_customers(store: Store, ids: Sequence[str]) -> dict[str, list[str]]:
    """The keys of the identifiers of each customer, to show examples."""
    rows = await store.read("resolution/customers", ids=list(ids))
    return {row["id"]: sorted(key for key, *_ in row["members"]) for row in rows}


@dataclass(slots=True)
class _Work:
    store: Store
    rules: IdentityRules
    sample: int
    result: Simulation
    divided: set[str] = field(default_factory=set)
    unions: Unions = field(init=False)

    def __post_init__(self) -> None:
        self.unions = Unions(self.rules)

    async def split(self) -> None:
        """Find the customers that fall apart: those over a limit, and those who hold what is blocked."""
        async for ids in self._over_limit():
            await self._resolve(ids)
        async for ids in self._with_blocked():
            await self._resolve(ids)

    async def join(self) -> None:
        """Try refused evidence, then claims that were left out."""
        async for evidence in self._refused():
            self.result.conflicts_solved += await self._try(evidence)
        async for evidence in self._left_out():
            await self._try(evidence)
        for _, content in self.unions.roots():
            if len(self.result.sample_merges) == self.sample:
                break
            united = list(dict.fromkeys(name.partition("/")[0] for name in content.customers))
            if len(united) > 1:
                self.result.sample_merges.append(tuple(united[:SAMPLE_SIZE_MAX]))

    async def _over_limit(self) -> AsyncIterator[list[str]]:
        limits, after = limits_of(self.rules), ""
        while limits:
            rows = await self.store.read("resolution/over_limit", limits=limits, after=after, page=CUSTOMERS_PAGE)
            if not rows:
                return
            yield [row["id"] for row in rows]
            after = rows[-1]["id"]

    async def _with_blocked(self) -> AsyncIterator[list[str]]:
        for kind in kinds_with_blocks(self.rules):
            after, end = bounds_of_kind(kind)
            while True:
                (row,) = await self.store.read("resolution/keys", after=after, end=end, page=KEYS_PAGE)
                if not row["keys"]:
                    break
                after = row["keys"][-1]
                blocked = [key for key in row["keys"] if self.rules.blocks(identifier_of_key(key))]
                if blocked:
                    rows = await self.store.read("read/holders", keys=blocked)
                    yield sorted({row["customer_id"] for row in rows})

    async def _resolve(self, ids: Sequence[str]) -> None:
        new = [customer for customer in ids if customer not in self.divided]
        for start in range(0, len(new), CUSTOMERS_AT_ONCE):
            for customer, members, verdict in await self._verdicts(new[start : start + CUSTOMERS_AT_ONCE]):
                if not verdict.splits:
                    continue
                self.divided.add(customer)
                self.result.splits += verdict.splits
                self.result.conflicts_made += len(verdict.ends)
                if len(self.result.sample_splits) < self.sample:
                    self.result.sample_splits.append(_sample(customer, members, verdict))

    async def _verdicts(self, ids: Sequence[str]) -> list[tuple[str, dict[str, Held], Verdict]]:
        found = []
        for row in await self.store.read("resolution/customers", ids=list(ids)):
            members, ties = whole_customer(row)
            found.append((row["id"], members, reresolve(members, ties, self.rules)))
        return found

    async def _refused(self) -> AsyncIterator[list[Evidence]]:
        after = ""
        while True:
            rows = await self.store.read("resolution/conflicts", after=after, page=EVIDENCE_PAGE)
            if not rows:
                return
            yield [refused_evidence(row) for row in rows]
            after = rows[-1]["id"]

    async def _left_out(self) -> AsyncIterator[list[Evidence]]:
        after = ""
        while True:
            rows = await self.store.read("resolution/partials", after=after, page=EVIDENCE_PAGE)
            if not rows:
                return
            yield [evidence for row in rows for evidence in left_out_evidence(row, self.rules).values()]
            after = rows[-1]["id"]

    async def _try(self, evidence: Sequence[Evidence]) -> int:
        """Let evidence unite whom it can; how many pieces were accepted."""
        tried = [item for item in evidence if may_be_tried(item, self.rules)]
        if not tried:
            return 0
        pairs = [
            {
                "one": item.subject.key,
                "other": item.identifier.key,
                "hashes": [item.subject.fingerprint, item.identifier.fingerprint],
            }
            for item in tried
        ]
        rows = await self.store.read("resolution/pairs", pairs=pairs)
        owner_by_key = {row["one"]: row["one_owner"] for row in rows} | {
            row["other"]: row["other_owner"] for row in rows
        }
        name_by_key = await self._names(owner_by_key)
        accepted = 0
        for item, row in zip(tried, rows, strict=True):
            if row["cut"] or row["erased"]:
                continue
            one, other = name_by_key[item.subject.key], name_by_key[item.identifier.key]
            if self.unions.objection(one, other, (item.subject, item.identifier), item.last_seen) is None:
                self.result.merges += self.unions.join(one, other)
                for identifier in (item.subject, item.identifier):
                    self.unions.note_use(one, identifier, Seen(item.first_seen, item.last_seen))
                accepted += 1
        return accepted

    async def _names(self, owner_by_key: dict[str, str | None]) -> dict[str, str]:
        """For each key the name of the group that it starts in; groups that are new are read."""
        owners = sorted({owner for owner in owner_by_key.values() if owner is not None})
        parts = await self._parts([owner for owner in owners if owner in self.divided])
        whole = [owner for owner in owners if owner not in self.divided and owner not in self.unions]
        if whole:
            rows = await self.store.read("resolution/contents", ids=whole, kinds=kinds_with_windows(self.rules))
            for row in rows:
                self.unions.add(row["id"], content_of(row))
        names = {}
        for key, owner in owner_by_key.items():
            name = f"new {key}" if owner is None else parts.get(key, owner)
            if name not in self.unions:
                # Nobody has it, or its customer went away since: then it stands alone.
                self.unions.add(name, Content({key.partition(":")[0]: 1}))
            names[key] = name
        return names

    async def _parts(self, ids: Sequence[str]) -> dict[str, str]:
        """For the keys of customers that would fall apart the name of the part that each is in."""
        names: dict[str, str] = {}
        for start in range(0, len(ids), CUSTOMERS_AT_ONCE):
            for customer, members, verdict in await self._verdicts(ids[start : start + CUSTOMERS_AT_ONCE]):
                for place, group in enumerate(verdict.groups):
                    name = f"{customer}/{place}"
                    names |= dict.fromkeys(group, name)
                    if name not in self.unions:
                        self.unions.add(name, _content(name, group, members, self.rules))
        return names


def _content(name: str, group: frozenset[str], members: dict[str, Held], rules: IdentityRules) -> Content:
    content = Content(customers=[name])
    for key in group:
        held = members[key]
        kind = held.identifier.kind
        content.counts[kind] = content.counts.get(kind, 0) + 1
        if rules.window(kind) is not None:
            content.recent.setdefault(kind, {})[key] = held.seen
    return content


def _sample(customer: str, members: dict[str, Held], verdict: Verdict) -> SampleSplit:
    return SampleSplit(
        customer,
        tuple(
            tuple(members[key].identifier for key in sorted(group)[:SAMPLE_SIZE_MAX])
            for group in verdict.groups[:SAMPLE_GROUPS_MAX]
        ),
    )
