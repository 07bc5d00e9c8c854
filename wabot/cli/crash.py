"""Where the traceback of a bug goes."""

import os
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from wabot.config import home_folder
from wabot.logs import mask


def write_crash_file(error: BaseException) -> Path:
    """Write the masked traceback under WABOT_HOME/logs, else into a temporary file.

    WABOT_HOME is never created here: the embedded PostgreSQL decides who may enter it.
    """
    text = mask("".join(traceback.format_exception(error)))
    name = f"crash-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.log"
    try:
        home = home_folder()
        if home.is_dir():
            folder = home / "logs"
            folder.mkdir(mode=0o700, exist_ok=True)
            return _write(folder / name, text)
    except OSError:
        pass  # not writable: the temporary folder is next
    descriptor, path = tempfile.mkstemp(prefix="wabot-", suffix=f"-{name}")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return Path(path)


def _write(path: Path, text: str) -> Path:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return path
