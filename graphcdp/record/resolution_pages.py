"""One page of resolving the graph by other rules, in the transaction that the caller gives. See resolution.py."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from graphcdp.model.identifiers import identifier_of_key
from graphcdp.record.apply import keep_conflicts
from graphcdp.record.ids import NewIds
from graphcdp.record.joins import BY_RULES, join
from graphcdp.record.parts import SplitCause, lock_members, part_customer
from graphcdp.resolve.join import Evidence
from graphcdp.resolve.reresolve import Verdict, reresolve
from graphcdp.resolve.rules import IdentityRules
from graphcdp.resolve.stored import (
    bounds_of_kind,
    ended_evidence,
    kinds_with_blocks,
    left_out_evidence,
    limits_of,
    may_be_tried,
    refused_evidence,
    whole_customer,
)
from graphcdp.store import Transaction

CUSTOMERS_PAGE = 10
KEYS_PAGE = 5000
EVIDENCE_PAGE = 100


class Phase(StrEnum):
    """What a job is doing, in this order."""

    LIMITS = "limits"  # customers over a limit
    BLOCKED = "blocked"  # identifiers that the rules block
    CONFLICTS = "conflicts"  # refused evidence
    LEFT_OUT = "left out"  # claims that were left out of messages


@dataclass(frozen=True, slots=True)
class Step:
    """What a page did. cursor: behind it; None at the end of the phase. ended: evidence, which is tried again later."""

    cursor: str | None
    done: int = 0
    merges: int = 0
    splits: int = 0
    ended: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """What a page works with."""

    tx: Transaction
    rules: IdentityRules
    now: datetime
    ids: NewIds
    cursor: str


async def total_of(tx: Transaction, rules: IdentityRules) -> int:
    """How much there is to do."""
    total = 0
    limits = limits_of(rules)
    if limits:
        total += (await tx.run("resolution/over_limit_total", limits=limits))[0]["total"]
    for kind in kinds_with_blocks(rules):
        after, end = bounds_of_kind(kind)
        total += (await tx.run("resolution/keys_total", after=after, end=end))[0]["total"]
    for name in ("resolution/conflicts_total", "resolution/partials_total"):
        total += (await tx.run(name))[0]["total"]
    return total


async def _limits(page: Page) -> Step:
    limits = limits_of(page.rules)
    if not limits:
        return Step(None)
    rows = await page.tx.run("resolution/over_limit", limits=limits, after=page.cursor, page=CUSTOMERS_PAGE)
    splits, ended = await _part(page, [row["id"] for row in rows])
    return Step(rows[-1]["id"] if len(rows) == CUSTOMERS_PAGE else None, done=len(rows), splits=splits, ended=ended)


async def _blocked(page: Page) -> Step:
    kinds = [kind for kind in kinds_with_blocks(page.rules) if kind >= page.cursor.partition(":")[0]]
    if not kinds:
        return Step(None)
    start, end = bounds_of_kind(kinds[0])
    after = page.cursor or start
    (row,) = await page.tx.run("resolution/keys", after=after, end=end, page=KEYS_PAGE)
    keys = row["keys"]
    blocked = [key for key in keys if page.rules.blocks(identifier_of_key(key))][:CUSTOMERS_PAGE]
    if len(blocked) == CUSTOMERS_PAGE:
        keys = [key for key in keys if key <= blocked[-1]]
    splits = ended = 0
    if blocked:
        rows = await page.tx.run("read/holders", keys=blocked)
        splits, ended = await _part(page, sorted({row["customer_id"] for row in rows}))
    if keys:
        return Step(keys[-1], done=len(keys), splits=splits, ended=ended)
    return Step(bounds_of_kind(kinds[1])[0] if len(kinds) > 1 else None)


async def _part(page: Page, customers: Sequence[str]) -> tuple[int, int]:
    """Let customers fall apart as the rules say; how many came out of them, and how much evidence ended."""
    splits = ended = 0
    # Read without locks first: most customers stay as they are.
    touched = [customer for customer, (_, verdict) in (await _verdicts(page, customers)).items() if verdict.splits]
    for place, customer in enumerate(touched):
        members = await lock_members(page.tx, customer)
        row, verdict = (await _verdicts(page, [customer]))[customer]
        if not verdict.splits:
            continue
        parted = await part_customer(
            page.tx,
            customer,
            members,
            ends=[end.tie.id for end in verdict.ends],
            ended_by="rules",
            cause=SplitCause.RULES,
            rules=page.rules,
            now=page.now + timedelta(microseconds=place),
            ids=page.ids,
        )
        await keep_conflicts(page.tx, ended_evidence(row, verdict, page.rules), page.ids)
        splits += len(parted.separated)
        ended += len(verdict.ends)
    return splits, ended


async def _verdicts(page: Page, customers: Sequence[str]) -> dict[str, tuple[dict[str, Any], Verdict]]:
    """For each customer that lives the row that was read, and what the rules say of it."""
    rows = await page.tx.run("resolution/customers", ids=list(customers))
    return {row["id"]: (row, reresolve(*whole_customer(row), page.rules)) for row in rows}


async def _conflicts(page: Page) -> Step:
    rows = await page.tx.run("resolution/conflicts", after=page.cursor, page=EVIDENCE_PAGE)
    merges = await _join(page, [refused_evidence(row) for row in rows])
    return Step(rows[-1]["id"] if len(rows) == EVIDENCE_PAGE else None, done=len(rows), merges=merges)


async def _left_out(page: Page) -> Step:
    rows = await page.tx.run("resolution/partials", after=page.cursor, page=EVIDENCE_PAGE)
    evidence: list[Evidence] = []
    changes = []
    for row in rows:
        taken = {
            text: item for text, item in left_out_evidence(row, page.rules).items() if may_be_tried(item, page.rules)
        }
        evidence += taken.values()
        if taken:
            left = [text for text in row["dropped"] if text not in taken]
            changes.append({"id": row["id"], "left": left, "taken": [item.identifier.key for item in taken.values()]})
    merges = await _join(page, evidence)
    if changes:
        await page.tx.run("resolution/take_left_out", rows=changes)
    return Step(rows[-1]["id"] if len(rows) == EVIDENCE_PAGE else None, done=len(rows), merges=merges)


async def _join(page: Page, evidence: Sequence[Evidence]) -> int:
    """Try evidence by the rules; how many customers were merged into others."""
    tried = [item for item in evidence if may_be_tried(item, page.rules)]
    joined = await join(page.tx, tried, page.rules, now=page.now, ids=page.ids, cause=BY_RULES)
    return sum(len(one.absorbed) for one in joined)


STEPS: dict[Phase, Callable[[Page], Awaitable[Step]]] = {
    Phase.LIMITS: _limits,
    Phase.BLOCKED: _blocked,
    Phase.CONFLICTS: _conflicts,
    Phase.LEFT_OUT: _left_out,
}
"""What a page of each phase does."""
