"""Settings that are kept elsewhere: read once by each command, by whoever knows how."""

from collections.abc import Callable, Mapping

from wabot.config.parsers import settings_source
from wabot.errors import ConfigurationError

Source = Callable[[str], Mapping[str, str]]

_known: dict[str, Mapping[str, str]] = {}
_source: Source | None = None


def use_source(source: Source) -> None:
    """Let `source` read the address of WABOT_SETTINGS_FROM from now on, and anew.

    This package knows no network: the outermost layer says who does.
    """
    global _source  # noqa: PLW0603 - one process, one way to what is kept elsewhere
    _source = source
    _known.clear()


def read(address: str) -> Mapping[str, str]:
    """Return what is set there; nothing where no address is set, or a malformed one."""
    try:
        address = settings_source(address)
    except ValueError:
        # Told with the setting itself.
        return {}
    if not address:
        return {}
    if _source is None:
        raise ConfigurationError(
            f"The settings in {address} are read by wabot's own commands only",
            hint="Set what this needs in the environment.",
        )
    if address not in _known:
        _known[address] = _source(address)
    return _known[address]
