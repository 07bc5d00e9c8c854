"""The short name by which the operator calls a tenant."""

import re
import unicodedata

from wabot.errors import InvalidInput

SLUG_RULE = "lower-case letters a-z, digits and hyphens, 2 to 40 characters"

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

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_OTHERS = re.compile(r"[^a-z0-9-]")
_LONGEST = 40
_SHOWN = 5


def check_slug(slug: str) -> str:
    """Return the slug, or refuse it with the rules that it breaks."""
    if not _SLUG.fullmatch(slug):
        shown = slug if len(slug) <= 60 else f"{slug[:60]}…"
        raise InvalidInput(
            f"{shown!r} cannot be a slug: {'; '.join(_broken(slug))}. A slug has {SLUG_RULE}.",
            hint=f"For example: {_likely(slug) or 'abarrotes-lupita'}",
        )
    if slug in RESERVED_SLUGS:
        raise InvalidInput(
            f"{slug!r} is reserved and cannot be a slug",
            hint=f"Add something to it, for example: {slug}-1",
        )
    return slug


def _broken(slug: str) -> list[str]:
    if not slug:
        return ["it is empty"]
    broken = []
    others = list(dict.fromkeys(_OTHERS.findall(slug)))
    if others:
        named = [_named(one) for one in others[:_SHOWN]]
        more = f" and {len(others) - _SHOWN} others" if len(others) > _SHOWN else ""
        broken.append(f"it holds {', '.join(named)}{more}")
    if slug.startswith("-"):
        broken.append("it begins with a hyphen, like an option")
    if len(slug) < 2:
        broken.append("it has 1 character")
    if len(slug) > _LONGEST:
        broken.append(f"it has {len(slug)} characters")
    return broken


def _named(character: str) -> str:
    """Name a character so that one that looks like another, or like nothing, is told from it."""
    if character == " ":
        return "a space"
    if "A" <= character <= "Z":
        return f"the capital {character}"
    if character.isascii() and character.isprintable():
        return f"the character {character}"
    name = unicodedata.name(character, "a control character")
    shown = f"{character} " if character.isprintable() else ""
    return f"{shown}(U+{ord(character):04X}, {name})"


def _likely(slug: str) -> str:
    """Return what was likely meant: without accents and capitals, hyphens for all else."""
    plain = unicodedata.normalize("NFKD", slug)
    if any(character.isalnum() and not character.isascii() for character in plain):
        # Letters of another alphabet: what they stand for is a guess.
        return ""
    bare = "".join(one for one in plain if not unicodedata.combining(one)).lower()
    likely = re.sub(r"[^a-z0-9]+", "-", bare)[:_LONGEST].strip("-")
    return likely if _SLUG.fullmatch(likely) and likely not in RESERVED_SLUGS else ""
