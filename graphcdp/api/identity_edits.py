"""Mutations on identity: cut, allow, split, undo, unite, erase."""

from collections.abc import Sequence
from typing import Annotated

import strawberry

from graphcdp.api.context import Info
from graphcdp.api.customers import Customer, customer_live
from graphcdp.api.errors import InvalidInputError, NotFoundError, UserError, user_error
from graphcdp.api.fields import ADMIN, READ, own_field, value_field
from graphcdp.api.merges import Merge, merges_of_absorbed
from graphcdp.api.references import CustomerRef, IdentifierInput, claim_of, key_of
from graphcdp.model.errors import InvalidReferenceError, UnknownReferenceError, unknown_customer
from graphcdp.model.problems import Problem
from graphcdp.read.customers import holders, survivors
from graphcdp.record.erase import erase_customer
from graphcdp.record.identity_edits import allow_link, cut_link, merge_customers, split_customer, undo_merge
from graphcdp.record.parts import Parted

REASON_LENGTH_MAX = 500
BETWEEN = 2
ABSORB_MAX = 10


@strawberry.input(description="Evidence to cut.")
class CutLinkInput:
    """Two ends as the caller wrote them."""

    between: list[IdentifierInput] = strawberry.field(description="The two identifiers that the evidence ties.")
    reason: str | None = strawberry.field(description="Why, for the record; at most 500 characters.", default=None)


@strawberry.input(description="A cut to lift.")
class AllowLinkInput:
    """Two ends as the caller wrote them."""

    between: list[IdentifierInput] = strawberry.field(description="The two identifiers that a cut keeps apart.")


@strawberry.input(description="Whom to split.")
class SplitCustomerInput:
    """A customer and identifiers as the caller wrote them."""

    customer: CustomerRef = strawberry.field(description="Whom.")
    identifiers: list[IdentifierInput] = strawberry.field(
        description="Identifiers whose evidence with the others is cut; at least one must stay. Any may go."
    )
    reason: str | None = strawberry.field(description="Why, for the record; at most 500 characters.", default=None)


@strawberry.input(description="Which merge to undo.")
class UndoMergeInput:
    """A merge that the caller names."""

    merge: strawberry.ID = strawberry.field(description="The merge's id, mrg_....")
    reason: str | None = strawberry.field(description="Why, for the record; at most 500 characters.", default=None)


@strawberry.input(description="Whom to unite.")
class MergeCustomersInput:
    """Customers that the caller names."""

    keep: CustomerRef = strawberry.field(description="Who remains.")
    absorb: list[CustomerRef] = strawberry.field(description="Who is absorbed; 1..10.")
    reason: str | None = strawberry.field(description="Why, for the record; at most 500 characters.", default=None)
    override: bool = strawberry.field(
        description="Unite them although the rules object or a cut keeps them apart.", default=False
    )


@strawberry.input(description="Whom to erase.")
class EraseCustomerInput:
    """A customer that the caller names."""

    customer: CustomerRef = strawberry.field(description="Whom.")


@strawberry.type(description="What came out of a cut, a split or an undone merge.")
class SplitPayload:
    """Customers, or what to fix."""

    customer: Customer | None = strawberry.field(description="The customer that kept its id; null on errors.")
    separated: list[Customer] = value_field("Those that came out; empty when all still connects.", size=5)
    errors: list[UserError] = strawberry.field(description="What to fix.")


@strawberry.type(description="Whether the two may be linked again.")
class AllowLinkPayload:
    """Whether a cut was lifted, or what to fix."""

    allowed: bool = strawberry.field(description="Messages to come may link the two; false on errors.")
    errors: list[UserError] = strawberry.field(description="What to fix.")


@strawberry.type(description="The customer after a merge by hand.")
class MergeCustomersPayload:
    """A customer, or what to fix."""

    customer: Customer | None = strawberry.field(description="The customer that remains; null on errors.")
    absorbed_ids: list[strawberry.ID] = strawberry.field(description="Ids of those that went into it.")
    errors: list[UserError] = strawberry.field(description="What to fix.")

    @own_field("The merges, one for each that was absorbed; each can be undone alone.", scopes=READ, size=2)
    async def merges(self, info: Info) -> list[Merge] | None:
        return await merges_of_absorbed(info, self.absorbed_ids)


@strawberry.type(description="Proof of an erasure, without personal data.")
class ErasureReceipt:
    """Counts, and ids that are gone."""

    customer_ids: list[strawberry.ID] = strawberry.field(description="Ids that are gone, absorbed customers included.")
    event_count: int = strawberry.field(description="Events deleted.")
    identifier_count: int = strawberry.field(description="Identifiers deleted; they are not taken again.")


@strawberry.type(description="What was erased.")
class EraseCustomerPayload:
    """A receipt, or what to fix."""

    receipt: ErasureReceipt | None = strawberry.field(description="What is gone; null on errors.")
    errors: list[UserError] = strawberry.field(description="What to fix.")


ToCut = Annotated[CutLinkInput, strawberry.argument(description="Which evidence.")]
ToAllow = Annotated[AllowLinkInput, strawberry.argument(description="Which cut.")]
ToSplit = Annotated[SplitCustomerInput, strawberry.argument(description="Whom, and what to move.")]
ToUndo = Annotated[UndoMergeInput, strawberry.argument(description="Which.")]
ToMerge = Annotated[MergeCustomersInput, strawberry.argument(description="Whom.")]
ToErase = Annotated[EraseCustomerInput, strawberry.argument(description="Whom.")]


@strawberry.type
class IdentityMutations:
    """Mutations that change who is who."""

    @own_field(
        "Cuts the evidence between two identifiers. The customer falls into what the rest connects; the part with "
        "the strongest identifier keeps the id, and one that was merged in before gets its own back. The same "
        "evidence does not unite them again until `allowLink`.",
        scopes=ADMIN,
    )
    async def cut_link(
        self,
        info: Info,
        # The name is GraphQL's, where it hides nothing.
        input: ToCut,  # noqa: A002
    ) -> SplitPayload | None:
        context = info.context
        try:
            one, other = _pair(info, input.between)
            parted = await cut_link(
                context.store,
                one,
                other,
                await context.recorder.rules_now(),
                context.now(),
                reason=reason_of(input.reason),
            )
        except InvalidReferenceError as error:
            return _split_refused(error)
        return await _split_payload(info, parted)

    @own_field("Lifts a cut for messages to come. It does not bring the evidence back.", scopes=ADMIN)
    async def allow_link(
        self,
        info: Info,
        input: ToAllow,  # noqa: A002  # as above
    ) -> AllowLinkPayload | None:
        try:
            one, other = _pair(info, input.between)
            await allow_link(info.context.store, one, other, info.context.now())
        except InvalidReferenceError as error:
            return AllowLinkPayload(allowed=False, errors=[reference_error(error)])
        info.context.forget()
        return AllowLinkPayload(allowed=True, errors=[])

    @own_field(
        "Cuts all evidence between some identifiers and the customer's others. Events and traits follow their "
        "identifiers; ids are given as by `cutLink`.",
        scopes=ADMIN,
    )
    async def split_customer(
        self,
        info: Info,
        input: ToSplit,  # noqa: A002  # as above
    ) -> SplitPayload | None:
        context = info.context
        try:
            customer = await _customer_id(info, input.customer, "customer")
            keys = [_key(info, given, ("identifiers", str(n))) for n, given in enumerate(input.identifiers)]
            if not keys:
                raise InvalidReferenceError("Name at least one identifier to split off.", ("identifiers",))
            parted = await split_customer(
                context.store,
                customer,
                keys,
                await context.recorder.rules_now(),
                context.now(),
                reason=reason_of(input.reason),
            )
        except InvalidReferenceError as error:
            return _split_refused(error)
        return await _split_payload(info, parted)

    @own_field(
        "Undoes a merge: both customers as if it had never happened, with their ids, identifiers, traits and "
        "events, and with what has arrived since. The same evidence will not merge them again.",
        scopes=ADMIN,
    )
    async def undo_merge(
        self,
        info: Info,
        input: ToUndo,  # noqa: A002  # as above
    ) -> SplitPayload | None:
        context = info.context
        try:
            parted = await undo_merge(
                context.store,
                input.merge,
                await context.recorder.rules_now(),
                context.now(),
                reason=reason_of(input.reason),
            )
        except InvalidReferenceError as error:
            return _split_refused(error)
        return await _split_payload(info, parted)

    @own_field(
        "Unites customers by hand; what the rules or a cut object to is an error unless overridden.", scopes=ADMIN
    )
    async def merge_customers(
        self,
        info: Info,
        input: ToMerge,  # noqa: A002  # as above
    ) -> MergeCustomersPayload | None:
        context = info.context
        try:
            if not 1 <= len(input.absorb) <= ABSORB_MAX:
                raise InvalidReferenceError(f"Name 1 to {ABSORB_MAX} customers to absorb.", ("absorb",))
            keep = await _customer_id(info, input.keep, "keep")
            absorb = [await _customer_id(info, one, "absorb", str(n)) for n, one in enumerate(input.absorb)]
            if set(absorb) == {keep}:
                raise InvalidReferenceError("They are one customer already.", ("absorb",))
            joined = await merge_customers(
                context.store,
                keep,
                absorb,
                await context.recorder.rules_now(),
                context.now(),
                reason=reason_of(input.reason),
                override=input.override,
            )
        except InvalidReferenceError as error:
            return MergeCustomersPayload(customer=None, absorbed_ids=[], errors=[reference_error(error)])
        problems = [one.problem for one in joined if one.problem is not None]
        if problems:
            return MergeCustomersPayload(customer=None, absorbed_ids=[], errors=[_objection(one) for one in problems])
        context.forget()
        gone = [strawberry.ID(one) for merged in joined for one in merged.absorbed]
        return MergeCustomersPayload(customer=await customer_live(info, keep), absorbed_ids=gone, errors=[])

    @own_field(
        "Erases a customer for good: identifiers, traits, events, history. The identifiers are not taken again.",
        scopes=ADMIN,
    )
    async def erase_customer(
        self,
        info: Info,
        input: ToErase,  # noqa: A002  # as above
    ) -> EraseCustomerPayload | None:
        try:
            customer = await _customer_id(info, input.customer, "customer")
            receipt = await erase_customer(info.context.store, customer)
        except InvalidReferenceError as error:
            return EraseCustomerPayload(receipt=None, errors=[reference_error(error)])
        info.context.forget()
        told = ErasureReceipt(
            customer_ids=[strawberry.ID(one) for one in receipt.customers],
            event_count=receipt.events,
            identifier_count=receipt.identifiers,
        )
        return EraseCustomerPayload(receipt=told, errors=[])


def _pair(info: Info, between: Sequence[IdentifierInput]) -> tuple[str, str]:
    if len(between) != BETWEEN:
        raise InvalidReferenceError(f"Name two identifiers; {len(between)} were given.", ("between",))
    one, other = (_key(info, given, ("between", str(n))) for n, given in enumerate(between))
    if one == other:
        raise InvalidReferenceError("The two are the same identifier.", ("between",))
    return one, other


def _key(info: Info, given: IdentifierInput, path: tuple[str, ...]) -> str:
    key = key_of(claim_of(given), info.context.recorder.rules)
    if key is None:
        raise InvalidReferenceError("This identifier has no normal form, so nobody can have it.", path)
    return key


async def _customer_id(info: Info, ref: CustomerRef, *path: str) -> str:
    """The live customer that the reference finds now."""
    store = info.context.store
    if ref.id is not None:
        (found,) = await survivors(store, [ref.id.value])
    else:
        key = key_of(claim_of(ref), info.context.recorder.rules)
        (found,) = [None] if key is None else await holders(store, [key])
    if found is None:
        raise unknown_customer(*path)
    return found


def reason_of(given: str | None) -> str | None:
    """What a person gave as the reason. Raises InvalidReferenceError when it is too long."""
    if given is not None and len(given) > REASON_LENGTH_MAX:
        raise InvalidReferenceError(f"`reason` has at most {REASON_LENGTH_MAX} characters.", ("reason",))
    return given or None


async def _split_payload(info: Info, parted: Parted) -> SplitPayload:
    info.context.forget()
    separated = [await customer_live(info, one) for one in parted.separated]
    return SplitPayload(
        customer=await customer_live(info, parted.customer),
        separated=[one for one in separated if one is not None],
        errors=[],
    )


def _split_refused(error: InvalidReferenceError) -> SplitPayload:
    return SplitPayload(customer=None, separated=[], errors=[reference_error(error)])


def reference_error(error: InvalidReferenceError) -> UserError:
    """The user error that tells what was named in an unusable way."""
    path = list(error.path) or None
    if isinstance(error, UnknownReferenceError):
        return NotFoundError(message=str(error), path=path)
    return InvalidInputError(message=str(error), path=path)


def _objection(problem: Problem) -> UserError:
    return user_error(problem, ("absorb",))
