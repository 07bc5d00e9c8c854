"""Proves channels: a test message through each, and what exactly is wrong."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from wabot.domain.alerts.notices import trial
from wabot.errors import WabotError
from wabot.services.alerts.ports import Channel

_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a test: `status` is ok or failed."""

    channel: str
    status: str
    detail: str
    fix: str = ""


async def try_all(channels: Sequence[Channel], host: str) -> list[Trial]:
    """Send a test through each, at the same time."""
    return list(await asyncio.gather(*(_try(channel, host) for channel in channels)))


async def _try(channel: Channel, host: str) -> Trial:
    try:
        async with asyncio.timeout(_PATIENCE):
            await channel.tell(trial(channel.name, host))
    except TimeoutError:
        return Trial(channel.name, "failed", f"no answer within {_PATIENCE:g} s", "Try it again.")
    except WabotError as error:
        return Trial(channel.name, "failed", error.message, error.hint)
    return Trial(channel.name, "ok", "the test was handed over: see that it arrived")
