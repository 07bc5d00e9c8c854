"""The bot speaks the Spanish of every country, whatever its customers write."""

import re

import pytest

from wabot.config import bundled
from wabot.texts import load_texts

TEXTS = load_texts()
# What is said in one country only. «Va» is a verb too («cómo va»): only the interjection counts.
_LOCAL = re.compile(
    r"\bVa[,!.]|\b(?i:[oó]rale|[aá]ndale|sale|chec\w+|ahorita|plati[cq]\w+|chid\w|nom[aá]s|surt\w+"
    r"|h[ií]jole|mande|vale|vos|vosotros)\b"
)


def test_no_sentence_uses_a_word_of_one_country() -> None:
    said = {**TEXTS.sentences, **{f"usted.{key}": text for key, text in TEXTS.formal.items()}}
    assert {key: text for key, text in said.items() if _LOCAL.search(text)} == {}


@pytest.mark.parametrize("file", ["texts.toml", "template.toml"])
def test_no_template_uses_a_word_of_one_country(file: str) -> None:
    said = {
        f"{path.parent.name}:{number}": line
        for path in bundled("tenant_templates").glob(f"*/{file}")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    }
    assert said
    assert {place: line for place, line in said.items() if _LOCAL.search(line)} == {}


@pytest.mark.parametrize("text", ["¡Va! Dime qué te escojo.", "Va, empezamos.", "¡Órale!"])
def test_a_word_of_one_country_is_recognized(text: str) -> None:
    assert _LOCAL.search(text)


def test_the_verb_is_no_interjection() -> None:
    assert not _LOCAL.search("Escríbeme *estado* cuando quieras saber cómo va.")
