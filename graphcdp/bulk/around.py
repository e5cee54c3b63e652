"""Before and after a first load: is the database empty, what stays of it, what can only be set while it runs."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from graphcdp.bulk.load import KeptNode
from graphcdp.bulk.parts import Late
from graphcdp.model.errors import ImportFileError
from graphcdp.record.segment_builds import build_waiting
from graphcdp.record.sources import Tally, count_sources
from graphcdp.store import Store, Transaction

STAYS = frozenset(
    (
        *("ApiKey", "ChangePage", "Feed", "Import", "Job", "Rejected", "RuleSet", "RulesInForce"),
        *("Segment", "SegmentDay", "SegmentEdition", "SegmentVersion", "Source"),
    )
)
"""Labels of nodes that an empty database may have, and keeps."""
KEPT_MAX = 100_000
_LATE_AT_ONCE = 1000


async def kept_nodes(store: Store) -> list[KeptNode]:
    """What stays of an empty database: keys, rules, segments, refused messages, jobs.

    Raises ImportFileError when customers or events are there, or anything of them.
    """
    found = await store.read("bulk/contents")
    others = {label: row["total"] for row in found for label in row["labels"] if label not in STAYS}
    if others:
        some = ", ".join(f"{total:,} {label}" for label, total in sorted(others.items())[:4])
        raise ImportFileError(
            f"The database is not empty ({some}), and --bulk makes a new one: import without --bulk, or name "
            f"an empty folder with --data-dir."
        )
    if sum(row["total"] for row in found if "SegmentDay" not in row["labels"]) > KEPT_MAX:
        raise ImportFileError(
            f"The database holds more than {KEPT_MAX:,} refused messages: import without --bulk, or name an empty "
            f"folder with --data-dir."
        )
    nodes: list[KeptNode] = []
    seq = 0
    for row in await store.read("bulk/kept"):
        properties = dict(row["properties"])
        if "Feed" in row["labels"]:
            seq = properties["seq"]
        if row["labels"] in (["Feed"], ["ChangePage"], ["SegmentDay"], ["SegmentEdition"]):
            # Sizes of segments in an empty graph tell nothing, and what becomes of segments here is another edition.
            continue
        if "Segment" in row["labels"] and properties.get("status") == "LIVE":
            # Its members are those of an empty graph; they are found anew behind the load.
            properties["status"] = "BUILDING"
        nodes.append((":".join(row["labels"]), properties))
    return [*nodes, feed_behind(seq)]


def feed_behind(seq: int) -> KeptNode:
    """A feed that begins behind a first load: whoever followed it is told to look at the graph anew.

    seq: number of the last change before.
    """
    return "Feed", {"name": "changes", "seq": seq + 1, "floor": seq + 1}


async def _set_late(tx: Transaction, rows: list[dict[str, Any]]) -> None:
    await tx.run("bulk/set_late", rows=rows)


async def finish(store: Store, late: Sequence[Late], tallies: dict[str, Tally], now: datetime) -> None:
    """Count the sources, set what no import file could hold, and find the members of segments."""
    if tallies:
        await store.transact(lambda tx: count_sources(tx, tallies, now))
    for start in range(0, len(late), _LATE_AT_ONCE):
        rows = [
            {"label": one.label, "id": one.id, "properties": one.properties}
            for one in late[start : start + _LATE_AT_ONCE]
        ]
        await store.transact(partial(_set_late, rows=rows))
    await build_waiting(store, now)
