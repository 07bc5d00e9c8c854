"""`[settings.KEY]` tables of a template or module: type, default, help and bounds."""

import re
from dataclasses import dataclass
from typing import Any

from wabot.domain.settings import SHOP_SETTINGS, SettingKind, SettingSpec, common_setting
from wabot.repositories.provisioning.problems import Problems
from wabot.repositories.provisioning.toml_file import TomlFile

_KEY = re.compile(r"[a-z][a-z0-9_]{0,59}")
_COMMON = ("type", "default", "help")
_FURTHER = {SettingKind.CHOICE: ("choices",), SettingKind.WHOLE: ("minimum", "maximum")}


@dataclass(frozen=True, slots=True)
class SettingsReader:
    """Reads the settings of one file.

    Its own ones begin with `owner` and an underscore, as do those of the `modules` it brings.
    """

    file: TomlFile
    problems: Problems
    owner: str
    modules: tuple[str, ...] = ()

    def read(self) -> tuple[SettingSpec, ...]:
        """Return the good ones; what is wrong with the others is noted."""
        tables = self.file.values.get("settings", {})
        if not isinstance(tables, dict):
            self._fault("settings must be tables like [settings.pickup]")
            return ()
        found = (self._setting(key, table) for key, table in tables.items())
        return tuple(setting for setting in found if setting is not None)

    @property
    def _prefixes(self) -> tuple[str, ...]:
        return tuple(f"{name}_" for name in (self.owner, *self.modules))

    def _fault(self, reason: str, *keys: str) -> None:
        self.problems.add(self.file.path, self.file.line("settings", *keys), reason)

    def _setting(self, key: str, table: object) -> SettingSpec | None:
        if not isinstance(table, dict):
            self._fault("a setting is a table with type, default and help", key)
            return None
        kind = self._kind(key, table)
        if kind is None:
            return None
        allowed = (*_COMMON, *_FURTHER.get(kind, ()))
        for unknown in table.keys() - set(allowed):
            self._fault(f"unknown key {unknown!r}; known: {', '.join(allowed)}", key, unknown)
        help_ = table.get("help", "")
        if not isinstance(help_, str) or (key not in SHOP_SETTINGS and not help_.strip()):
            self._fault("help must be a text that says what the setting does", key, "help")
        return self._spec(key, kind, table)

    def _kind(self, key: str, table: dict[str, Any]) -> SettingKind | None:
        known = SHOP_SETTINGS.get(key)
        if known is None and not (key.startswith(self._prefixes) and _KEY.fullmatch(key)):
            common = ", ".join(SHOP_SETTINGS)
            self._fault(
                f"unknown setting {key!r}; known: {common}, and own ones like {self.owner}_limit",
                key,
            )
            return None
        kinds = [kind.value for kind in SettingKind] if known is None else [known.value]
        if table.get("type") not in kinds:
            named = " or ".join(map(repr, kinds))
            self._fault(f"type of {key} must be {named}", key, "type")
            return None
        return SettingKind(table["type"])

    def _spec(self, key: str, kind: SettingKind, table: dict[str, Any]) -> SettingSpec | None:
        before = len(self.problems.found)
        common = list(common_setting(key).choices) if key in SHOP_SETTINGS else []
        choices = table.get("choices", common) if kind is SettingKind.CHOICE else []
        if common and choices != common:
            self._fault(f"choices must be those of every shop: {', '.join(common)}", key, "choices")
        elif kind is SettingKind.CHOICE and not _words(choices):
            self._fault("choices must be at least two different words", key, "choices")
        bounds = {name: table.get(name) for name in _FURTHER[SettingKind.WHOLE]}
        for name, bound in bounds.items():
            if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int)):
                self._fault(f"{name} must be a whole number", key, name)
        if len(self.problems.found) > before:
            return None
        spec = SettingSpec(
            key,
            kind,
            table.get("default", ""),
            str(table.get("help", "")),
            choices=tuple(choices),
            **(bounds if kind is SettingKind.WHOLE else {}),
        )
        try:
            spec.parse(table.get("default"))
        except ValueError as error:
            self._fault(f"default {error}", key, "default")
            return None
        return spec


def _words(choices: object) -> bool:
    return (
        isinstance(choices, list)
        and len(choices) > 1
        and all(isinstance(word, str) and _KEY.fullmatch(word) for word in choices)
        and len(set(choices)) == len(choices)
    )
