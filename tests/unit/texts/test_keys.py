"""The texts and the code that uses them agree."""

import ast
from functools import cache
from pathlib import Path

import wabot
from wabot.texts import load_texts

PACKAGE = Path(wabot.__file__).parent
TEXTS = load_texts()


_SOURCES = {path: path.read_text() for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def _nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(_SOURCES[path])))


def _phrases() -> list[tuple[str, ast.Call]]:
    return [
        (f"{path.name}:{node.lineno}", node)
        for path, source in _SOURCES.items()
        if "Phrase(" in source
        for node in _nodes(path)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Phrase"
    ]


def _keys(node: ast.expr) -> list[str] | None:
    """Return the keys that an argument can be, None when it is not written out."""
    match node:
        case ast.Constant(value=str() as key):
            return [key]
        case ast.IfExp(body=body, orelse=orelse):
            first, second = _keys(body), _keys(orelse)
            return None if first is None or second is None else first + second
        case _:
            return None


def _literals() -> set[str]:
    prefixes = {f'"{key.partition(".")[0]}.' for key in TEXTS.sentences}
    return {
        node.value
        for path, source in _SOURCES.items()
        if any(prefix in source for prefix in prefixes)
        for node in _nodes(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_key_that_is_used_exists() -> None:
    used = {(place, key) for place, call in _phrases() for key in _keys(call.args[0]) or ()}
    assert len(used) > 100
    assert {(place, key) for place, key in used if key not in TEXTS.sentences} == set()


def test_every_key_that_exists_is_used() -> None:
    assert set(TEXTS.sentences) - _literals() == set()


def test_every_phrase_gives_what_its_sentence_needs_and_nothing_else() -> None:
    used = [
        (place, key, _names(call.args[1] if len(call.args) > 1 else None))
        for place, call in _phrases()
        for key in _keys(call.args[0]) or ()
    ]
    wrong = [use for use in used if use[2] is not None and use[2] != TEXTS.placeholders(use[1])]
    assert wrong == []


def _names(values: ast.expr | None) -> frozenset[str] | None:
    if values is None:
        return frozenset()
    if not isinstance(values, ast.Dict):
        return None
    names = [key.value for key in values.keys if isinstance(key, ast.Constant)]
    return frozenset(str(name) for name in names)


def test_option_titles_fit_without_being_cut() -> None:
    variable = {"option.quantity", "option.order_code"}
    titles = {
        key: text
        for key, text in TEXTS.sentences.items()
        if key.startswith("option.") and key not in {*variable, "option.stale"}
    }
    assert {key: text for key, text in titles.items() if len(text) > 20} == {}
    assert all("{" not in text for text in titles.values())
