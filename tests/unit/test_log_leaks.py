"""What people wrote, tokens and whole phone numbers do not get out, however they come in."""

import io
import json
import logging
import re
from collections.abc import Callable, Iterator

import psycopg
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.logging_state import logging_as_it_was
from wabot import logs

SECRET = "dos kilos de zanahoria morada"
TOKEN = "GraphTokenOfAShop0123"
logger = logging.getLogger("wabot.tests.leaks")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    with logging_as_it_was():
        yield


def written(act: Callable[[], None], *, format_: str = "json") -> str:
    """Return what is logged by an act at the lowest level."""
    stream = io.StringIO()
    logs.configure("debug", format_, stream)
    act()
    return stream.getvalue()


def everywhere(text: str) -> str:
    """Log the text in each of the ways that there are."""

    def act() -> None:
        logger.info(text)
        logger.debug("%s", text)
        logs.log(logger, logging.ERROR, "a", "s", reason=text, deep={"list": [text]})
        with logs.bind(reason=text):
            logger.info("bound")
        try:
            try:
                raise ValueError(text)
            except ValueError as error:
                raise RuntimeError(f"caused by {error}") from error
        except RuntimeError:
            logger.exception("failed")
        try:
            raise ExceptionGroup("several", [ValueError(text), KeyError(text)])
        except ExceptionGroup:
            logger.exception("failed")

    return written(act) + written(act, format_="console")


# Digits of other scripts are digits, too.
SCRIPTS = ("0123456789", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "０１２３４５６７８９")
separators = st.sampled_from(["", " ", "-", ".", "  ", "\u00a0", "\u2011", "\u2013", ") ", " ("])


@st.composite
def phones(draw: st.DrawFn) -> tuple[str, str]:
    """Return a number as somebody may write it, and its digits."""
    digits = draw(st.from_regex(r"[1-9][0-9]{9,14}", fullmatch=True))
    script = draw(st.sampled_from(SCRIPTS))
    groups, left = [], digits
    while left:
        size = draw(st.integers(2, 4))
        if 0 < len(left) - size < 2:
            size = len(left)
        groups.append(left[:size])
        left = left[size:]
    between = draw(separators)
    shown = between.join("".join(script[int(d)] for d in group) for group in groups)
    plus = draw(st.sampled_from(["+", "", "00", "tel:", "+ "])) if between == "" else "+"
    plus = draw(st.sampled_from(["", "+"])) if between not in {"", ") ", " ("} else plus
    return plus + shown, digits


def digits_in(text: str) -> str:
    return "".join(str(int(c)) for c in text if c.isdecimal())


@given(phones(), st.sampled_from(["{}", "to {}.", "({})", "x={}", '{{"from": "{}"}}', "hola\n{}"]))
def test_a_phone_number_is_masked_however_it_is_written(
    phone: tuple[str, str], around: str
) -> None:
    shown, digits = phone
    assume(not re.fullmatch(r"(\d{1,3}\.){3}\d{1,3}", shown))
    masked = logs.mask(around.format(shown))
    assert digits not in digits_in(masked), masked
    assert len(digits_in(masked)) <= 6


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-30 02:20:11 UTC",
        "2026-11-30T02:20:11.123+00:00",
        "127.0.0.1:9464",
        "192.168.100.200 port 5432",
        "took 1200 ms",
        "1.2.3",
        "waits 30 60 s",
        "event 123456 of tenant don-pepe",
        "7b1c9c1e-8f8f-4a4a-9a9a-123456789012",
        "P-101",
    ],
)
def test_dates_addresses_and_counts_stay_readable(text: str) -> None:
    assert logs.mask(text) == text


class Refusal(psycopg.errors.CheckViolation):
    """An error of PostgreSQL with all that it appends."""

    def __str__(self) -> str:
        return (
            'new row for relation "messages" violates check constraint "messages_status_check"\n'
            f"DETAIL:  Failing row contains (7b1c, 5215512345678, '{SECRET}',\n\n {SECRET}).\n"
            f"CONTEXT:  JSON data, line 1: {SECRET}"
        )


@pytest.mark.parametrize(
    "text",
    [
        str(Refusal()),
        f"syntax error at or near \"x\"\nLINE 6: VALUES ('{SECRET}'\n                 ^",
        f'invalid input syntax for type json: "{SECRET}"',
        f'invalid input value for enum kind: "{SECRET}"',
        f'Lost it: invalid input syntax for type uuid: "{SECRET}"\nLINE 1: {SECRET}',
        f"cannot read {{'type': 'text', 'text': {{'body': '{SECRET}'}}}}",
        f'cannot read {{"caption": "{SECRET} \\" and {SECRET}"}}',
        f'cannot read "{{\\"body\\": \\"{SECRET}\\"}}"',
        f"cannot read {{'body': '{SECRET}",
        f"message={{'title': \"{SECRET}\"}}",
        f"400, message:\n  Invalid header:\n\n    b'{SECRET}'\n      ^",
        f"400, message:\n  Invalid method:\n\n    b\"it's {SECRET}",
    ],
)
def test_what_people_wrote_is_hidden_where_errors_quote_it(text: str) -> None:
    assert "zanahoria" not in everywhere(text)


def test_an_error_of_postgres_still_says_what_went_wrong() -> None:
    said = logs.mask(str(Refusal()))
    assert said.startswith('new row for relation "messages" violates check constraint')


def test_what_caused_an_error_of_postgres_is_still_told() -> None:
    def act() -> None:
        try:
            try:
                raise Refusal
            except Refusal as error:
                raise RuntimeError("the turn failed") from error
        except RuntimeError:
            logger.exception("failed")

    said = written(act)
    assert "zanahoria" not in said
    assert "RuntimeError: the turn failed" in json.loads(said)["traceback"]


@pytest.mark.parametrize(
    "text",
    [
        f"https://lookaside.fbsbx.com/whatsapp/?mid=1&ext=2&hash={TOKEN}",
        f"https://b.s3.amazonaws.com/k?X-Amz-Credential=x&X-Amz-Signature={TOKEN}&X-Amz-Date=1",
        f"https://b.s3.amazonaws.com/k?X-Amz-Security-Token={TOKEN}",
        f"GET https://graph.facebook.com/v26.0/debug_token?input_token={TOKEN}",
        f"ClientError, url=URL('https://x/?access_token={TOKEN}')",
        f"<CIMultiDictProxy('Authorization': 'Bearer {TOKEN}')>",
        f"{{'headers': {{'Authorization': 'Bearer {TOKEN}'}}}}",
        f"(#190) Malformed access token EAA{TOKEN}",
    ],
)
def test_tokens_in_addresses_headers_and_graphs_own_words_are_hidden(text: str) -> None:
    assert TOKEN not in everywhere(text)


def test_a_long_line_is_masked_in_time() -> None:
    """A customer's text of any shape must not hold up the server: no expression backtracks."""
    for piece in ("1 2-3.", "'body': '\\", "b'\\", '"text": "', "+5 5 ", "EAA-", "wamid.", "(12) "):
        logs.mask(piece * 20_000)
