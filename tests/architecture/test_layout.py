"""Sizes and layers."""

import statistics
import tomllib
from pathlib import Path

from tests.architecture.source import PACKAGE, ROOT, modules, name


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_module_is_longer_than_400_lines() -> None:
    assert [(name(path), _lines(path)) for path in modules() if _lines(path) > 400] == []


def test_the_median_module_has_at_most_120_lines() -> None:
    assert statistics.median(_lines(path) for path in modules()) <= 120


def test_every_top_level_module_has_its_layer() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(contract for contract in contracts if contract["type"] == "layers")["layers"]
    named = {part.strip() for layer in layers for part in layer.split("|")}
    existing = {
        f"wabot.{path.stem}"
        for path in PACKAGE.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    } - {"wabot.__init__"}
    assert named == existing
