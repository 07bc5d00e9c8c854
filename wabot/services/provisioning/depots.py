"""Where exports are kept: a folder, or a bucket."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol


class Depot(Protocol):
    """Keeps files under names, each whole or not at all."""

    def address(self, name: str) -> str:
        """Return where a file of that name is, as commands take it."""
        ...

    def require_usable(self) -> None:
        """Raise InvalidInput or StorageUnavailable when nothing can be kept here."""
        ...

    def require_free(self, name: str) -> None:
        """Raise Conflict when the name is taken; InvalidInput when nothing can be kept here."""
        ...

    def holds(self, name: str) -> bool:
        """Tell whether there is a file of that name."""
        ...

    def writing(self, name: str) -> AbstractContextManager[Path]:
        """Give a path to write to; what is there when the block ends well is kept, over any other.

        Only this user can read it meanwhile.
        """
        ...

    def reading(self, name: str) -> AbstractContextManager[Path]:
        """Give a path of this machine where the file can be read while the block lasts."""
        ...
