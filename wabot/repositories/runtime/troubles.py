"""What an error of PostgreSQL means: the server, the shop's own state, or a fault of ours."""

from enum import Enum, auto

import psycopg
from psycopg import errors

from wabot.errors import DatabaseUnavailable, WriteConflict

LOST = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    # Of another class for psycopg, and no fault of the statement either.
    errors.ReadOnlySqlTransaction,
    errors.IdleInTransactionSessionTimeout,
)
"""Errors that are no fault of what was asked: it may be asked again."""

# Locked, too slow, out of disk, memory or connections, read-only: SQLSTATEs and their classes.
_HELD_UP = ("53", "55P03", "57014", "25006", "25P03", "58")
_COLLIDED = frozenset({"40001", "40P01"})


class Trouble(Enum):
    """Who is to blame for a lost error."""

    AWAY = auto()
    """The server does not answer, or ended the connection."""
    HELD_UP = auto()
    """It answers that it cannot do this now: locked, slow, full, read-only."""
    COLLIDED = auto()
    """Two transactions met; nobody is to blame."""


def trouble_of(error: Exception) -> Trouble:
    """Tell what kind of trouble one of the lost errors is."""
    state = getattr(error, "sqlstate", None) or ""
    if state in _COLLIDED:
        return Trouble.COLLIDED
    return Trouble.HELD_UP if state.startswith(_HELD_UP) else Trouble.AWAY


def unavailable(name: str, error: Exception) -> DatabaseUnavailable:
    """Return the error in wabot's terms."""
    told = str(error).strip() or type(error).__name__
    match trouble_of(error):
        case Trouble.AWAY:
            return DatabaseUnavailable(f"Lost {name}: {told}", retryable=True)
        case Trouble.HELD_UP:
            return DatabaseUnavailable(f"Held up in {name}: {told}", retryable=True)
        case Trouble.COLLIDED:
            return WriteConflict(f"Collided in {name}: {told}", retryable=True)
