"""Where a client stands with its payments, by dates that pass without anybody's doing."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

GRACE = timedelta(days=7)
"""How long a shop goes on after its trial, unless something else is agreed."""


class Phase(StrEnum):
    """What the dates come to at one moment; in all but the last the shop works as usual."""

    PAID = "paid"
    TRIAL = "trial"
    GRACE = "grace"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class PlanStanding:
    """The dates of a client that does not simply pay; without any it does.

    A trial becomes grace when it ends unpaid, grace a suspension; `suspends_at` suspends whatever
    the others say. Each holds from its very moment on. While suspended, what customers write is
    kept, as after `wabot tenant suspend`.
    """

    trial_ends_at: datetime | None = None
    grace_ends_at: datetime | None = None
    suspends_at: datetime | None = None

    @property
    def suspended_from(self) -> datetime | None:
        """Return when the shop stops, or stopped; None when it is not to."""
        unpaid = self.grace_ends_at or self.trial_ends_at
        dates = [date for date in (unpaid, self.suspends_at) if date is not None]
        return min(dates, default=None)

    def phase(self, at: datetime) -> Phase:
        """Tell what the dates come to."""
        stops = self.suspended_from
        if stops is not None and stops <= at:
            return Phase.SUSPENDED
        if self.trial_ends_at is not None and at < self.trial_ends_at:
            return Phase.TRIAL
        return Phase.PAID if self.grace_ends_at is None else Phase.GRACE


PAYS = PlanStanding()


def last_day(ends_at: datetime, time_zone: str) -> date:
    """Return the day that something lasts through which ends at that moment."""
    return (ends_at - timedelta(microseconds=1)).astimezone(ZoneInfo(time_zone)).date()


def end_in_words(ends_at: datetime, time_zone: str) -> str:
    """Return the last day of what ends with a day there, else the moment."""
    local = ends_at.astimezone(ZoneInfo(time_zone))
    if local.time() == time.min:
        return f"through {last_day(ends_at, time_zone)}"
    return f"until {local:%Y-%m-%d %H:%M}"
