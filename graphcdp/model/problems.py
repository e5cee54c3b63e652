"""What is wrong with one message or one of its fields, as a value.

A problem never stops a batch: it is returned beside the message's outcome, as
an error (nothing was recorded) or as a warning (recorded without this part).
"""

from dataclasses import dataclass
from enum import StrEnum


class ProblemCode(StrEnum):
    """What kind of problem; the text of each says what a caller can do."""

    INVALID = "INVALID"  # a value is malformed
    LIMIT = "LIMIT"  # too many or too big, or a kind is full on this customer
    UNKNOWN_KIND = "UNKNOWN_KIND"  # the rules know no such kind of identifier
    BLOCKED = "BLOCKED"  # the rules block this value
    SUPPRESSED = "SUPPRESSED"  # the identifier was erased
    CUT = "CUT"  # the evidence between the two was cut by hand
    MERGE_OFF = "MERGE_OFF"  # the rules unite no customers
    NO_IDENTIFIER = "NO_IDENTIFIER"  # none of the identifiers is usable
    LIMITED = "LIMITED"  # the customer sends too many messages in a short time
    FULL = "FULL"  # the customer has as many identifiers or traits as anybody may have
    PLAN = "PLAN"  # the tracking plan expects something else


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem.

    message: a sentence that says what was wrong and what to do.
    path: where in the message, outermost first, such as ("identifiers", "0").
    identifier: the identifier at fault as the source wrote it, "kind:value".
    expected: what would be acceptable. limit, actual: for LIMIT, with the kind
    of which a customer would have too many. retry_after_s: for LIMITED.
    """

    code: ProblemCode
    message: str
    path: tuple[str, ...] = ()
    identifier: str | None = None
    expected: str | None = None
    limit: int | None = None
    actual: int | None = None
    kind: str | None = None
    retry_after_s: int | None = None
