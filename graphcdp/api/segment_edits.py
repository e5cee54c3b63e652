"""Mutations that create, change and delete segments."""

from typing import Annotated

import strawberry

from graphcdp.api.context import Info
from graphcdp.api.errors import ConflictError, InvalidInputError, LimitError, NotFoundError, UserError
from graphcdp.api.fields import ADMIN, own_field
from graphcdp.api.predicates import CustomerPredicate, SegmentRef, predicate_of, segment_name
from graphcdp.api.segments import Segment, segment_with_id
from graphcdp.model.errors import InvalidReferenceError
from graphcdp.model.predicates import BadPredicateError
from graphcdp.record.segment_edits import Changes, create_segment, delete_segment, update_segment
from graphcdp.segment.definitions import (
    SegmentConflictError,
    SegmentLimitError,
    UnknownSegmentError,
    UnusableValueError,
)


@strawberry.input(description="A segment to create.")
class CreateSegmentInput:
    """A segment as the caller wrote it."""

    key: str = strawberry.field(
        description="Short name for code: a-z, 0-9 and _; at most 60 characters; never changes."
    )
    name: str = strawberry.field(description="Name to show; at most 100 characters.")
    description: str | None = strawberry.field(description="What it is for; at most 2000 characters.", default=None)
    where: CustomerPredicate = strawberry.field(description="The rule.")


@strawberry.input(description="Changes to a segment.")
class UpdateSegmentInput:
    """Changes as the caller wrote them."""

    segment: SegmentRef = strawberry.field(description="Which.")
    version: int = strawberry.field(description="`version` that the changes are based on; else ConflictError.")
    name: strawberry.Maybe[str] = strawberry.field(description="New name.")
    description: strawberry.Maybe[str | None] = strawberry.field(description="New description; null removes it.")
    where: strawberry.Maybe[CustomerPredicate] = strawberry.field(description="New rule.")
    paused: strawberry.Maybe[bool] = strawberry.field(description="Freeze (true) or keep live (false).")


@strawberry.input(description="A segment to delete.")
class DeleteSegmentInput:
    """A segment that the caller names."""

    segment: SegmentRef = strawberry.field(description="Which.")


@strawberry.type(description="The segment after the mutation.")
class SegmentPayload:
    """A segment, or what to fix."""

    segment: Segment | None = strawberry.field(description="The segment; null on errors.")
    errors: list[UserError] = strawberry.field(description="What to fix.")


@strawberry.type(description="The id that is gone.")
class DeleteSegmentPayload:
    """An id, or what to fix."""

    deleted_id: strawberry.ID | None = strawberry.field(description="The deleted segment's id; null on errors.")
    errors: list[UserError] = strawberry.field(description="What to fix.")


TheSegment = Annotated[CreateSegmentInput, strawberry.argument(description="The segment.")]
TheChanges = Annotated[UpdateSegmentInput, strawberry.argument(description="The changes.")]
ToDelete = Annotated[DeleteSegmentInput, strawberry.argument(description="Which.")]


@strawberry.type
class SegmentMutations:
    """Mutations on segments."""

    @own_field(
        "Creates a segment. Its members are there when the answer says LIVE; after 5 s it says BUILDING.", scopes=ADMIN
    )
    async def create_segment(
        self,
        info: Info,
        # The name is GraphQL's, where it hides nothing.
        input: TheSegment,  # noqa: A002
    ) -> SegmentPayload | None:
        context = info.context
        try:
            rule = predicate_of(input.where)
            made = await create_segment(context.store, input.key, input.name, input.description, rule, context.now())
        except InvalidReferenceError as error:
            return SegmentPayload(segment=None, errors=[await _user_error(info, error)])
        return await _payload(info, made)

    @own_field("Changes a segment; fields that are absent stay.", scopes=ADMIN)
    async def update_segment(
        self,
        info: Info,
        input: TheChanges,  # noqa: A002  # as above
    ) -> SegmentPayload | None:
        context = info.context
        try:
            changes = Changes(
                name=None if input.name is None else input.name.value,
                description=None if input.description is None else input.description.value or "",
                rule=None if input.where is None else predicate_of(input.where.value),
                paused=None if input.paused is None else input.paused.value,
            )
            edited = await update_segment(
                context.store, segment_name(input.segment), input.version, changes, context.now()
            )
        except InvalidReferenceError as error:
            return SegmentPayload(segment=None, errors=[await _user_error(info, error)])
        return await _payload(info, edited)

    @own_field("Deletes a segment that no other segment's rule uses.", scopes=ADMIN)
    async def delete_segment(
        self,
        info: Info,
        input: ToDelete,  # noqa: A002  # as above
    ) -> DeleteSegmentPayload | None:
        try:
            gone = await delete_segment(info.context.store, segment_name(input.segment))
        except InvalidReferenceError as error:
            return DeleteSegmentPayload(deleted_id=None, errors=[await _user_error(info, error)])
        info.context.forget()
        return DeleteSegmentPayload(deleted_id=strawberry.ID(gone), errors=[])


async def _payload(info: Info, segment_id: str) -> SegmentPayload:
    info.context.forget()
    return SegmentPayload(segment=await segment_with_id(info, segment_id), errors=[])


async def _user_error(info: Info, error: InvalidReferenceError) -> UserError:
    path = list(error.path) or None
    match error:
        case UnknownSegmentError():
            return NotFoundError(message=str(error), path=path)
        case SegmentConflictError(segment_id=segment_id):
            info.context.forget()
            current = None if segment_id is None else await segment_with_id(info, segment_id)
            return ConflictError(message=str(error), path=path, current=current)
        case SegmentLimitError(limit=limit, actual=actual):
            return LimitError(message=str(error), path=path, limit=limit, actual=actual)
        case BadPredicateError(expected=expected) | UnusableValueError(expected=expected):
            return InvalidInputError(message=str(error), path=path, expected=expected)
    return InvalidInputError(message=str(error), path=path)
