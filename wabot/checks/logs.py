"""What is logged, where it goes, and that nothing private is in it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from wabot.checks.model import Check, Outcome, Severity, bad, good
from wabot.logs import ConsoleFormatter, JsonFormatter, bind, log_line

_ROOM = 100 * 1024 * 1024

# What must never be in a log, as it may turn up there: none of it is anybody's.
_TOKEN = "EAAsampleTokenOfTheCheck0123456789"  # noqa: S105 - a sample
_PHONE = "+5215550107788"
_WORDS = "dos kilos de jitomate"
_PASSWORD = "sample-password-7788"  # noqa: S105 - a sample
_ID = UUID(int=7788)


@dataclass(frozen=True, slots=True)
class Logging:
    """How this process is to log; `open_file` raises ConfigurationError where it cannot.

    `free` returns the bytes that are left where a file is. `secrets` are those of the settings.
    """

    level: str
    format: str
    file: Path | None
    open_file: Callable[[Path], object]
    free: Callable[[Path], int]
    secrets: tuple[str, ...] = field(repr=False, default=())


async def _format(logs: Logging) -> Outcome:
    form = {"auto": "JSON lines (console on a terminal)", "json": "JSON lines"}
    return good(f"{logs.level} and above, {form.get(logs.format, 'console lines')}")


async def _destination(logs: Logging) -> Outcome:
    if logs.file is None:
        return good("stderr")
    logs.open_file(logs.file)
    return good(str(logs.file))


async def _room(logs: Logging) -> Outcome:
    if logs.file is None:
        return good("stderr takes care of itself")
    free = logs.free(logs.file)
    told = f"{free // 1024 // 1024} MB are free at {logs.file}"
    if free >= _ROOM:
        return good(told)
    return bad(
        told,
        f"free some space there, or set WABOT_LOG_FILE to another disk; see: df {logs.file.parent}",
    )


async def _masking(logs: Logging) -> Outcome:
    private = (_TOKEN, _PHONE, _PHONE[1:], _WORDS, _PASSWORD, *logs.secrets)
    with bind(tenant="sample", customer=_PHONE):
        lines = [
            formatter.format(log_line(sentence, **fields))
            for formatter in (JsonFormatter(), ConsoleFormatter())
            for sentence, fields in _samples(logs.secrets)
        ]
    leaked = sum(word in line for word in private for line in lines)
    kept = all(str(_ID) in line for line in lines)
    if leaked:
        return bad(
            f"{leaked} private words of a sample would be logged in clear",
            "set WABOT_LOG_LEVEL=error and install a newer wabot",
        )
    return (
        good(f"{len(private)} private words of a sample are masked")
        if kept
        else bad("ids are masked that logs need", "install a newer wabot")
    )


def _samples(secrets: tuple[str, ...]) -> list[tuple[str, dict[str, object]]]:
    said = f"A sample with {_TOKEN} of {_PHONE}, postgresql://me:{_PASSWORD}@db/x"
    fields = {
        "body": _WORDS,
        "password": _PASSWORD,
        "headers": {"Authorization": f"Bearer {_TOKEN}"},
        "phones": [_PHONE, _PHONE[1:]],
        "message": {"text": _WORDS},
        "event": _ID,
    }
    return [(said, fields)] + [(f"A sample with {word}.", {"event": _ID}) for word in secrets]


LOGS = (
    Check("logs.format", "level and format are known", _format),
    Check("logs.destination", "lines can be written", _destination),
    Check("logs.room", "there is room for more", _room, ("logs.destination",), Severity.WARNING),
    Check("logs.masking", "nothing private is logged", _masking),
)
