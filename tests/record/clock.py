"""A clock that stands still."""

from datetime import datetime


class Clock:
    """A time that the test sets."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        return self.now
