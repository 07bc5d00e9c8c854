"""Photos, voice notes, stickers and everything else that is not text or a tap."""

from wabot.domain.conversation.effects import Step
from wabot.domain.conversation.events import LOST_FILE, MediaReceived, MediaRefused
from wabot.domain.conversation.flows import text
from wabot.domain.conversation.moves import ask_again, not_readable
from wabot.domain.conversation.replies import Phrase
from wabot.domain.conversation.states import AskingQuantity
from wabot.domain.conversation.turn import Turn
from wabot.domain.files import FileRefusal, MediaKind, refusal
from wabot.domain.language.words import one_line
from wabot.domain.order import Attachment

_MAX_ATTACHMENTS = 10
_MAX_CAPTION = 500


def received(turn: Turn, media: MediaReceived) -> Step:
    """Keep a file with the order in the making, or say kindly that it cannot be read."""
    if media.kind is MediaKind.STICKER:
        return not_readable(turn, Phrase("media.sticker"))
    if not ordering(turn) and media.caption.strip():
        return text.received(turn, media.caption)
    reason = refusal(media.kind, media.mime_type, media.size)
    if reason is not None:
        said = _refused(reason)
        return ask_again(turn, said) if ordering(turn) else not_readable(turn, said)
    if not ordering(turn):
        audio = media.kind is MediaKind.AUDIO
        return not_readable(turn, Phrase("media.audio" if audio else "media.file"))
    kept = turn.memory.attachments
    if len(kept) >= _MAX_ATTACHMENTS:
        return ask_again(turn, Phrase("media.too_many"))
    if all(attachment.media_id != media.media_id for attachment in kept):
        caption = one_line(media.caption)[:_MAX_CAPTION]
        kept = (*kept, Attachment(media.media_id, media.kind.value, caption))
    audio = media.kind is MediaKind.AUDIO
    said = Phrase("media.audio_kept" if audio else "media.file_kept", {"count": len(kept)})
    return ask_again(turn.having(attachments=kept), said)


def refused(turn: Turn, media: MediaRefused) -> Step:
    """Take back that a file was kept: it turned out too large, of a wrong type, or not to be had.

    Silent about a file that no order hangs on: it was answered when it came.
    """
    kept = tuple(a for a in turn.memory.attachments if a.media_id != media.media_id)
    of_draft = len(kept) < len(turn.memory.attachments)
    of_order = any(order.created_at >= media.sent_at for order in turn.customer.orders)
    if not of_draft and not of_order:
        return Step(turn.memory)
    return ask_again(turn.having(attachments=kept), _refused(media.reason))


def unreadable(turn: Turn, kind: str) -> Step:
    """Ask for what WhatsApp did not deliver."""
    if kind == LOST_FILE:
        return ask_again(turn, Phrase("media.unavailable"))
    return not_readable(turn, Phrase("media.unreadable"))


def _refused(reason: FileRefusal) -> Phrase:
    match reason:
        case FileRefusal.WRONG_TYPE:
            return Phrase("media.wrong_type")
        case FileRefusal.TOO_LARGE:
            return Phrase("media.too_large")
        case FileRefusal.UNAVAILABLE:
            return Phrase("media.unavailable")


def ordering(turn: Turn) -> bool:
    """Tell whether an order is in the making: something is in the cart, or about to be."""
    return bool(turn.lines) or isinstance(turn.state, AskingQuantity)
