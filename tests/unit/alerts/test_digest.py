"""The words in which alerts are told."""

from datetime import UTC, datetime, timedelta

import pytest

from wabot.domain.alerts import Severity
from wabot.domain.alerts.notices import Alert, News, Notice, digest, retry_in

NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)


def notice(
    news: News = News.RAISED,
    rule: str = "shop_silent",
    severity: Severity = Severity.ERROR,
    *,
    tenant: str = "bodega",
    lasted: timedelta = timedelta(minutes=90),
) -> Notice:
    over = NOW + lasted if news in {News.RESOLVED, News.PASSED} else None
    alert = Alert(
        1, f"{rule}:x", rule, severity, "It happened.", tenant, 1, NOW, NOW + lasted, over
    )
    return Notice(alert, news)


def test_one_alert_says_what_since_when_and_what_to_do() -> None:
    found = digest([notice(rule="token_refused")])
    assert found.subject == "[wabot] ERROR token_refused (bodega)"
    assert found.text == (
        "ERROR token_refused (bodega): It happened.\n"
        "since 2026-03-02 18:00:00 UTC · key token_refused:x\n"
        "next: wabot tenant rotate-token bodega"
    )


@pytest.mark.parametrize(
    ("news", "lasted", "text"),
    [
        (News.RESOLVED, timedelta(seconds=90), "after 90 s"),
        (News.RESOLVED, timedelta(minutes=90), "after 90 min"),
        (News.PASSED, timedelta(hours=30), "after 30 h"),
        (News.PASSED, timedelta(days=3), "after 3 d"),
    ],
)
def test_an_end_says_how_long_it_lasted(news: News, lasted: timedelta, text: str) -> None:
    found = digest([notice(news, lasted=lasted)])
    assert text in found.text
    assert "next:" not in found.text


def test_what_is_over_stands_last_and_the_gravest_first() -> None:
    found = digest(
        [
            notice(News.RESOLVED, "disk_low", Severity.CRITICAL),
            notice(rule="media_failed", severity=Severity.WARNING),
            notice(rule="webhooks_silent", severity=Severity.CRITICAL),
        ]
    )
    assert found.subject == "[wabot] 3 alerts: 1 critical, 1 warning, 1 resolved"
    order = [found.text.index(rule) for rule in ("webhooks_silent", "media_failed", "disk_low")]
    assert order == sorted(order)
    assert found.severity is Severity.CRITICAL


def test_without_a_shop_the_remedy_keeps_its_placeholder() -> None:
    assert (
        "next: wabot tenant rotate-token SLUG"
        in digest([notice(rule="token_refused", tenant="")]).text
    )


def test_pauses_grow_to_a_quarter_of_an_hour() -> None:
    assert [retry_in(n).total_seconds() for n in (1, 2, 3, 6, 7, 40)] == [15, 30, 60, 480, 900, 900]
