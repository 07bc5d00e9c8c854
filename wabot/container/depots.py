"""Where exports are kept, as the operator names it."""

from pathlib import Path
from typing import TYPE_CHECKING

from wabot.config import Settings
from wabot.config.parsers import FilePlace, file_place
from wabot.errors import InvalidInput

if TYPE_CHECKING:
    from wabot.services.provisioning.depots import Depot


def depot_at(where: str) -> "Depot":
    """Return the depot of a folder, or of s3://BUCKET[/PREFIX][?sse=…]."""
    from wabot.gateways.depots import FolderDepot

    if not where.startswith("s3:"):
        return FolderDepot(Path(where).expanduser())
    return _bucket(_parsed(where))


def depot_for(where: str, suffix: str) -> tuple["Depot", str]:
    """Return the depot and the name that a file or object is asked to have; none for a place.

    An object's name ends with `suffix`: whatever else stands there is a prefix.
    """
    from wabot.gateways.depots import FolderDepot

    if where.startswith("s3:"):
        place = _parsed(where)
        folder, _, last = place.prefix.rpartition("/")
        if not last.endswith(suffix):
            return _bucket(place), ""
        return _bucket(FilePlace(None, place.bucket, folder, place.encryption)), last
    path = Path(where or ".").expanduser()
    if where == "-" or (where.endswith("/") and not path.is_dir()):
        what = "stdout" if where == "-" else f"{where}, a folder that is not there,"
        raise InvalidInput(
            f"--out names {what} and no file: an export is written whole or not at all",
            hint="Name a file, or a folder that is there.",
        )
    return (FolderDepot(path), "") if path.is_dir() else (FolderDepot(path.parent), path.name)


def export_at(where: str) -> tuple["Depot", str]:
    """Return the depot and the name of an export that is there."""
    from wabot.gateways.depots import FolderDepot

    if not where.startswith("s3:"):
        path = Path(where).expanduser()
        return FolderDepot(path.parent), path.name
    place = _parsed(where)
    folder, _, name = place.prefix.rpartition("/")
    if not name or where.endswith("/"):
        raise InvalidInput(f"{where} names no export", hint=f"See what there is: aws s3 ls {where}")
    return _bucket(FilePlace(None, place.bucket, folder)), name


def depot_of_backups(settings: Settings) -> "Depot":
    """Return WABOT_BACKUPS, or the folder under WABOT_HOME that stands in for it."""
    from wabot.gateways.depots import FolderDepot

    place = settings["WABOT_BACKUPS"]
    if place.bucket:
        return _bucket(place)
    return FolderDepot(place.folder or settings.home / "exports", made=True)


def _parsed(where: str) -> FilePlace:
    try:
        return file_place(where)
    except ValueError as error:
        raise InvalidInput(
            f"{where} {error}", hint="For example: s3://wabot-backups/shops?sse=aws:kms"
        ) from None


def _bucket(place: FilePlace) -> "Depot":
    from wabot.gateways.depots import S3Depot

    return S3Depot(place.bucket, place.prefix, encryption=place.encryption)
