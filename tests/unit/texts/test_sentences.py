"""Sentences by key, and a template's own."""

import pytest

from wabot.errors import InvalidInput
from wabot.texts import Texts, load_texts

TEXTS = load_texts()


def test_a_sentence_is_said_with_its_values() -> None:
    said = TEXTS.say("menu.welcome", {"name": "Ana", "shop": "Lupita"})
    assert "Ana" in said
    assert "Lupita" in said


def test_braces_in_a_value_are_only_text() -> None:
    assert "{shop}" in TEXTS.say("menu.welcome", {"name": "{shop}", "shop": "Lupita"})


def test_a_missing_value_shows_as_nothing() -> None:
    assert "{" not in TEXTS.say("menu.welcome")


def test_a_template_changes_a_sentence_and_nothing_else() -> None:
    changed = TEXTS.with_overrides({"menu": {"hello": "¡Qué onda, {name}!"}})
    assert changed.say("menu.hello", {"name": "Ana"}) == "¡Qué onda, Ana!"
    assert changed.sentences.keys() == TEXTS.sentences.keys()
    assert TEXTS.say("menu.hello", {"name": "Ana"}) != "¡Qué onda, Ana!"
    assert changed.say("menu.main") == TEXTS.say("menu.main")


def test_a_key_may_be_given_with_its_dots() -> None:
    assert (
        TEXTS.with_overrides({"menu.main": "¿Qué va a ser?"}).say("menu.main") == "¿Qué va a ser?"
    )


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        ({"menu": {"nothing": "x"}}, "menu.nothing"),
        ({"nowhere": {"at_all": "x"}}, "nowhere.at_all"),
        ({"menu": {"main": ""}}, "menu.main"),
        ({"menu": {"main": "   "}}, "menu.main"),
        ({"menu": {"main": 5}}, "menu.main"),
        ({"menu": {"main": ["a"]}}, "menu.main"),
        ({"menu": {"main": "{name}"}}, "name"),
        ({"menu": {"hello": "{name.__class__}"}}, "menu.hello"),
        ({"menu": {"hello": "{name!r}"}}, "menu.hello"),
        ({"menu": {"hello": "{name:>10}"}}, "menu.hello"),
        ({"menu": {"hello": "{}"}}, "menu.hello"),
        ({"menu": {"hello": "{name"}}, "menu.hello"),
        ({"menu": {"hello": "name}"}}, "menu.hello"),
    ],
)
def test_a_wrong_override_is_refused_by_name(overrides: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidInput, match=named) as refused:
        TEXTS.with_overrides(overrides)
    assert refused.value.hint


def test_a_sentence_may_leave_a_value_out_and_hold_braces() -> None:
    changed = TEXTS.with_overrides({"menu": {"hello": "¡Hola! {{:)}}"}})
    assert changed.say("menu.hello", {"name": "Ana"}) == "¡Hola! {:)}"


def test_the_placeholders_of_a_sentence_are_known() -> None:
    assert TEXTS.placeholders("menu.welcome") == {"name", "shop"}
    assert Texts({"a": "b"}).placeholders("a") == frozenset()
