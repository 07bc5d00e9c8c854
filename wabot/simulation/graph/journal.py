"""What the stand-in has taken, in order, and waiting for more."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message that was accepted; `to` holds digits, `user_id` stands for those without phone."""

    sequence: int
    phone_number_id: str
    wamid: str
    to: str
    user_id: str
    callback_data: str
    body: Mapping[str, Any]

    @property
    def text(self) -> str:
        """Return the words that the customer reads."""
        kind = self.body.get("type", "text")
        if kind == "template":
            return " · ".join(self.parameters)
        content = self.body.get(kind, {})
        words = content.get("body", "")
        return str(words.get("text", "") if isinstance(words, dict) else words)

    @property
    def template(self) -> str:
        """Return the name of the template that the message is made of, empty for another."""
        return str(self.body.get("template", {}).get("name", ""))

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the values that stand in the template's body, in order."""
        parts = self.body.get("template", {}).get("components", [])
        body = [part for part in parts if part.get("type") == "body"]
        return tuple(str(value.get("text", "")) for part in body for value in part["parameters"])


class Journal:
    """The latest accepted messages and refused requests; older ones are forgotten."""

    def __init__(self, kept: int) -> None:
        self._messages: deque[SentMessage] = deque(maxlen=kept)
        self._refusals: deque[tuple[int, str]] = deque(maxlen=1000)
        self._changed = asyncio.Condition()
        self._listeners: list[Callable[[SentMessage], None]] = []
        self._total = 0
        self._seen = 0

    @property
    def messages(self) -> tuple[SentMessage, ...]:
        """Return the remembered messages, oldest first."""
        return tuple(self._messages)

    @property
    def refusals(self) -> tuple[tuple[int, str], ...]:
        """Return code and details of the latest refusals, oldest first."""
        return tuple(self._refusals)

    @property
    def total(self) -> int:
        """Return how many messages were accepted since the start."""
        return self._total

    async def record(
        self, phone_number_id: str, wamid: str, recipient: tuple[str, str], body: Mapping[str, Any]
    ) -> SentMessage:
        """Remember an accepted message and wake who waits for it."""
        async with self._changed:
            self._total += 1
            to, user_id = recipient
            message = SentMessage(
                sequence=self._total,
                phone_number_id=phone_number_id,
                wamid=wamid,
                to=to,
                user_id=user_id,
                callback_data=str(body.get("biz_opaque_callback_data", "")),
                body=body,
            )
            self._messages.append(message)
            self._changed.notify_all()
        for listener in self._listeners:
            listener(message)
        return message

    def listen(self, listener: Callable[[SentMessage], None]) -> None:
        """Call that with every message from now on."""
        self._listeners.append(listener)

    def refused(self, code: int, details: str) -> None:
        """Remember a refused request."""
        self._refusals.append((code, details))

    async def wait(
        self,
        *,
        after: int = 0,
        matching: Callable[[SentMessage], bool] = lambda _: True,
        timeout: float = 10.0,
    ) -> SentMessage:
        """Return the first matching message with a sequence beyond `after`.

        Raises TimeoutError when none comes in time.
        """

        def find() -> SentMessage | None:
            return next((m for m in self._messages if m.sequence > after and matching(m)), None)

        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(lambda: find() is not None)
            found = find()
        assert found is not None
        return found

    async def next(self, timeout: float = 10.0) -> SentMessage:
        """Return the next message that `next` has not returned yet, in order."""
        message = await self.wait(after=self._seen, timeout=timeout)
        self._seen = message.sequence
        return message

    def forget(self) -> None:
        """Forget all messages; sequences go on."""
        self._messages.clear()
        self._refusals.clear()
        self._seen = self._total
