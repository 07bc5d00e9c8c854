"""Every Spanish sentence by key, and money, quantities and dates in words."""

from wabot.texts.format import Format
from wabot.texts.sentences import Texts, load_texts

__all__ = ["Format", "Texts", "load_texts"]
