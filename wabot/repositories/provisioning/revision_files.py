"""Revision files of one branch: what they say of themselves, read without running them."""

import ast
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

from wabot.domain.migration import Revision, RevisionKind
from wabot.repositories.provisioning.problems import Problems
from wabot.repositories.provisioning.toml_file import read_text

# Ids go into `alembic_version.version_num`, which holds 32 characters: branch, _, four digits.
BRANCH_NAME = re.compile(r"[a-z][a-z0-9_]{0,26}")
_NAMES = ("revision", "down_revision", "depends_on", "kind")


def read_revisions(
    branch: str, folder: Path, problems: Problems
) -> tuple[tuple[Revision, Path], ...]:
    """Return a branch's revisions, oldest first; faults are noted with file and line."""
    found = [_read(branch, path, problems) for path in sorted(folder.glob("*.py"))]
    ordered = sorted((entry for entry in found if entry is not None), key=lambda entry: entry[0].id)
    previous = ""
    for revision, path in ordered:
        if revision.previous != previous:
            expected = repr(previous) if previous else "None"
            problems.add(path, 1, f"down_revision must be {expected}: a branch is one line")
        previous = revision.id
    for one, other in pairwise(ordered):
        if one[0].id == other[0].id:
            problems.add(other[1], 1, f"revision {other[0].id} stands in {one[1].name} already")
    return tuple(ordered)


def _read(branch: str, path: Path, problems: Problems) -> tuple[Revision, Path] | None:
    text = read_text(path, problems)
    if text is None:
        return None
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        problems.add(path, error.lineno or 1, f"no valid Python: {error.msg}")
        return None
    values, lines = _assigned(tree)
    before = len(problems.found)

    def check(name: str, *, holds: bool, rule: str) -> None:
        if not holds:
            problems.add(path, lines.get(name, 1), f"{name} must be {rule}")

    own = re.compile(rf"{re.escape(branch)}_[0-9]{{4}}")
    revision, previous = values.get("revision"), values.get("down_revision")
    kind = values.get("kind")
    depends = values.get("depends_on") or ()
    depends = (depends,) if isinstance(depends, str) else depends
    check("revision", holds=_matches(own, revision), rule=f"like {branch}_0001")
    check(
        "down_revision",
        holds=previous is None or _matches(own, previous),
        rule=f"None or like {branch}_0001",
    )
    check("kind", holds=kind in {k.value for k in RevisionKind}, rule='"expand" or "contract"')
    check(
        "depends_on",
        holds=isinstance(depends, tuple | list) and all(isinstance(d, str) for d in depends),
        rule="None or a tuple of revisions",
    )
    if "upgrade" not in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}:
        problems.add(path, 1, "there is no function upgrade()")
    if len(problems.found) > before:
        return None
    message = (ast.get_docstring(tree) or path.stem).split("\n", 1)[0]
    return Revision(
        id=str(revision),
        branch=branch,
        kind=RevisionKind(str(kind)),
        message=message,
        previous=previous or "",
        depends_on=tuple(depends),
    ), path


def _assigned(tree: ast.Module) -> tuple[dict[str, Any], dict[str, int]]:
    """Return the module's plain assignments that matter, and their lines."""
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if not isinstance(target, ast.Name) or target.id not in _NAMES or value is None:
            continue
        lines[target.id] = node.lineno
        try:
            values[target.id] = ast.literal_eval(value)
        except ValueError:
            values[target.id] = object()
    return values, lines


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
