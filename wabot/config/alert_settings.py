"""The settings of alerts: ways to the operator, and when to speak."""

from wabot.config.alerting import (
    address,
    addresses,
    hook,
    levels,
    mail_server,
    phone,
    template,
    topic,
)
from wabot.config.parsers import whole
from wabot.config.setting import Setting

ALERT_SETTINGS: tuple[Setting, ...] = (
    Setting(
        "WABOT_ALERTS_EMAIL_TO",
        "alerts",
        "E-mail addresses that are told of alerts, separated by commas.",
        parse=addresses,
    ),
    Setting(
        "WABOT_ALERTS_EMAIL_FROM",
        "alerts",
        "Address that the e-mails come from. Empty: the SMTP server's user.",
        parse=address,
    ),
    Setting(
        "WABOT_ALERTS_SMTP_URL",
        "alerts",
        "Mail server: smtp://USER:PASSWORD@HOST:587 (STARTTLS) or smtps://USER:PASSWORD@HOST:465;"
        " smtp://HOST:25?tls=off for a relay in your own network.",
        obtain="from your mail provider; many want an app password",
        secret=True,
        parse=mail_server,
    ),
    Setting(
        "WABOT_ALERTS_SNS_TOPIC",
        "alerts",
        "ARN of an Amazon SNS topic that alerts are published to, with the AWS SDK's own"
        " variables.",
        parse=topic,
    ),
    Setting(
        "WABOT_ALERTS_WEBHOOK",
        "alerts",
        'URL that alerts are posted to as {"text": …}: an incoming webhook of Slack, Mattermost or'
        " Google Chat, or a program of yours.",
        obtain="from the chat: its page for incoming webhooks",
        secret=True,
        parse=hook,
    ),
    Setting(
        "WABOT_ALERTS_WEBHOOK_SECRET",
        "alerts",
        "Signs what is posted (X-Wabot-Signature-256 over X-Wabot-Timestamp, a dot and the body)"
        " and adds the alerts as fields.",
        secret=True,
    ),
    Setting(
        "WABOT_ALERTS_WHATSAPP_TO",
        "alerts",
        "The operator's phone that is told of alerts by WhatsApp, like +525512345678.",
        parse=phone,
    ),
    Setting(
        "WABOT_ALERTS_WHATSAPP_FROM",
        "alerts",
        "The number they come from: a shop's slug, or the phone number id of a number of your own"
        " with its token in WABOT_ALERTS_WHATSAPP_TOKEN.",
    ),
    Setting(
        "WABOT_ALERTS_WHATSAPP_TOKEN",
        "alerts",
        "Access token for a number of your own; not needed for a shop's.",
        secret=True,
    ),
    Setting(
        "WABOT_ALERTS_WHATSAPP_TEMPLATE",
        "alerts",
        "An approved template of that number's account as NAME:LANGUAGE; its body has {{1}}: the"
        " alert's heading, {{2}}: what happened.",
        parse=template,
    ),
    Setting(
        "WABOT_ALERTS_LEVELS",
        "alerts",
        "How grave an alert must be for a channel (log, email, sns, webhook, whatsapp): warning,"
        " error or critical. Others get everything.",
        "whatsapp=error",
        parse=levels,
    ),
    Setting(
        "WABOT_ALERTS_ORDER_MINUTES",
        "alerts",
        "Minutes after which an order that still has its first status is an alert; a shop's own"
        " setting order_alert_minutes goes before. 0: none.",
        "0",
        parse=whole(0, 10_080),
    ),
    Setting(
        "WABOT_ALERTS_BACKUP_DAYS",
        "alerts",
        "Days without an export of a shop after which that is an alert. 0: none.",
        "0",
        parse=whole(0, 3650),
    ),
    Setting(
        "WABOT_ALERTS_DATABASE_GB",
        "alerts",
        "Gigabytes of the central database above which its size is an alert. 0: none.",
        "0",
        parse=whole(0, 1_000_000),
    ),
    Setting(
        "WABOT_ALERTS_DISK_PERCENT",
        "alerts",
        "Percent of a disk (of WABOT_HOME and WABOT_MEDIA) that are to be free; less is an alert."
        " 0: none.",
        "10",
        parse=whole(0, 90),
    ),
)
