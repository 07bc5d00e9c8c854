"""The 24 hours after a person's message."""

from datetime import UTC, datetime, timedelta

import pytest

from wabot.domain.window import is_open

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(0), True),
        (timedelta(hours=23, minutes=58, seconds=59), True),
        (timedelta(hours=23, minutes=59), False),
        (timedelta(hours=24), False),
        (timedelta(days=400), False),
        (timedelta(seconds=-5), True),
    ],
)
def test_a_window_closes_a_minute_before_24_hours_are_over(age: timedelta, expected: bool) -> None:
    assert is_open(NOW - age, NOW) is expected


def test_who_never_wrote_has_no_window() -> None:
    assert not is_open(None, NOW)
