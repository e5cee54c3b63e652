"""Every error of GraphCDP, as one tree.

    GraphCDPError                  message fit to be shown: what was wrong, where, what to do
      SettingsError                a setting has an unusable value
      DatabaseError                about the database as a whole
        DatabaseUnreachableError   nobody answers at the address, or not in time
        DatabaseAuthError          user or password refused
        DatabaseVersionError       a Neo4j that this version cannot work with
        DatabaseTimeoutError       a statement took longer than allowed and was ended
        DatabaseConflictError      another writer made the same thing at the same moment
        MigrationError             a migration's text is not the one that was applied
      OverloadedError              more is asked than can be done now
      EmbeddedError                the embedded server could not be fetched, started or stopped
      RulesFileError               a file of identity rules cannot be used
      PlanFileError                a tracking plan cannot be used
      SegmentFileError             a file of segments cannot be used
      ImportFileError              a file to import cannot be used at all
      ExportError                  an export cannot be written
      StreamError                  a stream cannot be read or written at all
      DestinationError             a destination of changes is not usable as it is configured
      DeliveryError                a destination did not take changes; they are tried again
      InvalidReferenceError        a caller named something in an unusable way (bad id, bad cursor, bad rule)
        UnknownReferenceError      what a caller named is not there
        CursorExpiredError         a cursor of the feed is older than what is kept

Problems of one message or one field are values, not exceptions: see
`graphcdp.model.problems`.
"""


class GraphCDPError(Exception):
    """Base of all errors raised on purpose; `str(error)` is one line for people."""


class SettingsError(GraphCDPError):
    """A setting has an unusable value; the message names the setting."""


class DatabaseError(GraphCDPError):
    """The database as a whole cannot serve."""


class DatabaseUnreachableError(DatabaseError):
    """Nobody answers at the address, or not in time."""


class DatabaseAuthError(DatabaseError):
    """The database refused user or password."""


class DatabaseVersionError(DatabaseError):
    """The database is a version that GraphCDP cannot work with."""


class DatabaseTimeoutError(DatabaseError):
    """A statement took longer than allowed and was ended; a write may or may not have happened."""


class DatabaseConflictError(DatabaseError):
    """Another writer made the same unique thing at the same moment; nothing was written, trying again helps."""


class MigrationError(DatabaseError):
    """A migration that was applied before has another text now."""


class OverloadedError(GraphCDPError):
    """More is asked than can be done now; nothing was kept. retry_after_s: when to try again."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class EmbeddedError(GraphCDPError):
    """The embedded server could not be fetched, started or stopped."""


class RulesFileError(GraphCDPError):
    """A file of identity rules cannot be read, or says what rules cannot say."""


class PlanFileError(GraphCDPError):
    """A tracking plan cannot be read, or says what a plan cannot say; a line for each thing that is wrong."""


class SegmentFileError(GraphCDPError):
    """A file of segments cannot be read, or says what segments cannot be; a line for each thing that is wrong."""


class ImportFileError(GraphCDPError):
    """A file to import cannot be read or mapped at all."""


class ExportError(GraphCDPError):
    """An export cannot be written, or not as it was asked for."""


class StreamError(GraphCDPError):
    """A stream's brokers, topics or options cannot be used, or its client is not installed."""


class MissingExtraError(GraphCDPError):
    """What was asked for needs packages that are not installed; the message says which extra brings them."""


class DestinationError(GraphCDPError):
    """A destination cannot be made of what is configured, or its plug-in is not installed."""


class DeliveryError(GraphCDPError):
    """A destination did not take changes, or it is not known whether it did.

    status: of HTTP, None without an answer. retry_after_s: what the destination asks for. gone: it wants
    no more, ever.
    """

    def __init__(
        self, message: str, *, status: int | None = None, retry_after_s: float | None = None, gone: bool = False
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_s = retry_after_s
        self.gone = gone


class InvalidReferenceError(GraphCDPError):
    """A caller named something in an unusable way: an id, a cursor, a rule.

    path: where in the input, outermost first; empty when it is no field in
    particular.
    """

    def __init__(self, message: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.path = path


class UnknownReferenceError(InvalidReferenceError):
    """What a caller named is not there: a customer, evidence, a merge, a conflict."""


class CursorExpiredError(InvalidReferenceError):
    """Changes behind a cursor of the feed were dropped: reading on from it would miss them."""


def unknown_customer(*path: str) -> UnknownReferenceError:
    """Nobody is known by a reference. path: as in InvalidReferenceError."""
    return UnknownReferenceError("No customer is known by this reference.", path)
