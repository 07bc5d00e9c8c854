"""Where customers' files are kept: a folder, or S3."""

from wabot.gateways.media.folder import FolderStorage
from wabot.gateways.media.s3 import S3Storage

__all__ = ["FolderStorage", "S3Storage"]
