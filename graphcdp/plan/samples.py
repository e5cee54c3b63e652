"""How many customers meet a condition, from a sample of them. Source: docs/conditions.md, rule 13."""

import math
from dataclasses import dataclass

from graphcdp.model.statement import Statement

SAMPLE = 5000
"""Customers who are asked, about."""

_SPREAD = 2**32

# The numbers that the database gives to nodes, spread by the golden ratio: without reading anything of a customer,
# and the same customers each time, so that two conditions can be compared. Factors keep within 64 bits.
_ASKED = """MATCH (c:Customer)
WHERE (id(c) %% 4294967296) * 1640531527 %% 4294967296 < $frame_bound
WITH (%s) AS meets
RETURN count(*) AS asked, count(CASE WHEN meets THEN 1 END) AS meeting"""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number of customers. standard_error: 0 when it is exact."""

    value: int
    standard_error: float

    @property
    def exact(self) -> bool:
        """Whether all were counted."""
        return self.standard_error == 0


def sampled(condition: Statement, everybody: int) -> Statement:
    """How many of about SAMPLE of all customers meet the condition: one row, `asked` and `meeting`."""
    bound = _SPREAD * min(SAMPLE, everybody) // max(1, everybody)
    return Statement(_ASKED % condition.text, {**condition.parameters, "frame_bound": bound})


def estimate(everybody: int, asked: int, meeting: int) -> Estimate:
    """The estimate from a sample, with its standard error, which is that of a sample without replacement.

    Its share is that of Agresti and Coull, as if 4 more had been asked of whom 2
    meet it: nobody found is no proof that there is nobody.
    """
    if asked >= everybody:
        return Estimate(meeting, 0.0)
    if not asked:
        return Estimate(0, everybody / 2)
    share = (meeting + 2) / (asked + 4)
    error = everybody * math.sqrt(share * (1 - share) / (asked + 4) * (1 - asked / everybody))
    return Estimate(round(everybody * meeting / asked), error)
