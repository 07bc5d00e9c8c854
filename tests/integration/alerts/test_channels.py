"""`wabot alerts test`: every channel tried, every fault with its remedy."""

import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import quote

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer

from tests.harness import NUMBER, TOKEN, make_tenant
from tests.integration.alerts.conftest import Receiver
from tests.integration.alerts.mail import PASSWORD, UNKNOWN, USER, MailBox, mail_server
from wabot.config import Settings
from wabot.simulation.graph.config import GraphConfig, Number
from wabot.simulation.graph.server import StandInGraph

TOPIC = "arn:aws:sns:us-east-1:123456789012:alerts"


def row_of(result: object, channel: str) -> list[str]:
    """The line of a channel: channel, status, detail, fix."""
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    return next(line for line in lines if line[0] == channel)


@pytest.fixture
async def mailbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MailBox]:
    async with mail_server(tmp_path) as box:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        monkeypatch.setenv("WABOT_ALERTS_EMAIL_TO", "ana@example.org, ben@example.org")
        monkeypatch.setenv("WABOT_ALERTS_SMTP_URL", url_of(box))
        yield box


def url_of(box: MailBox, password: str = PASSWORD) -> str:
    return f"smtp://{quote(USER)}:{quote(password, safe='')}@127.0.0.1:{box.port}"


async def test_a_mail_goes_encrypted_and_with_login_to_all_addresses(run, mailbox: MailBox) -> None:
    result = await run("test", "email")
    assert result.exit_code == 0, result.output
    assert row_of(result, "email")[1] == "ok"
    assert mailbox.recipients == [["ana@example.org", "ben@example.org"]]
    (mail,) = mailbox.mails
    assert (mail["Subject"], mail["From"]) == ("[wabot] test of alerts", USER)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "wabot alerts test" in mail.get_content()


@pytest.mark.parametrize(
    ("variables", "detail", "fix"),
    [
        (
            {"WABOT_ALERTS_SMTP_URL": "password"},
            "refuses the login of ops@example.org: 535 5.7.8 Authentication credentials invalid",
            (
                "Correct user and password in WABOT_ALERTS_SMTP_URL; many providers want an app"
                " password."
            ),
        ),
        (
            {"WABOT_ALERTS_EMAIL_TO": UNKNOWN},
            f"refuses: {UNKNOWN}: 550 no such user here",
            "Correct WABOT_ALERTS_EMAIL_TO.",
        ),
        (
            {"SSL_CERT_FILE": "/dev/null"},
            "has no usable encryption: self-signed certificate",
            (
                "smtps:// is for port 465, smtp:// for 587 (STARTTLS); see the host in"
                " WABOT_ALERTS_SMTP_URL."
            ),
        ),
        (
            {"WABOT_ALERTS_SMTP_URL": "off"},
            "cannot do that: SMTP AUTH extension not supported by server.",
            (
                "Without encryption: add ?tls=off in WABOT_ALERTS_SMTP_URL; without login:"
                " leave the user out."
            ),
        ),
    ],
)
async def test_what_a_mail_server_refuses_is_told_with_what_helps(
    run, mailbox: MailBox, variables: dict[str, str], detail: str, fix: str
) -> None:
    changed = {
        "password": url_of(mailbox, "wrong-password"),
        "off": f"{url_of(mailbox)}?tls=off",
    }
    given = {name: changed.get(value, value) for name, value in variables.items()}
    result = await run("test", **given)
    assert result.exit_code == 1
    where = f"The mail server 127.0.0.1 port {mailbox.port} "
    assert row_of(result, "email") == ["email", "failed", where + detail, fix]
    assert "Error: email: the test did not get through" in result.stderr
    assert PASSWORD not in result.output
    assert "wrong-password" not in result.output
    assert mailbox.mails == []


async def test_a_mail_server_without_encryption_is_used_only_when_told_so(
    run, tmp_path: Path
) -> None:
    async with mail_server(tmp_path, encrypted=False) as box:
        plain = f"smtp://127.0.0.1:{box.port}"
        result = await run(
            "test", WABOT_ALERTS_EMAIL_TO="ana@example.org", WABOT_ALERTS_SMTP_URL=plain
        )
        assert "STARTTLS extension not supported" in row_of(result, "email")[2]
        result = await run("test", WABOT_ALERTS_SMTP_URL=f"{plain}?tls=off")
        assert row_of(result, "email")[1] == "ok"
        assert len(box.mails) == 1


async def test_a_mail_server_that_is_away_is_named(run) -> None:
    result = await run(
        "test",
        "email",
        WABOT_ALERTS_EMAIL_TO="ana@example.org",
        WABOT_ALERTS_SMTP_URL="smtp://127.0.0.1:1?tls=off",
    )
    assert row_of(result, "email")[2:] == [
        "The mail server 127.0.0.1 port 1 cannot be used: Connection refused",
        "See host and port in WABOT_ALERTS_SMTP_URL, and that this machine may reach them.",
    ]


async def test_a_webhook_gets_a_text_and_with_a_secret_a_signature_over_it(
    run, receiver: Receiver
) -> None:
    result = await run("test", "webhook", WABOT_ALERTS_WEBHOOK=receiver.url)
    assert result.exit_code == 0
    assert list(receiver.posts[0]) == ["text"]
    await run("test", "webhook", WABOT_ALERTS_WEBHOOK_SECRET="between us")
    assert list(receiver.posts[1]) == ["text", "alerts"]
    headers, raw = receiver.headers[1], receiver.raw[1]
    signed = headers["X-Wabot-Timestamp"].encode() + b"." + raw
    expected = hmac.new(b"between us", signed, hashlib.sha256).hexdigest()
    assert headers["X-Wabot-Signature-256"] == f"sha256={expected}"


@pytest.mark.parametrize(
    ("status", "what", "fix"),
    [
        (404, "answered HTTP 404: there is nothing there", "the whole URL that the chat gave you"),
        (403, "answered HTTP 403: it refuses us", "Make a new incoming webhook"),
        (500, "answered HTTP 500", "Look at the log of whoever receives it."),
        (302, "answered HTTP 302, a redirect", "the whole URL that the chat gave you"),
    ],
)
async def test_what_a_webhook_answers_is_told_without_its_secret_address(
    run, receiver: Receiver, status: int, what: str, fix: str
) -> None:
    receiver.answers = [status]
    result = await run("test", WABOT_ALERTS_WEBHOOK=receiver.url)
    assert result.exit_code == 1
    row = row_of(result, "webhook")
    assert row[2] == f"The webhook at 127.0.0.1 {what}"
    assert fix in row[3]
    assert "T0SECRET" not in result.output
    assert receiver.posts == []


async def test_a_webhook_that_is_away_is_told_without_its_secret_address(run) -> None:
    result = await run("test", WABOT_ALERTS_WEBHOOK="http://127.0.0.1:1/hooks/T0SECRET")
    row = row_of(result, "webhook")
    assert row[2].startswith("The webhook at 127.0.0.1 cannot be reached: ")
    assert row[3].endswith("and that this machine may reach it.")
    assert "T0SECRET" not in result.output


@pytest.fixture
def sns(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    httpx.post(f"{url}/moto-api/reset").raise_for_status()
    for name, value in {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-3",
        "WABOT_ALERTS_SNS_TOPIC": TOPIC,
    }.items():
        monkeypatch.setenv(name, value)
    yield url
    server.stop()


async def test_a_topic_of_another_region_is_published_to(run, sns: str) -> None:
    client = boto3.client("sns", region_name="us-east-1")
    client.create_topic(Name="alerts")
    client.close()
    result = await run("test", "sns")
    assert (result.exit_code, row_of(result, "sns")[1]) == (0, "ok")


async def test_a_topic_that_is_not_there_is_named_with_what_helps(run, sns: str) -> None:
    result = await run("test", "sns")
    assert result.exit_code == 1
    row = row_of(result, "sns")
    assert row[2] == f"SNS does not take the alert for {TOPIC}: there is no such topic"
    assert row[3].startswith("Correct WABOT_ALERTS_SNS_TOPIC (aws sns list-topics), or make")


async def test_without_aws_credentials_sns_says_how_to_get_some(
    run, sns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    result = await run("test", "sns", AWS_EC2_METADATA_DISABLED="true")
    row = row_of(result, "sns")
    assert row[2] == f"SNS does not take the alert for {TOPIC}: no AWS credentials were found"
    assert row[3].startswith("Give the machine an IAM role")


WHATSAPP = {
    "WABOT_ALERTS_WHATSAPP_TO": "+525512345678",
    "WABOT_ALERTS_WHATSAPP_TEMPLATE": "wabot_alert:en_US",
}


async def test_whatsapp_goes_through_a_shops_number_as_a_template(
    run, settings: Settings, central_url: str
) -> None:
    make_tenant(settings, central_url, "bodega")
    async with StandInGraph(GraphConfig(numbers=(Number(NUMBER, TOKEN),))) as graph:
        result = await run(
            "test",
            "whatsapp",
            WHATSAPP_API_BASE=graph.url,
            WABOT_ALERTS_WHATSAPP_FROM="bodega",
            **WHATSAPP,
        )
        assert result.exit_code == 0, result.output
        sent = await graph.next_message(5)
    assert (sent.to.lstrip("+"), sent.body["template"]["name"]) == ("525512345678", "wabot_alert")
    values = [p["text"] for p in sent.body["template"]["components"][0]["parameters"]]
    assert values[0] == "[wabot] test of alerts"


async def test_a_number_of_the_operators_own_needs_its_token(run, central_url: str) -> None:
    async with StandInGraph(GraphConfig(numbers=(Number("990", TOKEN),))) as graph:
        asked = {"WHATSAPP_API_BASE": graph.url, "WABOT_ALERTS_WHATSAPP_FROM": "990", **WHATSAPP}
        without = await run("test", "whatsapp", **asked)
        wrong = await run("test", "whatsapp", WABOT_ALERTS_WHATSAPP_TOKEN="EAAwrong")
        right = await run("test", "whatsapp", WABOT_ALERTS_WHATSAPP_TOKEN=TOKEN)
    row = row_of(without, "whatsapp")
    assert row[2] == "WABOT_ALERTS_WHATSAPP_FROM names no shop: 990"
    assert "WABOT_ALERTS_WHATSAPP_TOKEN" in row[3]
    row = row_of(wrong, "whatsapp")
    assert row[2].startswith("WhatsApp did not take the alert from number 990: ")
    assert row[3].startswith("Its token is refused: wabot tenant rotate-token")
    assert "EAAwrong" not in wrong.output
    assert row_of(right, "whatsapp")[1] == "ok"


async def test_without_a_channel_the_log_is_tried_and_the_settings_are_named(run) -> None:
    result = await run("test")
    assert (result.exit_code, result.stdout.splitlines()[0][:6]) == (0, "log\tok")
    assert '"action":"alert.test"' in result.stderr
    assert "No channel but the log is set" in result.stderr
    result = await run("test", "email")
    assert result.exit_code == 3
    assert "The channel email is not set" in result.stderr
    assert "WABOT_ALERTS_EMAIL_TO and WABOT_ALERTS_SMTP_URL" in result.stderr
    result = await run("test", "pigeon")
    assert result.exit_code == 2
    assert "known: log, email, sns, webhook, whatsapp" in result.stderr


async def test_a_failed_test_is_a_document_with_every_channel(run, receiver: Receiver) -> None:
    receiver.answers = [404]
    result = await run("test", "--json", WABOT_ALERTS_WEBHOOK=receiver.url)
    assert result.exit_code == 1
    found = {entry["channel"]: entry["status"] for entry in json.loads(result.stdout)["data"]}
    assert found == {"log": "ok", "webhook": "failed"}
