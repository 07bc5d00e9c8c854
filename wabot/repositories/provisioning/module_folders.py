"""Modules as folders: module.toml (or the template's template.toml) and a branch of migrations."""

from collections.abc import Mapping

import orjson

from wabot.domain.module import Module
from wabot.domain.settings import StoredValue
from wabot.errors import UnknownChoice
from wabot.models.naming import TENANT_PREFIX_MARK, TENANT_SCHEMA_MARK
from wabot.repositories.provisioning.migration_line import VERSION_TABLE, MigrationLine
from wabot.repositories.provisioning.problems import Problems
from wabot.repositories.provisioning.settings_toml import SettingsReader
from wabot.repositories.provisioning.toml_file import TomlFile, read_toml

_KEYS = ("name", "description", "settings")
_OWN = f"{TENANT_SCHEMA_MARK}.{TENANT_PREFIX_MARK}"
_NEWER = f"UPDATE {_OWN}shop_state SET version = version + 1;\n"


class FolderModules:
    """The modules whose migrations a line knows."""

    def __init__(self, line: MigrationLine) -> None:
        self._line = line

    def names(self) -> tuple[str, ...]:
        """Return the known modules, sorted."""
        return self._line.modules()

    def load(self, name: str) -> Module:
        """Return a checked module; UnknownChoice lists the known ones."""
        versions = self._line.versions_of(name)
        if versions is None or name not in self.names():
            known = ", ".join(self.names()) or "none"
            raise UnknownChoice(f"unknown module {name!r}; known: {known}")
        home = versions.parent
        template = (home / "template.toml").is_file()
        problems = Problems()
        file = read_toml(home / ("template.toml" if template else "module.toml"), problems)
        if file is None:
            problems.raise_any(f"Module {name}")
            raise AssertionError("a module that could not be read left no problem")
        if not template:
            _check(file, problems)
        settings = SettingsReader(file, problems, name).read()
        problems.raise_any(f"Module {name}")
        return Module(
            name=name,
            title=str(file.values["name"]),
            description=str(file.values["description"]),
            head=self._line.branch(name)[-1].id,
            tables=self._line.tables(name),
            # A template sets common settings too: they are the shop's, not the module's.
            settings=tuple(spec for spec in settings if spec.key.startswith(f"{name}_")),
            template=template,
        )

    def adding_sql(self, module: Module) -> str:
        """Return what gives a tenant the module's tables and settings, marks in place."""
        steps = self._line.steps_sql(self._line.branch(module.name))
        return steps + _settings_sql({spec.key: spec.default for spec in module.settings}) + _NEWER

    def removing_sql(self, module: Module) -> str:
        """Return what takes them away again."""
        text = ""
        if module.tables:
            names = ", ".join(f"{_OWN}{table}" for table in reversed(module.tables))
            text = f"DROP TABLE {names};\n"
        text += f"DELETE FROM {VERSION_TABLE} WHERE version_num = '{module.head}';\n"
        if module.settings:
            keys = ", ".join(_literal(spec.key) for spec in module.settings)
            text += f"DELETE FROM {_OWN}settings WHERE key IN ({keys});\n"
        return text + _NEWER


def _check(file: TomlFile, problems: Problems) -> None:
    for key in file.values:
        if key not in _KEYS:
            problems.add(
                file.path, file.line(key), f"unknown key {key!r}; known: {', '.join(_KEYS)}"
            )
    for key in ("name", "description"):
        value = file.values.get(key)
        if not isinstance(value, str) or not 1 <= len(value.strip()) <= 500:
            problems.add(file.path, file.line(key), f"{key} must be a text of 1 to 500 characters")


def _settings_sql(settings: Mapping[str, StoredValue]) -> str:
    if not settings:
        return ""
    # What the shop set in an earlier life of the module stays.
    rows = ", ".join(
        f"({_literal(key)}, {_literal(orjson.dumps(value).decode())}::jsonb)"
        for key, value in settings.items()
    )
    return f"INSERT INTO {_OWN}settings (key, value) VALUES {rows} ON CONFLICT (key) DO NOTHING;\n"


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"E'{escaped}'"
