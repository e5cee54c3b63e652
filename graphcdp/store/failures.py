"""Driver errors as ours: one line that says what to do, without the server's internals."""

from neo4j.exceptions import (
    AuthError,
    ClientError,
    ConstraintError,
    DriverError,
    Neo4jError,
    ServiceUnavailable,
    SessionExpired,
    TransientError,
)

from graphcdp.model.connection import Connection
from graphcdp.model.errors import (
    DatabaseAuthError,
    DatabaseConflictError,
    DatabaseError,
    DatabaseTimeoutError,
    DatabaseUnreachableError,
)

_TIMEOUT_CODES = (
    "Neo.ClientError.Transaction.TransactionTimedOut",
    "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration",
)


def explained(error: Exception, connection: Connection) -> Exception:
    """Our error for a driver's; the same error when it is a fault of a statement, so that tests see it."""
    if isinstance(error, AuthError):
        return DatabaseAuthError(
            f"Neo4j at {connection.uri} refused the user {connection.user!r} or its password: "
            f"check GRAPHCDP_NEO4J_USER and GRAPHCDP_NEO4J_PASSWORD."
        )
    if isinstance(error, ClientError) and error.code in _TIMEOUT_CODES:
        return DatabaseTimeoutError("The database took longer than allowed and ended the work: ask for less at once.")
    if isinstance(error, ConstraintError):
        return DatabaseConflictError("Another writer recorded the same at the same moment: try again.")
    if isinstance(error, TransientError):
        return DatabaseError("The database is too busy to finish this now: try again in a moment.")
    if isinstance(error, ServiceUnavailable | SessionExpired | OSError):
        return unreachable(connection)
    if isinstance(error, DriverError) and not isinstance(error, Neo4jError):
        return unreachable(connection)
    return error


def unreachable(connection: Connection) -> DatabaseUnreachableError:
    """The error for a server that does not answer."""
    return DatabaseUnreachableError(
        f"No Neo4j answers at {connection.uri}: check that it runs and that GRAPHCDP_NEO4J_URI is right."
    )
