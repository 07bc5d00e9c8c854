"""PostgreSQL's own pg_dump, for an export that PostgreSQL's tools can read."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from wabot.config import surroundings
from wabot.domain.tenant import Placement
from wabot.errors import ConfigurationError, ExternalFailure, InvalidInput
from wabot.gateways.embedded_postgres.binaries import find_binaries

# One of its queries gets a plan over the whole catalogue otherwise: a minute and more for one
# tenant among ten thousand.
_PLANS = "-c enable_hashjoin=off -c enable_mergejoin=off"


def dump(conninfo: str, placement: Placement, path: Path, *, server_major: int) -> None:
    """Write the placement's tables in pg_dump's custom format; the file is whole or not there.

    `server_major` is the server's version: an older pg_dump cannot read it.
    """
    program = _program(server_major)
    unfinished = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}") from error
    what = (
        f"--table={placement.schema}.{placement.prefix}*"
        if placement.prefix
        else f"--schema={placement.schema}"
    )
    words = [program, "--format=custom", "--no-owner", "--no-privileges", "--lock-wait-timeout=10s"]
    try:
        done = subprocess.run(  # noqa: S603 - a program of PostgreSQL, no shell
            [*words, what, f"--file={unfinished}"],
            env=surroundings() | _variables(conninfo),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode:
            raise ExternalFailure(
                f"pg_dump ended with {done.returncode}: {done.stderr.strip()[-500:]}",
                hint="Nothing was changed. --format wabot needs no pg_dump.",
            )
        unfinished.replace(path)
    finally:
        with suppress(OSError):
            unfinished.unlink()


def _variables(conninfo: str) -> dict[str, str]:
    """Return the connection as libpq's variables: arguments are seen by every user."""
    names = {
        option.keyword.decode(): option.envvar.decode()
        for option in Conninfo.get_defaults()
        if option.envvar
    }
    given = conninfo_to_dict(conninfo)
    found = {names[key]: str(value) for key, value in given.items() if key in names}
    found["PGOPTIONS"] = f"{found.get('PGOPTIONS', '')} {_PLANS}".strip()
    return found


def _program(server_major: int) -> str:
    oldest = 0
    for program in _programs():
        shown = subprocess.run(  # noqa: S603 - found by name or in the wheel, no shell
            [program, "--version"], capture_output=True, text=True, check=False
        ).stdout
        version = re.search(r"\b(\d+)(?:\.|devel|beta|rc)", shown)
        if version and int(version[1]) >= server_major:
            return program
        oldest = int(version[1]) if version else oldest
    raise ConfigurationError(
        f"there is no pg_dump here that reads PostgreSQL {server_major}"
        + (f"; the one found is of {oldest}" if oldest else ""),
        hint="Install PostgreSQL's client programs of that version, or use --format wabot.",
    )


def _programs() -> Iterator[str]:
    found = shutil.which("pg_dump")
    if found:
        yield found
    with suppress(ConfigurationError):
        own = find_binaries().program("pg_dump")
        if own.is_file():
            yield str(own)
