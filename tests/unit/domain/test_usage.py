"""Days and months of a shop's own time zone."""

from datetime import UTC, date, datetime, timedelta

import pytest

from wabot.domain.usage import Month, day_of

NANO = timedelta(microseconds=1)


def test_a_month_ends_with_the_shops_midnight_and_not_with_another() -> None:
    moment = datetime(2026, 12, 1, 5, 30, tzinfo=UTC)
    assert str(Month.at(moment, "America/Mexico_City")) == "2026-11"
    assert str(Month.at(moment, "America/Argentina/Buenos_Aires")) == "2026-12"


# Chile sets its clocks in April and September, Paraguay keeps summer time since 2024 and set them
# in October before; Tijuana follows the United States in March and November.
@pytest.mark.parametrize(
    ("zone", "begins"),
    [
        ("America/Santiago", datetime(2026, 4, 1, 3, tzinfo=UTC)),
        ("America/Santiago", datetime(2026, 5, 1, 4, tzinfo=UTC)),
        ("America/Santiago", datetime(2026, 9, 1, 4, tzinfo=UTC)),
        ("America/Santiago", datetime(2026, 10, 1, 3, tzinfo=UTC)),
        ("America/Tijuana", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("America/Tijuana", datetime(2026, 4, 1, 7, tzinfo=UTC)),
        ("America/Tijuana", datetime(2026, 11, 1, 7, tzinfo=UTC)),
        ("America/Tijuana", datetime(2026, 12, 1, 8, tzinfo=UTC)),
        ("America/Asuncion", datetime(2023, 10, 1, 4, tzinfo=UTC)),
        ("America/Asuncion", datetime(2023, 11, 1, 3, tzinfo=UTC)),
    ],
)
def test_a_month_begins_at_midnight_on_either_side_of_a_change_of_clocks(
    zone: str, begins: datetime
) -> None:
    before, after = Month.at(begins - NANO, zone), Month.at(begins, zone)
    assert before.next == after
    assert after.begins(zone) == begins
    assert day_of(begins - NANO, zone) == before.last
    assert day_of(begins, zone) == after.first


def test_a_midnight_that_the_clocks_left_out_belongs_to_the_day_after() -> None:
    # In Asunción the clocks went from 24:00 of 30 September 2023 to 1:00 of 1 October.
    zone = "America/Asuncion"
    assert day_of(datetime(2023, 10, 1, 3, 59, tzinfo=UTC), zone) == date(2023, 9, 30)
    assert day_of(datetime(2023, 10, 1, 4, 0, tzinfo=UTC), zone) == date(2023, 10, 1)


def test_a_month_knows_its_days() -> None:
    assert [len(list(Month(2028, n).days)) for n in (1, 2, 12)] == [31, 29, 31]
    assert Month(2026, 12).next == Month(2027, 1)
    assert Month(2026, 2).last == date(2026, 2, 28)


@pytest.mark.parametrize("written", ["2026-13", "2026-1", "26-01", "noviembre", "2026-11-01", ""])
def test_what_is_no_month_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(ValueError, match="is no month like 2026-11"):
        Month.parse(written)


def test_a_month_is_read_as_it_is_written() -> None:
    assert Month.parse(str(Month(2026, 3))) == Month(2026, 3)
