"""Photos, voice notes, stickers and everything else that is not text or a tap."""

from wabot.domain.conversation.effects import Step
from wabot.domain.conversation.events import MediaKind, MediaReceived
from wabot.domain.conversation.flows import text
from wabot.domain.conversation.moves import ask_again, not_understood
from wabot.domain.conversation.replies import Phrase
from wabot.domain.conversation.states import AskingQuantity
from wabot.domain.conversation.turn import Turn
from wabot.domain.language.words import one_line
from wabot.domain.order import Attachment

_MAX_ATTACHMENTS = 10
_MAX_CAPTION = 500


def received(turn: Turn, media: MediaReceived) -> Step:
    """Keep a file with the order in the making, or say kindly that it cannot be read."""
    if media.kind is MediaKind.STICKER:
        return not_understood(turn, Phrase("media.sticker"))
    if not ordering(turn) and media.caption.strip():
        return text.received(turn, media.caption)
    if not ordering(turn):
        audio = media.kind is MediaKind.AUDIO
        return not_understood(turn, Phrase("media.audio" if audio else "media.file"))
    kept = turn.memory.attachments
    if len(kept) >= _MAX_ATTACHMENTS:
        return ask_again(turn, Phrase("media.too_many"))
    if all(attachment.media_id != media.media_id for attachment in kept):
        caption = one_line(media.caption)[:_MAX_CAPTION]
        kept = (*kept, Attachment(media.media_id, media.kind.value, caption))
    audio = media.kind is MediaKind.AUDIO
    said = Phrase("media.audio_kept" if audio else "media.file_kept", {"count": len(kept)})
    return ask_again(turn.having(attachments=kept), said)


def ordering(turn: Turn) -> bool:
    """Tell whether an order is in the making: something is in the cart, or about to be."""
    return bool(turn.lines) or isinstance(turn.state, AskingQuantity)
