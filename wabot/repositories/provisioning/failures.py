"""What PostgreSQL refused, as the kinds of error that wabot names."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError, OperationalError

from wabot.errors import ConfigurationError, Conflict, DatabaseUnavailable, Refused, WabotError
from wabot.repositories.engines import no_central_tables

_UNIQUE_VIOLATION = "23505"
# Lock not available, query cancelled, deadlock, serialization failure: nobody's fault.
_BUSY = frozenset({"55P03", "57014", "40P01", "40001"})
_INSUFFICIENT_PRIVILEGE = "42501"
# Undefined table, schema, column or role: the central database is missing or behind.
_NOT_PREPARED = frozenset({"42P01", "3F000", "42703", "42704"})
# Undefined table or schema.
_MISSING = frozenset({"42P01", "3F000"})


@contextmanager
def named_failures(where: str = "") -> Iterator[None]:
    """Raise the named error in place of the driver's; what has no name stays a bug.

    `where` describes a database that is not the central one.
    """
    try:
        yield
    except DBAPIError as error:
        named = _named(error.orig, where, unanswered=isinstance(error, OperationalError))
        if named is None:
            raise
        raise named from error


@contextmanager
def missing_tables(slug: str) -> Iterator[None]:
    """Name a shop's tables that are not there: the central database has no part in it."""
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in _NOT_PREPARED:
            raise
        raise ConfigurationError(
            f"the tables of tenant {slug} are not as they should be:"
            f" {str(error.orig).strip().splitlines()[0]}",
            hint=f"Look at them with: wabot tenant doctor {slug}",
        ) from error


@contextmanager
def named_driver_failures(where: str = "") -> Iterator[None]:
    """Do the same for what asks psycopg without SQLAlchemy."""
    try:
        yield
    except psycopg.Error as error:
        named = _named(error, where, unanswered=isinstance(error, psycopg.OperationalError))
        if named is None:
            raise
        raise named from error


def _named(error: BaseException | None, where: str, *, unanswered: bool) -> WabotError | None:
    state: str = getattr(error, "sqlstate", None) or ""
    said = str(error).strip().splitlines()[0] if str(error or "").strip() else ""
    if state == _UNIQUE_VIOLATION and "clients" in said:
        return Conflict(
            f"the slug or the phone_number_id was taken meanwhile: {said}", retryable=True
        )
    # Roles belong to the whole server: another database's upgrade may be changing them.
    if state in _BUSY or "concurrently updated" in said:
        return Refused(
            f"something else holds what this needs: {said}",
            hint="Nothing was changed; run the command again.",
            retryable=True,
        )
    if state == _INSUFFICIENT_PRIVILEGE:
        return ConfigurationError(
            f"the login of {where or 'DATABASE_URL'} lacks a right: {said}",
            hint="It needs CREATEROLE and CREATE on the database; the runtime's login has neither.",
        )
    if state in _MISSING and not where:
        return no_central_tables()
    if state in _NOT_PREPARED:
        return ConfigurationError(
            f"the {where or 'central database'} is not prepared: {said}",
            hint="Look at it with: wabot tenant doctor" if where else "Run: wabot db upgrade",
        )
    if unanswered:
        return DatabaseUnavailable(
            f"the {where or 'central database'} does not answer: {said}",
            hint="Check that server, then run the command again."
            if where
            else "Check DATABASE_URL, then: wabot db status",
            retryable=True,
        )
    return None
