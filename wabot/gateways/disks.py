"""How full the disks of this machine are."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from wabot.domain.alerts.findings import Disk


class LocalDisks:
    """The disks of some folders; folders that share one count once."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)

    def look(self) -> list[Disk]:
        """Return each disk by the first of its folders; what cannot be asked is left out."""
        found: dict[int, Disk] = {}
        for folder in self._folders:
            # Not made yet: the disk is the one of the folder it will be made in.
            there = next((f for f in (folder, *folder.parents) if f.exists()), None)
            if there is None:
                continue
            try:
                usage, device = shutil.disk_usage(there), there.stat().st_dev
            except OSError:
                continue
            found.setdefault(device, Disk(str(folder), usage.free, usage.total))
        return list(found.values())
