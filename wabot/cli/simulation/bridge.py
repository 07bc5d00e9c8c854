"""An event loop in a thread of its own, so that a terminal can be read in the main one.

Ctrl-C reaches the main thread, where `input` waits; a thread that waits for a terminal could not
be ended.
"""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class Bridge:
    """Runs coroutines on the loop and waits for them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Return the coroutine's result; an interrupt cancels it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    @contextmanager
    def held(self, context: AbstractAsyncContextManager[T]) -> Iterator[T]:
        """Keep an asynchronous context open in one task of the loop."""
        entered: asyncio.Future[T] = self._loop.create_future()
        leave = asyncio.Event()

        async def hold() -> None:
            try:
                async with context as value:
                    entered.set_result(value)
                    await leave.wait()
            except BaseException as error:
                if entered.done():
                    raise
                entered.set_exception(error)

        async def arrived() -> T:
            return await entered

        task = asyncio.run_coroutine_threadsafe(hold(), self._loop)
        try:
            yield self.call(arrived())
        finally:
            self._loop.call_soon_threadsafe(leave.set)
            task.result()


@contextmanager
def bridge() -> Iterator[Bridge]:
    """Have a loop while the block lasts."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="simulation", daemon=True)
    thread.start()
    try:
        yield Bridge(loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
