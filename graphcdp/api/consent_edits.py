"""The mutation that records a decision on consent. Source: docs/consent.md."""

from typing import Annotated

import strawberry

from graphcdp.api.consents import Consent, customer_consents
from graphcdp.api.context import Info
from graphcdp.api.customers import Customer, customer_after_merges
from graphcdp.api.errors import InvalidInputError, UserError, user_error
from graphcdp.api.fields import READ_WRITE, field, own_field
from graphcdp.api.identity_edits import reference_error
from graphcdp.api.references import CustomerRef, claim_of, key_of
from graphcdp.api.scalars import DateTime, UnreadableTime
from graphcdp.model.consent import Decision, problems_of
from graphcdp.model.errors import InvalidReferenceError, unknown_customer
from graphcdp.read.customers import survivors
from graphcdp.record.consent import set_consent


@strawberry.input(description="A decision on consent.")
class SetConsentInput:
    """A decision as the caller wrote it."""

    customer: CustomerRef = strawberry.field(
        description=(
            "Whose. The decision hangs on the identifier that is named here, or on the strongest one of a customer "
            "named by id."
        )
    )
    purpose: str = strawberry.field(
        description="For what, for example `marketing_email`; at most 100 characters, without white space."
    )
    granted: bool = strawberry.field(description="True to allow, false to refuse or withdraw.")
    at: DateTime | None = strawberry.field(
        description=(
            "When decided; now when absent. At most 24 hours ahead. An older decision never overwrites a newer one."
        ),
        default=None,
    )
    expires_at: DateTime | None = strawberry.field(
        description="When it runs out; never when absent. A refusal has none.", default=None
    )
    source: str | None = strawberry.field(
        description="Where it was given: form, version of the text; at most 500 characters.", default=None
    )


@strawberry.type(description="The consent now.")
class SetConsentPayload:
    """Whose consent it is, or what to fix; the rest is read only when asked for."""

    errors: list[UserError] = strawberry.field(description="What to fix.")
    customer_id: strawberry.Private[str | None] = None
    purpose: strawberry.Private[str] = ""

    @field("What the customer decided last on the purpose: not this decision, if a newer one is known; null on errors.")
    async def consent(self, info: Info) -> Consent | None:
        if self.customer_id is None:
            return None
        found = await customer_consents(info, self.customer_id)
        return next((one for one in found if one.purpose == self.purpose), None)

    @field("The customer; null on errors.")
    async def customer(self, info: Info) -> Customer | None:
        return None if self.customer_id is None else await customer_after_merges(info, self.customer_id)


TheDecision = Annotated[SetConsentInput, strawberry.argument(description="The decision.")]


@strawberry.type
class ConsentMutations:
    """Mutations on consent."""

    @own_field(
        "Records a decision on consent. Sent again, it changes nothing. At one and the same time a refusal counts "
        "before a grant.",
        # Not what a page's public key may do: anybody could take back, or give, anybody's consent.
        scopes=READ_WRITE,
    )
    async def set_consent(
        self,
        info: Info,
        # The name is GraphQL's, where it hides nothing.
        input: TheDecision,  # noqa: A002
    ) -> SetConsentPayload | None:
        now = info.context.now()
        unreadable = [
            _no_time(name, given)
            for name, given in (("at", input.at), ("expiresAt", input.expires_at))
            if isinstance(given, UnreadableTime)
        ]
        if unreadable:
            return SetConsentPayload(errors=list(unreadable))
        decision = Decision(input.purpose, input.granted, input.at or now, input.expires_at, input.source or None)
        problems = problems_of(decision, now)
        if problems:
            return SetConsentPayload(errors=[user_error(problem) for problem in problems])
        try:
            customer_id = await _set(info, input.customer, decision)
        except InvalidReferenceError as error:
            return SetConsentPayload(errors=[reference_error(error)])
        info.context.forget()
        return SetConsentPayload(errors=[], customer_id=customer_id, purpose=decision.purpose)


def _no_time(name: str, given: object) -> InvalidInputError:
    expected = "RFC 3339 with an offset, such as 2026-01-31T09:30:00Z"
    message = f"{str(given)[:100]!r} is no time: write {expected}."
    return InvalidInputError(message=message, path=[name], expected=expected)


async def _set(info: Info, ref: CustomerRef, decision: Decision) -> str:
    context = info.context
    rules, now = await context.recorder.rules_now(), context.now()
    if ref.id is not None:
        (found,) = await survivors(context.store, [ref.id.value])
        if found is None:
            raise unknown_customer("customer")
        return await set_consent(context.store, decision, rules, now, customer=found)
    key = key_of(claim_of(ref), rules)
    if key is None:
        raise unknown_customer("customer")
    return await set_consent(context.store, decision, rules, now, key=key)
