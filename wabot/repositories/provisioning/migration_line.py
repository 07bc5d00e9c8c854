"""The tenants' Alembic line: where it stands and its revisions as marked SQL."""

from functools import cache
from io import StringIO
from typing import TYPE_CHECKING

from wabot.config import bundled

if TYPE_CHECKING:
    from alembic.config import Config

# Alembic is imported where it is used: listing tenants needs none of it.


def _config(output: StringIO) -> "Config":
    from alembic.config import Config

    config = Config(output_buffer=output)
    folder = bundled("tenant_templates") / "base"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


@cache
def head_revisions() -> tuple[str, ...]:
    """Return the newest revision of every branch, sorted."""
    from alembic.script import ScriptDirectory

    return tuple(sorted(ScriptDirectory.from_config(_config(StringIO())).get_heads()))


def upgrade_sql(from_revision: str = "base", to_revision: str = "heads") -> str:
    """Return the revisions between two points as one text of SQL with the marks in it."""
    from alembic import command

    output = StringIO()
    command.upgrade(_config(output), f"{from_revision}:{to_revision}", sql=True)
    return output.getvalue()
