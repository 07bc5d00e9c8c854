"""Where customers' files are kept."""

from collections.abc import Callable
from dataclasses import dataclass

from wabot.checks.model import Check, Outcome, bad, good, skip
from wabot.errors import StorageUnavailable


@dataclass(frozen=True, slots=True)
class FilesPlace:
    """`check` raises StorageUnavailable when nothing can be kept; None where no folder is used."""

    where: str
    check: Callable[[], None] | None


async def _folder(place: FilesPlace) -> Outcome:
    if place.check is None:
        return skip(f"they are kept in {place.where}: see the checks of aws")
    try:
        place.check()
    except StorageUnavailable as error:
        return bad(
            f"customers' files cannot be kept: {error.message}",
            "set WABOT_MEDIA to a folder that this user may write, or to s3://BUCKET",
        )
    return good(place.where)


MEDIA = (Check("media.folder", "customers' files can be kept", _folder),)
