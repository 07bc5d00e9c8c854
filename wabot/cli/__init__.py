"""The command line: one module per noun, thin; `main` is the console script."""

from wabot.cli.app import main

__all__ = ["main"]
