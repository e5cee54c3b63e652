"""Requests that are no operation."""


class RefusedError(Exception):
    """A request that is no operation: its answer, with a status.

    unread: its body still comes in. headers: those that go with the status.
    """

    def __init__(
        self,
        status: int,
        message: str,
        code: str = "BAD_REQUEST",
        *,
        unread: bool = False,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})
        if unread:
            self.headers["Connection"] = "close"
