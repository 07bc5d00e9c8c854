"""The fragment of a webhook behind an item."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from json import dumps
from typing import Any

from wabot.domain.inbound.fields import identifier, mapping, text, whole


@dataclass(frozen=True, slots=True)
class Source:
    """The fragment of a webhook that an item was read from, enough to read it again.

    `reader` names the kind of fragment, `contact` is the sender's card out of the same change,
    `topic` a webhook field or why the fragment cannot be read, `entry_time` Unix seconds or 0.
    """

    reader: str
    received_at: datetime
    raw: Any
    phone_number_id: str = ""
    waba_id: str = ""
    topic: str = ""
    entry_time: int = 0
    contact: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object for a row of the journal."""
        return {
            "reader": self.reader,
            "received_at": self.received_at.isoformat(),
            "phone_number_id": self.phone_number_id,
            "waba_id": self.waba_id,
            "topic": self.topic,
            "entry_time": self.entry_time,
            "contact": dict(self.contact),
            "raw": self.raw,
        }

    @staticmethod
    def from_json(stored: object) -> "Source":
        """Rebuild a stored source; anything else becomes a malformed one."""
        plain = mapping(stored)
        try:
            received_at = datetime.fromisoformat(text(plain.get("received_at")))
        except ValueError:
            epoch = datetime.fromtimestamp(0, UTC)
            return Source("malformed", epoch, stored, topic="a stored item without a time")
        return Source(
            text(plain.get("reader")),
            received_at,
            plain.get("raw"),
            identifier(plain.get("phone_number_id")),
            identifier(plain.get("waba_id")),
            text(plain.get("topic")),
            whole(plain.get("entry_time")) or 0,
            mapping(plain.get("contact")),
        )

    @property
    def digest(self) -> str:
        """Return a short hash of the fragment, for what Meta gives no id."""
        # Two equal pieces of news at different times are two; a second delivery is not.
        written = dumps([self.entry_time, self.raw], sort_keys=True, default=str)
        return sha256(written.encode("utf-8", "replace")).hexdigest()[:32]
