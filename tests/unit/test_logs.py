"""Logs: one shape, context on every line, and nothing that must stay inside."""

import asyncio
import io
import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.logging_state import logging_as_it_was
from wabot import logs

TOKEN = "EAAGm0PX4ZCpsBAKZCZBhEr5aQZDZD"
PHONE = "5215512345678"
WAMID = "wamid.HBgNNTIxNTUxMjM0NTY3OBUCABIYFDNBMDJBN0E5QkQ1QkU0RkQ5NzRFAA=="

logger = logging.getLogger("wabot.tests")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    with logging_as_it_was():
        yield


class Terminal(io.StringIO):
    """A stream that a person reads."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def stream() -> io.StringIO:
    written = io.StringIO()
    logs.configure("debug", "json", written)
    return written


def last(stream: io.StringIO) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stream.getvalue().splitlines()[-1])
    return found


def test_a_line_has_time_level_logger_action_sentence_and_fields(stream: io.StringIO) -> None:
    logs.log(logger, logging.INFO, "turn.done", "Answered", ms=1.5, tenant="don-pepe")
    line = last(stream)
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "info",
        "logger": "wabot.tests",
        "action": "turn.done",
        "message": "Answered",
        "ms": 1.5,
        "tenant": "don-pepe",
    }


def test_fields_given_as_extra_are_fields_too(stream: io.StringIO) -> None:
    logger.info("Answered", extra={"action": "turn.done", "tries": 2})
    assert (last(stream)["action"], last(stream)["tries"]) == ("turn.done", 2)


def test_every_line_inside_carries_the_context(stream: io.StringIO) -> None:
    with logs.bind(request_id="r1", tenant="don-pepe"):
        with logs.bind(message_id="m1"):
            logger.info("inside")
        logger.info("outside")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(x["request_id"], x["tenant"], x.get("message_id")) for x in lines] == [
        ("r1", "don-pepe", "m1"),
        ("r1", "don-pepe", None),
    ]
    logger.info("after")
    assert "request_id" not in last(stream)


async def test_tasks_keep_their_own_context(stream: io.StringIO) -> None:
    async def handle(tenant: str) -> None:
        with logs.bind(tenant=tenant):
            await asyncio.sleep(0)
            logger.info(tenant)

    await asyncio.gather(*(handle(f"shop-{number}") for number in range(5)))
    for line in map(json.loads, stream.getvalue().splitlines()):
        assert line["tenant"] == line["message"]


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        f"calling with {TOKEN}, again",
        f"Authorization: Bearer {TOKEN}",
        f"Authorization: Bearer s3cr3t-{TOKEN[3:]}",
        f"{{'Authorization': 'Bearer x{TOKEN[3:]}'}}",
        f'{{"access_token": "x{TOKEN[3:]}"}}',
        f'body: "{{\\"token\\": \\"x{TOKEN[3:]}\\"}}"',
        f"GET /v26.0/debug_token?input_token=x{TOKEN[3:]}&access_token=x{TOKEN[3:]}",
        f"/webhook?hub.mode=subscribe&hub.verify_token=x{TOKEN[3:]}&hub.challenge=1",
        f"bearer {TOKEN[3:]}",
        f"WHATSAPP_APP_SECRET=x{TOKEN[3:]}",
        f"WABOT_MASTER_KEY='x {TOKEN[3:]}'",
        f"postgresql://wabot:x{TOKEN[3:]}@db.example/wabot",
        f"postgresql://:x{TOKEN[3:]}@/wabot?host=/run",
        f"host=db password=x{TOKEN[3:]} dbname=wabot",
        f"host=db password='x {TOKEN[3:]}' dbname=wabot",
    ],
)
def test_tokens_and_passwords_do_not_get_out(stream: io.StringIO, text: str) -> None:
    logger.info(text)
    logger.info("said %s", text)
    logger.info("said", extra={"detail": text, "more": {"deep": [text]}})
    with logs.bind(detail=text):
        logger.info("bound")
    try:
        raise ValueError(text)
    except ValueError:
        logger.exception("failed")
    assert len(stream.getvalue().splitlines()) == 5
    assert TOKEN[3:] not in stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        PHONE,
        f"+{PHONE}",
        f"to {PHONE}.",
        f'{{"from": "{PHONE}"}}',
        f"tel:{PHONE}",
        f"wa_{PHONE}",
        f"{PHONE}@s.whatsapp.net",
        f"hola\\n{PHONE}",
        f"hola\n{PHONE}",
        "+52 1 55 1234 5678",
        "+52 (1) 55-1234-5678",
    ],
)
def test_phone_numbers_keep_their_last_four_digits_only(stream: io.StringIO, text: str) -> None:
    logger.info(text)
    assert "5678" in last(stream)["message"]
    try:
        raise ValueError(text)
    except ValueError:
        logger.exception("failed", extra={"contact": text})
    assert "12345678" not in stream.getvalue()
    assert "1234 5678" not in stream.getvalue()
    assert "1234-5678" not in stream.getvalue()


def test_a_phone_number_given_as_a_number_is_masked(stream: io.StringIO) -> None:
    logs.log(logger, logging.INFO, "sent", "Sent", contact=int(PHONE), phone_number_id="1065403522")
    assert (last(stream)["contact"], last(stream)["phone_number_id"]) == ("***5678", "1065403522")


def test_a_message_id_keeps_its_unique_end_and_loses_the_phone_inside(stream: io.StringIO) -> None:
    with logs.bind(message_id=WAMID):
        logger.info("handled")
    assert last(stream)["message_id"] == f"wamid.…{WAMID[-20:]}"


def test_a_message_id_that_looks_like_a_token_from_some_place_on_stays_an_id(
    stream: io.StringIO,
) -> None:
    wamid = "wamid.HBgNNTIxNTUxMjM0NTY3OBUCABIYFDNBMEAAN0E5QkQ1QkU0RkQ5NzRFAA=="
    with logs.bind(message_id=wamid):
        logger.info("handled")
    assert last(stream)["message_id"] == f"wamid.…{wamid[-20:]}"
    logger.info("%s EAAGm0PX4ZCps", wamid)
    assert last(stream)["message"] == f"wamid.…{wamid[-20:]} EAA***"


def test_ids_stay_readable(stream: io.StringIO) -> None:
    uuid = "7b1c9c1e-8f8f-4a4a-9a9a-123456789012"
    request = "1234567890abcdef1234567890123456"
    logger.info("%s %s", uuid, request)
    assert last(stream)["message"] == f"{uuid} {request}"


@pytest.mark.parametrize("field", ["body", "text", "caption", "payload", "token", "app_secret"])
def test_fields_that_hold_what_people_wrote_are_hidden(stream: io.StringIO, field: str) -> None:
    logger.info("received", extra={"fields": {field: "dos kilos de tomate"}})
    logger.info("received", extra={field: "dos kilos de tomate"})
    assert "tomate" not in stream.getvalue()


def test_configured_secrets_are_masked_wherever_they_stand() -> None:
    written = io.StringIO()
    logs.configure("info", "json", written, secrets=["correct-horse", "", "abc"])
    logger.info("compared correct-horse with abc")
    assert last(written)["message"] == "compared *** with abc"


def test_values_that_json_does_not_know_are_written_as_text(stream: io.StringIO) -> None:
    logs.log(logger, logging.INFO, "odd", "Odd", thing={1: object}, lone="\ud800")
    assert "object" in last(stream)["thing"]["1"]


def test_a_terminal_gets_lines_for_people_and_everything_else_json() -> None:
    terminal, pipe = Terminal(), io.StringIO()
    logs.configure("info", "auto", terminal)
    logs.log(logger, logging.WARNING, "shop.slow", "A shop is slow", tenant="don-pepe")
    assert "WARNING A shop is slow  tenant=don-pepe" in terminal.getvalue()
    logs.configure("info", "auto", pipe)
    logger.info("piped")
    assert last(pipe)["message"] == "piped"
    assert "piped" not in terminal.getvalue()


def test_the_console_masks_as_well() -> None:
    terminal = Terminal()
    logs.configure("info", "console", terminal)
    with logs.bind(contact=PHONE):
        try:
            raise ValueError(f"Bearer {TOKEN}")
        except ValueError:
            logger.exception("failed")
    assert PHONE not in terminal.getvalue()
    assert TOKEN[3:] not in terminal.getvalue()


def test_other_peoples_chatter_is_left_out_and_their_warnings_have_the_same_shape(
    stream: io.StringIO,
) -> None:
    logging.getLogger("httpx").info("HTTP Request: POST /messages")
    logging.getLogger("sqlalchemy.engine").info("SELECT 1")
    assert stream.getvalue() == ""
    logging.getLogger("psycopg.pool").warning("error connecting to %s", f"x:{PHONE}")
    assert last(stream)["message"] == "error connecting to x:***5678"


def test_lines_below_the_level_are_not_made() -> None:
    written = io.StringIO()
    logs.configure("warning", "json", written)
    logs.log(logger, logging.INFO, "turn.done", "Answered")
    assert written.getvalue() == ""


def test_a_sentence_whose_arguments_do_not_fit_is_logged_and_masked() -> None:
    record = logger.makeRecord("x", logging.INFO, "x.py", 1, "%d tries", (f"x {PHONE}",), None)
    assert json.loads(logs.JsonFormatter().format(record))["message"] == ("%d tries ('x ***5678',)")


def test_a_line_is_one_event_whose_time_an_agent_finds_first() -> None:
    """CloudWatch's agent makes an event of each line, and takes the first time that it finds."""
    stream = io.StringIO()
    logs.configure("info", "json", stream=stream)
    begun = datetime.now(UTC) - timedelta(milliseconds=1)
    logs.log(logging.getLogger("x"), logging.INFO, "a.b", "2001-01-01T00:00:00.000\ntwo lines")
    try:
        raise ValueError("of three\nlines\n")
    except ValueError:
        logging.getLogger("x").exception("it failed")
    lines = stream.getvalue().splitlines()
    assert [json.loads(line)["message"][-9:] for line in lines] == ["two lines", "it failed"]
    for line in lines:
        found = re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?=\+00:00)", line)
        assert found is not None
        at = datetime.strptime(found[0], "%Y-%m-%dT%H:%M:%S.%f").replace(tzinfo=UTC)
        assert begun <= at <= datetime.now(UTC)
