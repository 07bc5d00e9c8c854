"""The checks of logs over this process's settings."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wabot.checks.logs import LOGS, Logging
from wabot.checks.model import CheckSet
from wabot.container.checks.surroundings import Surroundings
from wabot.logs import open_file


def sets(around: Surroundings) -> tuple[CheckSet[Any], ...]:
    """Compose the group."""

    async def contexts() -> Mapping[str, Logging]:
        settings = around.settings
        return {
            "": Logging(
                settings["WABOT_LOG_LEVEL"],
                settings["WABOT_LOG_FORMAT"],
                settings["WABOT_LOG_FILE"],
                lambda path: open_file(path).close(),
                _free,
                around.found.secrets,
            )
        }

    return (CheckSet(LOGS, contexts, needs=("env.setting",)),)


def _free(path: Path) -> int:
    return shutil.disk_usage(path.parent).free
