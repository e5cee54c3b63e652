"""Refused messages tried again: what is taken leaves the list, what is not stays with its newest reason.

They go through the recorder like any message, with the id that they had. A stop
in between does no harm: what was taken meanwhile is a duplicate the next time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from graphcdp.model.ids import Tag, tagged
from graphcdp.model.messages import RawMessage
from graphcdp.model.outcomes import Outcome, Status
from graphcdp.model.problems import ProblemCode
from graphcdp.record.clock import utc_now
from graphcdp.record.ids import new_ulid
from graphcdp.record.recorder import Recorder
from graphcdp.record.rejections import reason_of
from graphcdp.record.tracking import Arrival, kept_message
from graphcdp.store import Store, Transaction

REPLAY_MAX = 1000
FIRST = tagged(Tag.REJECTED, "")
_UNREADABLE: dict[str, str | None] = {"code": None, "reason": None, "json": None}


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of refused messages.

    taken: those that are recorded now, or were already. refused: those that are still bad, by their ids. last: the
    id of the latest that was tried; None when there was none.
    """

    taken: int = 0
    refused: tuple[str, ...] = ()
    last: str | None = None


async def replay_named(
    store: Store, recorder: Recorder, ids: Sequence[str], clock: Callable[[], datetime] = utc_now
) -> Replayed:
    """Try these refused messages again, at most REPLAY_MAX; those that are gone are left out. Raises DatabaseError."""
    return await _replay(store, recorder, await store.read("record/rejected_named", ids=list(ids)), clock)


async def replay_next(
    store: Store, recorder: Recorder, after: str = FIRST, clock: Callable[[], datetime] = utc_now
) -> Replayed:
    """Try the next REPLAY_MAX refused messages again, oldest first, from the one after this id on.

    Go on after `last` until it is None. Raises DatabaseError.
    """
    before = tagged(Tag.REJECTED, new_ulid(clock()))
    rows = await store.read("record/rejected_next", after=after, before=before, limit=REPLAY_MAX)
    return await _replay(store, recorder, rows, clock)


async def _replay(
    store: Store, recorder: Recorder, rows: Sequence[dict[str, Any]], clock: Callable[[], datetime]
) -> Replayed:
    if not rows:
        return Replayed()
    since = clock()
    message_by_id = {row["id"]: message for row in rows if (message := _message(row)) is not None}
    outcomes = await recorder.record(list(message_by_id.values()), paced=False)
    outcome_by_id = dict(zip(message_by_id, outcomes, strict=True))
    taken = {kept for kept, outcome in outcome_by_id.items() if outcome.status is not Status.REJECTED}
    again = [
        {"id": row["id"], "messageId": row["message_id"], **_newest(outcome_by_id.get(row["id"]))}
        for row in rows
        if row["id"] not in taken
    ]

    async def keep(tx: Transaction) -> None:
        # No customer: what the recorder changed it has told itself.
        tx.concerns(())
        await tx.run("record/rejected_taken", ids=sorted(taken))
        await tx.run("record/rejected_again", rows=again, since=since, now=clock())

    await store.transact(keep)
    return Replayed(len(taken), tuple(row["id"] for row in again), rows[-1]["id"])


def _message(row: dict[str, Any]) -> RawMessage | None:
    """The message that a row keeps; None when it was kept as a text that no message can be."""
    try:
        kept = orjson.loads(row["json"] or "null")
    except orjson.JSONDecodeError:
        return None
    if not isinstance(kept, dict):
        return None
    if "sent" in kept:
        # It was none that could be read then; this version may know better.
        arrival = Arrival(datetime.fromisoformat(kept["received"]))
        kept = kept_message(kept["sent"], source=kept["source"], arrival=arrival)
    return {**kept, "id": row["message_id"]}


def _newest(outcome: Outcome | None) -> dict[str, str | None]:
    if outcome is None:
        return _UNREADABLE
    # As the recorder keeps it: what an erased person sent must not stay in any form.
    erased = any(problem.code is ProblemCode.SUPPRESSED for problem in outcome.warnings)
    json = orjson.dumps({"id": outcome.message_id}).decode() if erased else None
    return {"code": outcome.errors[0].code.value, "reason": reason_of(outcome.errors), "json": json}
