"""One reader of the environment; everything it reads is documented."""

import ast

from tests.architecture.source import ROOT, modules, name, parse
from wabot.config import env_example


def _reads_environment(tree: ast.Module) -> bool:
    names = {"environ", "environb", "getenv", "getenvb", "putenv"}
    return any(
        (isinstance(node, ast.Attribute) and node.attr in names)
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and any(alias.name in names for alias in node.names)
        )
        for node in ast.walk(tree)
    )


def test_only_the_settings_read_the_environment() -> None:
    readers = {name(path) for path in modules() if _reads_environment(parse(path))}
    assert readers == {"wabot/config/__init__.py"}


def test_the_example_file_is_what_the_table_of_settings_gives() -> None:
    written = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert written == env_example(), (
        "write it again: python -c 'from wabot.config import env_example;"
        ' print(env_example(), end="")\' > .env.example'
    )
