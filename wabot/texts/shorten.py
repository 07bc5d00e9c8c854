"""Cutting text to a limit without breaking a word or an emoji."""

import unicodedata

ELLIPSIS = "…"
_JOINER = "\u200d"


def shorten(text: str, limit: int) -> str:
    """Return the text within the limit, cut after a word and marked with «…»."""
    if len(text) <= limit:
        return text
    if limit < 1:
        return ""
    room = limit - len(ELLIPSIS)
    kept = cut(text, room)
    # Cut at a word unless that would throw away most of what fits.
    if len(kept) < len(text) and not text[len(kept)].isspace():
        spaced = max(kept.rfind(" "), kept.rfind("\n"))
        if spaced >= room // 2:
            kept = kept[:spaced]
    return kept.rstrip(" \n,.;:·-(") + ELLIPSIS


def cut(text: str, limit: int) -> str:
    """Return as many whole visible characters as fit; a combined emoji counts as one."""
    kept = 0
    for cluster in clusters(text[: limit + 64]):
        if kept + len(cluster) > limit:
            break
        kept += len(cluster)
    return text[:kept]


def clusters(text: str) -> list[str]:
    """Split into what a person sees as one character, near enough for emoji and accents."""
    found: list[str] = []
    for character in text:
        if found and _belongs_to(found[-1], character):
            found[-1] += character
        else:
            found.append(character)
    return found


def _belongs_to(cluster: str, character: str) -> bool:
    if cluster.endswith(_JOINER) or character == _JOINER:
        return True
    if unicodedata.category(character) in {"Mn", "Me", "Mc"}:
        return True
    code = ord(character)
    if 0x1F3FB <= code <= 0x1F3FF or 0xE0020 <= code <= 0xE007F:
        return True
    # Two regional letters make one flag.
    return _is_regional(code) and len(cluster) == 1 and _is_regional(ord(cluster))


def _is_regional(code: int) -> bool:
    return 0x1F1E6 <= code <= 0x1F1FF
