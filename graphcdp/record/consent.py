"""Decisions on consent, each in one transaction. Source: docs/consent.md."""

from datetime import datetime

from graphcdp.model.changes import ConsentChanged
from graphcdp.model.consent import Decision, overrides
from graphcdp.model.errors import DatabaseConflictError, unknown_customer
from graphcdp.model.identifiers import Identifier
from graphcdp.record import segments
from graphcdp.record.tries import transact_again
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store, Transaction


async def set_consent(
    store: Store,
    decision: Decision,
    rules: IdentityRules,
    now: datetime,
    *,
    customer: str = "",
    key: str = "",
) -> str:
    """Record a decision of the customer who has an identifier, or who has this id and is live; that customer's id.

    customer: the decision hangs on its strongest identifier. key: of an
    identifier, on which it hangs. One of the two is given. A decision that is not
    the last one on that identifier changes nothing. Raises UnknownReferenceError
    when there is nobody.
    """

    async def work(tx: Transaction) -> str:
        on = key or await _strongest(tx, customer, rules)
        rows = await tx.run("record/consent_lock", key=on, purpose=decision.purpose)
        if not rows:
            raise unknown_customer("customer")
        (found,) = rows
        owner: str = found["customer"]
        if customer and owner != customer:
            raise DatabaseConflictError("The customer changed at the same moment: ask again.")
        tx.concerns([owner])
        stored = None
        if found["at"] is not None:
            stored = Decision(decision.purpose, found["granted"], found["at"], found["expiresAt"])
        if overrides(decision, stored):
            await tx.run(
                "record/consent_set",
                key=on,
                purpose=decision.purpose,
                granted=decision.granted,
                at=decision.at,
                expiresAt=decision.expires_at,
                source=decision.source,
                now=now,
            )
            tx.tell(
                [
                    ConsentChanged(
                        owner,
                        on,
                        decision.purpose,
                        decision.granted,
                        decision.at,
                        decision.expires_at,
                        decision.source,
                    )
                ]
            )
            await segments.refresh(tx, [owner], now)
        return owner

    return await transact_again(store, work)


async def _strongest(tx: Transaction, customer: str, rules: IdentityRules) -> str:
    rows = await tx.run("record/edit_strongest", ids=[customer])
    if not rows:
        raise unknown_customer("customer")
    return min((Identifier(row["kind"], row["value"]) for row in rows), key=rules.order).key
