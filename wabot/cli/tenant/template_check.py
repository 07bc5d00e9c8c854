"""Everything that can be wrong with a template, found before a shop is made of it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from wabot.config import bundled, template_folders
from wabot.domain.counted import counted
from wabot.errors import InvalidInput, UnknownChoice
from wabot.repositories.provisioning.branch_rules import check_branch
from wabot.repositories.provisioning.migration_line import MigrationLine
from wabot.repositories.provisioning.problems import Problems
from wabot.repositories.provisioning.template_folders import (
    TEMPLATE_NAME,
    FolderTemplates,
    read_template,
    refuse_shadows,
)
from wabot.repositories.provisioning.template_trial import try_template
from wabot.simulation.conversation.parser import parse_script
from wabot.texts import load_texts

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from wabot.domain.template import Template

_ROW = 24
_SMALLEST_PLAN = "basico"


@dataclass(slots=True)
class Checked:
    """A template's folder with what is wrong (`faults`) and what deserves a look (`warnings`)."""

    folder: Path
    template: "Template | None" = None
    scripts: int = 0
    tried: bool = False
    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def find_template(named: str) -> Path:
    """Return the folder of a template given by name or by path."""
    path = Path(named).expanduser()
    if TEMPLATE_NAME.fullmatch(named) and not (path / "template.toml").is_file():
        return FolderTemplates().folder_of(named)
    if not (path / "template.toml").is_file():
        raise UnknownChoice(
            f"there is no template at {path.absolute()}",
            hint="A template is a folder with a template.toml; names: "
            + ", ".join(FolderTemplates().names()),
        )
    return path.absolute()


def check_template(folder: Path, engine: "Engine | None") -> Checked:
    """Check a template in every way; without an engine its tables are not tried."""
    problems, checked = Problems(), Checked(folder)
    if not TEMPLATE_NAME.fullmatch(folder.name):
        problems.add(folder, 1, "the folder's name: lower-case letters, digits, _ and -")
    try:
        refuse_shadows(tuple(dict.fromkeys((*template_folders(), folder.parent))))
    except InvalidInput as error:
        problems.found += [line.strip() for line in error.message.splitlines()[1:]]
    checked.template = read_template(folder, problems)
    checked.scripts = _check_scripts(folder, problems)
    if checked.template is not None:
        line = MigrationLine(bundled("tenant_templates"), folder.parent)
        good = not problems.found
        for branch in checked.template.modules if good else ():
            check_branch(line, branch, problems)
        if engine is not None and not problems.found:
            try_template(engine, checked.template, line, problems)
            checked.tried = True
        checked.warnings += _warnings(checked.template, checked.scripts)
    checked.faults = problems.found
    return checked


def _check_scripts(folder: Path, problems: Problems) -> int:
    paths = sorted((folder / "conversations").glob("*.chat"))
    known = load_texts().sentences
    for path in paths:
        try:
            script = parse_script(str(path), path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            problems.add(path, 1, "is no readable UTF-8 text")
            continue
        except InvalidInput as error:
            problems.found += error.message.splitlines()[1:]
            continue
        if script.template != folder.name:
            problems.add(path, 1, f"plays {script.template}; write: @ template {folder.name}")
        for block in script.blocks:
            for expected in block.expected:
                for key in expected.keys:
                    if key not in known:
                        problems.add(path, expected.lines[0], f"there is no text {key}")
    return len(paths)


def _warnings(template: "Template", scripts: int) -> list[str]:
    from wabot.domain.plan import PLANS

    found = []
    long = [product.name for product in template.products if len(product.name) > _ROW]
    if long:
        found.append(f"lists cut names after {_ROW} characters: {', '.join(long)}")
    limit = PLANS[_SMALLEST_PLAN].active_products
    if len(template.products) > limit:
        found.append(
            f"{counted(len(template.products), 'product')}: plan {_SMALLEST_PLAN} allows {limit}"
        )
    unused = set(template.categories) - {product.category for product in template.products}
    if unused:
        found.append(f"no product is in: {', '.join(sorted(unused))}")
    if not scripts:
        found.append("no conversation is written down: nothing shows that its words work")
    return found
