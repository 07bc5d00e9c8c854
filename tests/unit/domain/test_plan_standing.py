"""Dates of payment in words."""

from datetime import UTC, datetime

import pytest

from wabot.domain.plan_standing import end_in_words

MEXICO = "America/Mexico_City"


@pytest.mark.parametrize(
    ("ends_at", "said"),
    [
        pytest.param(datetime(2026, 11, 30, 6, tzinfo=UTC), "through 2026-11-29", id="a day"),
        pytest.param(
            datetime(2026, 11, 30, 16, 32, tzinfo=UTC), "until 2026-11-30 10:32", id="at once"
        ),
    ],
)
def test_what_ends_with_a_day_lasts_through_it_and_anything_else_until_its_moment(
    ends_at: datetime, said: str
) -> None:
    assert end_in_words(ends_at, MEXICO) == said
