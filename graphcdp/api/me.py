"""The root fields about whoever asks: the visitor's own page, and what a key may do."""

from enum import Enum

import strawberry

from graphcdp.api import asked
from graphcdp.api.context import Info
from graphcdp.api.customers import Customer, customer_after_merges, customer_with
from graphcdp.api.fields import ANYBODY, field
from graphcdp.api.references import key_of
from graphcdp.model.identifiers import Claim
from graphcdp.model.ids import Tag, split_id
from graphcdp.model.principals import Asking


@strawberry.enum(description="How somebody asks.")
class CallerKind(Enum):
    """As `graphcdp.model.principals.Asking`."""

    OWNER = strawberry.enum_value("OWNER", description="On a server without any keys: whoever reaches it.")
    ANONYMOUS = strawberry.enum_value("ANONYMOUS", description="Without a key or a token.")
    KEY = strawberry.enum_value("KEY", description="With an API key.")
    VISITOR = strawberry.enum_value("VISITOR", description="With a visitor's token.")


@strawberry.type(description="Who the API thinks is asking.")
class Caller:
    """The principal of a request."""

    kind: CallerKind = strawberry.field(description="How they ask.")
    key_id: strawberry.ID | None = strawberry.field(description="The id of the API key, key_...; null without one.")
    scopes: list[str] = strawberry.field(
        description="What they may do, implied scopes included, sorted: `admin`, `pii`, `read`, `write`."
    )


@strawberry.type
class VisitorQueries:
    """Queries for whoever sent the request."""

    @field("Who the API thinks is asking.", scopes=ANYBODY)
    async def caller(self, info: Info) -> Caller:
        principal = info.context.principal
        return Caller(
            kind=CallerKind[principal.asking.name],
            key_id=strawberry.ID(principal.name) if principal.asking is Asking.KEY else None,
            scopes=sorted(principal.scopes),
        )

    @field(
        "The visitor that the token was signed for, with all personal values; null without such a token, and for "
        "somebody who was never seen. Besides `caller` it is the only root field that a token reads.",
        scopes=ANYBODY,
        plan=asked.ME,
    )
    async def me(self, info: Info) -> Customer | None:
        subject = info.context.principal.subject
        return None if subject is None else await visitor_with(info, subject)


async def visitor_with(info: Info, subject: str) -> Customer | None:
    """The customer whom a visitor's token names; subject: as in Principal."""
    found = split_id(subject)
    if found is not None and found[0] is Tag.CUSTOMER:
        return await customer_after_merges(info, subject)
    kind, colon, value = subject.partition(":")
    key = key_of(Claim(kind, value), info.context.recorder.rules) if colon else None
    return None if key is None else await customer_with(info, key)
