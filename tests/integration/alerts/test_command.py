"""`wabot alerts` as the operator types it: listed, silenced, resolved, sent."""

import io
import json
import re
from collections.abc import Callable

import pytest

from tests.harness import make_tenant
from tests.integration.alerts.conftest import Receiver, raise_some
from wabot.cli.alerts_view import show
from wabot.cli.central import open_alerts
from wabot.cli.output import Output
from wabot.config import Settings
from wabot.domain.alerts import Rule
from wabot.repositories.runtime.alarm import PostgresAlarm


async def test_a_name_that_is_a_slip_is_told_as_in_every_command(run) -> None:
    for words in (("list",), ("test", "log")):
        told = await run(*words, WABOT_ALERTS_EMAIL="ana@example.com")
        assert "WABOT_ALERTS_EMAIL is not a setting of wabot" in told.stderr


async def test_alerts_are_listed_by_gravity_shop_rule_and_time(
    run, alarm: PostgresAlarm, settings: Settings, central_url: str, central: Callable[..., list]
) -> None:
    shop = make_tenant(settings, central_url, "bodega")
    await raise_some(alarm, "media_failed:x", "webhooks_silent:all", "disk_low:a:/")
    await alarm.raise_alert(f"quota_80:{shop.id}", Rule.QUOTA_80, shop.id, "bodega used 80 %")
    await alarm.resolve_alert("disk_low:a:/")
    central(
        "UPDATE wabot.alerts SET last_at = last_at - interval '2 days' WHERE rule <> 'disk_low'"
    )

    async def listed(*words: str) -> list[str]:
        result = await run("list", "--json", *words)
        return [entry["rule"] for entry in json.loads(result.stdout)["data"]]

    assert await listed() == ["webhooks_silent", "quota_80", "media_failed"]
    assert (await listed("--all"))[-1] == "disk_low"
    assert await listed("--since", "24h") == ["disk_low"]
    assert await listed("--tenant", "bodega") == ["quota_80"]
    assert await listed("--rule", "media_failed") == ["media_failed"]
    unknown = await run("list", "--rule", "media_fail")
    assert (unknown.exit_code, "Did you mean media_failed?" in unknown.stderr) == (2, True)
    missing = await run("list", "--tenant", "nadie")
    assert (missing.exit_code, "There is no shop nadie" in missing.stderr) == (4, True)


async def test_a_silence_is_made_listed_ended_and_audited(
    run, settings: Settings, central_url: str, central: Callable[..., list]
) -> None:
    make_tenant(settings, central_url, "bodega")
    made = await run(
        "silence", "shop_silent", "--tenant", "bodega", "--for", "4h", "--reason", "fiesta"
    )
    assert made.exit_code == 0, made.output
    assert "shop_silent is not told until" in made.stderr
    (silence,) = json.loads((await run("silence", "list", "--json")).stdout)["data"]
    assert (silence["rule"], silence["tenant"], silence["reason"]) == (
        "shop_silent",
        "bodega",
        "fiesta",
    )
    assert (await run("silence", "end", str(silence["id"]))).exit_code == 0
    assert json.loads((await run("silence", "list", "--json")).stdout)["data"] == []
    again = await run("silence", "end", str(silence["id"]))
    assert (again.exit_code, "no silence" in again.stderr) == (4, True)
    noted = central(
        "SELECT action, slug, details->>'reason' FROM wabot.audit_log WHERE action LIKE 'alert.%'"
        " ORDER BY id"
    )
    assert noted == [
        ("alert.silence", "bodega", "fiesta"),
        ("alert.silence_end", "bodega", None),
    ]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("shop_silen", "--for", "4h", "--reason", "x"), 2, "Did you mean shop_silent?"),
        (("shop_silent", "--for", "soon", "--reason", "x"), 2, "--for must be a whole number"),
        (("shop_silent", "--for", "4h", "--reason", " "), 2, "--reason is empty"),
        (("shop_silent", "--for", "4h"), 2, "--reason"),
        (
            ("shop_silent", "--tenant", "nadie", "--for", "4h", "--reason", "x"),
            4,
            "There is no shop nadie",
        ),
        (("a:b", "--tenant", "t", "--for", "4h", "--reason", "x"), 2, "--tenant does not go"),
    ],
)
async def test_a_silence_that_cannot_be_is_refused(
    run, words: tuple[str, ...], code: int, said: str
) -> None:
    result = await run("silence", *words)
    assert (result.exit_code, said in result.stderr) == (code, True), result.output


async def test_an_alert_is_resolved_by_hand_once(run, alarm: PostgresAlarm) -> None:
    await raise_some(alarm, "disk_low:a:/")
    assert (await run("resolve", "disk_low:a:/")).exit_code == 0
    again = await run("resolve", "disk_low:a:/")
    assert (again.exit_code, "is over already" in again.stderr) == (4, True)
    missing = await run("resolve", "disk_low:b:/")
    assert (missing.exit_code, "There is no alert with the key" in missing.stderr) == (4, True)


async def test_send_tells_what_is_due_where_no_server_runs(
    run, alarm: PostgresAlarm, receiver: Receiver
) -> None:
    await raise_some(alarm, "disk_low:a:/")
    receiver.answers = [500]
    failed = await run("send", WABOT_ALERTS_WEBHOOK=receiver.url)
    assert failed.exit_code == 1
    assert "webhook: The webhook at 127.0.0.1 answered HTTP 500" in failed.stderr
    listed = await run("list")
    assert "The channel webhook failed 1 time in a row" in listed.stderr


class Terminal(io.StringIO):
    """A stream that a person reads."""

    def isatty(self) -> bool:
        return True


async def test_on_a_narrow_terminal_an_alert_is_a_block_in_which_nothing_is_cut(
    run, alarm: PostgresAlarm, settings: Settings, central_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make_tenant(settings, central_url, "bodega-de-la-esquina")
    key = f"notice_unsent:{shop.id}:owner"
    message = "The notice was not sent: " + "nobody wrote to the shop, no template is set " * 6
    await alarm.raise_alert(key, Rule.NOTICE_UNSENT, shop.id, message)
    await raise_some(alarm, "disk_low:a:/")
    await alarm.resolve_alert("disk_low:a:/")
    (listed, over) = json.loads((await run("list", "--all", "--json")).stdout)["data"]
    remedy = Rule.NOTICE_UNSENT.remedy("bodega-de-la-esquina")
    assert (listed["next"], listed["key"], over["next"]) == (remedy, key, "")

    monkeypatch.setenv("COLUMNS", "80")
    terminal = Terminal()
    with open_alerts(Output("alerts list")) as (alerts, _):
        show(Output("alerts list", stdout=terminal), alerts.listing(everything=True))
    shown = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue()).splitlines()
    first, second = shown[: shown.index("")], shown[shown.index("") + 1 :]
    assert first[:2] == ["error notice_unsent (bodega-de-la-esquina)", f"  {message}"]
    assert first[2].startswith("  since  20")
    assert first[3:] == [f"  next   {remedy}", f"  key    {key}"]
    begins = ["error", "disk_low:a:/", "since", "over", "key"]
    assert [line.split()[0] for line in second] == begins
