"""Mutations that create, change, archive and delete segments."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

import strawberry

from graphcdp.api.context import Info
from graphcdp.api.errors import ConflictError, InvalidInputError, LimitError, NotFoundError, UserError
from graphcdp.api.fields import ADMIN, own_field
from graphcdp.api.jobs import Job, job_with_id
from graphcdp.api.predicates import CustomerPredicate, SegmentRef, predicate_of, segment_name
from graphcdp.api.segments import Segment, segment_with_id
from graphcdp.model.errors import InvalidReferenceError
from graphcdp.model.predicates import BadPredicateError, SegmentName
from graphcdp.read.jobs import job_of_segment
from graphcdp.record.segment_edits import (
    Changes,
    archive_segment,
    create_segment,
    delete_segment,
    restore_segment,
    revert_segment,
    update_segment,
)
from graphcdp.segment.definitions import (
    SegmentConflictError,
    SegmentLimitError,
    UnknownSegmentError,
    UnusableValueError,
)
from graphcdp.segment.versions import Editor, editor
from graphcdp.store.neo4j import Store


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


@strawberry.input(description="An older version to go back to.")
class RevertSegmentInput:
    """A version as the caller named it."""

    segment: SegmentRef = strawberry.field(description="Which.")
    version: int = strawberry.field(description="`version` that it has now, as far as you know; else ConflictError.")
    to: int = strawberry.field(description="`number` of the version whose name, description and rule it gets again.")


@strawberry.input(description="A segment to put away.")
class ArchiveSegmentInput:
    """A segment that the caller names."""

    segment: SegmentRef = strawberry.field(description="Which.")


@strawberry.input(description="A segment to bring back.")
class RestoreSegmentInput:
    """A segment that the caller names."""

    segment: SegmentRef = strawberry.field(description="Which.")


@strawberry.type(description="The segment after the mutation.")
class SegmentPayload:
    """A segment, or what to fix."""

    segment: Segment | None = strawberry.field(description="The segment; null on errors.")
    job: Job | None = strawberry.field(
        description="Computes the members, while the segment is BUILDING; null when nothing is left to compute.",
        default=None,
    )
    errors: list[UserError] = strawberry.field(description="What to fix.")


@strawberry.type(description="The id that is gone.")
class DeleteSegmentPayload:
    """An id, or what to fix."""

    deleted_id: strawberry.ID | None = strawberry.field(description="The deleted segment's id; null on errors.")
    errors: list[UserError] = strawberry.field(description="What to fix.")


TheSegment = Annotated[CreateSegmentInput, strawberry.argument(description="The segment.")]
TheChanges = Annotated[UpdateSegmentInput, strawberry.argument(description="The changes.")]
Back = Annotated[RevertSegmentInput, strawberry.argument(description="Which, and to what.")]
ToArchive = Annotated[ArchiveSegmentInput, strawberry.argument(description="Which.")]
ToRestore = Annotated[RestoreSegmentInput, strawberry.argument(description="Which.")]
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
            made = await create_segment(
                context.store, input.key, input.name, input.description, rule, context.now(), editor(context.principal)
            )
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
                context.store,
                segment_name(input.segment),
                input.version,
                changes,
                context.now(),
                editor(context.principal),
            )
        except InvalidReferenceError as error:
            return SegmentPayload(segment=None, errors=[await _user_error(info, error)])
        return await _payload(info, edited)

    @own_field("Makes a segment again what it was at an older version; that is a new version.", scopes=ADMIN)
    async def revert_segment(
        self,
        info: Info,
        input: Back,  # noqa: A002  # as above
    ) -> SegmentPayload | None:
        context = info.context
        try:
            name = segment_name(input.segment)
            edited = await revert_segment(
                context.store, name, input.version, input.to, context.now(), editor(context.principal)
            )
        except InvalidReferenceError as error:
            return SegmentPayload(segment=None, errors=[await _user_error(info, error)])
        return await _payload(info, edited)

    @own_field(
        "Puts away a segment that no other segment's rule uses. Its members leave it; its key, versions and history "
        "stay. Nothing happens to one that is archived.",
        scopes=ADMIN,
    )
    async def archive_segment(
        self,
        info: Info,
        input: ToArchive,  # noqa: A002  # as above
    ) -> SegmentPayload | None:
        return await _moved(info, archive_segment, input.segment)

    @own_field(
        "Brings an archived segment back. Its members are computed anew. Nothing happens to one that is not archived.",
        scopes=ADMIN,
    )
    async def restore_segment(
        self,
        info: Info,
        input: ToRestore,  # noqa: A002  # as above
    ) -> SegmentPayload | None:
        return await _moved(info, restore_segment, input.segment)

    @own_field(
        "Deletes a segment that no other segment's rule uses, with its versions and history: for what was made by "
        "mistake. `archiveSegment` keeps them.",
        scopes=ADMIN,
    )
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


async def _moved(
    info: Info, move: Callable[[Store, SegmentName, datetime, Editor], Awaitable[str]], segment: SegmentRef
) -> SegmentPayload:
    context = info.context
    try:
        moved = await move(context.store, segment_name(segment), context.now(), editor(context.principal))
    except InvalidReferenceError as error:
        return SegmentPayload(segment=None, errors=[await _user_error(info, error)])
    return await _payload(info, moved)


async def _payload(info: Info, segment_id: str) -> SegmentPayload:
    context = info.context
    context.forget()
    job = await job_of_segment(context.store, segment_id)
    if job is not None:
        context.jobs.start(context.store)
    return SegmentPayload(
        segment=await segment_with_id(info, segment_id),
        job=None if job is None else await job_with_id(info, job),
        errors=[],
    )


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
