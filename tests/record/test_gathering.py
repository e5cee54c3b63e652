"""What arrives together is written together; what waits is bounded; nobody pays for a neighbour."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from graphcdp.model.errors import OverloadedError
from graphcdp.model.outcomes import Status
from graphcdp.model.statement import Statement
from graphcdp.record.gathering import BATCHES_MAX, Gathering
from graphcdp.record.recorder import Recorder
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store


class Writer:
    """Keeps the batches that it was given; lets another one begin and writes when it is let."""

    def __init__(self, *, passes: bool = True) -> None:
        self.batches: list[list[int]] = []
        self.let_pass = asyncio.Event()
        if passes:
            self.let_pass.set()
        self.let = asyncio.Event()

    async def write(self, items: list[int], passed: Callable[[], None]) -> list[int]:
        self.batches.append(items)
        await self.let_pass.wait()
        passed()
        await self.let.wait()
        if 13 in items:
            raise ValueError("13")
        return [10 * item for item in items]


async def put_all(gathering: Gathering[int, int], *parts: list[int]) -> list["asyncio.Future[list[int]]"]:
    given = [gathering.put(part) for part in parts]
    # What may begin begins.
    for _ in range(5):
        await asyncio.sleep(0)
    return given


async def test_what_arrives_meanwhile_goes_into_the_next_batch() -> None:
    writer = Writer()
    gathering = Gathering(writer.write, batch_max=4, waiting_max=100)
    tasks = await put_all(gathering, [1], [2, 3], [4], [5, 6])
    writer.let.set()
    assert await asyncio.gather(*tasks) == [[10], [20, 30], [40], [50, 60]]
    assert writer.batches in ([[1], [2, 3, 4], [5, 6]], [[1, 2, 3, 4], [5, 6]])


async def test_too_many_are_turned_away_at_once() -> None:
    writer = Writer(passes=False)
    gathering = Gathering(writer.write, batch_max=10, waiting_max=3)
    first = await put_all(gathering, [0])
    waiting = await put_all(gathering, [1, 2, 3])
    assert gathering.is_full
    with pytest.raises(OverloadedError) as refused:
        gathering.put([4])
    assert refused.value.retry_after_s == 1
    writer.let_pass.set()
    writer.let.set()
    assert await asyncio.gather(*first, *waiting) == [[0], [10, 20, 30]]
    assert not gathering.is_full
    assert await gathering.put([5]) == [50]


async def test_one_part_larger_than_all_that_may_wait_is_taken_when_nobody_waits() -> None:
    writer = Writer()
    writer.let.set()
    gathering = Gathering(writer.write, batch_max=2, waiting_max=1)
    assert await gathering.put([1, 2]) == [10, 20]


async def test_a_failed_batch_fails_its_callers_alone() -> None:
    writer = Writer()
    gathering = Gathering(writer.write, batch_max=1, waiting_max=10)
    tasks = await put_all(gathering, [12], [13], [14])
    writer.let.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert found[0] == [120]
    assert isinstance(found[1], ValueError)
    assert found[2] == [140]


async def test_a_caller_who_leaves_does_not_stop_the_writing() -> None:
    writer = Writer()
    gathering = Gathering(writer.write, batch_max=1, waiting_max=10)
    left, stays = await put_all(gathering, [1], [2])
    left.cancel()
    writer.let.set()
    assert await stays == [20]
    await gathering.settle()
    assert writer.batches == [[1], [2]]


def last_digit(item: int) -> frozenset[str]:
    return frozenset(str(item % 10))


async def test_batches_go_side_by_side_without_what_shares_a_name_with_those_under_way() -> None:
    writer = Writer()
    gathering = Gathering(writer.write, batch_max=15, waiting_max=100, names_of=last_digit)
    first = await put_all(gathering, [1, 2])
    # 11 shares a name with 1, which is under way.
    second = await put_all(gathering, [11, 23, 4, 35])
    assert writer.batches == [[1, 2], [23, 4, 35]]
    third = await put_all(gathering, [6, 7, 8, 21])
    assert writer.batches == [[1, 2], [23, 4, 35], [6, 7, 8]]
    # A fourth one waits, whatever its names.
    fourth = await put_all(gathering, [9, 10, 19])
    assert len(writer.batches) == BATCHES_MAX
    writer.let.set()
    answers = await asyncio.gather(*first, *second, *third, *fourth)
    assert answers == [[10, 20], [110, 230, 40, 350], [60, 70, 80, 210], [90, 100, 190]]
    written = [item for batch in writer.batches for item in batch]
    assert [item for item in written if item % 10 == 1] == [1, 11, 21]


async def test_nothing_goes_past_another_that_waits_for_a_name() -> None:
    writer = Writer()
    gathering = Gathering(writer.write, batch_max=10, waiting_max=100, names_of=lambda item: frozenset(str(item)))
    # 25 waits for 5, so 2 waits for 25, and 72 for 2.
    tasks = await put_all(gathering, [5])
    tasks += await put_all(gathering, [25, 8, 2, 9, 72])
    assert writer.batches == [[5], [8, 9]]
    writer.let.set()
    await asyncio.gather(*tasks)
    assert writer.batches == [[5], [8, 9], [25, 2, 72]]


async def test_no_batch_goes_beside_one_that_has_not_its_locks() -> None:
    writer = Writer(passes=False)
    gathering = Gathering(writer.write, batch_max=4, waiting_max=100, names_of=last_digit)
    tasks = await put_all(gathering, [1])
    tasks += await put_all(gathering, [2])
    assert writer.batches == [[1]]
    writer.let_pass.set()
    tasks += await put_all(gathering)
    assert writer.batches == [[1], [2]]
    writer.let.set()
    assert await asyncio.gather(*tasks) == [[10], [20]]


async def test_few_wait_to_go_with_more() -> None:
    writer = Writer()
    gathering = Gathering(writer.write, batch_max=15, waiting_max=100, names_of=last_digit)
    tasks = await put_all(gathering, [1])
    tasks += await put_all(gathering, [2], [3])
    assert writer.batches == [[1]]
    tasks += await put_all(gathering, [4])
    assert writer.batches == [[1], [2, 3, 4]]
    writer.let.set()
    await asyncio.gather(*tasks)


async def test_a_failed_batch_fails_those_who_had_a_part_in_it() -> None:
    writer = Writer()
    gathering = Gathering(writer.write, batch_max=10, waiting_max=100, names_of=last_digit)
    tasks = await put_all(gathering, [3])
    tasks += await put_all(gathering, [13, 4, 5])
    writer.let.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert found[0] == [30]
    assert isinstance(found[1], ValueError)
    assert writer.batches == [[3], [4, 5], [13]]


def seen(message_id: str, **more: Any) -> dict[str, Any]:
    return {"id": message_id, "name": "Seen", "identifiers": [("user", f"u{len(message_id)}")], **more}


async def test_many_callers_share_transactions(recorder: Recorder, store: Store) -> None:
    transactions: list[object] = []
    store.watch(transactions.append)
    try:
        await recorder.record([seen("alone")])
        assert len(transactions) == 1
        found = await asyncio.gather(*(recorder.record([seen(f"m{n}")]) for n in range(200)))
    finally:
        store.unwatch(transactions.append)
    assert all(outcome.status is Status.RECORDED for (outcome,) in found)
    assert len(transactions) <= 3


async def test_the_same_message_of_two_callers_is_recorded_once(recorder: Recorder) -> None:
    found = await asyncio.gather(*(recorder.record([seen("same")]) for _ in range(3)))
    assert sorted(outcome.status for (outcome,) in found) == [Status.DUPLICATE, Status.DUPLICATE, Status.RECORDED]


async def test_what_the_database_cannot_store_harms_no_neighbour(recorder: Recorder, store: Store) -> None:
    # An operator's own index, whose entries have a largest size.
    await store.run_schema("CREATE INDEX notes FOR (e:Event) ON (e.json)")
    # While an index is still built, nothing is checked before the commit, and then the database itself fails.
    await store.read_generated(Statement("CALL db.awaitIndexes(60)"))
    try:
        found = await asyncio.gather(
            recorder.record([seen("a"), seen("b")]),
            recorder.record([seen("c"), seen("long", properties={"note": "x" * 20_000})]),
            recorder.record([seen("d")]),
        )
    finally:
        await store.run_schema("DROP INDEX notes")
    statuses = {outcome.message_id: outcome.status for part in found for outcome in part}
    assert statuses == {
        "a": Status.RECORDED,
        "b": Status.RECORDED,
        "c": Status.RECORDED,
        "long": Status.REJECTED,
        "d": Status.RECORDED,
    }
    (kept,) = await store.read_generated(Statement("MATCH (r:Rejected) RETURN r.messageId AS id, r.reason AS reason"))
    assert kept["id"] == "long"
    assert "cannot store" in kept["reason"]


async def test_drained_means_stored(store: Store, rules: IdentityRules) -> None:
    recorder = Recorder(store, rules, batch_max=2)
    tasks = [asyncio.create_task(recorder.record([seen(f"m{n}")])) for n in range(7)]
    await asyncio.sleep(0)
    for task in tasks[3:]:
        task.cancel()
    await recorder.drain()
    stored = {row["id"] for row in await store.read_generated(Statement("MATCH (e:Event) RETURN e.id AS id"))}
    assert {f"m{n}" for n in range(3)} <= stored
