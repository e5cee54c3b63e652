"""Values that are followed: one reader for all, the latest value for each, and nothing left behind."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from graphcdp.notify.polled import Polled

OVER = 9


class Source:
    """A number that a test changes."""

    def __init__(self, value: int | None) -> None:
        self.value = value
        self.readings = 0

    async def read(self) -> int | None:
        self.readings += 1
        if self.value == -1:
            raise ConnectionError
        return self.value


def followed(polled: Polled[str, int], source: Source, key: str = "a") -> AsyncGenerator[int, None]:
    return polled.follow(key, source.read, lambda value: value == OVER)


def readers() -> list[str]:
    return [str(task) for task in asyncio.all_tasks() if "Polled" in str(task.get_coro())]


async def test_each_follower_gets_the_value_and_its_changes() -> None:
    polled, source = Polled[str, int](interval_min_s=0.01), Source(1)
    found: list[list[int]] = [[], []]

    async def take(into: list[int]) -> None:
        async for value in followed(polled, source):
            into.append(value)
            source.value = {1: 2, 2: OVER}.get(value, OVER)

    await asyncio.gather(take(found[0]), take(found[1]))
    assert found[0] == found[1] == [1, 2, OVER]
    assert source.readings <= 4, "one reader for both"
    assert (len(polled), readers()) == (0, [])


async def test_the_longer_nothing_changes_the_more_seldom_it_is_read() -> None:
    polled, source = Polled[str, int](interval_min_s=0.01, interval_max_s=0.08), Source(1)
    async with aclosing(followed(polled, source)) as values:
        assert await anext(values) == 1
        await asyncio.sleep(0.5)
        assert 4 <= source.readings <= 14
    assert (len(polled), readers()) == (0, [])


async def test_a_slow_follower_gets_the_latest_only() -> None:
    polled, source = Polled[str, int](interval_min_s=0.001), Source(1)
    async with aclosing(followed(polled, source)) as values:
        assert await anext(values) == 1
        for source.value in range(2, 6):
            await asyncio.sleep(0.03)
        assert await anext(values) == 5


async def test_nothing_to_follow_and_what_cannot_be_read() -> None:
    polled = Polled[str, int](interval_min_s=0.01)
    assert [value async for value in followed(polled, Source(None))] == []
    source = Source(1)
    async with aclosing(followed(polled, source)) as values:
        assert await anext(values) == 1
        source.value = -1
        with pytest.raises(ConnectionError):
            await anext(values)
    assert (len(polled), readers()) == (0, [])


async def test_one_who_leaves_takes_nothing_from_the_others() -> None:
    polled, source = Polled[str, int](interval_min_s=0.01), Source(1)
    async with aclosing(followed(polled, source)) as first, aclosing(followed(polled, source)) as second:
        assert (await anext(first), await anext(second)) == (1, 1)
        await first.aclose()
        source.value = 2
        assert await anext(second) == 2
        waiting = asyncio.ensure_future(anext(second))
        await asyncio.sleep(0.02)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert (len(polled), readers()) == (0, [])
