"""What customers have consented to. The mutation is in consent_edits.py."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from graphcdp.api.context import Context, Info
from graphcdp.api.fields import value_field
from graphcdp.api.scalars import DateTime
from graphcdp.model.consent import ConsentStatus as Status
from graphcdp.model.consent import Decision
from graphcdp.model.times import to_wire
from graphcdp.plan.fields import Asked, Leaf, Nested, time
from graphcdp.plan.where import CONSENTED
from graphcdp.read.consents import consents

CONSENTS_SIZE = 10

Purpose = Annotated[str, strawberry.argument(name="to", description="The purpose.")]


@strawberry.enum(description="What a decision on consent comes to now.")
class ConsentStatus(Enum):
    """As `graphcdp.model.consent.ConsentStatus`."""

    GRANTED = strawberry.enum_value("GRANTED", description="Allowed.")
    DENIED = strawberry.enum_value("DENIED", description="Refused or withdrawn.")
    EXPIRED = strawberry.enum_value("EXPIRED", description="Was allowed; has run out.")


def _status(context: Context) -> Asked:
    cypher = """CASE WHEN NOT k.granted THEN 'DENIED' WHEN k.expiresAt <= datetime($now) THEN 'EXPIRED'
ELSE 'GRANTED' END"""
    return Asked(cypher, {"now": to_wire(context.now())}, fleeting=True)


def _consented(context: Context, to: str) -> Asked:
    cypher = CONSENTED.format(purpose="$purpose", now="datetime($now)")
    return Asked(cypher, {"purpose": to, "now": to_wire(context.now())}, fleeting=True)


CONSENTS = Nested(
    """MATCH (c)<-[:IDENTIFIES]-(:Identifier)<-[:OF]-(d:Consent)
WITH d ORDER BY d.at DESC, d.granted, d.expiresAt
WITH d.purpose AS purpose, head(collect(d)) AS k
WITH k ORDER BY k.purpose""",
    ("k",),
    many=True,
)
IS_CONSENTED = Leaf(ask=_consented, apart=True)


@strawberry.type(description="Whether data may be used for a purpose: what the customer decided last.")
class Consent:
    """Made of a decision by `of`."""

    purpose: str = value_field("The purpose, for example `marketing_email`.", plan=Leaf("k.purpose"))
    status: ConsentStatus = value_field("The decision.", plan=Leaf(ask=_status))
    at: DateTime = value_field("When decided.", plan=time("k.at"))
    expires_at: DateTime | None = value_field("When it runs out; null for never.", plan=time("k.expiresAt"))
    source: str | None = value_field("Where it was given: form, version of the text.", plan=Leaf("k.source"))

    @classmethod
    def of(cls, decision: Decision, now: datetime) -> "Consent":
        """What a decision comes to."""
        return cls(
            purpose=decision.purpose,
            status=ConsentStatus[decision.status(now).value],
            at=decision.at,
            expires_at=decision.expires_at,
            source=decision.source,
        )


async def customer_consents(info: Info, customer_id: str) -> list[Consent]:
    """A customer's consents, by purpose."""
    decisions = await info.context.loader(consents).load(customer_id)
    return [Consent.of(decision, info.context.now()) for decision in decisions]


async def is_consented(info: Info, customer_id: str, purpose: str) -> bool:
    """Whether the customer's data may be used for the purpose now."""
    decisions = await info.context.loader(consents).load(customer_id)
    granted = (one.purpose for one in decisions if one.status(info.context.now()) is Status.GRANTED)
    return purpose in granted
