"""Messages that Meta took and then failed, because the 24 hours were over: once more, by template.

Graph accepts most messages and tells only by a status that the window was closed.
"""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid5

from wabot.domain import window
from wabot.services.runtime.ports import TurnUnit
from wabot.services.runtime.reach import in_template, names_of
from wabot.services.runtime.turns import Outgoing, StatusChange


def repetition_of(message_id: UUID) -> UUID:
    """Return the id under which a message is repeated: always the same, so never twice."""
    return uuid5(message_id, "by template")


def was_closed(change: StatusChange) -> bool:
    """Tell whether a status says that only a template would have passed."""
    return change.status == "failed" and change.error_code == window.REFUSED


async def repeat_by_template(
    unit: TurnUnit, *, contact: str, owner: str, claim: timedelta
) -> list[Outgoing]:
    """Write the repetitions, claimed by their sender, and return them; statuses stand applied."""
    closed = [r.message_id for r in unit.reports() if r.error_code == window.REFUSED]
    repeated = []
    for row in await unit.unrepeated(closed):
        outlook = await unit.outlook(names_of(row.recipient))
        name = outlook.templates.get(row.purpose)
        if name is None:
            continue
        again = replace(
            row, id=repetition_of(row.id), message=in_template(row, name), fresh=True, attempts=0
        )
        await unit.repeat(row.id, again, contact=contact, owner=owner, claim=claim)
        repeated.append(again)
    return repeated
