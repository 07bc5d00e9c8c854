"""Alerts in the log: for whoever watches that."""

import logging
from datetime import timedelta

from wabot.domain.alerts.notices import Digest, News
from wabot.domain.alerts.rules import Severity
from wabot.logs import log

_log = logging.getLogger(__name__)

_LEVELS = {
    Severity.WARNING: logging.WARNING,
    Severity.ERROR: logging.ERROR,
    Severity.CRITICAL: logging.CRITICAL,
}


class LogChannel:
    """A line for each alert."""

    name = "log"
    pause = timedelta(0)

    async def tell(self, message: Digest) -> None:
        """Write the lines."""
        if not message.notices:
            log(_log, _LEVELS[message.severity], "alert.test", message.text)
        for notice in message.notices:
            alert = notice.alert
            over = notice.news in {News.RESOLVED, News.PASSED}
            log(
                _log,
                logging.INFO if over else _LEVELS[alert.severity],
                f"alert.{notice.news}",
                alert.message,
                rule=alert.rule,
                key=alert.key,
                severity=alert.severity.value,
                tenant=alert.tenant,
                occurrences=alert.occurrences,
            )
