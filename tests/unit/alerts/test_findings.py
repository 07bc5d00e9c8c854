"""What is an alert, and what is none."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from wabot.domain.alerts import Severity
from wabot.domain.alerts.account import word_of
from wabot.domain.alerts.findings import (
    Backup,
    Disk,
    Host,
    Token,
    Traffic,
    backups_old,
    connections_used,
    database_size,
    delivery_failing,
    disks_low,
    graph_failing,
    processes_dying,
    servers_gone,
    tokens_expiring,
)
from wabot.domain.alerts.silence import (
    Hour,
    Hours,
    Silent,
    shops_silent,
    silent_hours,
    webhooks_silent,
)

SHOP = UUID("11111111-2222-3333-4444-555555555555")
NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)
GB = 1024**3


@pytest.mark.parametrize(
    ("accepted", "failed", "alert", "stays"),
    [
        (0, 4, False, False),  # too few to tell
        (0, 5, True, True),
        (5, 5, True, True),
        (20, 5, False, True),  # a fifth: not worth an alert, and not yet over
        (30, 5, False, False),
        (1000, 0, False, False),
    ],
)
def test_graph_fails_when_half_is_not_taken_and_until_a_fifth_is(
    accepted: int, failed: int, alert: bool, stays: bool
) -> None:
    traffic = [Traffic(SHOP, "bodega", accepted, failed, 0)]
    assert bool(graph_failing(traffic, ())) is alert
    assert bool(graph_failing(traffic, {f"graph_failing:{SHOP}"})) is stays


@pytest.mark.parametrize(
    ("accepted", "lost", "alert"),
    [(100, 4, False), (100, 29, False), (100, 30, True), (0, 5, True)],
)
def test_delivery_fails_when_a_third_does_not_arrive(accepted: int, lost: int, alert: bool) -> None:
    assert bool(delivery_failing([Traffic(SHOP, "bodega", accepted, 0, lost)], ())) is alert


@pytest.mark.parametrize(
    ("left", "severity"),
    [
        (timedelta(days=8), None),
        (timedelta(days=6), Severity.WARNING),
        (timedelta(hours=20), Severity.ERROR),
        (timedelta(seconds=-1), Severity.CRITICAL),
    ],
)
def test_a_token_is_the_graver_the_sooner_it_ends(
    left: timedelta, severity: Severity | None
) -> None:
    found = tokens_expiring([Token(SHOP, "bodega", NOW + left)], NOW)
    assert [each.severity for each in found] == ([severity] if severity else [])


def hours(*received: tuple[int, tuple[int, ...]], since: int = 0) -> Hours:
    made = tuple(
        Hour(NOW - timedelta(hours=n), count, before)
        for n, (count, before) in enumerate(received, 1)
    )
    return Hours(SHOP, "bodega", since, made)


ALWAYS = lambda _: True  # noqa: E731 - a shop that never closes


@pytest.mark.parametrize(
    ("shop", "silent"),
    [
        (hours((0, (30, 25, 28, 40))), 1),
        (hours((0, (8, 9, 8, 10)), (0, (7, 9, 8, 9)), (0, (8, 8, 8, 8))), 3),
        # Quiet shops: nothing unusual, however long.
        (hours(*[(0, (2, 3, 2, 1))] * 6), 0),
        # One busy week is not a habit, and three weeks are enough for one.
        (hours((0, (90, 0, 0, 0))), 0),
        (hours((0, (90, 80, 0, 0))), 0),
        (hours((0, (30, 30, 30, 0))), 1),
        # Somebody wrote.
        (hours((0, (8, 9, 8, 10)), (1, (90, 90, 90, 90))), 0),
        (hours((0, (30, 25, 28, 40)), since=1), 0),
    ],
)
def test_silence_is_odd_only_where_many_messages_are_missing(shop: Hours, silent: int) -> None:
    assert silent_hours(shop, ALWAYS) == silent


def test_hours_in_which_the_shop_is_closed_miss_nothing() -> None:
    assert silent_hours(hours((0, (30, 25, 28, 40))), lambda _: False) == 0


def test_many_silent_shops_are_one_alert_when_nothing_arrives_at_all() -> None:
    silent = [Silent(UUID(int=n), f"shop-{n}", 2) for n in range(4)]
    (one,) = webhooks_silent(silent, received_by_all=0)
    assert (one.client_id, shops_silent(silent, 0)) == (None, [])
    assert webhooks_silent(silent, received_by_all=1) == []
    assert len(shops_silent(silent, 1)) == 4
    assert (webhooks_silent(silent[:2], 0), len(shops_silent(silent[:2], 0))) == ([], 2)


@pytest.mark.parametrize(
    ("used", "severity"), [(84, []), (85, [None]), (94, [None]), (95, [Severity.CRITICAL])]
)
def test_connections_are_an_alert_before_they_run_out(used: int, severity: list) -> None:
    assert [found.severity for found in connections_used(used, 100)] == severity


def test_a_size_is_an_alert_only_above_what_the_operator_set() -> None:
    assert database_size(9 * GB, 0) == []
    assert database_size(9 * GB, 9) == []
    (found,) = database_size(10 * GB, 9)
    assert found.message == (
        "The central database has 10.0 GB, more than WABOT_ALERTS_DATABASE_GB=9."
    )


@pytest.mark.parametrize(
    ("free", "severity"), [(10, []), (9, [None]), (3, [None]), (2, [Severity.CRITICAL])]
)
def test_a_disk_is_an_alert_below_the_share_that_is_to_be_free(free: int, severity: list) -> None:
    found = disks_low([Disk("/srv", free * GB, 100 * GB)], "a", 10)
    assert [each.severity for each in found] == severity


def test_processes_that_die_thrice_are_an_alert_and_a_machine_without_any_is_another() -> None:
    def host(alive: int, died: int, *, well: bool = False) -> Host:
        return Host("a", alive, died, NOW, well)

    assert [len(processes_dying([host(1, died)])) for died in (2, 3)] == [0, 1]
    assert [len(servers_gone([each])) for each in (host(1, 9), host(0, 1), host(0, 0))] == [0, 1, 1]
    assert servers_gone([host(0, 0, well=True)]) == []


def test_a_backup_is_too_old_only_where_the_operator_said_how_old() -> None:
    backups = [
        Backup(SHOP, "una", NOW - timedelta(days=8), exported=True),
        Backup(SHOP, "dos", NOW - timedelta(days=8), exported=False),
        Backup(SHOP, "tres", NOW - timedelta(days=6), exported=True),
    ]
    assert backups_old(backups, 0, NOW) == []
    assert [found.message for found in backups_old(backups, 7, NOW)] == [
        "una was last exported on 2026-02-22 18:00 UTC.",
        "dos has never been exported, since 2026-02-22 18:00 UTC.",
    ]


@pytest.mark.parametrize(
    ("field", "value", "key", "said"),
    [
        (
            "phone_number_quality_update",
            {"event": "FLAGGED", "display_phone_number": "15550100000", "current_limit": "TIER_1K"},
            "number_quality:9001:15550100000",
            "Meta flags the quality of the number +…0000 (limit now TIER_1K).",
        ),
        (
            "account_update",
            {"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "SPAM"}},
            "account_restricted:9001",
            "Meta found a violation of its rules in the account 9001 (ACCOUNT_VIOLATION: SPAM).",
        ),
        (
            "account_update",
            {
                "event": "ACCOUNT_RESTRICTION",
                "restriction_info": [{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING"}],
            },
            "account_restricted:9001",
            (
                "Meta restricts the account 9001 (ACCOUNT_RESTRICTION:"
                " RESTRICTED_BIZ_INITIATED_MESSAGING)."
            ),
        ),
        (
            "message_template_status_update",
            {
                "event": "REJECTED",
                "message_template_name": "pedido",
                "message_template_language": "es_MX",
                "reason": "INVALID_FORMAT",
            },
            "template_changed:9001:pedido:es_MX",
            "The template pedido:es_MX of account 9001 is REJECTED: INVALID_FORMAT.",
        ),
    ],
)
def test_what_meta_tells_of_an_account_is_an_alert(
    field: str, value: dict, key: str, said: str
) -> None:
    word = word_of(field, value, "9001")
    assert word is not None
    assert (word.key, word.message, word.over) == (key, said, False)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone_number_quality_update", {"event": "UNFLAGGED", "display_phone_number": "1"}),
        ("account_update", {"event": "ACCOUNT_RECONNECTED"}),
        (
            "account_update",
            {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}},
        ),
        ("message_template_status_update", {"event": "APPROVED"}),
    ],
)
def test_meta_takes_it_back(field: str, value: dict) -> None:
    word = word_of(field, value, "9001")
    assert word is not None
    assert word.over


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("account_update", {"event": "AD_ACCOUNT_LINKED"}),
        ("account_update", {}),
        ("account_update", {"event": None, "ban_info": []}),
        ("field_of_the_future", {"event": "FLAGGED"}),
        ("phone_number_quality_update", {"event": ["FLAGGED"]}),
    ],
)
def test_other_news_are_no_alert(field: str, value: dict) -> None:
    assert word_of(field, value, "9001") is None
