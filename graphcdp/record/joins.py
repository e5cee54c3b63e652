"""Unites customers on evidence that comes without a message: by hand, or refused before and tried again."""

from collections.abc import Sequence
from datetime import datetime

from graphcdp.record import segments
from graphcdp.record.apply import apply, keep_conflicts
from graphcdp.record.ids import NewIds
from graphcdp.record.neighbours import lock_known
from graphcdp.resolve.changes import changes_of, stored_traits
from graphcdp.resolve.facts import Known
from graphcdp.resolve.join import Evidence, Joined, decide_evidence
from graphcdp.resolve.rules import IdentityRules
from graphcdp.resolve.writes import Cause
from graphcdp.store import Transaction

BY_HAND = "MANUAL"
BY_RULES = "RULES"


async def join(
    tx: Transaction,
    evidence: Sequence[Evidence],
    rules: IdentityRules,
    *,
    now: datetime,
    ids: NewIds,
    cause: str,
    by_hand: bool = False,
    keep: str | None = None,
    reason: str | None = None,
) -> list[Joined]:
    """Try each piece of evidence in order, as the rules say; what is refused stays a conflict for review.

    cause: BY_HAND or BY_RULES, for the log. by_hand: no rule objects, and a cut
    between the two is lifted. keep: the customer who survives. Without
    evidence nothing is read.
    """
    if not evidence:
        return []
    known = await _known(tx, evidence, rules, ids)
    if by_hand:
        await tx.run("record/allow_links", pairs=sorted(list(item.between) for item in evidence), now=now)
    before = stored_traits(known)
    decision = decide_evidence(
        evidence,
        known,
        rules,
        cause=Cause(cause, reason=reason),
        now=now,
        ids=ids,
        by_hand=by_hand,
        keep=keep,
    )
    tx.tell(changes_of(decision.writes, before))
    await apply(tx, decision.writes, known, now)
    await keep_conflicts(tx, decision.writes.refusals, ids)
    await segments.refresh(tx, [facts.id for facts in decision.writes.customers], now)
    return list(decision.joined)


async def objections(
    tx: Transaction, evidence: Sequence[Evidence], rules: IdentityRules, *, now: datetime, ids: NewIds
) -> list[Joined]:
    """The pieces of evidence, between identifiers that are known, that the rules refuse. Writes nothing."""
    known = await _known(tx, evidence, rules, ids)
    decision = decide_evidence(evidence, known, rules, cause=Cause(BY_HAND), now=now, ids=ids)
    return [joined for joined in decision.joined if joined.problem is not None]


async def _known(tx: Transaction, evidence: Sequence[Evidence], rules: IdentityRules, ids: NewIds) -> Known:
    named = [identifier for item in evidence for identifier in (item.subject, item.identifier)]
    return await lock_known(tx, named, lambda _: (item.between for item in evidence), rules, ids)
