"""Names of templates as an operator writes them, and messages made of templates."""

import pytest

from wabot.domain.message import MessageLimitError, TemplateMessage
from wabot.domain.purpose import Purpose, TemplateName, parse_template
from wabot.domain.settings import common_setting
from wabot.domain.shop import ShopSettings


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("pedido_nuevo:es_MX", TemplateName("pedido_nuevo", "es_MX")),
        ("pedido_nuevo:es", TemplateName("pedido_nuevo", "es")),
        ("pedido_2:es_AR", TemplateName("pedido_2", "es_AR")),
        ("", None),
    ],
)
def test_a_template_is_written_as_name_and_language(
    written: str, expected: TemplateName | None
) -> None:
    assert parse_template(written) == expected


@pytest.mark.parametrize(
    "written",
    [
        "Pedido Nuevo",
        "pedido:ES",
        "pedido:es_mx",
        "pedido:",
        "pedido",
        ":es",
        "pedido;es",
        "x" * 513,
    ],
)
def test_what_meta_would_not_call_a_template_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="like pedido_nuevo:es_MX"):
        parse_template(written)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_every_purpose_has_a_setting_of_the_shop(purpose: Purpose) -> None:
    name = TemplateName("algo", "es_AR")
    assert common_setting(purpose.setting).parse("algo:es_AR") == name
    assert ShopSettings(**{purpose.setting: name}).template(purpose) == name
    assert ShopSettings().template(purpose) is None


@pytest.mark.parametrize(
    "value",
    ["", "  ", "a\nb", "a\tb", "a    b", "a\rb", "a\u2028b", "x" * 1025],
)
def test_a_parameter_that_meta_refuses_is_no_parameter(value: str) -> None:
    with pytest.raises(MessageLimitError, match="template parameter 2"):
        TemplateMessage("aviso", "es", ("P-101", value))


def test_a_parameter_may_have_three_spaces_and_1024_characters() -> None:
    TemplateMessage("aviso", "es", ("a   b", "x" * 1024))
