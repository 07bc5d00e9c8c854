"""The `.chat` language."""

import pytest

from wabot.errors import InvalidInput
from wabot.simulation.conversation.contents import Choice, File, Text
from wabot.simulation.conversation.parser import parse_script, split_words
from wabot.simulation.conversation.script import CustomerSays, Directive, PersonWrites

SCRIPT = """\
# A comment
@ template verduleria
@ now 2026-03-02T10:00

> hola
< menu.welcome "Ana"
  [Ver catálogo] [Hacer un pedido]
# in between
[Hablar con un asesor]
> [Hacer un pedido]
< "¿Qué producto"
<owner owner.new_order
¤ echo Hola, soy Lupita
@ advance 25h
! order lines=1 total=56.00 status=pendiente
"""


def test_a_script_is_acts_with_what_must_follow() -> None:
    script = parse_script("a.chat", SCRIPT)
    assert script.template == "verduleria"
    assert [block.action for block in script.blocks] == [
        Directive("now", ("2026-03-02T10:00",)),
        CustomerSays(Text("hola")),
        CustomerSays(Choice("Hacer un pedido")),
        PersonWrites("Hola, soy Lupita"),
        Directive("advance", ("25h",)),
    ]
    greeting = script.blocks[1].expected[0]
    assert greeting.keys == ("menu.welcome",)
    assert greeting.parts == ("Ana",)
    assert greeting.options == ("Ver catálogo", "Hacer un pedido", "Hablar con un asesor")
    assert greeting.lines == (6, 7, 9)
    asked, notice = script.blocks[2].expected
    assert asked.options is None
    assert (notice.audience, notice.keys) == ("owner", ("owner.new_order",))
    assert script.blocks[4].facts[0].wanted == (
        ("lines", "1"),
        ("total", "56.00"),
        ("status", "pendiente"),
    )


def test_empty_brackets_expect_a_message_without_options() -> None:
    script = parse_script("a.chat", "> hola\n< menu.main\n[]\n")
    assert script.blocks[0].expected[0].options == ()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("hola", "a line begins with one of"),
        (">", "nothing is said"),
        ("> <nothing>", "unknown <nothing>"),
        ("> <location here>", "19.43,-99.13"),
        ("> <location 91,0>", "at most 90"),
        ("> <cart>", "the cart is empty"),
        ("> <cart DES-001 two>", "a cart is written"),
        ("> <contact Ana>", "a contact is written"),
        ("<", "named by a text key"),
        ("< welcome", "no text key"),
        ("<nobody menu.main", "<nobody is nobody"),
        ("¤ says hola", "unknown act"),
        ("¤ echo", "needs words"),
        ("! orderz=1", "unknown fact"),
        ("! order", "claims nothing"),
        ("! order colour=red", "! order knows"),
        ("! order maybe", "is no key=value"),
        ("! stock DES-001=many", "! stock SKU=2.5"),
        ("@ frobnicate", "unknown @ frobnicate"),
        ("@ now tomorrow", "is no time like"),
        ("@ now 2026-03-02T10:00Z", "has no zone"),
        ("@ advance soon", "no length of time"),
        ("@ setting colour red", "unknown setting"),
        ("@ setting pickup maybe", "is on or off"),
        ("@ setting reply_template A b", "it is written"),
        ("@ setting reply_template Aviso", "like pedido_nuevo:es_MX"),
        ("@ staff", "@ staff wrote"),
        ("@ staff slept", "@ staff wrote"),
        ("@ setting owner_phone 55", "must be a phone number"),
        ("@ setting usual_quantities a,b", "written like 1,2,3"),
        ("@ plan gratis", "unknown plan"),
        ("@ customer Ana", "a customer is new"),
        ("@ stock DES-001", "it is written"),
        ("@ stock DES-001 -1", "is no number"),
        ("@ product DES-001 colour=red", "is none of"),
        ("@ template agua", "before everything else"),
    ],
)
def test_a_mistake_is_told_with_its_line(line: str, told: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_script("a.chat", f"> hola\n\n{line}\n")
    assert "a.chat:3: " in caught.value.message
    assert told in caught.value.message


@pytest.mark.parametrize("line", ["< menu.main", "[Ver catálogo]", "! orders=0"])
def test_nothing_can_be_expected_before_something_was_said(line: str) -> None:
    with pytest.raises(InvalidInput, match=r"a\.chat:1"):
        parse_script("a.chat", line)


def test_options_stand_below_a_message_only() -> None:
    with pytest.raises(InvalidInput, match="options belong below"):
        parse_script("a.chat", "> hola\n< menu.main\n! orders=0\n[Ver catálogo]\n")


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_script("a.chat", "hola\n> <x>\n> ok\n! y=1\n")
    assert [line.split(" ")[0] for line in caught.value.message.splitlines()[1:]] == [
        "a.chat:1:",
        "a.chat:2:",
        "a.chat:4:",
    ]


def test_quoted_words_stay_together() -> None:
    assert split_words('a="b c" d "e \\" f" ""') == ["a=b c", "d", 'e " f', ""]


def test_a_caption_may_hold_anything() -> None:
    script = parse_script("a.chat", "> <image así > de [grande]>\n")
    assert script.blocks[0].action == CustomerSays(File("image", "así > de [grande]"))
