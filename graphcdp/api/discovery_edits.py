"""The mutation that looks for segments in the data."""

from typing import Annotated

import strawberry

from graphcdp.api.context import Info
from graphcdp.api.errors import InvalidInputError, NotFoundError, UserError
from graphcdp.api.fields import ADMIN, own_field
from graphcdp.api.jobs import Job, job_with_id
from graphcdp.api.predicates import CustomerPredicate, predicate_of
from graphcdp.model.errors import InvalidReferenceError
from graphcdp.model.predicates import BadPredicateError
from graphcdp.read.segments import unknown_segments
from graphcdp.record.discovery import COUNT, MINIMUM_SHARE, Wanted, discover


@strawberry.input(description="Where to look for groups.")
class DiscoverSegmentsInput:
    """A search as the caller wrote it."""

    within: CustomerPredicate | None = strawberry.field(description="Only among these customers.", default=None)
    features: list[str] | None = strawberry.field(
        description=(
            "Only by these: paths of traits and names of events, at most 50. When absent, by all that customers do; "
            "traits then tell groups apart, and make none."
        ),
        default=None,
    )
    count: int = strawberry.field(description="How many suggestions, 1..20.", default=COUNT)
    minimum_share: float = strawberry.field(
        description="Smallest share of the customers for a group, 0.001..0.5.", default=MINIMUM_SHARE
    )


@strawberry.type(description="The job.")
class JobPayload:
    """A job, or what to fix."""

    job: Job | None = strawberry.field(description="The job; null on errors.")
    errors: list[UserError] = strawberry.field(description="What to fix.")


ToDiscover = Annotated[DiscoverSegmentsInput, strawberry.argument(description="Where to look.")]


@strawberry.type
class DiscoveryMutations:
    """Mutations that look for something in the data."""

    @own_field(
        "Looks for groups of customers that would make good segments, and works out how customers behave, in the "
        "background. Changes no segment: take a suggestion with `createSegment`.",
        scopes=ADMIN,
    )
    async def discover_segments(
        self,
        info: Info,
        # The name is GraphQL's, where it hides nothing.
        input: ToDiscover,  # noqa: A002
    ) -> JobPayload | None:
        context = info.context
        try:
            within = None if input.within is None else predicate_of(input.within, ("within",))
            for path, name in await unknown_segments(context.store, within.segments() if within else []):
                message = f"There is no segment {name.id or name.key!r}."
                return JobPayload(job=None, errors=[NotFoundError(message=message, path=["within", *path])])
            features = None if input.features is None else tuple(input.features)
            wanted = Wanted(within, features, input.count, input.minimum_share)
            job = await discover(context.store, wanted, context.now())
        except InvalidReferenceError as error:
            expected = error.expected if isinstance(error, BadPredicateError) else None
            refused = InvalidInputError(message=str(error), path=list(error.path) or None, expected=expected)
            return JobPayload(job=None, errors=[refused])
        context.forget()
        context.jobs.start(context.store)
        return JobPayload(job=await job_with_id(info, job), errors=[])
