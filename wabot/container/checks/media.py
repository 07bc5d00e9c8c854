"""The check of the place where customers' files are kept."""

from collections.abc import Mapping
from typing import Any

from wabot.checks.media import MEDIA, FilesPlace
from wabot.checks.model import CheckSet
from wabot.container.checks.surroundings import Surroundings
from wabot.container.media import media_storage


def sets(around: Surroundings) -> tuple[CheckSet[Any], ...]:
    """Compose the group."""

    async def contexts() -> Mapping[str, FilesPlace]:
        from wabot.gateways.media.folder import FolderStorage

        settings = around.settings
        place, storage = settings["WABOT_MEDIA"], media_storage(settings)
        if not isinstance(storage, FolderStorage):
            return {"": FilesPlace(f"s3://{place.bucket}", None)}
        return {"": FilesPlace(str(place.folder or settings.home / "media"), storage.check)}

    # After the embedded server: it decides who may enter the folder that both are in.
    return (CheckSet(MEDIA, contexts, needs=("database.connects",)),)
