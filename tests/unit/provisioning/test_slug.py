"""Slugs name tenants on the command line and nowhere else."""

import pytest

from wabot.domain.slug import RESERVED_SLUGS, check_slug
from wabot.errors import InvalidInput


@pytest.mark.parametrize(
    "slug", ["ab", "lupita", "abarrotes-lupita", "agua-24h", "a" * 40, "a-", "3-hermanos"]
)
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


@pytest.mark.parametrize(
    ("slug", "broken", "hint"),
    [
        ("", "it is empty", "abarrotes-lupita"),
        ("a", "it has 1 character.", "abarrotes-lupita"),
        ("a" * 41, "it has 41 characters.", "a" * 40),
        ("a" * 64, "it has 64 characters.", "a" * 40),
        ("-abc", "it begins with a hyphen, like an option.", "abc"),
        ("Don Pepé", "the capital D, a space, the capital P, é (U+00E9, LATIN ", "don-pepe"),
        ("lu'pita", "it holds the character '.", "lu-pita"),
        ('lu"pita', 'it holds the character ".', "lu-pita"),
        ("lupita;", "it holds the character ;.", "lupita"),
        ("tiendа", "it holds а (U+0430, CYRILLIC SMALL LETTER A).", "abarrotes-lupita"),
        ("lupita\u200b", "it holds (U+200B, ZERO WIDTH SPACE).", "lupita"),
        ("lupita\x00", "it holds (U+0000, a control character).", "lupita"),
        ("Tenant", "it holds the capital T.", "abarrotes-lupita"),
        ("!#$%&()*", "the character & and 3 others", "abarrotes-lupita"),
        ("Ñ" * 41, "WITH TILDE); it has 41 characters.", "n" * 40),
    ],
)  # fmt: skip
def test_the_refusal_names_the_rules_that_are_broken_and_what_was_likely_meant(
    slug: str, broken: str, hint: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_slug(slug)
    assert broken in refused.value.message
    assert refused.value.hint == f"For example: {hint}"


@pytest.mark.parametrize("slug", sorted(RESERVED_SLUGS))
def test_a_reserved_slug_is_refused(slug: str) -> None:
    with pytest.raises(InvalidInput, match="is reserved"):
        check_slug(slug)


def test_a_very_long_slug_does_not_flood_the_message() -> None:
    with pytest.raises(InvalidInput) as refused:
        check_slug("x" * 10_000)
    assert len(refused.value.message) < 300
