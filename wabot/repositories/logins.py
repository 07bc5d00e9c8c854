"""Logins whose password is made anew for every connection, as RDS does with IAM.

Process-wide, by host, port and user: connections are made in many places, and which of them need
this is a matter of where they lead.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from psycopg.pq import Conninfo

from wabot.errors import ConfigurationError

_ENCRYPTED = frozenset({"require", "verify-ca", "verify-full"})


class Login(NamedTuple):
    """Whose connections they are."""

    host: str
    port: int
    user: str


PasswordSource = Callable[[Login], str]

_sources: dict[Login, PasswordSource] = {}


@contextmanager
def passwords_from(source: PasswordSource, *ways: dict[str, str]) -> Iterator[None]:
    """Ask the source for the password of each connection with such parameters, for the block.

    Raises ConfigurationError for one that has a password, or whose token would travel in clear.
    """
    logins = [_checked(parameters) for parameters in ways]
    _sources.update(dict.fromkeys(logins, source))
    try:
        yield
    finally:
        for login in logins:
            _sources.pop(login, None)


def is_asked_for(parameters: dict[str, str]) -> bool:
    """Tell whether each connection with such parameters asks for its password."""
    return _login(parameters) in _sources


def with_password(parameters: dict[str, str]) -> dict[str, str]:
    """Return the parameters for one connection: with a fresh password, where there is one to have.

    Blocking: credentials may come over the network.
    """
    login = _login(parameters)
    source = _sources.get(login)
    if source is None:
        return parameters
    asked = {"password": source(login)}
    if "sslmode" not in parameters and _default("sslmode") not in _ENCRYPTED:
        asked["sslmode"] = "require"
    return parameters | asked


def _checked(parameters: dict[str, str]) -> Login:
    login = _login(parameters)
    if not login.host or not login.user:
        raise ConfigurationError(
            "WABOT_DATABASE_AUTH=rds-iam needs host and user in DATABASE_URL and"
            " RUNTIME_DATABASE_URL",
            hint="For example: postgresql://wabot_owner@wabot.abc.us-east-1.rds.amazonaws.com/wabot",
        )
    if "password" in parameters:
        raise ConfigurationError(
            f"The URL of {login.user} on {login.host} holds a password, and"
            " WABOT_DATABASE_AUTH=rds-iam says that there is none",
            hint="Take the password out of the URL, or set WABOT_DATABASE_AUTH=password.",
        )
    mode = parameters.get("sslmode", "require")
    if mode not in _ENCRYPTED:
        raise ConfigurationError(
            f"The URL of {login.user} on {login.host} says sslmode={mode}: the token, which is as"
            " good as a password, could travel in clear",
            hint="Say sslmode=verify-full with RDS's certificates in sslrootcert, or leave it out"
            " for sslmode=require.",
        )
    return login


def _login(parameters: dict[str, str]) -> Login:
    port = parameters.get("port", "") or _default("port")
    host = parameters.get("host", "")
    return Login(host, int(port) if port.isdecimal() else 0, parameters.get("user", ""))


def _default(keyword: str) -> str:
    """Return what libpq takes where a string says nothing: its own, or the environment's."""
    for option in Conninfo.get_defaults():
        if option.keyword.decode() == keyword:
            return (option.val or b"").decode()
    return ""
