"""A place goes to who knows it, but nobody waits while one is free, nor for ever."""

import asyncio

import pytest

from wabot.repositories.runtime import lanes as module
from wabot.repositories.runtime.lanes import Lanes


async def queued(lanes: Lanes, *homes: int | None) -> list[asyncio.Task[int]]:
    tasks = []
    for home in homes:
        tasks.append(asyncio.create_task(lanes.take(home, 5)))
        await asyncio.sleep(0)
    return tasks


async def test_a_free_home_is_taken_and_otherwise_the_next_that_is_free() -> None:
    lanes = Lanes(3)
    assert [await lanes.take(home, 1) for home in (2, 2, None)] == [2, 0, 1]
    assert not lanes.free


async def test_a_lane_goes_to_the_first_in_the_queue_who_is_at_home_there() -> None:
    lanes = Lanes(2)
    for home in (0, 1):
        await lanes.take(home, 1)
    zero, first, second = await queued(lanes, 0, 1, 1)
    lanes.give(1)
    assert await first == 1
    assert not zero.done()
    assert not second.done()
    lanes.give(0)
    lanes.give(1)
    assert (await zero, await second) == (0, 1)


async def test_who_has_no_home_takes_whatever_comes_first() -> None:
    lanes = Lanes(2)
    for home in (0, 1):
        await lanes.take(home, 1)
    anywhere, at_home = await queued(lanes, None, 1)
    lanes.give(1)
    assert await anywhere == 1
    lanes.give(1)
    assert await at_home == 1


async def test_nobody_waits_while_their_home_is_kept_busy_by_others() -> None:
    lanes = Lanes(2)
    for home in (0, 1):
        await lanes.take(home, 1)
    (foreign,) = await queued(lanes, 0)
    lanes.give(1)
    assert await foreign == 1


async def test_who_waits_too_long_goes_before_those_at_home(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.0)
    lanes = Lanes(2)
    for home in (0, 1):
        await lanes.take(home, 1)
    oldest, at_home = await queued(lanes, 0, 1)
    lanes.give(1)
    assert await oldest == 1
    assert not at_home.done()
    at_home.cancel()


async def test_waiting_ends_and_leaves_no_trace() -> None:
    lanes = Lanes(1)
    await lanes.take(None, 1)
    with pytest.raises(TimeoutError):
        await lanes.take(0, 0.01)
    assert not lanes.waiting
    lanes.give(0)
    assert lanes.free == {0}


async def test_a_lane_given_to_who_was_just_cancelled_goes_to_the_next() -> None:
    lanes = Lanes(1)
    await lanes.take(None, 1)
    gone, after = await queued(lanes, 0, 0)
    lanes.give(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert await after == 0


async def test_a_lane_is_not_lost_on_who_was_cancelled_and_has_not_left_the_queue() -> None:
    lanes = Lanes(1)
    await lanes.take(None, 1)
    gone, next_ = await queued(lanes, None, None)
    gone.cancel()
    lanes.give(0)
    assert await next_ == 0
    with pytest.raises(asyncio.CancelledError):
        await gone
    (gone,) = await queued(lanes, None)
    gone.cancel()
    lanes.give(0)
    assert lanes.free == {0}
