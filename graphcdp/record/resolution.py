"""The job that resolves the whole graph by new rules, from the evidence. Source: docs/rules.md, rules 18 to 22.

It goes through customers over a limit, blocked identifiers, refused evidence
and claims that were left out, page by page, as resolution_pages.py has them.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from graphcdp.record.ids import NewIds
from graphcdp.record.jobs import JobState, Work
from graphcdp.record.resolution_pages import STEPS, Page, Phase, total_of
from graphcdp.record.rules import rule_sets
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store, Transaction


async def begin(store: Store, state: JobState) -> Work | None:
    """What a job of this kind does; None when there are no such rules."""
    found = await rule_sets(store, version=state.version)
    return _work(found[0].rules) if found else None


def _work(rules: IdentityRules) -> Work:
    async def total(tx: Transaction) -> int:
        return await total_of(tx, rules)

    async def page(tx: Transaction, state: JobState, now: datetime, found: Any) -> JobState:
        return await _go_on(tx, state, rules, now)

    return Work(total, page)


async def _go_on(tx: Transaction, state: JobState, rules: IdentityRules, now: datetime) -> JobState:
    """One page."""
    phase = Phase(state.phase or Phase.LIMITS)
    step = await STEPS[phase](Page(tx, rules, now, NewIds(now), state.cursor))
    done = state.done + step.done
    state = replace(
        state,
        phase=phase.value,
        cursor=step.cursor or "",
        done=done,
        # Evidence that ended is tried again, and more may have come meanwhile.
        total=max(state.total + step.ended, done),
        merges=state.merges + step.merges,
        splits=state.splits + step.splits,
    )
    if step.cursor is not None:
        return state
    later = list(Phase)[list(Phase).index(phase) + 1 :]
    return replace(state, phase=later[0].value) if later else state.ended()
