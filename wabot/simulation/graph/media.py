"""Files that customers sent, their short-lived addresses, and what goes wrong with them."""

import asyncio
import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field, fields
from typing import Any

MEDIA_KEPT = 256
MEDIA_LIFETIME = 300.0


@dataclass(frozen=True, slots=True)
class File:
    """A file that a customer sent."""

    data: bytes
    mime_type: str

    @property
    def sha256(self) -> str:
        """Return the hash that Meta tells with the file."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class MediaFault:
    """One way in which the next `count` requests go wrong; 0 is all of them.

    `step` is where: "locate" asks for the address, "download" fetches the file. What is said
    wrongly of a file (`address`, `wrong_sha`, `told_size`, `expired`) is said when it is located.
    """

    http: int = 0
    """Answer with this status."""
    delay: float = 0.0
    """Answer that much later."""
    drop: bool = False
    """Drop the connection."""
    truncate: bool = False
    """Send half of the file, then drop the connection."""
    stall: float = 0.0
    """Send half of the file, and the rest that much later."""
    redirect: str = ""
    """Answer with a redirect to there."""
    address: str = ""
    """Name this address."""
    expired: bool = False
    """Name an address that does not work any more."""
    wrong_sha: bool = False
    """Tell another checksum."""
    told_size: int = 0
    """Tell this size."""
    step: str = ""
    count: int = 1

    @property
    def of_locate(self) -> bool:
        """Tell whether it is met when the address is asked for."""
        said = self.address or self.expired or self.wrong_sha or self.told_size
        return bool(said) or self.step == "locate"

    @staticmethod
    def from_json(plain: object) -> "MediaFault":
        """Read a fault from JSON; raises ValueError naming what is wrong."""
        if not isinstance(plain, dict):
            raise ValueError("a fault is a JSON object")
        known: dict[str, Any] = {}
        for spec in fields(MediaFault):
            if spec.name in plain:
                value, wanted = plain[spec.name], type(spec.default)
                if wanted is float and type(value) is int:
                    value = float(value)
                if type(value) is not wanted:
                    raise ValueError(f"{spec.name} has a value of the wrong type")
                known[spec.name] = value
        if unknown := set(plain) - set(known):
            raise ValueError(f"unknown key {min(unknown)!r}")
        return MediaFault(**known)


@dataclass(slots=True)
class MediaShelf:
    """The latest files; each address that is handed out works for five minutes."""

    _files: OrderedDict[str, File] = field(default_factory=OrderedDict)
    _addresses: OrderedDict[str, tuple[str, float]] = field(default_factory=OrderedDict)
    _faults: list[tuple[MediaFault, int]] = field(default_factory=list)

    def add(self, data: bytes, mime_type: str) -> str:
        """Keep a file and return its media id."""
        media_id = str(secrets.randbelow(9 * 10**14) + 10**14)
        self._files[media_id] = File(data, mime_type)
        if len(self._files) > MEDIA_KEPT:
            self._files.popitem(last=False)
        return media_id

    def get(self, media_id: str) -> File | None:
        """Return a file by its media id."""
        return self._files.get(media_id)

    def address(self, media_id: str, now: float) -> str:
        """Return a fresh secret under which the file can be fetched."""
        secret = secrets.token_urlsafe(16)
        self._addresses[secret] = (media_id, now + MEDIA_LIFETIME)
        if len(self._addresses) > MEDIA_KEPT:
            self._addresses.popitem(last=False)
        return secret

    def fetch(self, secret: str, now: float) -> File | None:
        """Return the file behind an address that still works."""
        media_id, until = self._addresses.get(secret, ("", 0.0))
        return self._files.get(media_id) if now < until else None

    def spoil(self, fault: MediaFault | None) -> None:
        """Let the next requests meet a fault; None drops all faults."""
        if fault is None:
            self._faults.clear()
        else:
            self._faults.append((fault, fault.count))

    def fault(self, *, locate: bool) -> MediaFault | None:
        """Return the fault that this request meets, and count it."""
        for position, (fault, left) in enumerate(self._faults):
            if fault.of_locate is locate:
                if left == 1:
                    del self._faults[position]
                elif left > 1:
                    self._faults[position] = (fault, left - 1)
                return fault
        return None


async def wait(seconds: float, stopping: asyncio.Event) -> None:
    """Wait, but not beyond the stop of the stand-in."""
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return
