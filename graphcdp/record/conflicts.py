"""What people decide about evidence that the rules refused. Source: docs/identity.md, rule 11."""

from datetime import datetime

from graphcdp.model.errors import InvalidReferenceError, UnknownReferenceError
from graphcdp.record.ids import NewIds
from graphcdp.record.joins import BY_HAND, join
from graphcdp.record.rules import Origin, VersionedRules, put_in_force, rules_in_force_tx
from graphcdp.record.tries import transact_again
from graphcdp.resolve.facts import pair
from graphcdp.resolve.join import Evidence, Joined
from graphcdp.resolve.rules import IdentityRules, with_blocked
from graphcdp.resolve.stored import refused_evidence
from graphcdp.store import Store, Transaction

OPEN = "OPEN"
MERGED = "MERGED"
KEPT_APART = "KEPT_APART"
BLOCKED = "BLOCKED"


async def merge_anyway(
    store: Store, conflict: str, rules: IdentityRules, now: datetime, *, reason: str | None = None
) -> Joined:
    """Accept the evidence although the rules object; the two are one customer from now on.

    Raises UnknownReferenceError for an unknown conflict, InvalidReferenceError for
    one that is not open, or of which an identifier was erased.
    """

    async def work(tx: Transaction) -> Joined:
        evidence = await _evidence(tx, conflict)
        ids = NewIds(now)
        (joined,) = await join(tx, [evidence], rules, now=now, ids=ids, cause=BY_HAND, by_hand=True, reason=reason)
        if joined.problem is not None:
            raise InvalidReferenceError(f"The two cannot be united: {joined.problem.message}", ("conflict",))
        await _decided(tx, conflict, MERGED, reason, now)
        return joined

    return await transact_again(store, work)


async def keep_apart(store: Store, conflict: str, now: datetime, *, reason: str | None = None) -> None:
    """Keep the two apart: the evidence counts as cut, until it is allowed again. Errors as `merge_anyway`."""

    async def work(tx: Transaction) -> None:
        evidence = await _evidence(tx, conflict)
        one, other = pair(evidence.subject.key, evidence.identifier.key)
        # An identifier that nobody has was not kept: then the decision alone is.
        await tx.run(
            "record/edit_keep_apart",
            one=one,
            other=other,
            id=NewIds(now).link(),
            properties={
                "count": evidence.count,
                "firstSeen": evidence.first_seen,
                "lastSeen": evidence.last_seen,
                "source": evidence.source,
                "event": evidence.message,
            },
            now=now,
        )
        await _decided(tx, conflict, KEPT_APART, reason, now)

    await transact_again(store, work)


async def block_value(store: Store, conflict: str, now: datetime, *, reason: str | None = None) -> VersionedRules:
    """Block the refused value: new rules are put in force, and the job that applies them is queued.

    Raises UnknownReferenceError, or InvalidReferenceError when the graph has no
    rules of its own, as `merge_anyway`.
    """

    async def work(tx: Transaction) -> VersionedRules:
        evidence = await _evidence(tx, conflict)
        current = await rules_in_force_tx(tx)
        if current is None:
            raise InvalidReferenceError("No rules are in force in the graph yet: put some in force first.")
        rules = with_blocked(current.rules, evidence.identifier)
        note = f"Blocks {evidence.identifier.key}, decided on {conflict}"
        made = await put_in_force(tx, rules, origin=Origin.API, now=now, note=note, expected_version=current.version)
        await _decided(tx, conflict, BLOCKED, reason, now)
        return made

    return await transact_again(store, work)


async def _evidence(tx: Transaction, conflict: str) -> Evidence:
    rows = await tx.run("record/edit_conflict", id=conflict)
    if not rows:
        raise UnknownReferenceError(f"No conflict {conflict} is known.", ("conflict",))
    (row,) = rows
    if row["status"] != OPEN:
        raise InvalidReferenceError(f"The conflict {conflict} is not open: it is {row['status']}.", ("conflict",))
    return refused_evidence(row)


async def _decided(tx: Transaction, conflict: str, status: str, reason: str | None, now: datetime) -> None:
    await tx.run("record/edit_decided", id=conflict, status=status, reason=reason, now=now)
