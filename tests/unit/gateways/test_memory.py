"""PostgreSQL's share of a machine's memory."""

from pathlib import Path

import pytest

from wabot.gateways.embedded_postgres import memory as module
from wabot.gateways.embedded_postgres.memory import memory_of_machine, shared_buffers

GIGABYTE = 1024**3


@pytest.mark.parametrize(
    ("memory", "megabytes"),
    [(GIGABYTE // 4, 64), (GIGABYTE, 128), (2 * GIGABYTE, 256), (64 * GIGABYTE, 1024)],
)
def test_pages_get_an_eighth_of_the_memory_within_bounds(memory: int, megabytes: int) -> None:
    assert shared_buffers(memory) == megabytes


@pytest.mark.parametrize("limit", ["max\n", None])
def test_without_a_limit_the_machine_is_what_there_is(
    limit: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "memory.max"
    if limit is not None:
        file.write_text(limit)
    monkeypatch.setattr(module, "_LIMIT_OF_CONTAINER", file)
    assert memory_of_machine() > 64 * 1024**2


def test_a_container_is_no_larger_than_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "memory.max"
    file.write_text("67108864\n")
    monkeypatch.setattr(module, "_LIMIT_OF_CONTAINER", file)
    assert memory_of_machine() == 64 * 1024**2
