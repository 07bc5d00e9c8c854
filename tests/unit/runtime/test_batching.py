"""Group commit: results in order, failures to everybody concerned, nothing left waiting."""

import asyncio
from collections.abc import Sequence

import pytest

from wabot.services.runtime.batching import Batcher


async def test_what_arrives_during_a_flush_goes_into_the_next_one() -> None:
    batches: list[list[int]] = []

    async def flush(items: Sequence[int]) -> list[int]:
        batches.append(list(items))
        await asyncio.sleep(0.01)
        return [item * 10 for item in items]

    batcher = Batcher(flush, limit=100)
    first = asyncio.create_task(batcher.submit(1))
    await asyncio.sleep(0.005)
    rest = await asyncio.gather(*(batcher.submit(n) for n in range(2, 6)))
    assert (await first, rest) == (10, [20, 30, 40, 50])
    assert batches == [[1], [2, 3, 4, 5]]
    assert not batcher.busy


async def test_a_batch_is_never_larger_than_the_limit() -> None:
    sizes: list[int] = []

    async def flush(items: Sequence[int]) -> Sequence[int]:
        sizes.append(len(items))
        return items

    batcher = Batcher(flush, limit=3)
    assert await asyncio.gather(*(batcher.submit(n) for n in range(10))) == list(range(10))
    assert max(sizes) == 3


async def test_a_failed_flush_fails_its_batch_and_no_other() -> None:
    async def flush(items: Sequence[int]) -> Sequence[int]:
        if 1 in items:
            raise OSError("away")
        return items

    batcher = Batcher(flush, limit=1)
    results = await asyncio.gather(*(batcher.submit(n) for n in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [int, OSError, int]


async def test_who_gives_up_waiting_does_not_disturb_the_others() -> None:
    async def flush(items: Sequence[int]) -> Sequence[int]:
        await asyncio.sleep(0.02)
        return items

    batcher = Batcher(flush, limit=10)
    impatient = asyncio.create_task(batcher.submit(1))
    patient = asyncio.create_task(batcher.submit(2))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == 2
    with pytest.raises(asyncio.CancelledError):
        await impatient
