"""Logging is the process's: a test that configures it leaves it as it was."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from wabot import logs


@contextmanager
def logging_as_it_was() -> Iterator[None]:
    """Put handlers, level and the configured secrets back when the block ends."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        logs.configure(stream=io.StringIO())  # forgets the configured secrets
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.captureWarnings(False)
