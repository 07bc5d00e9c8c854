"""Whether Graph answers at all."""

import aiohttp

from wabot.errors import ExternalFailure

# A server that starts waits for it.
_PATIENCE = 2.0


def how_to_reach(base_url: str) -> str:
    """Return what to look at when Graph does not answer there."""
    return (
        f"see that this machine may reach it: curl -I {base_url};"
        " https://metastatus.com tells of Meta's own trouble"
    )


async def reach(base_url: str) -> str:
    """Ask for nothing, as nobody: return the address that answered, whatever it said."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_PATIENCE)) as session,
            session.get(base_url, allow_redirects=False) as response,
        ):
            return str(response.url.origin())
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        said = f"within {_PATIENCE:g} s" if isinstance(error, TimeoutError) else f"({error})"
        raise ExternalFailure(
            f"{base_url} does not answer {said}",
            hint=how_to_reach(base_url),
            retryable=True,
        ) from error
