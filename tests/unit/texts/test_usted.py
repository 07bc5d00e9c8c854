"""A shop that says «usted» never says «tú» to its customers."""

import re

import pytest

from wabot.errors import InvalidInput
from wabot.texts import load_texts

TEXTS = load_texts()
# What the customer would say, or what the owner and the adviser read.
NOT_ADDRESSED = ("option.", "owner.", "adviser.")
_FAMILIAR = re.compile(
    r"\b(te|tu|tus|ti|tuyo|tuya|contigo|tú|tienes|quieres|puedes|prefieres|necesites|llevas|pagas"
    r"|recoges|buscas|buscabas|tenías|has|dime|elige|elígelo|mira|revisa|revísalo|escribes"
    r"|escríbeme|escríbelo|escríbemelo|compártelo|mándame|disculpa|entenderte|saludarte|mostrarte"
    r"|atenderte|confirmas|pediste|viste|cambiaste|armes|\w+[áéí]\w*(me|te|lo)te)\b",
    re.IGNORECASE,
)


def test_no_sentence_to_the_customer_says_tu_when_the_shop_says_usted() -> None:
    formal = TEXTS.addressing("usted")
    familiar = {
        key: found
        for key, text in formal.sentences.items()
        if not key.startswith(NOT_ADDRESSED) and (found := _FAMILIAR.search(text))
    }
    assert familiar == {}


def test_the_words_that_tell_tu_are_found_in_the_common_sentences() -> None:
    said = [text for key, text in TEXTS.sentences.items() if key in TEXTS.formal]
    missed = [text for text in said if not _FAMILIAR.search(text)]
    # What differs in verbs that both persons share, or in an object left out.
    assert len(missed) <= len(said) // 4, missed


def test_every_variant_differs_and_gives_the_same_values() -> None:
    assert [k for k, text in TEXTS.formal.items() if text == TEXTS.sentences[k]] == []
    formal = TEXTS.addressing("usted")
    assert {k for k in TEXTS.formal if formal.placeholders(k) != TEXTS.placeholders(k)} == set()
    assert formal.sentences.keys() == TEXTS.sentences.keys()
    assert TEXTS.addressing("tu") == TEXTS


def test_a_template_says_its_own_words_either_way() -> None:
    texts = TEXTS.with_overrides(
        {"menu": {"main": "¿Qué te doy?"}, "usted": {"menu": {"main": "¿Qué le doy?"}}}
    )
    assert texts.say("menu.main") == "¿Qué te doy?"
    assert texts.addressing("usted").say("menu.main") == "¿Qué le doy?"


def test_a_template_that_only_says_tu_does_not_make_a_formal_shop_familiar() -> None:
    texts = TEXTS.with_overrides({"menu.main": "¿Qué te doy?"})
    assert texts.addressing("usted").say("menu.main") == "¿En qué le ayudo?"


@pytest.mark.parametrize("key", ["usted.menu.nothing", "usted.usted.menu.main"])
def test_a_variant_of_nothing_is_refused(key: str) -> None:
    with pytest.raises(InvalidInput, match=key):
        TEXTS.with_overrides({key: "Buenas"})
