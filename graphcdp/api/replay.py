"""The mutation that tries refused messages again."""

from typing import Annotated

import strawberry

from graphcdp.api.context import Info
from graphcdp.api.errors import InvalidInputError, LimitError, UserError
from graphcdp.api.fields import ADMIN, own_field
from graphcdp.model.ids import Tag, split_id
from graphcdp.record.rejected import FIRST, REPLAY_MAX, replay_named, replay_next


@strawberry.input(description="Which refused messages to try again: `ids` or `all`.")
class ReplayRejectedInput:
    """Messages that the caller names, or all of them."""

    ids: list[strawberry.ID] | None = strawberry.field(description="Their ids, rej_...; 1..1000.", default=None)
    all: bool = strawberry.field(
        description="All of them, oldest first, 1000 a call: go on with `after` until `last` is null.", default=False
    )
    after: strawberry.ID | None = strawberry.field(
        description="With `all`: go on after this one, the `last` of the call before.", default=None
    )


@strawberry.type(description="What became of refused messages that were tried again.")
class ReplayRejectedPayload:
    """Counts, or what to fix."""

    taken: int = strawberry.field(
        description="How many are recorded now, or were already; they are no longer in `rejected`."
    )
    refused_ids: list[strawberry.ID] = strawberry.field(
        description="Those that are still refused, by their ids; `rejected` has the newest reason of each."
    )
    last: strawberry.ID | None = strawberry.field(
        description="The latest that was tried, to go on after; null when none was left to try."
    )
    errors: list[UserError] = strawberry.field(description="What to fix.")


ToReplay = Annotated[ReplayRejectedInput, strawberry.argument(description="Which.")]


@strawberry.type
class ReplayMutations:
    """Mutations on refused messages."""

    @own_field(
        "Tries refused messages again, each with the id that it had. One that is taken leaves `rejected`; one that is "
        "still refused stays, with its newest reason.",
        scopes=ADMIN,
    )
    async def replay_rejected(
        self,
        info: Info,
        # The name is GraphQL's, where it hides nothing.
        input: ToReplay,  # noqa: A002
    ) -> ReplayRejectedPayload | None:
        problem = _problem(input)
        if problem is not None:
            return ReplayRejectedPayload(taken=0, refused_ids=[], last=None, errors=[problem])
        context = info.context
        try:
            if input.ids is not None:
                found = await replay_named(context.store, context.recorder, input.ids)
            else:
                found = await replay_next(context.store, context.recorder, input.after or FIRST)
        finally:
            context.forget()
        return ReplayRejectedPayload(
            taken=found.taken,
            refused_ids=[strawberry.ID(one) for one in found.refused],
            last=None if found.last is None else strawberry.ID(found.last),
            errors=[],
        )


def _problem(given: ReplayRejectedInput) -> UserError | None:
    if (given.ids is not None) == given.all:
        return InvalidInputError(
            message="Name the messages in `ids`, or say `all`; one of the two.", expected="`ids` or `all: true`"
        )
    if given.ids is not None and len(given.ids) > REPLAY_MAX:
        message = f"{len(given.ids)} messages are too many for one request; the most is {REPLAY_MAX}."
        return LimitError(message=message, path=["ids"], limit=REPLAY_MAX, actual=len(given.ids))
    named = {"ids": given.ids or [], "after": [given.after] if given.after else []}
    for name, ids in named.items():
        for one in ids:
            found = split_id(one)
            if found is None or found[0] is not Tag.REJECTED:
                message = f"{one!r} is no id of a refused message; these begin with rej_."
                return InvalidInputError(message=message, path=[name], expected="rej_...")
    return None
