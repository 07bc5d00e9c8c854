"""Event loops of checks: they never wait for a thread that waits for somebody else."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_checks(main: Coroutine[Any, Any, T]) -> T:
    """Run like `asyncio.run`, but leave threads behind: a look-up of a name may take minutes."""
    loop = asyncio.new_event_loop()
    return until_done(loop, loop.create_task(main))


def until_done(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[T]") -> T:
    """Run a loop until the task is done, end what that left behind, and close the loop."""
    try:
        return loop.run_until_complete(task)
    finally:
        left = asyncio.all_tasks(loop)
        for each in left:
            each.cancel()
        loop.run_until_complete(_end(left))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _end(tasks: "set[asyncio.Task[Any]]") -> None:
    # What they meet meanwhile concerns nobody any more.
    await asyncio.gather(*tasks, return_exceptions=True)
