"""What customers send, written and read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wabot.simulation.conversation.contents import (
    Card,
    CartItem,
    Choice,
    Content,
    Deletion,
    Edit,
    File,
    NativeCart,
    Opening,
    Pin,
    Reaction,
    Text,
    Unreadable,
)
from wabot.simulation.conversation.notation import read_content, write_content


@pytest.mark.parametrize(
    ("written", "content"),
    [
        ("hola", Text("hola")),
        ("uno\\ndos", Text("uno\ndos")),
        ("\\<audio>", Text("<audio>")),
        ("\\[x]", Text("[x]")),
        ("<3", Text("<3")),
        ("[Ver más]", Choice("Ver más")),
        ("<old Confirmar>", Choice("Confirmar", old=True)),
        ("<image>", File("image")),
        ("<image la receta>", File("image", "la receta")),
        ("<audio>", File("audio")),
        ("<location 19.43,-99.13>", Pin(19.43, -99.13)),
        ("<location 19.43, -99.13 Parque México>", Pin(19.43, -99.13, "Parque México")),
        ("<contact +52 55 1234 5678>", Card("+52 55 1234 5678")),
        (
            "<cart DES-001 x2 BEB-001 x1@19.50>",
            NativeCart((CartItem("DES-001", 2), CartItem("BEB-001", 1, "19.50"))),
        ),
        ("<reaction 👍>", Reaction("👍")),
        ("<reaction>", Reaction()),
        ("<edit que sean 3>", Edit("que sean 3")),
        ("<revoke>", Deletion()),
        ("<open>", Opening()),
        ("<unsupported>", Unreadable()),
        ("<unknown poll>", Unreadable("poll")),
    ],
)
def test_everything_that_a_customer_can_send_can_be_written(written: str, content: Content) -> None:
    assert read_content(written) == content


contents = st.one_of(
    st.builds(Text, st.from_regex(r"[^\n\\\s][^\r\n\\]{0,20}\S", fullmatch=True)),
    st.builds(Choice, st.from_regex(r"[\w¿?][\w ¿?]{0,10}\w", fullmatch=True), st.booleans()),
    st.builds(File, st.sampled_from(["image", "audio", "video", "document", "sticker"])),
    st.builds(Pin, st.integers(-90, 90).map(float), st.integers(-180, 180).map(float)),
    st.builds(Reaction, st.sampled_from(["", "👍", "❤️"])),
    st.just(Deletion()),
    st.just(Opening()),
    st.just(Unreadable()),
)


@given(contents)
def test_what_is_written_reads_the_same(content: Content) -> None:
    assert read_content(write_content(content)) == content
