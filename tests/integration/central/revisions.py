"""The central revisions there are, oldest first."""

from pathlib import Path

_VERSIONS = Path(__file__).parents[3] / "migrations" / "versions"

REVISIONS = sorted(path.name.partition("_")[0] for path in _VERSIONS.glob("*.py"))
HEAD = REVISIONS[-1]
