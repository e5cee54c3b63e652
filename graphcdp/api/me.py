"""The root field for a visitor's own page."""

import strawberry

from graphcdp.api import asked
from graphcdp.api.context import Info
from graphcdp.api.customers import Customer, customer_after_merges, customer_with
from graphcdp.api.fields import ANYBODY, field
from graphcdp.api.references import key_of
from graphcdp.model.identifiers import Claim
from graphcdp.model.ids import Tag, split_id


@strawberry.type
class VisitorQueries:
    """Queries for the visitor whose token came with the request."""

    @field(
        "The visitor that the token was signed for, with all personal values; null without such a token, and for "
        "somebody who was never seen. It is the only root field that a token reads.",
        scopes=ANYBODY,
        plan=asked.ME,
    )
    async def me(self, info: Info) -> Customer | None:
        subject = info.context.principal.subject
        return None if subject is None else await _visitor(info, subject)


async def _visitor(info: Info, subject: str) -> Customer | None:
    found = split_id(subject)
    if found is not None and found[0] is Tag.CUSTOMER:
        return await customer_after_merges(info, subject)
    kind, colon, value = subject.partition(":")
    key = key_of(Claim(kind, value), info.context.recorder.rules) if colon else None
    return None if key is None else await customer_with(info, key)
