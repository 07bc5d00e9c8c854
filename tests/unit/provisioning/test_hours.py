"""Opening hours: one line of text, read day by day."""

import pytest

from wabot.domain.hours import OpeningHours, parse_hours

MORNING, EVENING = (480, 840), (960, 1200)


def test_days_and_ranges_of_days_have_their_spans() -> None:
    read = parse_hours("mon-wed 08:00-14:00 16:00-20:00; sat 08:00-14:00; sun 00:00-24:00")
    weekday = (MORNING, EVENING)
    assert read.days == (weekday, weekday, weekday, (), (), (MORNING,), ((0, 1440),))


@pytest.mark.parametrize("written", ["", "  ", ";"])
def test_nothing_written_says_nothing(written: str) -> None:
    assert parse_hours(written) == OpeningHours()


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("mon", "'mon' has no hours"),
        ("lun 08:00-14:00", "'lun' is no day"),
        ("mon-funday 08:00-14:00", "is no day"),
        ("mon- 08:00-14:00", "is no day"),
        ("sat-mon 08:00-14:00", "runs backwards"),
        ("mon 8:00-14:00", "'8:00-14:00' is no span"),
        ("mon 08:00", "is no span"),
        ("mon 08:60-14:00", "is no span"),
        ("mon 08:00-25:00", "is no span"),
        ("mon 08:00-24:30", "does not end after it begins"),
        ("mon 20:00-02:00", "does not end after it begins"),
        ("mon 08:00-08:00", "does not end after it begins"),
        ("mon 08:00-14:00 13:00-20:00", "overlap"),
        ("mon 16:00-20:00 08:00-14:00", "not in order"),
        ("mon-tue 08:00-14:00; tue 16:00-20:00", "tue stands twice"),
        ("mon ٠٨:00-14:00", "is no span"),
    ],
)
def test_hours_that_cannot_be_are_refused_with_the_rule(written: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r"must be hours like") as refused:
        parse_hours(written)
    assert reason in str(refused.value)
