"""Problems as user errors: what the caller of a mutation can fix.

Everything else that goes wrong is a top-level error: see failures.py.
"""

from collections.abc import Mapping, Sequence
from enum import Enum

import strawberry

from graphcdp.api.node import Node
from graphcdp.model.problems import Problem, ProblemCode

Path = list[str] | None


@strawberry.enum(description="Codes of user errors. New ones may appear.")
class UserErrorCode(Enum):
    """One for each type of user error."""

    INVALID = strawberry.enum_value("INVALID", description="InvalidInputError.")
    NOT_FOUND = strawberry.enum_value("NOT_FOUND", description="NotFoundError.")
    CONFLICT = strawberry.enum_value("CONFLICT", description="ConflictError.")
    LIMIT = strawberry.enum_value("LIMIT", description="LimitError.")
    LIMITED = strawberry.enum_value("LIMITED", description="LimitedError.")


@strawberry.interface(
    description=(
        "Something that the caller can fix. New implementing types may appear: always select `message` and `code`."
    )
)
class UserError:
    """What every user error tells."""

    message: str = strawberry.field(description="In plain English, for developers.")
    code: UserErrorCode = strawberry.field(description="For code.")
    path: Path = strawberry.field(
        description=(
            'Path of the input field at fault, such as ["identifiers", "0", "email"]; '
            "null when it is none in particular."
        ),
        default=None,
    )


@strawberry.type(description="A value is not acceptable.")
class InvalidInputError(UserError):
    """A value is not acceptable."""

    code: UserErrorCode = strawberry.field(description="INVALID.", default=UserErrorCode.INVALID)
    expected: str | None = strawberry.field(description="What would be acceptable.", default=None)


@strawberry.type(description="Something that was referred to does not exist.")
class NotFoundError(UserError):
    """Something that was referred to does not exist."""

    code: UserErrorCode = strawberry.field(description="NOT_FOUND.", default=UserErrorCode.NOT_FOUND)


@strawberry.type(description="Someone else was first: a key is taken, or the version is out of date.")
class ConflictError(UserError):
    """Someone else was first."""

    code: UserErrorCode = strawberry.field(description="CONFLICT.", default=UserErrorCode.CONFLICT)
    current: Node | None = strawberry.field(description="What is there now.", default=None)


@strawberry.type(description="Too many or too big.")
class LimitError(UserError):
    """Too many or too big."""

    code: UserErrorCode = strawberry.field(description="LIMIT.", default=UserErrorCode.LIMIT)
    limit: int = strawberry.field(description="The most that is allowed.", default=0)
    actual: int = strawberry.field(description="What was given.", default=0)


@strawberry.type(description="Messages of one customer come too fast; this one was neither recorded nor kept.")
class LimitedError(UserError):
    """Messages of one customer come too fast."""

    code: UserErrorCode = strawberry.field(description="LIMITED.", default=UserErrorCode.LIMITED)
    retry_after_s: int = strawberry.field(description="When to send it again, in seconds.", default=1)


USER_ERRORS = (InvalidInputError, NotFoundError, ConflictError, LimitError, LimitedError)


def user_error(
    problem: Problem, path: Sequence[str] | None = None, names: Mapping[str, str] | None = None
) -> UserError:
    """The user error that tells this problem.

    path: where in the input; the problem's own when None. names: what the
    input calls the message's fields where it differs.
    """
    where = input_path(problem.path if path is None else path, names or {})
    if problem.code is ProblemCode.LIMIT and problem.limit is not None and problem.actual is not None:
        return LimitError(message=problem.message, path=where, limit=problem.limit, actual=problem.actual)
    if problem.code is ProblemCode.LIMITED:
        return LimitedError(message=problem.message, path=where, retry_after_s=problem.retry_after_s or 1)
    return InvalidInputError(message=problem.message, path=where, expected=problem.expected)


def input_path(path: Sequence[str], names: Mapping[str, str]) -> list[str] | None:
    """The path as the input's fields are called; None for no field in particular."""
    if not path:
        return None
    first, *rest = path
    return [names.get(first, first), *rest]
