"""Statements on deliveries walk their indexes, however many there are, and the log stays within its bounds."""

from datetime import timedelta
from typing import Any

import pytest

from graphcdp.deliver.supervisor import trim
from graphcdp.model.statement import Statement
from graphcdp.read.deliveries import DeliveryStatus, deliveries, delivery_cursor, delivery_page
from graphcdp.record.clock import utc_now
from graphcdp.store import Store

MAKE = """UNWIND range(1, 3000) AS seq
CREATE (:Delivery {id: 'dlv_x_' + seq, destination: 'whk_x', seq: seq, kind: 'EVENT', customers: ['cus_1'], attempts: 1,
  createdAt: $now, triedAt: $now - duration({seconds: 3000 - seq}),
  status: CASE WHEN seq % 100 = 0 THEN 'PENDING' WHEN seq % 10 = 0 THEN 'DEAD' ELSE 'DELIVERED' END})"""


@pytest.fixture
async def filled(store: Store) -> Store:
    """The log of a busy webhook."""
    await store.transact(lambda tx: tx.run_generated(Statement(MAKE, {"now": utc_now()})))
    return store


PLACE: dict[str, Any] = {"destination": "whk_x", "after": None, "before": None, "limit": 21}


@pytest.mark.parametrize(
    ("name", "parameters", "hits_max"),
    [
        ("deliver/deliveries_first", PLACE, 600),
        ("deliver/deliveries_last", PLACE, 600),
        ("deliver/deliveries_status_first", {**PLACE, "status": "DEAD"}, 600),
        ("deliver/deliveries_status_last", {**PLACE, "status": "DEAD"}, 600),
        ("deliver/pending", {"destination": "whk_x", "limit": 100}, 600),
        ("deliver/counts", {"ids": ["whk_x"], "status": "PENDING"}, 200),
        ("deliver/forget", {"destination": "whk_x", "statuses": ["PENDING"], "after": 2900, "limit": 10}, 200),
        ("deliver/retry", {"ids": ["dlv_x_10", "dlv_x_11"], "now": utc_now()}, 60),
        (
            "deliver/keep",
            {"deliveries": [{"id": "dlv_x_5", "properties": {"status": "DEAD"}}, {"id": "dlv_x_no", "properties": {}}]},
            60,
        ),
        ("deliver/left", {"destination": "whk_x", "limit": 10}, 200),
    ],
)
async def test_statements_walk_an_index(
    filled: Store, profiled: Any, name: str, parameters: dict[str, Any], hits_max: int
) -> None:
    plan = await profiled(name, **parameters)
    operators = {operator for operator, *_ in plan}
    assert not operators & {"NodeByLabelScan", "AllNodesScan", "Sort", "Top", "PartialTop"}, operators
    assert sum(hits for *_, hits in plan) <= hits_max


async def test_pages_go_through_all_from_both_ends(filled: Store) -> None:
    found: list[int] = []
    after = None
    while True:
        page = delivery_page(first=100, after=after, last=None, before=None)
        rows = (await deliveries(filled, "whk_x", page, DeliveryStatus.DEAD)).items
        if not rows:
            break
        found += [row.seq for row in rows]
        after = delivery_cursor(rows[-1])
    assert found == [seq for seq in range(3000, 0, -1) if seq % 10 == 0 and seq % 100]
    last = await deliveries(filled, "whk_x", delivery_page(first=None, after=None, last=3, before=None))
    assert [row.seq for row in last.items] == [3, 2, 1]
    assert (last.has_previous, last.has_next) == (True, False)


async def test_the_log_is_bounded_by_number_and_time(filled: Store) -> None:
    now = utc_now()
    assert await trim(filled, "whk_x", "DELIVERED", now - timedelta(days=1), 100) == 2600
    assert await trim(filled, "whk_x", "DELIVERED", now - timedelta(days=1), 100) == 0
    assert await trim(filled, "whk_x", "DEAD", now - timedelta(seconds=1000), 10_000) == pytest.approx(180, abs=5)
    rows = await filled.read_generated(Statement("MATCH (d:Delivery {status: 'PENDING'}) RETURN count(d) AS n"))
    assert rows[0]["n"] == 30, "what is still to be told is no log"
