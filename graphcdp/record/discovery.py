"""The job that looks for segments in the data, and keeps how customers behave. Source: docs/discovery.md.

Two phases. FIND reads the customers, finds groups, measures the rule of each
on the graph, and keeps the proposals as the job's result. BEHAVIOUR writes the
vectors and facts of all customers, page by page. A job that was stopped begins
FIND anew, since that only reads, and goes on in BEHAVIOUR where it was.
"""

import asyncio
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from graphcdp.insight.behaviour import Behaviour
from graphcdp.insight.facts import Facts, facts_of
from graphcdp.model.errors import InvalidReferenceError, MissingExtraError
from graphcdp.model.predicates import Predicate, parse_predicate
from graphcdp.plan.members import count, meeting
from graphcdp.plan.where import condition
from graphcdp.record.behaviour import (
    IDS_PAGE,
    Plan,
    behaviours_of,
    chosen_customers,
    common_traits,
    ids_after,
    keep_model,
    kept_model,
    plan_of,
    rows_of,
)
from graphcdp.record.clock import utc_now
from graphcdp.record.jobs import Clock, JobKind, JobState, Work, queue_job
from graphcdp.segment.wording import rule_text
from graphcdp.store import Store, Transaction

COUNT_MAX = 20
COUNT = 5
MINIMUM_SHARE = 0.01
SHARE_LEAST, SHARE_MOST = 0.001, 0.5
FEATURES_MAX = 50
_NEEDED = ("numpy", "sklearn")


class Phase(StrEnum):
    """What a job is doing."""

    FIND = "FIND"
    BEHAVIOUR = "BEHAVIOUR"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for.

    within: only among these customers. features: only by these traits and
    events. minimum_share: smallest share of the customers for a group.
    """

    within: Predicate | None = None
    features: tuple[str, ...] | None = None
    count: int = COUNT
    minimum_share: float = MINIMUM_SHARE

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "within": None if self.within is None else self.within.to_json(),
            "features": None if self.features is None else list(self.features),
            "count": self.count,
            "minimumShare": self.minimum_share,
        }

    @classmethod
    def of(cls, value: Any) -> "Wanted":
        """What these JSON values ask for."""
        return cls(
            None if value.get("within") is None else parse_predicate(value["within"]),
            None if value.get("features") is None else tuple(value["features"]),
            value.get("count", COUNT),
            value.get("minimumShare", MINIMUM_SHARE),
        )


async def discover(store: Store, wanted: Wanted, now: datetime) -> str:
    """Queue a search for segments. Returns the job's id, job_....

    Raises MissingExtraError when this process could not do it, and
    InvalidReferenceError for numbers out of range.
    """
    check_extra()
    if not 1 <= wanted.count <= COUNT_MAX:
        raise InvalidReferenceError(f"`count` is 1..{COUNT_MAX}; {wanted.count} was given.", ("count",))
    if not SHARE_LEAST <= wanted.minimum_share <= SHARE_MOST:
        raise InvalidReferenceError(
            f"`minimumShare` is {SHARE_LEAST}..{SHARE_MOST}; {wanted.minimum_share} was given.", ("minimumShare",)
        )
    if wanted.features is not None and not 1 <= len(wanted.features) <= FEATURES_MAX:
        raise InvalidReferenceError(
            f"`features` names 1..{FEATURES_MAX} traits and events; {len(wanted.features)} were given. "
            f"Leave it out for all.",
            ("features",),
        )
    return await store.transact(lambda tx: queue_job(tx, JobKind.DISCOVERY, now, request=wanted.to_json()))


async def renew_behaviour(store: Store, now: datetime, older_s: float) -> str | None:
    """Queue a job that only keeps how customers behave, when that was last done so many seconds ago.

    None when it is not due: it never was done, or it was done since, or a job is doing it.
    """

    before = now - timedelta(seconds=older_s)
    kept = await store.read("insight/model")
    if not kept or kept[0]["at"] >= before:
        return None

    async def work(tx: Transaction) -> str | None:
        rows = await tx.run("insight/lock_model", before=before)
        if not rows or not rows[0]["old"]:
            return None
        return await queue_job(tx, JobKind.DISCOVERY, now, request={"renew": True})

    return await store.transact(work)


def check_extra() -> None:
    """Raises MissingExtraError when what finds groups is not installed."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"Discovery needs scikit-learn and NumPy, which are not all installed: pip install 'graphcdp[discovery]' "
            f"where the server runs. Missing: {', '.join(missing)}."
        )


async def begin(store: Store, state: JobState, *, clock: Clock = utc_now) -> Work:
    """What a job of this kind does."""

    async def ahead(store: Store, state: JobState) -> Any:
        if state.phase == Phase.BEHAVIOUR:
            return await _behaviours_ahead(store, state)
        return await _find(store, state, clock())

    return Work(_total, _page, ahead)


async def _total(tx: Transaction) -> int:
    rows = await tx.run("read/customers_total")
    return int(rows[0]["total"])


@dataclass(frozen=True, slots=True)
class _Findings:
    """What FIND brought."""

    result: dict[str, Any] | None
    facts: Facts
    plan: Plan
    looked_at: int


async def _page(tx: Transaction, state: JobState, now: datetime, found: Any) -> JobState:
    if isinstance(found, _Findings):
        await keep_model(tx, found.facts, found.plan, found.looked_at, now)
        return replace(state, phase=Phase.BEHAVIOUR.value, cursor="", result=found.result or {})
    if not found:
        return state.ended()
    await tx.run("insight/set_behaviours", rows=found)
    # Nothing of this is in answers that are remembered.
    tx.concerns(())
    return replace(state, cursor=found[-1]["id"], done=min(state.total, state.done + len(found)))


async def _behaviours_ahead(store: Store, state: JobState) -> list[dict[str, Any]]:
    """The next customers with their vectors and facts; none behind the last."""
    kept = await kept_model(store)
    ids = await ids_after(store, state.cursor)
    if kept is None or not ids:
        return []
    facts, plan = kept
    behaviours = await behaviours_of(store, ids, plan)
    rows = await asyncio.to_thread(rows_of, behaviours, facts)
    # Those who are gone meanwhile are passed by; were all of them gone, the page would look like the end.
    return rows if rows and rows[-1]["id"] == ids[-1] else [*rows, {"id": ids[-1], "vector": None, "facts": None}]


async def _find(store: Store, state: JobState, now: datetime) -> _Findings:
    plan = await plan_of(store, now)
    everyone = await behaviours_of(store, await chosen_customers(store, None, now), plan)
    plan = replace(plan, traits=common_traits(everyone))
    facts = await asyncio.to_thread(facts_of, everyone, plan.names, plan.amount, plan.moment)
    if state.request.get("renew"):
        return _Findings(None, facts, plan, len(everyone))
    wanted = Wanted.of(state.request)
    behaviours = everyone
    if wanted.within is not None:
        behaviours = await behaviours_of(store, await chosen_customers(store, wanted.within, now), plan)
    proposals = await proposals_in(store, behaviours, plan, wanted, now)
    result = {"suggestions": proposals, "customers": len(behaviours)}
    return _Findings(result, facts, plan, len(everyone))


async def proposals_in(
    store: Store, behaviours: Sequence[Behaviour], plan: Plan, wanted: Wanted, now: datetime
) -> list[dict[str, Any]]:
    """The segments that are proposed for these customers, best first, as JSON values."""
    check_extra()
    # NumPy and scikit-learn take a second to import, and are needed nowhere else.
    from graphcdp.insight.columns import Amount
    from graphcdp.insight.discovery import Asked, best_of, groups_in, told_apart

    amount = None if plan.amount is None else Amount(*plan.amount)
    asked = Asked(plan.names, amount, plan.moment, wanted.features, wanted.count, wanted.minimum_share)
    found = await asyncio.to_thread(groups_in, behaviours, asked)
    selected = [await _selected(store, behaviours, _rule(group.rule, wanted.within), now) for group in found.groups]
    best = await asyncio.to_thread(best_of, found, selected, asked)
    told = await asyncio.to_thread(told_apart, behaviours, [one.selected for one in best], asked)
    proposals = []
    for one, distinctions in zip(best, told, strict=True):
        rule = _rule(one.group.rule, wanted.within)
        size = (await store.read_generated(count(condition(rule, now))))[0]["total"]
        proposals.append(
            {
                "name": one.group.name,
                "rule": rule.to_json(),
                "ruleText": rule_text(rule),
                "size": size,
                "share": round(one.share, 4),
                "quality": one.quality,
                "precision": round(one.precision, 4),
                "recall": round(one.recall, 4),
                "origin": one.group.origin,
                "distinctions": [{"text": told.text, "lift": told.lift, "share": told.share} for told in distinctions],
            }
        )
    return proposals


def _rule(rule: dict[str, Any], within: Predicate | None) -> Predicate:
    """The rule, among the customers within whom it was looked for."""
    return parse_predicate(rule if within is None else {"all": [within.to_json(), rule]})


async def _selected(store: Store, behaviours: Sequence[Behaviour], rule: Predicate, now: datetime) -> Any:
    """Whom of these customers the rule selects on the graph."""
    import numpy as np

    where, ids = condition(rule, now), [one.id for one in behaviours]
    who: set[str] = set()
    for start in range(0, len(ids), IDS_PAGE):
        who.update(row["id"] for row in await store.read_generated(meeting(where, ids[start : start + IDS_PAGE])))
    return np.array([one in who for one in ids], dtype=bool)
