"""Sentences by key: read from TOML, checked, and changed by a shop's template."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from string import Formatter
from typing import Any

from wabot.errors import InvalidInput

USTED = "usted"


@dataclass(frozen=True, slots=True)
class Texts:
    """Sentences by key such as `menu.welcome`, with `{placeholders}`.

    `formal` are those that a shop says otherwise when it says «usted» to its customers.
    """

    sentences: Mapping[str, str]
    formal: Mapping[str, str] = field(default_factory=dict)

    def say(self, key: str, values: Mapping[str, str] | None = None) -> str:
        """Return the sentence with its values; one that is missing shows as nothing."""
        return self.sentences[key].format_map(_Filled(values or {}))

    def addressing(self, address: str) -> "Texts":
        """Return the texts of a shop that says «usted», or these for one that says «tú»."""
        return Texts({**self.sentences, **self.formal}) if address == USTED else self

    def placeholders(self, key: str) -> frozenset[str]:
        """Return the names of the values that the sentence needs."""
        return frozenset(_names(key, self.sentences[key]))

    def with_overrides(self, overrides: Mapping[str, Any]) -> "Texts":
        """Return the texts with a template's own sentences, given as nested tables or by key.

        Those under `usted` are for shops that say «usted»; without one, such a shop keeps the
        common sentence rather than a template's that says «tú». Raises InvalidInput naming the
        key when it is unknown, empty, no text, or uses a placeholder that the sentence lacks.
        """
        changed, formal = dict(self.sentences), dict(self.formal)
        for given, sentence in _flat(overrides):
            key = given.removeprefix(f"{USTED}.")
            if key not in self.sentences:
                raise InvalidInput(
                    f"unknown text key {given!r}", hint=_nearest(key, self.sentences)
                )
            unknown = set(_names(key, sentence)) - self.placeholders(key)
            if unknown:
                known = ", ".join(sorted(self.placeholders(key))) or "none"
                raise InvalidInput(
                    f"text {given!r} uses an unknown placeholder: {', '.join(sorted(unknown))}",
                    hint=f"placeholders of this sentence: {known}",
                )
            (changed if given == key else formal)[key] = sentence.strip()
        return Texts(changed, formal)


@lru_cache(maxsize=1)
def load_texts() -> Texts:
    """Read the sentences that ship with wabot."""
    sentences = _read("es.toml")
    for key, sentence in sentences.items():
        list(_names(key, sentence))
    texts = Texts({key: sentence.strip() for key, sentence in sentences.items()})
    return texts.with_overrides(
        {f"{USTED}.{key}": text for key, text in _read("usted.toml").items()}
    )


def _read(file: str) -> dict[str, str]:
    source = files("wabot.texts").joinpath(file).read_text(encoding="utf-8")
    return dict(_flat(tomllib.loads(source)))


class _Filled(dict[str, str]):
    """Values of a sentence; what is missing is left out rather than failing a reply."""

    def __missing__(self, name: str) -> str:
        return ""


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{key}.")
        elif isinstance(value, str) and value.strip():
            yield key, value
        else:
            raise InvalidInput(
                f"text {key!r} is no sentence", hint="write a non-empty text in quotes"
            )


def _names(key: str, sentence: str) -> Iterator[str]:
    """Return the placeholders; only plain names are allowed, no attributes or formats."""
    try:
        parts = list(Formatter().parse(sentence))
    except ValueError as error:
        raise InvalidInput(
            f"text {key!r} has an unbalanced brace", hint="write {{ and }} for braces"
        ) from error
    for _, name, spec, conversion in parts:
        if name is None:
            continue
        if not name.isidentifier() or spec or conversion:
            raise InvalidInput(
                f"text {key!r} has a placeholder that is no plain name: {name!r}",
                hint="write {name}, without anything else in the braces",
            )
        yield name


def _nearest(key: str, known: Mapping[str, str]) -> str:
    area = key.partition(".")[0]
    near = [name for name in known if name.startswith(f"{area}.")] or sorted(
        {name.partition(".")[0] for name in known}
    )
    return f"known keys: {', '.join(near)}"
