"""Templates as folders: template.toml, texts.toml, catalog.csv."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from wabot.config import bundled, template_folders
from wabot.domain.migration import BASE
from wabot.domain.template import Template
from wabot.errors import InvalidInput, UnknownChoice
from wabot.repositories.provisioning.catalog_csv import read_catalog
from wabot.repositories.provisioning.migration_line import MODULES, MigrationLine
from wabot.repositories.provisioning.problems import Problems
from wabot.repositories.provisioning.seed_rows import read_seed_rows
from wabot.repositories.provisioning.template_texts import read_texts
from wabot.repositories.provisioning.template_toml import TemplateReader
from wabot.repositories.provisioning.toml_file import read_toml

TEMPLATE_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_MODULE_FILES = f"{MODULES}/*/module.toml"


class FolderTemplates:
    """The templates of some folders; `base`, which has no template.toml, is none of them.

    Without folders: those that wabot brings and the operator's own.
    """

    def __init__(self, *folders: Path) -> None:
        self._folders = folders or template_folders()
        refuse_shadows(self._folders)

    def names(self) -> tuple[str, ...]:
        """Return the known templates, sorted."""
        found = {
            path.name
            for folder in self._folders
            if folder.is_dir()
            for path in folder.iterdir()
            if TEMPLATE_NAME.fullmatch(path.name) and (path / "template.toml").is_file()
        }
        return tuple(sorted(found))

    def folder_of(self, name: str) -> Path:
        """Return a template's folder; UnknownChoice lists the known ones."""
        known = self.names()
        if name not in known:
            raise UnknownChoice(
                f"unknown template {name!r}; known: {', '.join(known) or 'none'}",
                hint=f"Templates are looked for in {', '.join(map(str, self._folders))}",
            )
        homes = (folder / name for folder in self._folders)
        return next(home for home in homes if (home / "template.toml").is_file())

    def load(self, name: str) -> Template:
        """Return a checked template; UnknownChoice lists the known ones."""
        return _load(self.folder_of(name))


def refuse_shadows(folders: Sequence[Path]) -> None:
    """Raise InvalidInput when a later folder holds something by a name of an earlier one."""
    taken: dict[str, Path] = {BASE: folders[0] / BASE, MODULES: folders[0] / MODULES}
    problems = Problems()
    for folder in folders:
        found = {path.parent.name: path.parent for path in folder.glob("*/template.toml")}
        for home in (*found.values(), *(path.parent for path in folder.glob(_MODULE_FILES))):
            if taken.setdefault(home.name, home) != home:
                there = taken[home.name]
                problems.add(home, 1, f"the name {home.name} is taken by {there}: give it another")
    problems.raise_any("The templates")


@cache
def _load(folder: Path) -> Template:
    problems = Problems()
    template = read_template(folder, problems)
    problems.raise_any(f"Template {folder.name}")
    if template is None:
        raise AssertionError("a template that could not be read left no problem")
    return template


def read_template(folder: Path, problems: Problems) -> Template | None:
    """Read a template, good or not; every fault is noted."""
    file = read_toml(folder / "template.toml", problems)
    texts = read_texts(folder / "texts.toml", problems)
    if file is None:
        return None
    reader = TemplateReader(file, problems)
    reader.check_keys()
    country = reader.country()
    currency = reader.currency(country)
    units = reader.names("units", 20)
    # A category is a row of a list: WhatsApp shows 24 characters.
    categories = reader.names("categories", 24)
    line = MigrationLine(bundled("tenant_templates"), folder.parent)
    modules = reader.modules(line, folder)
    products = read_catalog(
        folder / "catalog.csv",
        units=units,
        categories=categories,
        currency=currency,
        problems=problems,
    )
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
        settings=reader.settings(line, modules),
        products=products,
        texts=texts,
        modules=modules,
        rows=read_seed_rows(
            folder / "rows",
            tables=_tables(line, modules),
            skus={product.sku for product in products},
            problems=problems,
        ),
    )


def _tables(line: MigrationLine, modules: Sequence[str]) -> tuple[str, ...]:
    try:
        return tuple(table for module in modules for table in line.tables(module))
    except InvalidInput:
        # A branch that cannot be read or written has been told, or is told when it is checked.
        return ()
