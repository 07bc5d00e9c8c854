"""Templates as folders: template.toml, texts.toml, catalog.csv."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from wabot.config import bundled
from wabot.domain.template import Template
from wabot.errors import InvalidInput, UnknownChoice
from wabot.repositories.provisioning.catalog_csv import read_catalog
from wabot.repositories.provisioning.migration_line import MigrationLine
from wabot.repositories.provisioning.problems import Problems
from wabot.repositories.provisioning.template_toml import TemplateReader
from wabot.repositories.provisioning.toml_file import TomlFile, read_toml
from wabot.texts import load_texts

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


class FolderTemplates:
    """The templates of one folder; `base`, which has no template.toml, is none of them."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder if folder is not None else bundled("tenant_templates")

    def names(self) -> tuple[str, ...]:
        """Return the known templates, sorted."""
        if not self._folder.is_dir():
            return ()
        return tuple(
            sorted(
                path.name
                for path in self._folder.iterdir()
                if _NAME.fullmatch(path.name) and (path / "template.toml").is_file()
            )
        )

    def load(self, name: str) -> Template:
        """Return a checked template; UnknownChoice lists the known ones."""
        known = self.names()
        if name not in known:
            raise UnknownChoice(
                f"unknown template {name!r}; known: {', '.join(known) or 'none'}",
                hint=f"Templates are looked for in {self._folder}",
            )
        return _load(self._folder / name)


@cache
def _load(folder: Path) -> Template:
    problems = Problems()
    template = _read(folder, problems)
    problems.raise_any(f"Template {folder.name}")
    if template is None:
        raise AssertionError("a template that could not be read left no problem")
    return template


def _read(folder: Path, problems: Problems) -> Template | None:
    file = read_toml(folder / "template.toml", problems)
    texts = _texts(folder / "texts.toml", problems)
    if file is None:
        return None
    reader = TemplateReader(file, problems)
    reader.check_keys()
    country = reader.country()
    currency = reader.currency(country)
    units = reader.names("units", 20)
    # A category is a row of a list: WhatsApp shows 24 characters.
    categories = reader.names("categories", 24)
    return Template(
        name=folder.name,
        title=reader.text("name", 60),
        description=reader.text("description"),
        country=country,
        currency=currency,
        time_zone=reader.time_zone(country),
        units=units,
        categories=categories,
        statuses=reader.statuses(),
        settings=reader.settings(),
        products=read_catalog(
            folder / "catalog.csv",
            units=units,
            categories=categories,
            currency=currency,
            problems=problems,
        ),
        texts=texts,
        modules=reader.modules(MigrationLine(bundled("tenant_templates"), folder.parent), folder),
    )


def _texts(path: Path, problems: Problems) -> dict[str, str]:
    if not path.is_file():
        return {}
    file = read_toml(path, problems)
    return _flat(file, file.values, (), problems) if file is not None else {}


def _flat(
    file: TomlFile, values: Mapping[str, Any], above: tuple[str, ...], problems: Problems
) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in values.items():
        place = (*above, key)
        if isinstance(value, dict):
            found |= _flat(file, value, place, problems)
            continue
        name = ".".join(place)
        try:
            load_texts().with_overrides({name: value})
        except InvalidInput as error:
            hint = f" ({error.hint})" if error.hint else ""
            problems.add(file.path, file.line(*place), error.message + hint)
        else:
            found[name] = value
    return found
