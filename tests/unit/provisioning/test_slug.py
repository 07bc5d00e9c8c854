"""Slugs name tenants on the command line and nowhere else."""

import pytest

from wabot.domain.slug import RESERVED_SLUGS, check_slug
from wabot.errors import InvalidInput


@pytest.mark.parametrize("slug", ["ab", "lupita", "abarrotes-lupita", "agua-24h", "a" * 40, "a-"])
def test_a_good_slug_is_taken_as_it_is(slug: str) -> None:
    assert check_slug(slug) == slug


@pytest.mark.parametrize(
    "slug",
    [
        "",
        "a",
        "a" * 41,
        "a" * 63,
        "a" * 64,
        "Lupita",
        "LUPITA",
        "1abc",
        "-abc",
        "_abc",
        "abarrotes lupita",
        " lupita",
        "lupita ",
        "lupita\n",
        "lupita\t",
        "lu_pita",
        "lu.pita",
        "lu/pita",
        "../lupita",
        "lu'pita",
        'lu"pita',
        "lupita;drop schema wabot",
        "niño",
        "tiendа",  # Cyrillic а
        "shop²",
        "shop١",  # Arabic-Indic digit one
        "ｓｈｏｐ",
        "lupita\x00",
        "lupita\u200b",
        "%s",
        "{slug}",
        "*",
    ],
)
def test_a_bad_slug_is_refused_with_the_rule(slug: str) -> None:
    with pytest.raises(InvalidInput, match="lower-case letters a-z, digits and hyphens, 2 to 40"):
        check_slug(slug)


@pytest.mark.parametrize("slug", sorted(RESERVED_SLUGS))
def test_a_reserved_slug_is_refused(slug: str) -> None:
    with pytest.raises(InvalidInput, match="is reserved"):
        check_slug(slug)


def test_a_very_long_slug_does_not_flood_the_message() -> None:
    with pytest.raises(InvalidInput) as refused:
        check_slug("x" * 10_000)
    assert len(refused.value.message) < 300
