"""Which files of customers are taken, and what they are called where they are kept."""

from dataclasses import dataclass
from enum import StrEnum

MEGABYTE = 1024 * 1024


class MediaKind(StrEnum):
    """Kinds of file that WhatsApp delivers."""

    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"
    STICKER = "sticker"


class FileRefusal(StrEnum):
    """Why a file is not kept."""

    WRONG_TYPE = "wrong_type"
    TOO_LARGE = "too_large"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class _Rule:
    """Meta's own limit for the kind, and the types that are kept with their file suffix."""

    most: int
    types: dict[str, str]


_IMAGES = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/heic": "heic",
    "image/heif": "heif",
}
_RULES = {
    MediaKind.IMAGE: _Rule(5 * MEGABYTE, _IMAGES),
    MediaKind.AUDIO: _Rule(
        16 * MEGABYTE,
        {
            "audio/ogg": "ogg",
            "audio/opus": "opus",
            "audio/aac": "aac",
            "audio/amr": "amr",
            "audio/mpeg": "mp3",
            "audio/mp4": "m4a",
            "audio/x-m4a": "m4a",
            "audio/3gpp": "3gp",
            "audio/wav": "wav",
        },
    ),
    MediaKind.VIDEO: _Rule(
        16 * MEGABYTE,
        {"video/mp4": "mp4", "video/3gpp": "3gp", "video/quicktime": "mov"},
    ),
    # A receipt often comes as a file: photos sent that way keep their sharpness.
    MediaKind.DOCUMENT: _Rule(
        100 * MEGABYTE,
        {
            **_IMAGES,
            "application/pdf": "pdf",
            "text/plain": "txt",
            "text/csv": "csv",
            "application/msword": "doc",
            "application/vnd.ms-excel": "xls",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
        },
    ),
    # Answered kindly and never fetched.
    MediaKind.STICKER: _Rule(MEGABYTE // 2, {"image/webp": "webp"}),
}


def plain_type(mime_type: str) -> str:
    """Return a MIME type without its parameters."""
    return mime_type.partition(";")[0].strip().lower()


def refusal(
    kind: MediaKind, mime_type: str, size: int, *, most: int | None = None
) -> FileRefusal | None:
    """Tell why a file is not taken, as far as is known: an empty type or size 0 is unknown.

    `most` is a limit of our own in bytes, where it is below Meta's.
    """
    rule = _RULES[kind]
    written = plain_type(mime_type)
    if written and written not in rule.types:
        return FileRefusal.WRONG_TYPE
    limit = rule.most if most is None else min(most, rule.most)
    return FileRefusal.TOO_LARGE if size > limit else None


def limit_of(kind: MediaKind, most: int) -> int:
    """Return how many bytes of a file of that kind are read at most."""
    return min(most, _RULES[kind].most)


def suffix_of(kind: MediaKind, mime_type: str) -> str:
    """Return the suffix of a file's name, which never is the sender's."""
    return _RULES[kind].types.get(plain_type(mime_type), "bin")
