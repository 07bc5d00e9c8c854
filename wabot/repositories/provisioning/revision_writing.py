"""The beginning of a revision: the next file of a branch."""

import re
import unicodedata
from pathlib import Path
from string import Template

from wabot.config import bundled
from wabot.domain.migration import BASE, RevisionKind
from wabot.errors import ConfigurationError, InvalidInput
from wabot.repositories.provisioning.migration_line import MODULES, MigrationLine
from wabot.repositories.provisioning.revision_files import BRANCH_NAME

_MODULE = """\
name = {title}
description = "What it is for."

# [settings.{name}_limit]
# type = "whole"
# default = 10
# help = "What the setting does."
"""


def start_revision(
    line: MigrationLine, branch: str, message: str, kind: RevisionKind, *, module: bool = False
) -> Path:
    """Write the next file of a branch and return it; a new `module` gets its folder as well."""
    words = _words(message)
    home = _home(line, branch, module=module)
    if home.is_relative_to(bundled("tenant_templates")) and _is_installed():
        raise ConfigurationError(
            f"{home} belongs to the installed wabot",
            hint="Set WABOT_TEMPLATE_DIR to a folder for templates and modules of your own, or"
            " work in a checkout.",
        )
    versions = home / "versions"
    ids = [step.id for step in line.branch(branch)] if any(versions.glob("*.py")) else []
    number = int(ids[-1][-4:]) + 1 if ids else 1
    revision = f"{branch}_{number:04}"
    needs = line.heads() if branch != BASE and not ids else ()
    template = Template(
        (bundled("tenant_templates") / BASE / "revision.py.txt").read_text(encoding="utf-8")
    )
    text = template.substitute(
        message=message.strip().rstrip("."),
        revision=revision,
        previous=f'"{ids[-1]}"' if ids else "None",
        depends_on=f'("{needs[0]}",)' if needs else "None",
        kind=kind.value,
    )
    versions.mkdir(parents=True, exist_ok=True)
    if module and not (home / "module.toml").exists():
        title = f'"{branch.replace("_", " ").capitalize()}"'
        text_of_module = _MODULE.format(name=branch, title=title)
        (home / "module.toml").write_text(text_of_module, encoding="utf-8")
    path = versions / f"{revision}_{words}.py"
    # Never over a file that somebody else began at the same moment.
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    return path


def _home(line: MigrationLine, branch: str, *, module: bool) -> Path:
    if branch == BASE:
        return line.folders[0] / BASE
    if not BRANCH_NAME.fullmatch(branch):
        raise InvalidInput(
            f"{branch!r} cannot have tables of its own",
            hint="Lower-case letters, digits and _, at most 27 characters, a letter first.",
        )
    for folder in line.folders:
        if (folder / MODULES / branch / "module.toml").is_file():
            if not module:
                raise InvalidInput(f"{branch} is a module: say --module {branch}")
            return folder / MODULES / branch
        if (folder / branch / "template.toml").is_file():
            if module:
                raise InvalidInput(f"{branch} is a template: say --template {branch}")
            return folder / branch
    if not module:
        raise InvalidInput(
            f"there is no template {branch}", hint=f"For a new module: --module {branch}"
        )
    return line.folders[-1] / MODULES / branch


def _words(message: str) -> str:
    plain = unicodedata.normalize("NFKD", message).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:40].strip("_")
    if not words or not message.isprintable() or '"' in message or "\\" in message:
        raise InvalidInput(
            f"the message {message!r} cannot name a file",
            hint='Say in a few words what changes, for example: -m "returnable bottles"',
        )
    return words


def _is_installed() -> bool:
    return bundled("tenant_templates").parent.name == "_bundled"
