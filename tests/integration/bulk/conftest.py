"""A file of shops, and the command line that creates them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.tenants.conftest import central, cli, create, engine, tenants, use_case

__all__ = ["central", "cli", "create", "engine", "tenants", "use_case"]

Write = Callable[..., Path]
HEADER = "slug,name,template,plan,phone_number_id,token"


def shop(number: int, **changes: str) -> dict[str, str]:
    """A row of a file: each number is another shop."""
    return {
        "slug": f"shop-{number}",
        "name": f"Abarrotes {number}",
        "template": "abarrotes",
        "plan": "basico",
        "phone_number_id": str(200_000 + number),
        "token": f"EAAtokenofshop{number:04}",
    } | changes


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write rows as CSV, readable by the owner alone."""

    def make(*rows: dict[str, str], name: str = "shops.csv", separator: str = ",") -> Path:
        columns = list(dict.fromkeys(key for row in rows for key in row))
        lines = [separator.join(columns)]
        lines += [separator.join(row.get(column, "") for column in columns) for row in rows]
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        path.chmod(0o600)
        return path

    return make
