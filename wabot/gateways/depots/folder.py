"""Exports in a folder of this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from wabot.errors import Conflict, InvalidInput


class FolderDepot:
    """Files of one folder; who writes an export sees to it that none is there by half.

    With `made` the folder is made when it is missing, for this user alone.
    """

    def __init__(self, folder: Path, *, made: bool = False) -> None:
        self._folder = folder
        self._made = made

    def address(self, name: str) -> str:
        """Return the file's whole path."""
        return str((self._folder / name).absolute())

    def require_usable(self) -> None:
        """Raise InvalidInput when there is no such folder, or it cannot be written."""
        folder = self._folder
        if not self._made and not folder.is_dir():
            raise InvalidInput(
                f"there is no folder {folder} to keep it in",
                hint=f"Make it first (mkdir -p {folder}), or name another.",
            )
        there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
        try:
            with TemporaryFile(dir=there):
                pass
        except OSError as error:
            raise InvalidInput(
                f"nothing can be kept in {folder}: {error.strerror}",
                hint="Name a folder that this user may write.",
            ) from error

    def require_free(self, name: str) -> None:
        """Raise Conflict when the name is taken; InvalidInput when there is no such folder."""
        if not self._made and not self._folder.is_dir():
            self.require_usable()
        if self.holds(name):
            raise Conflict(
                f"{self._folder / name} exists already",
                hint="Name another file, or remove that one first.",
            )

    def holds(self, name: str) -> bool:
        """Tell whether there is anything of that name."""
        return (self._folder / name).exists()

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """Give the file's own path."""
        yield self._folder / name

    @contextmanager
    def reading(self, name: str) -> Iterator[Path]:
        """Give the file's own path."""
        yield self._folder / name
