"""Why two identifiers are one customer, or are not."""

import strawberry

from graphcdp.api.context import Info
from graphcdp.api.fields import value_field
from graphcdp.api.identities import Link
from graphcdp.api.references import IdentifierInput, claim_of, key_of
from graphcdp.model.identifiers import Identifier
from graphcdp.read.conflicts import ConflictRow
from graphcdp.read.customers import holders
from graphcdp.read.explain import ended_between, refused_between, shortest_path
from graphcdp.read.identities import LinkRow
from graphcdp.resolve.explain import Evidence, Explanation, Refused, explain_apart, explain_one


@strawberry.type(description="Why two identifiers do, or do not, belong together.")
class IdentityExplanation:
    """Made by `explain`."""

    connected: bool = strawberry.field(description="They belong to one customer now.")
    path: list[Link] = value_field(
        (
            "The shortest chain of evidence that counts, in order; each link runs from the end that is nearer to "
            "`from`. Empty when they do not belong together, or are the same."
        ),
        size=10,
    )
    blocked_by: list[str] = strawberry.field(
        description=(
            "What keeps them apart although there is evidence, a sentence each: cuts, evidence that ended, and what "
            "the rules refused. Of each at most the latest 20."
        )
    )
    summary: str = strawberry.field(description="The same in one plain sentence, to show to people.")

    @classmethod
    def of(cls, connected: bool, path: list[LinkRow], told: Explanation) -> "IdentityExplanation":
        """The explanation with these words."""
        return cls(
            connected=connected,
            path=[Link.of(row) for row in path],
            blocked_by=list(told.blocked_by),
            summary=told.summary,
        )


async def explain(info: Info, from_: IdentifierInput, to: IdentifierInput) -> IdentityExplanation:
    """Why the two do, or do not, belong to one customer."""
    one, other = _key(info, from_), _key(info, to)
    store = info.context.store
    one_customer, other_customer = await info.context.loader(holders).load_many([one, other])
    if one_customer is not None and one_customer == other_customer:
        path = [] if one == other else await shortest_path(store, one, other)
        return IdentityExplanation.of(True, path, explain_one(one, other, [_evidence(row) for row in path]))
    refused = await refused_between(store, one, other, one_customer, other_customer)
    ended: list[LinkRow] = []
    if one_customer is not None and other_customer is not None:
        ended = await ended_between(store, one_customer, other_customer)
    told = explain_apart(
        one,
        other,
        unknown=list(
            dict.fromkeys(key for key, holder in ((one, one_customer), (other, other_customer)) if not holder)
        ),
        ended=[_evidence(row) for row in ended],
        refused=[_refused(row) for row in refused],
    )
    return IdentityExplanation.of(False, [], told)


def _key(info: Info, given: IdentifierInput) -> str:
    claim = claim_of(given)
    # What has no normal form is explained as well: nobody has it.
    return key_of(claim, info.context.recorder.rules) or Identifier(claim.kind, claim.value.strip()).key


def _evidence(row: LinkRow) -> Evidence:
    return Evidence(
        one=row.from_key,
        other=row.to_key,
        count=row.times,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        source=row.source,
        by_hand=row.by_hand,
        ended=row.ended,
        ended_by=row.ended_by,
        allowed=row.allowed,
    )


def _refused(row: ConflictRow) -> Refused:
    return Refused(
        subject=row.subject,
        identifier=row.identifier,
        code=row.code,
        count=row.times,
        last_seen=row.last_seen,
        status=row.status,
        kind=row.kind,
        limit=row.limit,
        actual=row.actual,
        decided=row.decided,
        reason=row.reason,
    )
