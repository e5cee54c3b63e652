"""The server's time; the only place that asks for it."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The time, UTC, to the microsecond, as Neo4j keeps it."""
    return datetime.now(UTC)
