"""Which Neo4j versions can be worked with."""

import re

from graphcdp.model.errors import DatabaseVersionError

OLDEST = (5, 26)
MERGE_BUG = ((2025, 11, 0), (2026, 1, 4))
"""First and last version in which MERGE with a composite index can go wrong."""


def check_version(version: str) -> None:
    """Refuse a version that lacks what GraphCDP needs, or that would corrupt the graph.

    version: as the server tells it, such as "5.26.1" or "2026.04.0".
    Raises DatabaseVersionError.
    """
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    if numbers < OLDEST:
        raise DatabaseVersionError(
            f"Neo4j {version} is too old: GraphCDP needs 5.26 or newer. Upgrade the server that "
            f"GRAPHCDP_NEO4J_URI names, or unset it to use the embedded one."
        )
    first, last = MERGE_BUG
    if first <= (*numbers, 0, 0)[:3] <= last:
        raise DatabaseVersionError(
            f"Neo4j {version} has a fault in MERGE that can double customers (2025.11 to 2026.01.4): "
            f"upgrade the server to 2026.02 or newer."
        )
