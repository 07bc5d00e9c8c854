"""Where exports are kept."""

from wabot.gateways.depots.folder import FolderDepot
from wabot.gateways.depots.s3 import S3Depot

__all__ = ["FolderDepot", "S3Depot"]
