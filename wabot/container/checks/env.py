"""The checks of settings over what was found of them."""

from typing import Any

from wabot.checks.env import ENV, NEEDED, REQUIRED, SETTING, OneSetting
from wabot.checks.model import CheckSet, alone, at_hand
from wabot.container.checks.surroundings import Surroundings


def sets(around: Surroundings) -> tuple[CheckSet[Any], ...]:
    """Compose the group."""
    found = around.found
    every = {name: OneSetting(found, name) for name in found.readings}
    required = {name: every[name] for name in NEEDED}
    return (
        CheckSet(ENV, alone(found)),
        CheckSet(SETTING, at_hand(every)),
        CheckSet(REQUIRED, at_hand(required)),
    )
