"""The folder of several workers' metrics."""

import os
from pathlib import Path

import pytest

from wabot.errors import ConfigurationError
from wabot.gateways.metrics_files import forget_process, make_folder


def test_what_the_dead_left_behind_is_cleaned_and_what_others_use_stays(tmp_path: Path) -> None:
    nobody, somebody = tmp_path / "4194305", tmp_path / str(os.getppid())
    for folder in (nobody, somebody, tmp_path / str(os.getpid())):
        folder.mkdir()
        (folder / "counter_0.db").touch()
    own = make_folder(tmp_path)
    assert not list(own.iterdir())
    assert not nobody.exists()
    assert (somebody / "counter_0.db").exists()


def test_nobody_else_may_look_into_it_whatever_was_there_before(tmp_path: Path) -> None:
    base = tmp_path / "metrics"
    base.mkdir(mode=0o755)
    own = make_folder(base)
    assert [folder.stat().st_mode & 0o777 for folder in (base, own)] == [0o700, 0o700]


def test_of_a_process_that_ended_only_its_levels_are_forgotten(tmp_path: Path) -> None:
    for name in ("counter_0-1.db", "gauge_livesum_0-1.db", "gauge_livesum_0-10.db"):
        (tmp_path / name).touch()
    forget_process(tmp_path, "0-1")
    assert {file.name for file in tmp_path.iterdir()} == {"counter_0-1.db", "gauge_livesum_0-10.db"}


def test_a_home_that_cannot_be_written_is_told_with_the_ways_out(tmp_path: Path) -> None:
    (tmp_path / "metrics").touch()
    with pytest.raises(ConfigurationError) as refused:
        make_folder(tmp_path / "metrics")
    assert "WABOT_METRICS=off" in refused.value.hint
