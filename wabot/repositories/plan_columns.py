"""What is agreed with a client about its plan, as columns beside those of `clients`."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from wabot.domain.plan import Override
from wabot.domain.plan_standing import PAYS, PlanStanding

OVERRIDES = """
coalesce((SELECT jsonb_agg(jsonb_build_array(o.item, o.value, o.reason, o.starts_at, o.ends_at)
                           ORDER BY o.id)
          FROM wabot.plan_overrides o WHERE o.client_id = clients.id), '[]'::jsonb)
"""


def overrides_from(rows: Iterable[list[Any]]) -> tuple[Override, ...]:
    """Read the column above; the last one given is the last."""
    return tuple(
        Override(item, value, reason, _moment(starts_at), _moment(ends_at) if ends_at else None)
        for item, value, reason, starts_at, ends_at in rows
    )


def standing_from(
    trial_ends_at: datetime | None, grace_ends_at: datetime | None, suspends_at: datetime | None
) -> PlanStanding:
    """Return the dates; one object for all who simply pay, as most do."""
    standing = PlanStanding(trial_ends_at, grace_ends_at, suspends_at)
    return PAYS if standing == PAYS else standing


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
