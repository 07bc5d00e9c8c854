"""Rounds that do not come to their end."""

import asyncio
import logging
from datetime import timedelta

import pytest

from wabot.errors import DatabaseUnavailable
from wabot.services.alerts import evaluator
from wabot.services.alerts.evaluator import Evaluator
from wabot.services.alerts.rounds import Memory, Round


class OneRound:
    """Facts that are due, and the one round there is, which does as it is told."""

    def __init__(self, failure: Exception | None) -> None:
        self._failure = failure

    def rounds(self) -> dict[str, Round]:
        return {"disk": Round(timedelta(minutes=1), self._look)}

    async def register(self, every: dict[str, timedelta]) -> None:
        pass

    async def claim_due(self, every: dict[str, timedelta]) -> dict[str, Memory]:
        return {name: {} for name in every}

    async def _look(self, memory: Memory) -> None:
        if self._failure is not None:
            raise self._failure
        await asyncio.sleep(60)


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (None, "not done within 0.01 s"),
        (DatabaseUnavailable("The database is away."), "The database is away."),
    ],
)
async def test_a_round_that_ends_early_says_why(
    failure: Exception | None,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(evaluator, "_AT_MOST", 0.01)
    one = OneRound(failure)
    with caplog.at_level(logging.WARNING):
        await Evaluator(one, one).run_once()  # type: ignore[arg-type]  # enough for a round
    (record,) = caplog.records
    assert record.__dict__["fields"]["reason"] == reason
