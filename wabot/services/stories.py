"""Finds what happened to a message or an order, wherever its shop's tables are."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from wabot.domain.counted import counted
from wabot.domain.story import Story, Waiting
from wabot.domain.tenant import Placement
from wabot.errors import DatabaseUnavailable, InvalidInput, NotFound

MASKED = "wamid.…"
"""What stands for the beginning of a message id of which only the end is shown."""

_NAMED = 12
_END = re.compile(r"[A-Za-z0-9+/=_-]{6,}")


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop that may have it."""

    id: UUID
    slug: str
    currency: str
    placement: Placement


@dataclass(frozen=True, slots=True)
class Found:
    """Where something is: in a shop, under the key of the event that it began with."""

    shop: Shop
    event_key: str


class Stories(Protocol):
    """What the databases know."""

    @property
    def unreachable(self) -> Sequence[str]:
        """Return the shops that could not be looked at."""

    def shops(self, slug: str = "") -> list[Shop]:
        """Return all shops that have tables, or the named one; raises NotFound."""

    def waiting(self, name: str, shops: Sequence[Shop]) -> list[tuple[str, Waiting]]:
        """Return the inbox's events of that name, with their shops' slugs ('' without one)."""

    def heard_of(self, name: str) -> Collection[str]:
        """Return the slugs of those in whose inbox something of that message is still kept."""

    def find_message(self, name: str, shops: Sequence[Shop]) -> list[Found]:
        """Find messages of either direction by their wamid, or by the key of their event."""

    def find_order(self, code: str, shops: Sequence[Shop]) -> list[Found]:
        """Find orders of that code."""

    def tell(self, found: Found) -> Story:
        """Return all that the shop and the inbox know of the event."""


@dataclass(frozen=True, slots=True)
class TellStory:
    """Tells the story of a message id, as Meta or our logs write it, or of an order's code."""

    stories: Stories

    def run(self, name: str, slug: str = "") -> list[Story]:
        """Return the stories: one, unless the end of a message id stands for several.

        Raises NotFound, InvalidInput when several shops have such an order, DatabaseUnavailable
        when it was not found where it could be looked for.
        """
        shops = self.stories.shops(slug)
        code = _order_code(name)
        if code:
            found = self.stories.find_order(code, shops)
            if len(found) > 1:
                raise _several(code, [one.shop.slug for one in found])
        else:
            found = self._find_message(name, shops)
        stories = [self.stories.tell(one) for one in found]
        if not stories and not code:
            stories = [Story(of, event, None) for of, event in self.stories.waiting(name, shops)]
        if not stories and not code and _END.fullmatch(name):
            return self.run(f"{MASKED}{name}", slug)
        if not stories:
            raise self._unknown(name, slug)
        return stories

    def _find_message(self, name: str, shops: Sequence[Shop]) -> list[Found]:
        """Look where the inbox says, if it still knows, before asking every shop there is."""
        heard = self.stories.heard_of(name)
        first = [shop for shop in shops if shop.slug in heard]
        rest = [shop for shop in shops if shop.slug not in heard]
        found = self.stories.find_message(name, first) if first else []
        return found or self.stories.find_message(name, rest)

    def _unknown(self, name: str, slug: str) -> NotFound | DatabaseUnavailable:
        what = f"Nothing is known of {name}" + (f" at {slug}" if slug else "")
        away = self.stories.unreachable
        if away:
            return DatabaseUnavailable(
                f"{what}; these could not be looked at: {_some(away)}",
                hint="See why: wabot tenant doctor",
                retryable=True,
            )
        return NotFound(
            what,
            hint="It takes a message id (wamid.…, whole or its end as logs show it) or an order"
            " code (P-101). What waits is listed by: wabot inbox list",
        )


def _order_code(name: str) -> str:
    written = re.fullmatch(r"[Pp]?-?(\d{1,18})", name)
    return f"P-{int(written[1])}" if written else ""


def _several(code: str, slugs: Sequence[str]) -> InvalidInput:
    return InvalidInput(
        f"{counted(len(slugs), 'shop')} have an order {code}: {_some(slugs)}",
        hint=f"Name the shop: wabot trace {code} --tenant {slugs[0]}",
    )


def _some(slugs: Sequence[str]) -> str:
    named = ", ".join(slugs[:_NAMED])
    return named if len(slugs) <= _NAMED else f"{named} and {len(slugs) - _NAMED} more"
