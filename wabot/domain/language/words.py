"""Words as they are compared: without accents, capitals, plural or common misspellings."""

import re
import unicodedata
from functools import lru_cache

_LONG_RUN = re.compile(r"([a-z])\1{2,}")
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_FILLERS = re.compile(
    r"^((no mejor|y|oiga|oigan|oye|pero|entonces|pues|como|una pregunta|bueno|si|ok|a ver|mejor) )+"
)
_SPACES = re.compile(r"\s+")


def word_set(text: str) -> frozenset[str]:
    """Return the words of a table written as plain text."""
    return frozenset(text.split())


def phrase_set(text: str) -> frozenset[str]:
    """Return the phrases of a table written as plain text, set apart by slashes or lines."""
    parts = (part.strip() for line in text.splitlines() for part in line.split("/"))
    return frozenset(part for part in parts if part)


# How a telephone's keyboard spells what is said most.
_WRITTEN_OUT = {
    "q": "que",
    "x": "por",
    "xq": "porque",
    "pq": "porque",
    "xfa": "porfa",
    "xfas": "porfa",
    "xfis": "porfis",
    "xfavor": "porfavor",
    "tmb": "tambien",
    "kiero": "quiero",
    "quero": "quiero",
    "kisiera": "quisiera",
    "ola": "hola",
    "holaa": "hola",
    "nadamas": "nada mas",
}

# Courtesy that may stand around what is meant.
_BEFORE = phrase_set(
    """
    hola / holi / hey / oye / oiga / disculpa / disculpe / perdon / buenas / buenos dias
    buen dia / buenas tardes / buenas noches / que tal / por favor / porfa / favor de
    me gustaria / quisiera / quiero / deseo / necesito / puedo / puedes / me puedes / me podrias
    podrias / ayudame a
    """
)
_AFTER = phrase_set(
    """
    por favor / porfavor / porfa / porfis / plis / please / gracias / muchas gracias
    mil gracias / amigo / amiga / joven
    """
)


def clean(text: str) -> str:
    """Drop what no database or screen wants (control characters, lone surrogates); trim."""
    kept = (c for c in text if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"})
    return "".join(kept).strip()


def one_line(text: str) -> str:
    """Return the cleaned text on one line."""
    return _SPACES.sub(" ", clean(text)).strip()


def signs_of(text: str) -> frozenset[str]:
    """Return the signs of a text without words: «👍🏽» gives «👍»."""
    # Skin tones, and what chooses or joins signs.
    modifiers = {"Sk", "Mn", "Cf"}
    return frozenset(
        c for c in text if not c.isspace() and unicodedata.category(c) not in modifiers
    )


def unaccented(text: str) -> str:
    """Return the text in small letters without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


@lru_cache(maxsize=65_536)
def normalize(text: str) -> str:
    """Return the words only, comparable: «¡Síii, xfa!» becomes «si porfa»."""
    plain = _NOT_WORD.sub(" ", unaccented(text)).strip()
    words = _LONG_RUN.sub(r"\1", plain).split()
    return " ".join(_WRITTEN_OUT.get(word, word) for word in words)


def without_courtesy(normal: str) -> str:
    """Take greetings and politeness off both ends of a normalised text."""
    changed = True
    while changed:
        changed = False
        for phrase in _BEFORE:
            if normal.startswith(phrase + " "):
                normal, changed = normal[len(phrase) + 1 :], True
        for phrase in _AFTER:
            if normal.endswith(" " + phrase):
                normal, changed = normal[: -len(phrase) - 1], True
    return normal


def without_fillers(normal: str) -> str:
    """Take off what people begin a sentence with: «y entonces qué tienen»."""
    return _FILLERS.sub("", normal)


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Return a normalised word's singular, near enough to compare: limones, limón; nueces, nuez."""
    if len(word) > 4 and word.endswith("ces"):
        return word[:-3] + "z"
    if len(word) > 4 and word.endswith("es") and word[-3] not in "aeiou":
        # «leches» and «tomates» lose the s only; both sides are stemmed alike, so e goes too.
        return word[:-2]
    if len(word) > 3 and word.endswith("s"):
        word = word[:-1]
    if len(word) > 4 and word.endswith("e"):
        return word[:-1]
    return word


@lru_cache(maxsize=65_536)
def sound(word: str) -> str:
    """Return how a normalised word sounds, so that «sevoya» meets «cebolla»."""
    word = word.replace("qu", "k").replace("ll", "y").replace("ch", "#")
    word = re.sub(r"c(?=[ei])", "s", word)
    word = word.replace("c", "k").replace("z", "s").replace("v", "b").replace("x", "s")
    return re.sub(r"(.)\1+", r"\1", word.replace("h", ""))
