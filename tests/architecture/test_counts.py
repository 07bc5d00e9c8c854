"""A count and its word agree: 1 shop, 2 shops; one function knows how."""

import ast
import re

from tests.architecture.source import modules, name, parse
from wabot.domain.counted import counted

_NOUNS = (
    "alerts|apps|backups|bytes|cells|clients|connections|conversations|copies|days|entries|events"
    "|files|findings|hours|keys|messages|minutes|numbers|orders|processes|products|requests"
    "|revisions|rows|scripts|secrets|seconds|servers|shops|states|steps|tables|tenants|texts|times"
    "|tokens|tries|warnings"
)
# What follows a name, not a number: "{schema} has tables".
_NO_COUNT = "and|are|for|has|holds|in|lacks|makes|no|of|or|sends|takes|to|with|within"
_COUNTED = re.compile(rf"(?:'s)? (?!(?:{_NO_COUNT})\b)(?:[a-z-]+ )?(?:{_NOUNS})\b(?!')")


def is_harmless(value: ast.expr) -> bool:
    """Tell whether the value is always the same, such as _LONGEST, or has its word already."""
    if isinstance(value, ast.Call):
        return ast.unparse(value.func) == "counted"
    if isinstance(value, ast.Attribute):
        # A word itself: «service messages».
        return value.attr == "category"
    return isinstance(value, ast.Name) and value.id.isupper()


def is_fraction(value: ast.FormattedValue) -> bool:
    """Tell whether the number is written with decimals: 1.0 messages."""
    spec = value.format_spec
    return isinstance(spec, ast.JoinedStr) and ast.unparse(spec) == "f'f'"


def loose(tree: ast.Module) -> list[int]:
    """Return the lines on which a number stands before a word in the plural."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, after in zip(node.values, node.values[1:], strict=False):
            if (
                isinstance(value, ast.FormattedValue)
                and not is_harmless(value.value)
                and not is_fraction(value)
                and isinstance(after, ast.Constant)
                and _COUNTED.match(str(after.value))
            ):
                found.append(value.lineno)
    return found


def test_the_heuristic_knows_a_count_from_a_name() -> None:
    assert loose(ast.parse('f"{n} shops", f"{n:,} active products"')) == [1, 1]
    assert loose(ast.parse('f"{schema} has tables", f"{_MOST} rows", f"{n} shop\'s"')) == []


def test_no_count_stands_before_a_word_that_is_always_in_the_plural() -> None:
    found = [f"{name(path)}:{line}" for path in modules() for line in loose(parse(path))]
    assert found == []


def test_one_is_singular_and_all_else_plural() -> None:
    assert [counted(count, "shop") for count in (0, 1, 2, 1_000)] == [
        "0 shops", "1 shop", "2 shops", "1,000 shops",
    ]  # fmt: skip
    assert counted(1, "shop is", "shops are") == "1 shop is"
    assert counted(3, "shop is", "shops are") == "3 shops are"
