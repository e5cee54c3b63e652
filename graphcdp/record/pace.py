"""How fast messages of one customer may come: a bucket of tokens for each subject. Source: docs/sources.md.

A bucket is one number, as in the generic cell rate algorithm: the moment until
which its messages so far are paid for at the steady rate. In the memory of this
process, for the subjects seen last; whoever is not among them has a full bucket.
"""

import math
from collections import OrderedDict

from graphcdp.model.problems import Problem, ProblemCode

SUBJECTS_MAX = 50_000


class Pace:
    """Tells which messages come too fast; per subject, the key of a message's strongest identifier."""

    def __init__(self, per_s: float, burst: int, subjects_max: int = SUBJECTS_MAX) -> None:
        """per_s: messages a second in the long run. burst: how many may come at once."""
        self._per_s = per_s
        self._burst = burst
        self._step_s = 1 / per_s
        # What one message more than the burst would exceed.
        self._ahead_max_s = burst / per_s
        self._subjects_max = subjects_max
        self._paid_until: OrderedDict[str, float] = OrderedDict()

    def wait_s(self, subject: str, now_s: float) -> float:
        """How long the next message of this subject must wait; 0: it may come, and is counted."""
        paid_until = self._paid_until
        until = max(paid_until.get(subject, now_s), now_s) + self._step_s
        over_s = until - now_s - self._ahead_max_s
        # Sums of fractions are not exact.
        if over_s > self._step_s / 1000:
            return over_s
        paid_until[subject] = until
        paid_until.move_to_end(subject)
        if len(paid_until) > self._subjects_max:
            paid_until.popitem(last=False)
        return 0.0

    def problem(self, kind: str, wait_s: float) -> Problem:
        """What whoever sent a message too fast is told. kind: of the subject."""
        retry_after_s = math.ceil(wait_s)
        return Problem(
            ProblemCode.LIMITED,
            f"Messages of this {kind} come too fast: the most is {self._per_s:g} a second, and {self._burst} at once "
            f"(GRAPHCDP_CUSTOMER_MESSAGES_PER_S). This one was not kept; send it again in {retry_after_s} s.",
            retry_after_s=retry_after_s,
        )
