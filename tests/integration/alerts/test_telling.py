"""What is told, how often, and by whom: the book of notices over a real database."""

import asyncio
from collections.abc import Callable

from tests.integration.alerts.conftest import REST_IS_OVER, Receiver, raise_some
from wabot.domain.alerts import Severity
from wabot.gateways.alerts.webhook import WebhookChannel
from wabot.repositories.runtime.alarm import PostgresAlarm
from wabot.services.alerts.notifier import Listener, Notifier, Told

MakeNotifier = Callable[..., Notifier]
Central = Callable[..., list]


def later(central: Central, hours: float) -> None:
    """Move everything that was told into the past, and let channels have rested."""
    central(
        "UPDATE wabot.alert_notices SET told_at = told_at - %s * interval '1 hour',"
        " again_at = again_at - %s * interval '1 hour'",
        hours,
        hours,
    )
    central(
        "UPDATE wabot.alerts SET first_at = first_at - %s * interval '1 hour',"
        " last_at = last_at - %s * interval '1 hour',"
        " resolved_at = resolved_at - %s * interval '1 hour'",
        hours,
        hours,
        hours,
    )
    central(
        "UPDATE wabot.alert_channels SET created_at = created_at - %s * interval '1 hour'", hours
    )
    central(REST_IS_OVER)


async def test_an_alert_is_told_once_and_again_only_after_its_cool_down(
    notifier_of: MakeNotifier, alarm: PostgresAlarm, receiver: Receiver, central: Central
) -> None:
    notifier = notifier_of()
    await raise_some(alarm, "disk_low:a:/")
    assert await notifier.run_once() == [Told("webhook", 1)]
    assert "ERROR disk_low: disk_low:a:/ happened" in receiver.last
    assert "next: free space" in receiver.last
    await raise_some(alarm, "disk_low:a:/")
    central(REST_IS_OVER)
    assert await notifier.run_once() == []
    later(central, 3.9)
    assert await notifier.run_once() == []
    later(central, 0.2)
    assert await notifier.run_once() == [Told("webhook", 1)]
    assert "STILL ERROR" in receiver.last
    assert "2 times" in receiver.last


async def test_its_end_is_told_once_to_who_was_told_of_it(
    notifier_of: MakeNotifier, alarm: PostgresAlarm, receiver: Receiver, central: Central
) -> None:
    notifier = notifier_of()
    await raise_some(alarm, "disk_low:a:/")
    await notifier.run_once()
    await alarm.resolve_alert("disk_low:a:/")
    central(REST_IS_OVER)
    assert await notifier.run_once() == [Told("webhook", 1)]
    assert "RESOLVED disk_low" in receiver.last
    central(REST_IS_OVER)
    assert await notifier.run_once() == []


async def test_what_comes_back_within_the_cool_down_is_not_told_again(
    notifier_of: MakeNotifier, alarm: PostgresAlarm, receiver: Receiver, central: Central
) -> None:
    notifier = notifier_of()
    for _ in range(3):
        await raise_some(alarm, "disk_low:a:/")
        await notifier.run_once()
        await alarm.resolve_alert("disk_low:a:/")
        central(REST_IS_OVER)
        await notifier.run_once()
        central(REST_IS_OVER)
    assert len(receiver.posts) == 2
    await raise_some(alarm, "disk_low:a:/")
    later(central, 4.1)
    await notifier.run_once()
    assert "ERROR disk_low" in receiver.last


async def test_what_grows_graver_is_told_at_once(
    notifier_of: MakeNotifier, alarm: PostgresAlarm, receiver: Receiver, central: Central
) -> None:
    notifier = notifier_of()
    await raise_some(alarm, "token_expiring:x")
    await notifier.run_once()
    await raise_some(alarm, "token_expiring:x", severity=Severity.CRITICAL)
    central(REST_IS_OVER)
    await notifier.run_once()
    assert "STILL CRITICAL token_expiring" in receiver.last


async def test_a_burst_is_one_message_and_the_next_ones_wait_for_the_channel_to_rest(
    notifier_of: MakeNotifier, alarm: PostgresAlarm, receiver: Receiver, central: Central
) -> None:
    notifier = notifier_of()
    await raise_some(alarm, *(f"media_failed:{n}" for n in range(30)), "webhooks_silent:all")
    assert await notifier.run_once() == [Told("webhook", 31)]
    await raise_some(alarm, "disk_low:a:/", "disk_low:b:/")
    assert await notifier.run_once() == []
    central(REST_IS_OVER)
    assert await notifier.run_once() == [Told("webhook", 2)]
    first, second = (post["text"] for post in receiver.posts)
    assert first.startswith("*[wabot] 31 alerts: 1 critical, 30 warning*\nCRITICAL webhooks_silent")
    assert "and 11 more: 11 × media_failed" in first
    assert second.startswith("*[wabot] 2 alerts: 2 error*")


async def test_a_channel_that_fails_is_tried_again_ever_later_and_loses_nothing(
    notifier_of: MakeNotifier, alarm: PostgresAlarm, receiver: Receiver, central: Central
) -> None:
    notifier = notifier_of()
    await raise_some(alarm, "disk_low:a:/")
    receiver.answers = [500, 503, 500]
    pauses = []
    for _ in range(3):
        (told,) = await notifier.run_once()
        assert told.problem.startswith("The webhook at 127.0.0.1 answered HTTP 50")
        assert await notifier.run_once() == []
        rest = "SELECT round(extract(epoch FROM next_at - now()) / 15) FROM wabot.alert_channels"
        pauses += central(rest)[0]
        central(REST_IS_OVER)
    assert pauses == [1, 2, 4]
    (failing,) = central("SELECT message FROM wabot.alerts WHERE rule = 'channel_failing'")
    assert failing[0].startswith("The channel webhook failed 3 times in a row: The webhook at")
    await alarm.resolve_alert("disk_low:a:/")
    assert await notifier.run_once() == [Told("webhook", 1)]
    assert "RAISED AND RESOLVED disk_low" in receiver.last
    assert central("SELECT failures, last_error FROM wabot.alert_channels") == [(0, "")]
    assert central(
        "SELECT resolved_at IS NULL FROM wabot.alerts WHERE rule = 'channel_failing'"
    ) == [(False,)]


async def test_a_channel_that_hangs_holds_up_no_other(
    notifier_of: MakeNotifier, alarm: PostgresAlarm, receiver: Receiver
) -> None:
    reached = asyncio.Event()

    async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        try:
            await asyncio.Event().wait()
        finally:
            writer.close()

    class Slow(WebhookChannel):
        name = "slow"

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        slow = Listener(Slow(f"http://127.0.0.1:{port}/"), Severity.WARNING)
        quick = Listener(WebhookChannel(receiver.url), Severity.WARNING)
        notifier = notifier_of(listeners=[slow, quick])
        await raise_some(alarm, "disk_low:a:/")
        round_ = asyncio.create_task(notifier.run_once())
        await reached.wait()
        async with asyncio.timeout(10):
            while not receiver.posts:
                await asyncio.sleep(0.01)
        assert not round_.done()
        round_.cancel()
        await asyncio.gather(round_, return_exceptions=True)


async def test_of_several_processes_one_tells(
    notifier_of: MakeNotifier, alarm: PostgresAlarm, receiver: Receiver
) -> None:
    await raise_some(alarm, *(f"media_failed:{n}" for n in range(5)))
    processes = [notifier_of(f"process {n}") for n in range(6)]
    told = await asyncio.gather(*(process.run_once() for process in processes))
    assert sorted(map(len, told)) == [0, 0, 0, 0, 0, 1]
    assert len(receiver.posts) == 1


async def test_who_dies_between_sending_and_noting_it_has_it_told_once_more_and_no_oftener(
    notifier_of: MakeNotifier, alarm: PostgresAlarm, receiver: Receiver, central: Central
) -> None:
    await raise_some(alarm, "disk_low:a:/")
    await notifier_of().run_once()
    # As a process leaves it that was killed right after its message went out.
    central("DELETE FROM wabot.alert_notices")
    central(
        "UPDATE wabot.alert_channels SET owner = 'dead', next_at = now() - interval '1 s',"
        " claimed_until = now() + interval '1 minute'"
    )
    other = notifier_of("two")
    assert await other.run_once() == []
    central("UPDATE wabot.alert_channels SET claimed_until = now() - interval '1 s'")
    assert await other.run_once() == [Told("webhook", 1)]
    central(REST_IS_OVER)
    assert await other.run_once() == []
    assert len(receiver.posts) == 2


async def test_what_is_too_mild_for_a_channel_is_not_told_there(
    notifier_of: MakeNotifier, alarm: PostgresAlarm, receiver: Receiver
) -> None:
    notifier = notifier_of(least=Severity.CRITICAL)
    await raise_some(alarm, "disk_low:a:/", "media_failed:x")
    assert await notifier.run_once() == []
    await raise_some(alarm, "webhooks_silent:all")
    assert await notifier.run_once() == [Told("webhook", 1)]
    assert "disk_low" not in receiver.last


async def test_a_new_channel_is_told_what_stands_and_not_what_is_over(
    notifier_of: MakeNotifier, alarm: PostgresAlarm, receiver: Receiver
) -> None:
    await raise_some(alarm, "disk_low:a:/", "media_failed:x")
    await alarm.resolve_alert("media_failed:x")
    assert await notifier_of().run_once() == [Told("webhook", 1)]
    assert "media_failed" not in receiver.last


async def test_a_rule_of_another_version_is_told_all_the_same(
    notifier_of: MakeNotifier, receiver: Receiver, central: Central
) -> None:
    central(
        "INSERT INTO wabot.alerts (key, rule, severity, message)"
        " VALUES ('k', 'of_the_future', 'dreadful', 'm')"
    )
    assert await notifier_of().run_once() == [Told("webhook", 1)]
    assert "ERROR of_the_future: m" in receiver.last


async def test_a_silenced_alert_is_kept_and_told_when_the_silence_ends(
    notifier_of: MakeNotifier, alarm: PostgresAlarm, receiver: Receiver, central: Central
) -> None:
    notifier = notifier_of()
    central(
        "INSERT INTO wabot.alert_silences (rule, reason, actor, until)"
        " VALUES ('disk_low', 'known', 'me', now() + interval '1 hour')"
    )
    await raise_some(alarm, "disk_low:a:/", "media_failed:x")
    assert await notifier.run_once() == [Told("webhook", 1)]
    central("UPDATE wabot.alert_silences SET until = now() - interval '1 s'")
    central(REST_IS_OVER)
    assert await notifier.run_once() == [Told("webhook", 1)]
    assert "disk_low" in receiver.last


async def test_what_came_and_went_under_a_silence_is_not_told_afterwards(
    notifier_of: MakeNotifier, alarm: PostgresAlarm, receiver: Receiver, central: Central
) -> None:
    notifier = notifier_of()
    await notifier.run_once()
    central(
        "INSERT INTO wabot.alert_silences (key, reason, actor, until)"
        " VALUES ('disk_low:a:/', 'known', 'me', now() + interval '1 hour')"
    )
    await raise_some(alarm, "disk_low:a:/")
    await alarm.resolve_alert("disk_low:a:/")
    central("UPDATE wabot.alert_silences SET until = now()")
    assert await notifier.run_once() == []


async def test_a_silence_of_one_shop_leaves_the_others_alone(
    notifier_of: MakeNotifier, receiver: Receiver, central: Central
) -> None:
    central(
        "INSERT INTO wabot.alert_silences (rule, client_id, reason, actor, until)"
        " VALUES ('media_failed', gen_random_uuid(), 'known', 'me', now() + interval '1 hour')"
    )
    central(
        "INSERT INTO wabot.alerts (key, rule, client_id, severity, message) VALUES"
        " ('a', 'media_failed', (SELECT client_id FROM wabot.alert_silences), 'warning', 'one'),"
        " ('b', 'media_failed', gen_random_uuid(), 'warning', 'two')"
    )
    assert await notifier_of().run_once() == [Told("webhook", 1)]
    assert "two" in receiver.last


async def test_the_end_is_told_although_the_alert_is_silenced_by_then(
    notifier_of: MakeNotifier, alarm: PostgresAlarm, receiver: Receiver, central: Central
) -> None:
    notifier = notifier_of()
    await raise_some(alarm, "disk_low:a:/")
    await notifier.run_once()
    central(
        "INSERT INTO wabot.alert_silences (rule, reason, actor, until)"
        " VALUES ('disk_low', 'known', 'me', now() + interval '1 hour')"
    )
    await alarm.resolve_alert("disk_low:a:/")
    central(REST_IS_OVER)
    await notifier.run_once()
    assert "RESOLVED" in receiver.last


async def test_looking_for_news_reads_no_table_whole(
    notifier_of: MakeNotifier, alarm: PostgresAlarm, central: Central
) -> None:
    await raise_some(alarm, "disk_low:a:/")
    central(
        "INSERT INTO wabot.alerts (key, rule, severity, message, resolved_at, first_at, last_at)"
        " SELECT 'old:' || n, 'media_failed', 'warning', 'm', now() - interval '9 days',"
        " now() - interval '10 days', now() - interval '10 days' FROM generate_series(1, 20000) n"
    )
    central("ANALYZE wabot.alerts")
    open_ = central("EXPLAIN SELECT 1 FROM wabot.alerts WHERE resolved_at IS NULL")
    passed = central(
        "EXPLAIN SELECT 1 FROM wabot.alerts WHERE resolved_at > now() - interval '1 day'"
    )
    assert "alerts_open_ix" in str(open_)
    assert "alerts_resolved_ix" in str(passed)
