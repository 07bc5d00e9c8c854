"""What the operator asks for, in calls and in words of the command line."""

import json
from collections.abc import Sequence
from typing import Any

from typer.testing import Result

from wabot.services.provisioning.request import TenantRequest

TOKEN = "EAAGm0PX4ZCpsBAKZCZBhEr5aQZDZD"


def request_for(slug: str = "lupita", **changes: str) -> TenantRequest:
    """A request as the operator makes it; every slug has a number of its own."""
    asked = {
        "slug": slug,
        "name": "Abarrotes Lupita",
        "plan": "basico",
        "phone_number_id": str(100_000 + sum(ord(c) * 131**n for n, c in enumerate(slug))),
        "token": TOKEN,
        "template": "abarrotes",
        "app_id": "100200300400500",
    }
    return TenantRequest(**asked | changes)


def create_words(slug: str = "lupita", *extra: str, **changes: str) -> Sequence[str]:
    """`tenant create` with every required option; the token comes from stdin, and is not proven."""
    asked = {
        "name": "Abarrotes Lupita",
        "template": "abarrotes",
        "plan": "basico",
        "phone-number-id": "106540352242922",
        "token-file": "-",
    } | {key.replace("_", "-"): value for key, value in changes.items()}
    options = [word for key, value in asked.items() for word in (f"--{key}", value)]
    return ["tenant", "create", slug, *options, "--no-verify", *extra]


def document(done: Result) -> Any:
    """The one JSON document that a command printed."""
    return json.loads(done.stdout)
