"""The customer service windows that the stand-in keeps, where they are switched on."""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wabot.simulation.graph.refusals import Refusal

LENGTH = 24 * 60 * 60
REMEMBERED = 100_000


class Windows:
    """When people last wrote to business numbers; only then may these write freely to them."""

    def __init__(self, *, kept: bool, clock: Callable[[], float]) -> None:
        self._kept = kept
        self._clock = clock
        self._since: OrderedDict[tuple[str, str], float] = OrderedDict()

    def hear(self, webhook: object) -> None:
        """Note the messages of people that a webhook tells of."""
        for number, message in _messages(webhook):
            for key in ("from", "from_user_id"):
                person = message.get(key)
                if isinstance(person, str) and person:
                    self.open(number, person, _moment(message.get("timestamp"), self._clock()))

    def open(self, phone_number_id: str, person: str, since: float | None = None) -> None:
        """Let a person have written to a number, now or then."""
        key = (phone_number_id, _person(person))
        at = self._clock() if since is None else since
        self._since[key] = max(at, self._since.get(key, at))
        self._since.move_to_end(key)
        if len(self._since) > REMEMBERED:
            self._since.popitem(last=False)

    def check(self, phone_number_id: str, recipient: tuple[str, str], kind: str) -> None:
        """Refuse anything but a template to somebody whose window is not open."""
        if not self._kept or kind == "template":
            return
        now = self._clock()
        for person in recipient:
            since = self._since.get((phone_number_id, _person(person))) if person else None
            if since is not None and now - since < LENGTH:
                return
        raise Refusal(
            131047,
            "Message failed to send because more than 24 hours have passed since the customer"
            " last replied to this number.",
        )


def _messages(webhook: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for entry in _entries(webhook, "entry"):
        for change in _entries(entry, "changes"):
            value = change.get("value")
            metadata = value.get("metadata") if isinstance(value, dict) else None
            number = metadata.get("phone_number_id") if isinstance(metadata, dict) else None
            if isinstance(number, str):
                yield from ((number, message) for message in _entries(value, "messages"))


def _entries(holder: object, key: str) -> list[Mapping[str, Any]]:
    found = holder.get(key) if isinstance(holder, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _moment(timestamp: object, otherwise: float) -> float:
    return float(timestamp) if isinstance(timestamp, str) and timestamp.isdecimal() else otherwise


def _person(name: str) -> str:
    """Return one spelling of a person: Meta knows mobiles with and without their prefix."""
    digits = re.sub(r"\D", "", name) if "." not in name else name
    return re.sub(r"^(52|54)[19](\d{10})$", r"\1\2", digits)
