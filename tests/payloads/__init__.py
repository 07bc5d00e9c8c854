"""Webhook bodies for tests: recorded shapes by name, and builders."""

import json
from pathlib import Path
from typing import Any

from wabot.simulation.inbound_payloads import Person, encode, from_customer, sign, text

__all__ = [
    "ANA",
    "NOON",
    "PHONE_NUMBER_ID",
    "encode",
    "envelope",
    "load",
    "names",
    "sign",
    "text_message",
]

FOLDER = Path(__file__).parent

PHONE_NUMBER_ID = "106500000000001"
ANA = Person("5215550100001", "Ana", "MX.70010000000000000001")
NOON = 1_772_452_800
"""2026-03-02T12:00:00Z, when the recorded bodies happen."""


def names() -> list[str]:
    """Return the names of all recorded bodies."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def load(name: str) -> Any:
    """Return a recorded body, decoded."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def text_message(
    body: str,
    *,
    sender: Person = ANA,
    wamid: str = "",
    timestamp: int = NOON,
    phone_number_id: str = PHONE_NUMBER_ID,
) -> dict[str, Any]:
    """Return a body with one text."""
    return from_customer(phone_number_id, sender, text(body), timestamp=timestamp, wamid=wamid)


def envelope(*changes: Any, waba_id: str = "900100200300") -> dict[str, Any]:
    """Return a body with these changes, whatever they are."""
    entry = {"id": waba_id, "changes": list(changes)}
    return {"object": "whatsapp_business_account", "entry": [entry]}
