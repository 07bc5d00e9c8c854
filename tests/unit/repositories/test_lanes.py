"""A place goes to a guest whom it knows; nobody waits long for one, nor for ever for any."""

import asyncio

import pytest

from wabot.repositories.runtime import lanes as module
from wabot.repositories.runtime.lanes import Lanes


async def queued(lanes: Lanes, *guests: int | None) -> list[asyncio.Task[int]]:
    tasks = []
    for guest in guests:
        tasks.append(asyncio.create_task(lanes.take(guest, 5)))
        await asyncio.sleep(0)
    return tasks


async def use(lanes: Lanes, guest: int) -> int:
    lane = await lanes.take(guest, 5)
    lanes.give(lane)
    return lane


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.01)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 60.0)


async def test_a_guest_comes_home() -> None:
    lanes = Lanes(3)
    assert [await use(lanes, guest) for guest in (2, 5, 4, 2)] == [2, 2, 1, 2]


async def test_the_last_places_are_for_those_without_a_home() -> None:
    lanes = Lanes(4)
    assert [await use(lanes, guest) for guest in range(6)] == [0, 1, 2, 0, 1, 2]
    assert [await lanes.take(None, 1) for _ in range(4)] == [3, 2, 1, 0]
    assert not lanes.free


@pytest.mark.usefixtures("patient")
async def test_a_guest_rather_waits_for_its_home_than_goes_where_nobody_knows_it() -> None:
    lanes = Lanes(3)
    await lanes.take(0, 1)
    (waiting,) = await queued(lanes, 3)
    assert not waiting.done()
    assert lanes.free == {1, 2}
    lanes.give(0)
    assert await waiting == 0


@pytest.mark.usefixtures("impatient")
async def test_a_guest_who_waited_in_vain_goes_where_there_is_room_and_is_known_there() -> None:
    lanes = Lanes(3)
    await lanes.take(0, 1)
    assert await lanes.take(3, 5) == 1
    lanes.give(1)
    # Home is still held by somebody else.
    assert await use(lanes, 3) == 1


async def test_a_place_that_was_held_for_long_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lanes = Lanes(3)
    await lanes.take(0, 1)
    monkeypatch.setattr(module, "_PATIENCE", 0.0)
    assert [await lanes.take(guest, 1) for guest in (3, 6)] == [1, 2]


@pytest.mark.usefixtures("patient")
async def test_a_guest_who_holds_all_its_places_needs_more_of_them() -> None:
    lanes = Lanes(3)
    assert [await lanes.take(1, 1) for _ in range(3)] == [1, 2, 0]
    for lane in range(3):
        lanes.give(lane)
    await lanes.take(4, 1)
    # At home is somebody else; the others know it as well.
    assert await lanes.take(1, 1) == 2


async def test_a_place_made_anew_knows_nobody() -> None:
    lanes = Lanes(3)
    assert [await lanes.take(0, 1) for _ in range(2)] == [0, 1]
    lanes.give(1)
    lanes.forget(1)
    (waiting,) = await queued(lanes, 0)
    assert await waiting == 1  # it holds its home itself
    lanes.give(1)
    lanes.forget(1)
    lanes.give(0)
    await lanes.take(3, 1)
    (waiting,) = await queued(lanes, 0)
    assert not waiting.done()
    waiting.cancel()


async def test_a_place_goes_to_the_first_in_the_queue_whom_it_knows() -> None:
    lanes = Lanes(2)
    for guest in (0, 1):
        await lanes.take(guest, 1)
    zero, first, second = await queued(lanes, 2, 3, 5)
    lanes.give(1)
    assert await first == 1
    assert not zero.done()
    assert not second.done()
    lanes.give(0)
    lanes.give(1)
    assert (await zero, await second) == (0, 1)


async def test_who_has_no_home_takes_whatever_comes_first() -> None:
    lanes = Lanes(2)
    for guest in (0, 1):
        await lanes.take(guest, 1)
    anywhere, at_home = await queued(lanes, None, 3)
    lanes.give(1)
    assert await anywhere == 1
    lanes.give(1)
    assert await at_home == 1


@pytest.mark.usefixtures("impatient")
async def test_who_lost_patience_takes_what_nobody_else_wants() -> None:
    lanes = Lanes(3)
    for guest in (0, 1, 2):
        await lanes.take(guest, 1)
    foreign, at_home = await queued(lanes, 3, 4)
    await asyncio.sleep(0.03)
    lanes.give(1)
    assert await at_home == 1
    lanes.give(2)
    assert await foreign == 2


@pytest.mark.usefixtures("impatient")
async def test_who_waited_too_long_goes_before_those_at_home(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_TOO_LONG", 0.01)
    lanes = Lanes(2)
    for guest in (0, 1):
        await lanes.take(guest, 1)
    (foreign,) = await queued(lanes, 2)
    await asyncio.sleep(0.03)
    (at_home,) = await queued(lanes, 3)
    lanes.give(1)
    assert await foreign == 1
    assert not at_home.done()
    at_home.cancel()


async def test_as_many_guests_are_remembered_as_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_MOST_KNOWN", 3)
    lanes = Lanes(2)
    for guest in range(0, 20, 2):
        assert [await lanes.take(guest, 1) for _ in range(2)] == [0, 1]
        for lane in (0, 1):
            lanes.give(lane)
    assert lanes.remembered <= 3


async def test_waiting_ends_and_leaves_no_trace() -> None:
    lanes = Lanes(1)
    await lanes.take(None, 1)
    with pytest.raises(TimeoutError):
        await lanes.take(0, 0.01)
    assert not lanes.waiting
    lanes.give(0)
    assert lanes.free == {0}


async def test_a_place_given_to_who_was_just_cancelled_goes_to_the_next() -> None:
    lanes = Lanes(1)
    await lanes.take(None, 1)
    gone, after = await queued(lanes, 0, 0)
    lanes.give(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert await after == 0


async def test_a_place_is_not_lost_on_who_was_cancelled_and_has_not_left_the_queue() -> None:
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
    with pytest.raises(asyncio.CancelledError):
        await gone
