"""Looks that need rights of their own."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TypeVar

from wabot.checks.model import Outcome, warn
from wabot.errors import ExternalFailure

C = TypeVar("C")


class MayNotLook(ExternalFailure):
    """Report that the credentials lack a right that only looking needs."""


def if_allowed(
    question: Callable[[C], Awaitable[Outcome]],
) -> Callable[[C], Awaitable[Outcome]]:
    """Warn where only the right to look is missing: what is looked at may be in order."""

    @wraps(question)
    async def ask(context: C) -> Outcome:
        try:
            return await question(context)
        except MayNotLook as error:
            return warn(error.message, error.hint)

    return ask
