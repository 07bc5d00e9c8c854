"""The short name by which the operator calls a tenant."""

import re

from wabot.errors import InvalidInput

SLUG_RULE = "lower-case letters a-z, digits and hyphens, 2 to 40 characters, first a letter"

# Words that commands, folders or PostgreSQL already use for something else.
RESERVED_SLUGS = frozenset(
    {
        "admin",
        "all",
        "base",
        "central",
        "create",
        "default",
        "delete",
        "list",
        "new",
        "none",
        "null",
        "postgres",
        "public",
        "root",
        "show",
        "system",
        "template",
        "tenant",
        "wabot",
    }
)

_SLUG = re.compile(r"[a-z][a-z0-9-]{1,39}")


def check_slug(slug: str) -> str:
    """Return the slug, or refuse it with the rule it breaks."""
    if not _SLUG.fullmatch(slug):
        shown = slug if len(slug) <= 60 else f"{slug[:60]}…"
        raise InvalidInput(
            f"{shown!r} cannot be a slug: {SLUG_RULE}", hint="For example: abarrotes-lupita"
        )
    if slug in RESERVED_SLUGS:
        raise InvalidInput(
            f"{slug!r} is reserved and cannot be a slug",
            hint=f"Add something to it, for example: {slug}-1",
        )
    return slug
