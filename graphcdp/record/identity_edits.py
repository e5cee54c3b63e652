"""What people do to identity: cut, allow, split, undo, unite. Source: docs/identity.md, rules 8 to 11.

Each function is one write transaction. Customers are named by the id of a live
one, identifiers by key; whoever calls has followed merges.
"""

from collections.abc import Sequence
from datetime import datetime

from graphcdp.model.errors import InvalidReferenceError, UnknownReferenceError
from graphcdp.model.identifiers import Identifier
from graphcdp.record.apply import pair_text
from graphcdp.record.ids import NewIds
from graphcdp.record.joins import BY_HAND, join, objections
from graphcdp.record.parts import Parted, SplitCause, keys_of, lock_members, part_customer, read_inner_links
from graphcdp.record.tries import transact_again
from graphcdp.resolve.facts import pair
from graphcdp.resolve.join import Evidence, Joined
from graphcdp.resolve.rules import IdentityRules
from graphcdp.resolve.split import Member, between_sides
from graphcdp.store import Store, Transaction

SOURCE = "by hand"


async def cut_link(
    store: Store, one: str, other: str, rules: IdentityRules, now: datetime, *, reason: str | None = None
) -> Parted:
    """End the evidence between two identifiers; the customer falls into what the rest connects.

    Raises UnknownReferenceError when no evidence counts between the two.
    """

    async def work(tx: Transaction) -> Parted:
        owners = {row["key"]: row["customer"] for row in await tx.run("record/owners_of", keys=[one, other])}
        nothing = UnknownReferenceError(
            f"No evidence that counts ties {one} to {other}: there is nothing to cut. `explainIdentity` shows "
            f"what ties them."
        )
        customer = owners.get(one)
        if customer is None:
            raise nothing
        members = await lock_members(tx, customer)
        links = await read_inner_links(tx, customer)
        ends = [link.id for link in links if (link.one, link.other) == pair(one, other)]
        if not ends:
            raise nothing
        return await part_customer(
            tx,
            customer,
            members,
            ends=ends,
            ended_by="cut",
            cause=SplitCause.CUT,
            rules=rules,
            now=now,
            ids=NewIds(now),
            reason=reason,
        )

    return await transact_again(store, work)


async def allow_link(store: Store, one: str, other: str, now: datetime) -> int:
    """Lift the cuts between two identifiers for messages to come; how many were lifted.

    Raises UnknownReferenceError when no cut keeps the two apart.
    """
    between = pair(one, other)

    async def work(tx: Transaction) -> int:
        lifted = await tx.run("record/allow_links", pairs=[list(between)], now=now)
        decided = await tx.run("record/allow_conflicts", pair=pair_text(between), now=now)
        if not lifted and not decided:
            raise UnknownReferenceError(f"No cut keeps {one} and {other} apart: there is nothing to allow.")
        return len(lifted)

    return await store.transact(work)


async def split_customer(
    store: Store,
    customer: str,
    keys: Sequence[str],
    rules: IdentityRules,
    now: datetime,
    *,
    reason: str | None = None,
) -> Parted:
    """End all evidence between these identifiers and the customer's others; it falls into what the rest connects.

    Raises UnknownReferenceError for a key that is not the customer's, and
    InvalidReferenceError when none would stay.
    """
    named = set(keys)

    async def work(tx: Transaction) -> Parted:
        if not await keys_of(tx, customer):
            raise UnknownReferenceError(f"No customer {customer} is known; it may just have been merged: ask again.")
        members = await lock_members(tx, customer)
        strange = sorted(named - members.keys())
        if strange:
            raise UnknownReferenceError(f"{strange[0]} is not an identifier of {customer}.", ("identifiers",))
        if members.keys() == named:
            raise InvalidReferenceError(
                "All identifiers of the customer were named: at least one must stay.", ("identifiers",)
            )
        links = await read_inner_links(tx, customer)
        return await part_customer(
            tx,
            customer,
            members,
            ends=[link.id for link in links if (link.one in named) != (link.other in named)],
            ended_by="cut",
            cause=SplitCause.SPLIT,
            rules=rules,
            now=now,
            ids=NewIds(now),
            reason=reason,
        )

    return await transact_again(store, work)


async def undo_merge(
    store: Store, merge: str, rules: IdentityRules, now: datetime, *, reason: str | None = None
) -> Parted:
    """Take a merge back: both sides as if it had never happened, with what has arrived since.

    What came later goes with the side that its evidence reached first; evidence
    between the sides is cut. Raises UnknownReferenceError for an unknown merge,
    InvalidReferenceError for one that no longer stands.
    """

    async def work(tx: Transaction) -> Parted:
        members: dict[str, Member] = {}
        for row in await tx.run("record/edit_merged", id=merge):
            members = await lock_members(tx, row["customer"])
        rows = await tx.run("record/edit_merge", id=merge)
        if not rows:
            raise UnknownReferenceError(f"No merge {merge} is known.", ("merge",))
        (found,) = rows
        if found["undone"] or found["customer"] is None:
            raise InvalidReferenceError(f"The merge {merge} was undone before.", ("merge",))
        if not found["absorbed"]:
            raise InvalidReferenceError(
                f"Nothing that the merge {merge} brought is left with the customer: there is nothing to give back.",
                ("merge",),
            )
        sides = [found["absorbed"], found["stayed"]]
        links = await read_inner_links(tx, found["customer"])
        crossing = set(between_sides([(link.one, link.other) for link in links], sides))
        parted = await part_customer(
            tx,
            found["customer"],
            members,
            ends=[link.id for link in links if (link.one, link.other) in crossing],
            ended_by="cut",
            cause=SplitCause.UNDO,
            rules=rules,
            now=now,
            ids=NewIds(now),
            sides=sides,
            keeper=found["kept"],
            reason=reason,
            merge=merge,
        )
        await tx.run("record/edit_undone", id=merge, reason=reason, now=now)
        return parted

    return await transact_again(store, work)


async def merge_customers(
    store: Store,
    keep: str,
    absorb: Sequence[str],
    rules: IdentityRules,
    now: datetime,
    *,
    reason: str | None = None,
    override: bool = False,
) -> list[Joined]:
    """Unite customers because a person says so; the first stays. Evidence by hand ties their strongest identifiers.

    override: unite them even though the rules object, or a cut keeps them
    apart; without it the pieces that were refused tell why, and nothing is
    written. Raises UnknownReferenceError for an unknown customer.
    """

    async def work(tx: Transaction) -> list[Joined]:
        strongest = await _strongest(tx, [keep, *absorb], rules)
        evidence = [
            Evidence(strongest[keep], strongest[other], 1, now, now, SOURCE, None)
            for other in dict.fromkeys(absorb)
            if other != keep
        ]
        if not override:
            refused = await objections(tx, evidence, rules, now=now, ids=NewIds(now))
            if refused:
                return refused
        return await join(
            tx,
            evidence,
            rules,
            now=now,
            ids=NewIds(now),
            cause=BY_HAND,
            by_hand=True,
            keep=keep,
            reason=reason,
        )

    return await transact_again(store, work)


async def _strongest(tx: Transaction, customers: Sequence[str], rules: IdentityRules) -> dict[str, Identifier]:
    held: dict[str, list[Identifier]] = {}
    for row in await tx.run("record/edit_strongest", ids=list(dict.fromkeys(customers))):
        held.setdefault(row["customer"], []).append(Identifier(row["kind"], row["value"]))
    for customer in customers:
        if customer not in held:
            raise UnknownReferenceError(f"No customer {customer} is known; it may just have been merged: ask again.")
    return {customer: min(identifiers, key=rules.order) for customer, identifiers in held.items()}
