"""`template.toml`: what a kind of shop is made of, besides its catalogue and words."""

import re
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wabot.domain.country import COUNTRIES, CURRENCIES
from wabot.domain.order import CANCELLED_STATUS, INITIAL_STATUS
from wabot.domain.settings import SettingSpec
from wabot.domain.template import OrderStatus
from wabot.errors import InvalidInput
from wabot.repositories.provisioning.migration_line import MigrationLine
from wabot.repositories.provisioning.module_folders import FolderModules
from wabot.repositories.provisioning.problems import Problems
from wabot.repositories.provisioning.revision_files import BRANCH_NAME, read_revisions
from wabot.repositories.provisioning.settings_toml import SettingsReader
from wabot.repositories.provisioning.toml_file import TomlFile

_KEYS = {
    "name",
    "description",
    "country",
    "currency",
    "time_zone",
    "units",
    "categories",
    "order_status",
    "settings",
    "modules",
}
_CODE = re.compile(r"[a-z][a-z0-9_]{0,29}")


@dataclass(slots=True)
class TemplateReader:
    """Reads the parts of one file; what is wrong is noted and replaced by something harmless."""

    file: TomlFile
    problems: Problems

    def fault(self, reason: str, *keys: str | int) -> None:
        """Note a fault at the key."""
        self.problems.add(self.file.path, self.file.line(*keys), reason)

    def check_keys(self) -> None:
        """Note keys that mean nothing."""
        for key in self.file.values:
            if key not in _KEYS:
                self.fault(f"unknown key {key!r}; known: {', '.join(sorted(_KEYS))}", key)

    def text(self, key: str, longest: int = 500) -> str:
        """Return a required text."""
        value = self.file.values.get(key)
        if not isinstance(value, str) or not value.strip() or len(value) > longest:
            self.fault(f"{key} must be a text of 1 to {longest} characters", key)
            return ""
        return value.strip()

    def country(self) -> str:
        """Return the country's code."""
        value = self.file.values.get("country", "MX")
        if value not in COUNTRIES:
            self.fault(f"country must be one of: {', '.join(COUNTRIES)}", "country")
            return "MX"
        return str(value)

    def currency(self, country: str) -> str:
        """Return the currency, the country's by default."""
        value = self.file.values.get("currency", COUNTRIES[country].currency)
        if value not in CURRENCIES:
            self.fault(f"currency must be one of: {', '.join(sorted(CURRENCIES))}", "currency")
        return str(value)

    def time_zone(self, country: str) -> str:
        """Return the time zone, the country's by default."""
        value = self.file.values.get("time_zone", COUNTRIES[country].time_zone)
        if value not in zoneinfo.available_timezones():
            self.fault("time_zone must be an IANA name like America/Mexico_City", "time_zone")
        return str(value)

    def names(self, key: str, longest: int) -> tuple[str, ...]:
        """Return a list of different short names."""
        value = self.file.values.get(key)
        if not isinstance(value, list) or not value:
            self.fault(f"{key} must be a list of texts", key)
            return ()
        for name in value:
            if not isinstance(name, str) or not 1 <= len(name) <= longest or name != name.strip():
                self.fault(f"{key}: {name!r} must be a text of 1 to {longest} characters", key)
        # The bad ones too: the catalogue's rows that use them are not at fault.
        names = tuple(name for name in value if isinstance(name, str))
        if len(set(names)) != len(names):
            self.fault(f"{key} holds a name twice", key)
        return names

    def modules(self, line: MigrationLine, folder: Path) -> tuple[str, ...]:
        """Return the branches of migrations that such a shop follows, its template's own first."""
        has_own = any((folder / "versions").glob("*.py"))
        named = self.file.values.get("modules", [])
        if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
            self.fault("modules must be a list of names of modules", "modules")
            return ()
        found = (folder.name, *named) if has_own else tuple(named)
        if has_own:
            self._read_branch(folder)
        for name in named:
            try:
                line.branch(name)
            except InvalidInput as error:
                self.fault(error.message, "modules")
        if len(set(found)) != len(found):
            self.fault("modules holds a name twice", "modules")
        return found

    def _read_branch(self, folder: Path) -> None:
        if not BRANCH_NAME.fullmatch(folder.name):
            rule = "lower-case letters, digits and _, at most 27"
            self.problems.add(folder, 1, f"a template with tables of its own is named by {rule}")
            return
        read_revisions(folder.name, folder / "versions", self.problems)

    def statuses(self) -> tuple[OrderStatus, ...]:
        """Return the states of orders, the initial one first."""
        key = "order_status"
        rows = self.file.values.get(key)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self.fault("at least two [[order_status]] tables are needed", key)
            return ()
        found = tuple(self._status(row, index) for index, row in enumerate(rows))
        codes = [status.code for status in found]
        if len(set(codes)) != len(codes):
            self.fault("order_status holds a code twice", key, 0)
        if not codes or codes[0] != INITIAL_STATUS or found[0].is_final:
            self.fault(f"the first order_status must be {INITIAL_STATUS!r}, not final", key, 0)
        if not any(status.code == CANCELLED_STATUS and status.is_final for status in found):
            self.fault(f"an order_status {CANCELLED_STATUS!r} with final = true is needed", key, 0)
        return found

    def _status(self, row: dict[str, Any], index: int) -> OrderStatus:
        place = ("order_status", index)
        code, label, final = row.get("code"), row.get("label"), row.get("final", False)
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            self.fault("code must be lower-case letters, digits and _", *place, "code")
        if not isinstance(label, str) or not 1 <= len(label) <= 60:
            self.fault("label must be a text of 1 to 60 characters", *place, "label")
        if not isinstance(final, bool):
            self.fault("final must be true or false", *place, "final")
        for key in row.keys() - {"code", "label", "final"}:
            self.fault(f"unknown key {key!r}; known: code, label, final", *place, key)
        return OrderStatus(str(code), str(label), final is True)

    def settings(self, line: MigrationLine, modules: Iterable[str]) -> tuple[SettingSpec, ...]:
        """Return the settings with their types and defaults, those of the modules among them.

        Own keys begin with the folder's name, those of a module with the module's.
        """
        own = self.file.path.parent.name
        brought = [name for name in modules if name != own]
        given = SettingsReader(self.file, self.problems, own, tuple(brought)).read()
        known = {setting.key for setting in given}
        further: list[SettingSpec] = []
        for name in brought:
            try:
                specs = FolderModules(line).load(name).settings
            except InvalidInput as error:
                self.fault(error.message, "modules")
            else:
                further += [spec for spec in specs if spec.key not in known]
        return (*given, *further)
