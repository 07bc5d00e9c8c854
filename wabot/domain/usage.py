"""What a shop used up of its plan: days and months are those of its own time zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

LEVELS = (80, 100)
"""Percent of a limit at which the owner and the operator are told."""


def day_of(at: datetime, time_zone: str) -> date:
    """Return the calendar day of a moment in a time zone."""
    return at.astimezone(ZoneInfo(time_zone)).date()


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> "Month":
        """Return the month of a day."""
        return cls(day.year, day.month)

    @classmethod
    def at(cls, at: datetime, time_zone: str) -> "Month":
        """Return the month of a moment in a time zone."""
        return cls.of(day_of(at, time_zone))

    @classmethod
    def parse(cls, written: str) -> "Month":
        """Read `YYYY-MM`; ValueError for anything else."""
        try:
            if len(written) != len("YYYY-MM"):
                raise ValueError
            return cls.of(date.fromisoformat(f"{written}-01"))
        except ValueError:
            raise ValueError(f"{written!r} is no month like 2026-11") from None

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def first(self) -> date:
        """Return its first day."""
        return date(self.year, self.number, 1)

    @property
    def next(self) -> "Month":
        """Return the month after it."""
        return Month.of(self.first + timedelta(days=31))

    @property
    def last(self) -> date:
        """Return its last day."""
        return self.next.first - timedelta(days=1)

    @property
    def days(self) -> Iterator[date]:
        """Return its days in order."""
        return (self.first + timedelta(days=n) for n in range(self.last.day))

    def begins(self, time_zone: str) -> datetime:
        """Return the moment at which it begins in a time zone, as UTC."""
        # A midnight that the clocks leave out equals nothing in its own zone.
        return datetime(self.year, self.number, 1, tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Quota:
    """Messages that Graph accepted in a month, and how many the plan allows in it."""

    used: int
    limit: int

    @property
    def is_used_up(self) -> bool:
        """Tell whether no new conversation may begin."""
        return self.used >= self.limit

    @property
    def level(self) -> int:
        """Return the highest of the levels that is reached; 0 below all of them."""
        return max((level for level in LEVELS if self.reaches(level)), default=0)

    def reaches(self, level: int) -> bool:
        """Tell whether so many percent of the limit are used up."""
        return self.used * 100 >= self.limit * level


UNLIMITED = Quota(0, 2**31 - 1)
