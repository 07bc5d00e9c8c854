"""The event loop of commands that serve: uvloop where there is one."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run to the end on the fastest loop that this platform has."""
    if sys.platform == "win32":
        # psycopg cannot wait on Windows' default loop.
        asyncio.run(main, loop_factory=asyncio.SelectorEventLoop)
    else:
        import uvloop

        uvloop.run(main)
