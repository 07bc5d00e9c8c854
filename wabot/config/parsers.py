"""What each kind of setting accepts: a parser raises ValueError with the rule that was broken."""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def whole(minimum: int, maximum: int) -> Callable[[str], int]:
    """Accept whole numbers of that range."""

    def parse(value: str) -> int:
        if not re.fullmatch(r"-?\d{1,12}", value) or not minimum <= int(value) <= maximum:
            raise ValueError(f"must be a whole number from {minimum} to {maximum}")
        return int(value)

    return parse


def port_or_off(value: str) -> int | None:
    """Accept a port, or `off`."""
    return None if value.lower() == "off" else whole(0, 65535)(value)


def seconds(minimum: float, maximum: float) -> Callable[[str], float]:
    """Accept numbers of seconds of that range."""

    def parse(value: str) -> float:
        if not re.fullmatch(r"\d{1,9}(\.\d+)?", value) or not minimum <= float(value) <= maximum:
            raise ValueError(f"must be a number of seconds from {minimum:g} to {maximum:g}")
        return float(value)

    return parse


def one_of(*choices: str) -> Callable[[str], str]:
    """Accept one of the choices, whatever its case."""

    def parse(value: str) -> str:
        if value.lower() not in choices:
            raise ValueError(f"must be one of: {', '.join(choices)}")
        return value.lower()

    return parse


def folder(value: str) -> Path | None:
    """Accept a folder that exists, or nothing."""
    if not value:
        return None
    path = Path(value).expanduser().absolute()
    if not path.is_dir():
        raise ValueError(f"must be a folder that exists, unlike {path}")
    return path


def existing_file(value: str) -> Path | None:
    """Accept a file that exists, or nothing."""
    if not value:
        return None
    path = Path(value).expanduser().absolute()
    if not path.is_file():
        raise ValueError(f"must be a file that exists, unlike {path}")
    return path


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Where files are kept: a folder, or a bucket with a prefix; neither by default."""

    folder: Path | None = None
    bucket: str = ""
    prefix: str = ""
    encryption: str = ""


def file_place(value: str) -> FilePlace:
    """Accept a folder, which need not exist yet, or s3://BUCKET[/PREFIX][?sse=AES256]."""
    if not value.startswith("s3:"):
        folder = Path(value).expanduser()
        if value and not folder.is_absolute():
            raise ValueError("must be a folder's whole path, or s3://BUCKET[/PREFIX]")
        return FilePlace(folder=folder if value else None)
    written = re.fullmatch(
        r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])"
        r"(?P<prefix>(/[A-Za-z0-9!_.*'()-]+)*)/?(\?sse=(?P<sse>AES256|aws:kms))?",
        value,
    )
    if written is None or ".." in written["prefix"]:
        raise ValueError("must be a folder or s3://BUCKET[/PREFIX][?sse=AES256|?sse=aws:kms]")
    prefix = written["prefix"].strip("/")
    return FilePlace(bucket=written["bucket"], prefix=prefix, encryption=written["sse"] or "")


def settings_source(value: str) -> str:
    """Accept aws-sm://NAME or aws-ssm:///PATH, or nothing."""
    known = r"aws-sm://[\w/+=.@:-]{1,512}|aws-ssm:///[\w/.-]{1,1000}"
    if value and not re.fullmatch(known, value):
        raise ValueError("must be aws-sm://SECRET or aws-ssm:///PATH")
    return value


def http_url(value: str) -> str:
    """Accept an HTTP URL without query; drop the slash at its end."""
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value):
        raise ValueError("must be an http:// or https:// URL without query")
    return value.rstrip("/")


def api_version(value: str) -> str:
    """Accept a version of the Graph API."""
    if not re.fullmatch(r"v\d{2}\.\d", value):
        raise ValueError("must look like v26.0")
    return value


def database_url(value: str) -> str:
    """Accept what libpq accepts as a URL or keyword string."""
    keyword_form = re.match(r"\s*\w+\s*=", value) is not None
    if value and not keyword_form and not value.startswith(("postgresql://", "postgres://")):
        raise ValueError("must be a libpq URL (postgresql://…) or keyword string (host=… dbname=…)")
    return value


def keys(value: str) -> tuple[bytes, ...]:
    """Decode the keys, the one that encrypts first."""
    found = []
    for part in filter(None, (piece.strip() for piece in value.split(","))):
        try:
            key = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != 32:
            raise ValueError("must be 32 bytes in URL-safe base64 (several: comma, newest first)")
        found.append(key)
    return tuple(found)


def secret_list(value: str) -> tuple[str, ...]:
    """Split at commas."""
    return tuple(filter(None, (part.strip() for part in value.split(","))))


def app_id(value: str) -> str:
    """Accept the number that names a Meta app."""
    if value and not re.fullmatch(r"\d{5,20}", value):
        raise ValueError("must be the app's number, of 5 to 20 digits")
    return value


def apps(value: str) -> dict[str, tuple[str, ...]]:
    """Read the secrets of each app by its id."""
    found: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (piece.strip() for piece in value.split(";"))):
        name, _, secrets = part.partition("=")
        if not name.strip().isdigit() or not secret_list(secrets):
            raise ValueError("must look like APP_ID=SECRET[,SECRET];APP_ID=SECRET")
        found[name.strip()] = secret_list(secrets)
    return found


def operator(value: str) -> str:
    """Accept a name that fits on one line."""
    if len(value) > 100 or not value.isprintable():
        raise ValueError("must be at most 100 printable characters")
    return value


def log_file(value: str) -> Path | None:
    """Accept a file's whole path, or a folder's: then it is wabot.log in it; or nothing."""
    if not value:
        return None
    path = Path(value).expanduser()
    if not path.is_absolute():
        raise ValueError("must be the whole path of a file, or of a folder")
    return path / "wabot.log" if value.endswith("/") or path.is_dir() else path


def public_url(value: str) -> str:
    """Accept what Meta takes as a webhook's address, without the path; or nothing."""
    if not value:
        return ""
    found = http_url(value).removesuffix("/webhook")
    if not found.startswith("https://") and not re.match(
        r"http://(127\.|localhost|\[::1\])", found
    ):
        raise ValueError("must be an https:// URL: Meta calls no other")
    return found
