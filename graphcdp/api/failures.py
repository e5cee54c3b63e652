"""What goes wrong, apart from user errors, as top-level errors with a code. Nothing internal leaves.

BAD_USER_INPUT, BAD_CURSOR                     an argument is not usable
CURSOR_EXPIRED                                 changes behind a cursor of the feed are no longer kept
RESUME_REQUIRED                                a subscriber is too slow: it goes on from the cursor that it is told
GRAPHQL_PARSE_FAILED, GRAPHQL_VALIDATION_FAILED   the document is not
COST_EXCEEDED                                  it asks for too much
UNAUTHENTICATED, FORBIDDEN                     it may not be had: by nobody known, by this caller
OVERLOADED                                     more is sent than can be stored; worth trying again
TIMEOUT, UNAVAILABLE                           the database; worth trying again
INTERNAL                                       a fault of the server, logged under the request's id
"""

from collections.abc import Iterator
from typing import Any

import structlog
from graphql import GraphQLError
from strawberry.extensions import SchemaExtension

from graphcdp.api.access import NotAllowedError
from graphcdp.api.context import Context
from graphcdp.model.errors import (
    CursorExpiredError,
    DatabaseAuthError,
    DatabaseError,
    DatabaseTimeoutError,
    DatabaseUnreachableError,
    DatabaseVersionError,
    GraphCDPError,
    InvalidReferenceError,
    OverloadedError,
)
from graphcdp.read.pages import BadCursorError

log = structlog.get_logger("graphcdp.api")

UNAVAILABLE = "The database cannot be reached now: try again in a moment."
TIMED_OUT = "The operation took longer than allowed and was ended: ask for less at once."


class Failures(SchemaExtension):
    """Gives each error its code, and hides what is internal."""

    _code = "GRAPHQL_PARSE_FAILED"

    def on_operation(self) -> Iterator[None]:
        """Replace the errors of the result."""
        yield
        result: Any = self.execution_context.result
        if result is not None and getattr(result, "errors", None):
            context = self.execution_context.context
            request_id = context.request_id if isinstance(context, Context) else ""
            result.errors = [shown(error, self._code, request_id) for error in result.errors]

    def on_stream_result(self, result: Any) -> Iterator[None]:
        """Replace the errors of one of several results, which goes out before the operation is over."""
        if result.errors:
            context = self.execution_context.context
            request_id = context.request_id if isinstance(context, Context) else ""
            result.errors = [shown(error, self._code, request_id) for error in result.errors]
        yield

    def on_validate(self) -> Iterator[None]:
        """Errors from here on are about the document's meaning."""
        self._code = "GRAPHQL_VALIDATION_FAILED"
        yield

    def on_execute(self) -> Iterator[None]:
        """Errors from here on are about values."""
        self._code = "BAD_USER_INPUT"
        yield


def shown(error: GraphQLError, code: str, request_id: str) -> GraphQLError:
    """The error as the caller may see it; code: of one that is about the operation itself."""
    cause: BaseException | None = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    if isinstance(cause, RecursionError):
        return _copied(error, "The document is nested too deeply.", "COST_EXCEEDED")
    if isinstance(cause, GraphQLError):
        return _copied(error, error.message, code)
    message, code = told(cause, request_id)
    if code == "INTERNAL":
        log.error("internal error", request_id=request_id, path=error.path, exc_info=cause)
    return _copied(error, message, code)


def told(error: BaseException | None, request_id: str) -> tuple[str, str]:
    """Message and code for an exception."""
    match error:
        case BadCursorError():
            return str(error), "BAD_CURSOR"
        case CursorExpiredError():
            return str(error), "CURSOR_EXPIRED"
        case NotAllowedError():
            return str(error), error.code
        case InvalidReferenceError():
            return str(error), "BAD_USER_INPUT"
        case DatabaseTimeoutError():
            return str(error), "TIMEOUT"
        case TimeoutError():
            return TIMED_OUT, "TIMEOUT"
        case DatabaseUnreachableError() | DatabaseAuthError() | DatabaseVersionError():
            # Their messages name the server's address.
            return UNAVAILABLE, "UNAVAILABLE"
        case DatabaseError():
            return str(error), "UNAVAILABLE"
        case OverloadedError():
            return str(error), "OVERLOADED"
        case GraphCDPError():
            return str(error), "BAD_USER_INPUT"
    return f"Internal error. It is logged under {request_id or 'the time of this request'}.", "INTERNAL"


def _copied(error: GraphQLError, message: str, code: str) -> GraphQLError:
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions={"code": code, **(error.extensions or {})},
    )
