"""Spanish is for the people of the shop, English for everybody else."""

import re

from tests.architecture.source import PACKAGE, literals, modules, name, parse

# Where Spanish is the matter itself: the words that the parser knows.
_SPANISH_BY_NATURE = ("wabot/texts/", "wabot/domain/language/")
# Proper names: what a plan is called.
_NAMES = {"Básico"}
_LETTERS = re.compile(r"[ñáéíóúü¿¡]", re.IGNORECASE)
_WORDS = re.compile(
    r"\b(?:el|la|los|las|una|unos|para|por|con|tu|su|gracias|hola|pedido|favor|quieres|escribe)\b",
    re.IGNORECASE,
)


def is_spanish(text: str) -> bool:
    """Tell whether a string reads like Spanish prose."""
    return bool(_LETTERS.search(text)) or len(_WORDS.findall(text)) >= 2


def test_the_heuristic_knows_spanish_from_english() -> None:
    assert is_spanish("¿Algo más?")
    assert is_spanish("Escribe el nombre para seguir")
    assert not is_spanish("The order was placed; see `wabot order show`.")


def test_spanish_text_stands_in_texts_and_templates_only() -> None:
    found = [
        f"{name(path)}:{literal.lineno}: {literal.value!r}"
        for path in modules()
        if not name(path).startswith(_SPANISH_BY_NATURE)
        for literal in literals(parse(path))
        if is_spanish(str(literal.value)) and literal.value not in _NAMES
    ]
    assert found == []


def test_the_exceptions_still_exist() -> None:
    assert all((PACKAGE.parent / folder).is_dir() for folder in _SPANISH_BY_NATURE)
