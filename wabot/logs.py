"""Structured logs: JSON or console lines, with context and without secrets.

A line has an action (a stable name, `turn.done`), a sentence and fields. Tokens, passwords,
message bodies and whole phone numbers never reach it, tracebacks included.
"""

import json
import logging
import os
import re
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any, Final, TextIO

import orjson

from wabot.errors import ConfigurationError

_HIDDEN = "***"

# Fields that hold what people wrote or what opens doors, whatever their value looks like.
_PRIVATE_FIELD = re.compile(
    r"(?i)(^|_)(body|text|caption|payload|content|raw|token|secret|password|passwd|authorization"
    r"|master_key)$"
)
# Numbers that are not phone numbers although they look like them.
_NUMBER_FIELDS = frozenset({"phone_number_id", "waba_id", "app_id", "pid", "request_id", "at"})

# Never matches a quote or a backslash: JSON stays JSON.
_SECRETS = re.compile(
    # Kept as they are: message ids, whose base64 may look like a token from some place on.
    r"(?P<wamid>wamid\.[\w+/=-]{13,100})"
    r"|(?P<graph>EAA)[\w-]{6,}"  # access tokens of Graph
    r"|(?<=://)(?P<user>[^\s/@:'\"\\]*:)[^\s/@'\"\\]+(?=@)"  # user:password@ in a URL
    r"|(?P<key>(?i:password|(?:access|verify)_token|hash|sig|signature"
    r"|x-amz-(?:signature|credential|security-token))=)[^\s&,;'\"}\\]+"
    r"|(?P<scheme>(?i:\bbearer\s+))[\w.~+/=-]{4,}"
)
# What stands beside a telling name, in headers, JSON, reprs and queries.
_NAMED = re.compile(
    r"(?i)(?P<key>(?:token|secret|password|passwd|authorization|master_key|_proof)"
    r"\\?['\"]?\s*[=:]\s*)"
    r"(?:\\?\"[^\"]*\"|\\?'[^']*'|(?:(?:bearer|basic)\s+)?[^\s&,;'\"}\\]+)"
)
# What people wrote, where a dictionary of theirs is quoted, cut, or quoted in a quotation.
_WRITTEN = re.compile(
    r"(?P<key>\\*['\"](?:body|text|caption|payload|content|raw|title|description|address|name"
    r"|emoji)\\*['\"]\s*:\s*)(?P<open>\\*['\"]).*?(?:(?<!\\)(?P=open)|\Z)",
    re.DOTALL,
)
# PostgreSQL quotes rows, values and whole statements below its sentence, and a value at its end.
_QUOTED_BY_POSTGRES = re.compile(
    r"(?:\n|\\n)(?:LINE \d+|DETAIL|CONTEXT|QUERY|STATEMENT): .*", re.DOTALL
)
_QUOTED_VALUE = re.compile(
    r"(?P<said>(?:invalid input \w+|out of range)[^\"\n]*: )\\*\".*", re.DOTALL
)
# Raw bytes of a request, as aiohttp and Python show them.
_RAW_BYTES = re.compile(r"\bb(?P<open>\\*['\"]).*?(?:(?<!\\)(?P=open)|\Z)", re.DOTALL)
_NUMBERS = re.compile(
    # Kept as they are: UUIDs, whose last group may be all digits.
    r"(?P<uuid>\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b)"
    # A message id carries the phone number in base64 at its beginning; its end is unique.
    r"|(?P<wamid>wamid\.[\w+/=-]{13,})(?P<tail>[\w+/=-]{20})"
    # Phone numbers, as digits or as people write them; also after an escape such as \n.
    r"|(?<![A-Za-z0-9.])(?P<phone>(?:\+|00)?\d{10,15})(?![A-Za-z0-9])"
    r"|(?<=\\[nrt])(?P<escaped>(?:\+|00)?\d{10,15})(?!\d)"
    r"|(?P<written>\+\d(?:[\s().\u2010-\u2015/-]{0,2}\d){7,14})(?!\d)"
    # Groups of digits without a plus: a phone number unless they are a date or an address.
    r"|(?<![\w.:+/-])(?P<grouped>\(?\d{1,5}\)?(?:[\s.\u2010-\u2015-]{1,2}\(?\d{2,5}\)?){1,6})"
    r"(?![\w:])"
)
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_NO_PHONE = re.compile(rf"\d{{4}}-\d\d-\d\d(?:\s\d\d?)?|{_OCTET}(?:\.{_OCTET}){{3}}", re.ASCII)
_known: list[str] = []


def mask_secrets(text: str) -> str:
    """Replace tokens, passwords and the configured secrets."""
    # Most strings are short and hold none of this: spare them the expression.
    if ":" in text or "=" in text or "EAA" in text or "bearer" in text.lower():
        text = _SECRETS.sub(_hide_secret, text)
    for secret in _known:
        text = text.replace(secret, _HIDDEN)
    return text


def mask(text: str) -> str:
    """Replace secrets, what people wrote, and phone numbers but for their end."""
    if ":" in text:
        text = _WRITTEN.sub(rf"\g<key>{_HIDDEN}", text)
        text = _QUOTED_BY_POSTGRES.sub(f" {_HIDDEN}", text)
        text = _QUOTED_VALUE.sub(rf"\g<said>{_HIDDEN}", text)
    if "b'" in text or 'b"' in text or "b\\" in text:
        text = _RAW_BYTES.sub(_HIDDEN, text)
    return _mask_marks(text)


def _mask_marks(text: str) -> str:
    """Replace what can be told by its own looks: secrets and numbers."""
    text = mask_secrets(text)
    if ":" in text or "=" in text:
        text = _NAMED.sub(rf"\g<key>{_HIDDEN}", text)
    return _NUMBERS.sub(_hide_number, text)


def _hide_secret(match: re.Match[str]) -> str:
    if match["wamid"]:
        return match["wamid"]
    return f"{match['graph'] or match['user'] or match['key'] or match['scheme']}{_HIDDEN}"


def _hide_number(match: re.Match[str]) -> str:
    if match["uuid"]:
        return match["uuid"]
    if match["wamid"]:
        return f"wamid.…{match['tail']}"
    if match["grouped"]:
        digits = sum(map(str.isdecimal, match[0]))
        if not 10 <= digits <= 15 or _NO_PHONE.fullmatch(match[0]):
            return match[0]
    last = "".join(filter(str.isdecimal, match[0]))[-4:]
    return f"{_HIDDEN}{last}"


_context: ContextVar[Mapping[str, Any]] = ContextVar("wabot_log_context")
_NOTHING: Mapping[str, Any] = {}


@contextmanager
def bind(**fields: Any) -> Iterator[None]:
    """Add fields to every line logged inside, in this task and the tasks it starts."""
    safe = {name: _safe(name, value) for name, value in fields.items()}
    token = _context.set({**_context.get(_NOTHING), **safe})
    try:
        yield
    finally:
        _context.reset(token)


def bound(name: str) -> str:
    """Return a field that `bind` added around this task, empty when none did."""
    return str(_context.get(_NOTHING).get(name, ""))


def log(
    logger: logging.Logger,
    level: int,
    action: str,
    sentence: str,
    /,
    *,
    exc_info: BaseException | bool | None = None,
    **fields: Any,
) -> None:
    """Log a sentence under a stable action name, with fields."""
    if logger.isEnabledFor(level):
        logger.log(level, sentence, exc_info=exc_info, extra={"action": action, "fields": fields})


def log_line(sentence: str, /, **fields: Any) -> logging.LogRecord:
    """Return what `log` would hand to a formatter."""
    record = logging.LogRecord("wabot", logging.INFO, "", 0, sentence, (), None)
    vars(record).update(action="sample", fields=fields)
    return record


# What a LogRecord holds by itself; anything else came with `extra`.
_STANDARD: Final = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
    "message",
    "asctime",
    "taskName",
    "action",
    "fields",
}


def _safe(name: str, value: Any) -> Any:
    """Return the value as it may be logged under that name."""
    if value is None or isinstance(value, (bool, float)):
        return value
    if _PRIVATE_FIELD.search(name):
        return _HIDDEN
    if isinstance(value, int):
        return value if abs(value) < 10**9 or name in _NUMBER_FIELDS else mask(str(value))
    if isinstance(value, Mapping):
        return {str(key): _safe(str(key), item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_safe(name, item) for item in value]
    return mask_secrets(str(value)) if name in _NUMBER_FIELDS else mask(str(value))


def _parts(record: logging.LogRecord) -> tuple[str, dict[str, Any], str]:
    """Return the record's masked sentence, fields and traceback."""
    fields = dict(_context.get(_NOTHING))
    given = vars(record)
    for name in given.keys() - _STANDARD:
        fields[name] = _safe(name, given[name])
    for name, value in given.get("fields", _NOTHING).items():
        fields[name] = _safe(name, value)
    trace = ""
    if record.exc_info and record.exc_info[0] is not None:
        trace = _traceback(traceback.TracebackException(*record.exc_info))
    elif record.exc_text:
        trace = mask(record.exc_text)
    return mask(_sentence(record)), fields, trace


def _traceback(told: traceback.TracebackException) -> str:
    """Return the traceback, every error of it masked by itself: where one ends is certain here."""
    left = [told]
    while left:
        one = left.pop()
        one._str = mask(one._str)  # type: ignore[attr-defined]
        one.__notes__ = [mask(str(note)) for note in one.__notes__ or ()]
        left += [other for other in (one.__cause__, one.__context__) if other is not None]
        left += one.exceptions or ()
    return _mask_marks("".join(told.format()).rstrip())


def _sentence(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:
        return f"{record.msg} {record.args!r}"


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Render the record."""
        sentence, fields, trace = _parts(record)
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "action": getattr(record, "action", None),
            "message": sentence,
            **fields,
        }
        if trace:
            line["traceback"] = trace
        try:
            return orjson.dumps(line, default=str).decode()
        except TypeError:  # half of an emoji, or a number beyond 64 bits
            return json.dumps(line, default=str)


class ConsoleFormatter(logging.Formatter):
    """A line for people: time, level, sentence, fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Render the record."""
        sentence, fields, trace = _parts(record)
        at = datetime.fromtimestamp(record.created).astimezone()
        words = [f"{at:%H:%M:%S} {record.levelname:<7} {sentence}"]
        words += [f"{name}={value}" for name, value in fields.items()]
        return "  ".join(words) + (f"\n{trace}" if trace else "")


# Other people's loggers: what they say at their usual level is either noise or holds bodies.
_QUIET = {
    "aiohttp.access": logging.WARNING,
    "alembic": logging.WARNING,
    "asyncio": logging.WARNING,
    "boto3": logging.WARNING,
    "botocore": logging.WARNING,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "opentelemetry": logging.ERROR,
    "psycopg": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "urllib3": logging.WARNING,
}


def hide(secrets: Iterable[str]) -> None:
    """Mask these words from now on, wherever they occur, instead of those before."""
    _known[:] = [secret for secret in secrets if len(secret) >= 4]


def open_file(path: Path) -> logging.Handler:
    """Append to a file, made for its owner and group alone; anew when it is moved away.

    Several processes may write to it: each line goes at once.
    """
    try:
        if not path.parent.exists():
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640))
        return WatchedFileHandler(path, encoding="utf-8", delay=True)
    except OSError as error:
        raise ConfigurationError(
            f"Logs cannot be written to {path}: {error.strerror or error}",
            hint="Set WABOT_LOG_FILE to a file that this user may write; without it logs go to"
            " stderr.",
        ) from error


def configure(
    level: str = "info",
    format: str = "auto",  # noqa: A002 - named after its setting
    stream: TextIO | None = None,
    secrets: Iterable[str] = (),
    file: Path | None = None,
) -> None:
    """Send all loggers' lines to the file, else to the stream (stderr).

    `secrets` are masked wherever they occur. Raises ConfigurationError for a file that cannot be
    written.
    """
    target = sys.stderr if stream is None else stream
    console = format == "console" or (format == "auto" and file is None and target.isatty())
    handler = logging.StreamHandler(target) if file is None else open_file(file)
    handler.setFormatter(ConsoleFormatter() if console else JsonFormatter())
    hide(secrets)
    root = logging.getLogger()
    for old in list(root.handlers):
        if isinstance(old.formatter, (JsonFormatter, ConsoleFormatter)):
            root.removeHandler(old)
            old.close()
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, root.level))
    logging.captureWarnings(True)
