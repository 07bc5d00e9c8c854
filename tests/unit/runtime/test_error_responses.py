"""What a request is answered that failed."""

import logging

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from wabot.errors import ConfigurationError, DatabaseUnavailable, WabotError
from wabot.middlewares.errors import error_responses


@pytest.mark.parametrize(
    ("error", "status", "again", "level"),
    [
        (DatabaseUnavailable("it went away"), 503, "2", logging.WARNING),
        (ConfigurationError("no such key"), 500, None, logging.ERROR),
    ],
)
async def test_what_passes_is_told_to_come_again_and_is_no_error(
    error: WabotError,
    status: int,
    again: str | None,
    level: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fails(_: web.Request) -> web.StreamResponse:
        raise error

    answer = await error_responses(make_mocked_request("POST", "/webhook"), fails)
    assert (answer.status, answer.headers.get("Retry-After")) == (status, again)
    assert [record.levelno for record in caplog.records] == [level]
