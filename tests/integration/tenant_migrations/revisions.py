"""Revisions that only these tests have, in folders of their own."""

import shutil
from pathlib import Path

from wabot.config import bundled

EXPAND = 'op.add_column("__wbp__products", sa.Column("origin", sa.Text()), schema="tenant")'
CONTRACT = 'op.drop_column("__wbp__products", "origin", schema="tenant")'
NEW_TABLE = """op.create_table(
        "__wbp__visits",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="__wbp__visits_pkey"),
        schema="tenant",
    )"""


def templates(folder: Path) -> Path:
    """Return a copy of all templates to which a test may add revisions."""
    target = folder / "tenant_templates"
    shutil.copytree(bundled("tenant_templates"), target, ignore=shutil.ignore_patterns("*.pyc"))
    return target


def add_revision(
    folder: Path,
    revision: str,
    upgrade: str,
    *,
    kind: str = "expand",
    depends_on: str | None = None,
) -> None:
    """Write the next revision of a branch into a folder `…/versions`."""
    branch, _, number = revision.rpartition("_")
    previous = f"{branch}_{int(number) - 1:04}" if int(number) > 1 else None
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{revision}.py").write_text(
        f'"""Revision {revision}."""\n\nimport sqlalchemy as sa\nfrom alembic import op\n\n'
        f"revision = {revision!r}\ndown_revision = {previous!r}\ndepends_on = {depends_on!r}\n"
        f"kind = {kind!r}\n\n\ndef upgrade() -> None:\n    {upgrade}\n",
        encoding="utf-8",
    )


def add_module(templates_folder: Path, name: str, upgrade: str, settings: str = "") -> Path:
    """Write a module with one revision; return its folder."""
    home = templates_folder / "modules" / name
    home.mkdir(parents=True)
    (home / "module.toml").write_text(
        f'name = "{name.title()}"\ndescription = "Of the tests."\n{settings}', encoding="utf-8"
    )
    add_revision(home / "versions", f"{name}_0001", upgrade, depends_on="base_0001")
    return home
