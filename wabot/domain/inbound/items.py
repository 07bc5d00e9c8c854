"""What a webhook can bring, as values; each is a pure function of its source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wabot.domain.conversation.events import Happening, PersonWrote, TextReceived
from wabot.domain.inbound.fields import mapping
from wabot.domain.inbound.source import Source


@dataclass(frozen=True, slots=True)
class Read:
    """What every item has: where it came from and when it happened by Meta's clock."""

    source: Source = field(repr=False)
    occurred_at: datetime

    @property
    def phone_number_id(self) -> str:
        """Return the business number that routes the item to a tenant, empty when none is named."""
        return self.source.phone_number_id

    @property
    def waba_id(self) -> str:
        """Return the WhatsApp business account, which routes what names no number."""
        return self.source.waba_id

    @property
    def raw(self) -> Any:
        """Return the fragment as it came."""
        return self.source.raw

    @property
    def is_free_text(self) -> bool:
        """Tell whether more fragments of the same thought may follow."""
        return False

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object that `item_from_json` turns into the same item."""
        return self.source.to_json()


@dataclass(frozen=True, slots=True)
class InboundMessage(Read):
    """A customer's message. `kind` is Meta's type; `context_id` the message that it answers."""

    wamid: str
    kind: str
    happening: Happening
    wa_id: str = ""
    user_id: str = ""
    profile_name: str = ""
    username: str = ""
    context_id: str = ""
    forwarded: bool = False
    target_id: str = ""
    """The earlier message that an edit, a revocation or a reaction is about."""

    @property
    def contact(self) -> str:
        """Return what names the conversation: the user id when there is one, else the number."""
        return self.user_id or self.wa_id

    @property
    def dedup_key(self) -> str:
        """Return what a second delivery of the same message has in common with the first."""
        if self.target_id == self.wamid:
            return f"{self.kind}:{self.wamid}:{int(self.occurred_at.timestamp())}"
        return self.wamid

    @property
    def is_free_text(self) -> bool:
        """Tell whether more fragments of the same thought may follow."""
        return isinstance(self.happening, TextReceived)


@dataclass(frozen=True, slots=True)
class Echo(Read):
    """Somebody of the shop wrote to this customer in the WhatsApp Business app."""

    wamid: str
    kind: str
    wa_id: str = ""
    user_id: str = ""
    text: str = ""
    happening: PersonWrote = field(default_factory=PersonWrote)

    @property
    def contact(self) -> str:
        """Return what names the customer's conversation."""
        return self.user_id or self.wa_id

    @property
    def dedup_key(self) -> str:
        """Return what a second delivery has in common with the first."""
        return f"echo:{self.wamid}"


@dataclass(frozen=True, slots=True)
class IdentityChange(Read):
    """A customer got another number or user id; empty fields are not known."""

    previous_wa_id: str = ""
    previous_user_id: str = ""
    wa_id: str = ""
    user_id: str = ""
    wamid: str = ""
    kind: str = "identity_change"

    @property
    def contact(self) -> str:
        """Return what named the conversation before the change."""
        return self.previous_user_id or self.previous_wa_id

    @property
    def dedup_key(self) -> str:
        """Return what a second delivery has in common with the first."""
        return self.wamid or f"identity:{self.source.digest}"


@dataclass(frozen=True, slots=True)
class StatusError:
    """Why a message failed."""

    code: int
    title: str = ""
    details: str = ""


@dataclass(frozen=True, slots=True)
class Pricing:
    """What Meta bills for a message; `billable` is None where Meta left it out."""

    category: str
    type: str = ""
    model: str = ""
    billable: bool | None = None


@dataclass(frozen=True, slots=True)
class StatusUpdate(Read):
    """What became of a message of ours; `status` is Meta's word, also one that is new to us."""

    wamid: str
    status: str
    wa_id: str = ""
    user_id: str = ""
    callback_data: str = ""
    errors: tuple[StatusError, ...] = ()
    pricing: Pricing | None = None
    kind: str = "status"

    @property
    def contact(self) -> str:
        """Return what names the recipient's conversation, empty when Meta names nobody."""
        return self.user_id or self.wa_id

    @property
    def dedup_key(self) -> str:
        """Return what a second delivery of the same status has in common with the first."""
        return f"status:{self.wamid}:{self.status}:{self.contact}"


@dataclass(frozen=True, slots=True)
class AccountNotice(Read):
    """News about an account, a number or a template, or a message that is no customer's order."""

    field: str
    event: str = ""
    kind: str = "notice"

    @property
    def value(self) -> Mapping[str, Any]:
        """Return what Meta told."""
        return mapping(self.source.raw)

    @property
    def dedup_key(self) -> str:
        """Return what a second delivery has in common with the first."""
        return f"notice:{self.field[:64]}:{self.waba_id}:{self.source.digest}"


@dataclass(frozen=True, slots=True)
class Malformed(Read):
    """A part that cannot be read; the rest of the batch is not concerned."""

    reason: str
    kind: str = "malformed"

    @property
    def dedup_key(self) -> str:
        """Return what a second delivery has in common with the first."""
        return f"malformed:{self.source.digest}"


Item = InboundMessage | Echo | IdentityChange | StatusUpdate | AccountNotice | Malformed
