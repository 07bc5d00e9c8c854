"""Every malformed setting of the alerts is told with its rule, and no secret is shown."""

from pathlib import Path

import pytest

from wabot.config import load_settings
from wabot.config.alerting import MailServer, mail_server
from wabot.errors import ConfigurationError

MAIL = {"WABOT_ALERTS_EMAIL_TO": "a@example.org", "WABOT_ALERTS_SMTP_URL": "smtp://mx.example"}


def told(**variables: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environ=variables, env_file=Path("none"))
    return caught.value.message


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("EMAIL_TO", "ana", "must be e-mail addresses separated by commas, unlike 'ana'"),
        ("EMAIL_FROM", "a@b c", "must be an e-mail address"),
        ("SMTP_URL", "mail.example.org", "must look like smtp://USER:PASSWORD@HOST:587"),
        ("SMTP_URL", "http://mail.example.org", "must look like smtp://USER:PASSWORD@HOST:587"),
        ("SMTP_URL", "smtp://ana:pa/ss@mail", "escape @ : / ? # in a password (@ is %40)"),
        ("SMTP_URL", "smtp://ana@mail", "it names a user without a password"),
        ("SMTP_URL", "smtp://mail?tls=no", "the only option is ?tls=off"),
        ("SMTP_URL", "smtps://mail?tls=off", "the only option is ?tls=off"),
        ("SMTP_URL", "smtp://mail:99999", "must look like smtp://USER:PASSWORD@HOST:587"),
        ("SNS_TOPIC", "alerts", "must be a topic's ARN: arn:aws:sns:REGION:ACCOUNT:NAME"),
        ("WEBHOOK", "hooks.example/x", "must be an http:// or https:// URL"),
        ("WHATSAPP_TO", "5512345678", "must be a phone number like +525512345678"),
        ("WHATSAPP_TEMPLATE", "alert", "must be an approved template as NAME:LANGUAGE"),
        ("LEVELS", "email=loud", "must be pairs like email=error,whatsapp=critical, unlike"),
        ("LEVELS", "pigeon=error", "channels: log, email, sns, webhook, whatsapp"),
        ("ORDER_MINUTES", "-1", "must be a whole number from 0 to 10080"),
        ("DISK_PERCENT", "95", "must be a whole number from 0 to 90"),
    ],
)
def test_a_malformed_setting_is_told_with_its_rule(name: str, value: str, rule: str) -> None:
    message = told(**{f"WABOT_ALERTS_{name}": value})
    assert f"  WABOT_ALERTS_{name} " in message
    assert rule in message


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"EMAIL_TO": "a@example.org"},
            "WABOT_ALERTS_EMAIL_TO is set without WABOT_ALERTS_SMTP_URL",
        ),
        (
            {"SMTP_URL": "smtp://mail"},
            "WABOT_ALERTS_SMTP_URL is set without WABOT_ALERTS_EMAIL_TO",
        ),
        (
            {"WEBHOOK_SECRET": "x"},
            "WABOT_ALERTS_WEBHOOK_SECRET is set without WABOT_ALERTS_WEBHOOK",
        ),
        (
            {"WHATSAPP_TO": "+525512345678"},
            (
                "WABOT_ALERTS_WHATSAPP_TO is set without WABOT_ALERTS_WHATSAPP_FROM,"
                " WABOT_ALERTS_WHATSAPP_TEMPLATE"
            ),
        ),
    ],
)
def test_half_a_channel_is_refused(given: dict[str, str], said: str) -> None:
    assert said in told(**{f"WABOT_ALERTS_{name}": value for name, value in given.items()})


def test_no_message_repeats_a_secret() -> None:
    secrets = {
        "WABOT_ALERTS_SMTP_URL": "smtp://ana:hunter2/x@mail",
        "WABOT_ALERTS_WEBHOOK": "hooks.example/T0SECRET",
    }
    message = told(**secrets)
    assert "hunter2" not in message
    assert "T0SECRET" not in message


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mx", MailServer("mx", 587)),
        ("smtp://mx:25?tls=off", MailServer("mx", 25, tls="off")),
        ("smtps://a%40b:p%3A%2F@mx", MailServer("mx", 465, "a@b", "p:/", "always")),
        ("", None),
    ],
)
def test_a_mail_servers_url_says_all_of_it(url: str, server: MailServer | None) -> None:
    assert mail_server(url) == server


def test_what_must_not_be_logged_holds_the_secrets_of_all_channels() -> None:
    settings = load_settings(
        environ=MAIL
        | {
            "WABOT_ALERTS_SMTP_URL": "smtp://a:hunter2@mx",
            "WABOT_ALERTS_WEBHOOK": "https://hooks.example/T0SECRET",
            "WABOT_ALERTS_WEBHOOK_SECRET": "between us",
            "WABOT_ALERTS_WHATSAPP_TOKEN": "EAAown",
        },
        env_file=Path("none"),
    )
    words = {"hunter2", "https://hooks.example/T0SECRET", "between us", "EAAown"}
    assert words <= set(settings.secret_words)
