"""`texts.toml`: the sentences that a kind of shop says differently, each one checked."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wabot.errors import InvalidInput
from wabot.repositories.provisioning.problems import Problems
from wabot.repositories.provisioning.toml_file import TomlFile, read_toml
from wabot.texts import load_texts

# WhatsApp cuts nothing, it refuses: a button holds 20 characters, a message with options 1024.
# Lines, prices and names of an order come into a sentence, so that half is left to them.
_BUTTON = 20
_SENTENCE = 512
_NO_BUTTONS = ("option.stale",)


def read_texts(path: Path, problems: Problems) -> dict[str, str]:
    """Return the good sentences by key; what is wrong with the others is noted."""
    if not path.is_file():
        return {}
    file = read_toml(path, problems)
    return _read(file, file.values, (), problems) if file is not None else {}


def _read(
    file: TomlFile, values: Mapping[str, Any], above: tuple[str, ...], problems: Problems
) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in values.items():
        place = (*above, key)
        if isinstance(value, dict):
            found |= _read(file, value, place, problems)
            continue
        name = ".".join(place)
        try:
            load_texts().with_overrides({name: value})
            _check_length(name, value.strip())
        except InvalidInput as error:
            hint = f" ({error.hint})" if error.hint else ""
            problems.add(file.path, file.line(*place), error.message + hint)
        else:
            found[name] = value
    return found


def _check_length(name: str, sentence: str) -> None:
    key = name.removeprefix("usted.")
    on_button = key.startswith("option.") and key not in _NO_BUTTONS and "{" not in sentence
    limit = _BUTTON if on_button else _SENTENCE
    if len(sentence) > limit:
        raise InvalidInput(f"text {name!r} has {len(sentence)} characters, the limit is {limit}")
