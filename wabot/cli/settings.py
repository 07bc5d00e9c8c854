"""The settings as commands read them."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from wabot.cli.output import Output

if TYPE_CHECKING:
    from wabot.config import Settings


def read_settings(out: Output, *, require: Collection[str] = ()) -> "Settings":
    """Read the settings; what looks like one and is none is told."""
    from wabot.config import load_settings

    settings = load_settings(require=tuple(require))
    for warning in settings.warnings:
        out.warn(warning)
    return settings
