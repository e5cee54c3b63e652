"""The mutation that decides what to do about evidence that the rules refused."""

from enum import Enum
from typing import Annotated

import strawberry

from graphcdp.api.conflicts import IdentityConflict
from graphcdp.api.context import Info
from graphcdp.api.errors import UserError
from graphcdp.api.fields import ADMIN, own_field
from graphcdp.api.identity_edits import reason_of, reference_error
from graphcdp.model.errors import InvalidReferenceError
from graphcdp.read.conflicts import conflicts_by_ids
from graphcdp.record.conflicts import block_value, keep_apart, merge_anyway


@strawberry.enum(description="What to do about evidence that the rules refused.")
class ConflictDecision(Enum):
    """Decisions of a person."""

    MERGE = strawberry.enum_value("MERGE", description="Unite the two although the rules object.")
    KEEP_APART = strawberry.enum_value(
        "KEEP_APART", description="Keep the two apart, as a cut does, until the link is allowed."
    )
    BLOCK = strawberry.enum_value(
        "BLOCK", description="Block the refused value in the identity rules: it stands for nobody."
    )


@strawberry.input(description="A decision on a conflict.")
class DecideConflictInput:
    """A conflict that the caller names."""

    conflict: strawberry.ID = strawberry.field(description="The conflict's id, cfl_....")
    decision: ConflictDecision = strawberry.field(description="What to do.")
    reason: str | None = strawberry.field(description="Why, for the record; at most 500 characters.", default=None)


@strawberry.type(description="The conflict after the decision.")
class DecideConflictPayload:
    """A conflict, or what to fix."""

    conflict: IdentityConflict | None = strawberry.field(description="The conflict; null on errors.")
    errors: list[UserError] = strawberry.field(description="What to fix.")


ToDecide = Annotated[DecideConflictInput, strawberry.argument(description="Which, and what to do.")]


@strawberry.type
class ConflictMutations:
    """Mutations on conflicts."""

    @own_field(
        "Decides about evidence that the rules refused. MERGE unites the two whatever the rules say; KEEP_APART cuts "
        "their evidence; BLOCK makes new rules that block the refused value, and a job takes it out everywhere.",
        scopes=ADMIN,
    )
    async def decide_conflict(
        self,
        info: Info,
        # The name is GraphQL's, where it hides nothing.
        input: ToDecide,  # noqa: A002
    ) -> DecideConflictPayload | None:
        context = info.context
        store, recorder, now = context.store, context.recorder, context.now()
        try:
            reason = reason_of(input.reason)
            match input.decision:
                case ConflictDecision.MERGE:
                    await merge_anyway(store, input.conflict, await recorder.rules_now(), now, reason=reason)
                case ConflictDecision.KEEP_APART:
                    await keep_apart(store, input.conflict, now, reason=reason)
                case ConflictDecision.BLOCK:
                    await block_value(store, input.conflict, now, reason=reason)
                    await recorder.rules_now()
                    context.jobs.start(store)
        except InvalidReferenceError as error:
            return DecideConflictPayload(conflict=None, errors=[reference_error(error)])
        context.forget()
        row = await context.loader(conflicts_by_ids).load(input.conflict)
        return DecideConflictPayload(conflict=None if row is None else IdentityConflict.of(row), errors=[])
