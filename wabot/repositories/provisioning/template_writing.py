"""A new template, begun from one that exists, for the operator to edit."""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from wabot.config import template_folders
from wabot.domain.template import Template
from wabot.errors import ConfigurationError, Conflict, InvalidInput
from wabot.repositories.provisioning.migration_line import MODULES
from wabot.repositories.provisioning.revision_files import BRANCH_NAME
from wabot.repositories.provisioning.template_folders import FolderTemplates

_NAME_LINE = re.compile(r"^name\s*=.*$", re.MULTILINE)
_MODULES_LINE = re.compile(r"^modules\s*=\s*\[[^\]]*\][ \t]*\n", re.MULTILINE)
_SCRIPT_TEMPLATE = re.compile(r"^@ template .*$", re.MULTILINE)
_NO_TEXTS = "# Sentences that this shop says differently; keys are those of wabot/texts.\n"


def new_template(name: str, *, source: str, title: str = "") -> Path:
    """Write a copy of a template under another name into the operator's folder; return its folder.

    Tables are not copied: the copy takes those of its source as a module.
    """
    if not BRANCH_NAME.fullmatch(name):
        raise InvalidInput(
            f"{name!r} is no name for a template",
            hint="Lower-case letters, digits and _, at most 27 characters, a letter first.",
        )
    templates = FolderTemplates()
    target = _own_folder() / name
    if name in {*templates.names(), "base", MODULES} or target.exists():
        raise Conflict(f"there is something called {name} already; nothing was changed")
    home, template = templates.folder_of(source), templates.load(source)
    files = dict(_files(home, template, name, title or name.replace("_", " ").capitalize()))
    _write(target, files)
    return target


def _own_folder() -> Path:
    brought, *own = template_folders()
    if not own:
        raise ConfigurationError(
            f"there is no folder for templates of your own; {brought} belongs to wabot",
            hint="Give --template-dir DIR, or set WABOT_TEMPLATE_DIR.",
        )
    return own[0]


def _files(home: Path, template: Template, name: str, title: str) -> Mapping[str, str]:
    texts = home / "texts.toml"
    files = {
        "template.toml": _template_toml(home, template, name, title),
        "texts.toml": _read(texts) if texts.is_file() else _NO_TEXTS,
        "catalog.csv": _read(home / "catalog.csv"),
    }
    for script in sorted((home / "conversations").glob("*.chat")):
        files[f"conversations/{script.name}"] = _script(_read(script), name)
    return files


def _template_toml(home: Path, template: Template, name: str, title: str) -> str:
    text = _MODULES_LINE.sub("", _read(home / "template.toml"))
    named = f"name = {json.dumps(title, ensure_ascii=False)}"
    if template.modules:
        modules = json.dumps(template.modules)
        named += f"\n# Each shop has the tables of these.\nmodules = {modules}"
    text = _NAME_LINE.sub(lambda _: named, text, count=1)
    if template.name not in template.modules:
        text = text.replace(f"[settings.{template.name}_", f"[settings.{name}_")
    check = f"wabot tenant template validate {name}"
    return f"# Begun from {template.name}. Check it with: {check}\n{text}"


def _script(text: str, name: str) -> str:
    directive = f"@ template {name}"
    changed, found = _SCRIPT_TEMPLATE.subn(directive, text)
    return changed if found else f"{directive}\n{text}"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig")


def _write(target: Path, files: Mapping[str, str]) -> None:
    """Write the whole folder or nothing: it appears under its name when it is complete."""
    begun = target.with_name(f".{target.name}.{uuid4().hex[:8]}")
    try:
        for file, text in files.items():
            path = begun / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        begun.rename(target)
    except OSError as error:
        raise ConfigurationError(
            f"{target} cannot be written: {error.strerror}",
            hint="Choose another folder with --template-dir.",
        ) from error
    finally:
        shutil.rmtree(begun, ignore_errors=True)
