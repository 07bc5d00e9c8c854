"""Telling an address from something else that was typed."""

from wabot.domain.language.words import normalize, one_line

_MIN_LETTERS = 8
_MIN_WITH_NUMBER = 5
_MAX = 500


def looks_like_address(text: str) -> bool:
    """Tell whether a text may be an address: several words, long enough, and no question."""
    said = normalize(text)
    if "?" in text or "¿" in text or len(said.split()) < 2:
        return False
    return len(said) >= (_MIN_WITH_NUMBER if has_number(said) else _MIN_LETTERS)


def has_number(text: str) -> bool:
    """Tell whether a text bears a number, as most addresses do."""
    return any(character.isdigit() for character in text)


def on_one_line(text: str) -> str:
    """Join an address typed on several lines."""
    lines = [one_line(line) for line in text.splitlines()]
    return ", ".join(line for line in lines if line)[:_MAX].strip()
