"""Evidence between two identifiers is found from both ends, however many links one of them has."""

from typing import Any

from graphcdp.model.statement import Statement
from graphcdp.record.recorder import Recorder
from graphcdp.store import Store

LINKS = 300


async def test_a_hub_is_never_walked(recorder: Recorder, store: Store, profiled: Any) -> None:
    await recorder.record(
        [
            {
                "id": f"m{n}",
                "name": "Seen",
                "at": "2026-01-01T10:00:00Z",
                "identifiers": [["device", "hub"], ["anonymous", f"a{n}"]],
            }
            for n in range(LINKS)
        ]
    )
    rows = await store.read_generated(Statement("MATCH (i:Identifier) RETURN i.key AS key, elementId(i) AS node"))
    node_by_key = {row["key"]: row["node"] for row in rows}
    keys = [(f"anonymous:a{n}", "device:hub") for n in range(LINKS)]
    pairs = [[one, other, node_by_key[one], node_by_key[other]] for one, other in keys]
    plan = await profiled("record/read_known", batch={"customers": [], "pairs": pairs, "messages": []})
    assert max(rows for _, _, rows, _ in plan) == LINKS
    assert {operator for operator, details, *_ in plan if "LINKED" in details} == {"Expand(Into)"}
