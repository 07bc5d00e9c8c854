"""The composition of what tells the operator of alerts."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wabot.config import Settings
from wabot.container.graph import graph_client
from wabot.domain.alerts.rules import Severity

if TYPE_CHECKING:
    from wabot.gateways.alerts.whatsapp import AlertSender
    from wabot.repositories.runtime.pools import Pools
    from wabot.services.alerts.evaluator import Evaluator
    from wabot.services.alerts.notifier import Listener, Notifier, Told
    from wabot.services.alerts.ports import Channel
    from wabot.services.alerts.tally import Tally
    from wabot.services.alerts.trying import Trial
    from wabot.services.runtime.ports import Clients

_FIRST = {
    "email": "WABOT_ALERTS_EMAIL_TO and WABOT_ALERTS_SMTP_URL",
    "sns": "WABOT_ALERTS_SNS_TOPIC",
    "webhook": "WABOT_ALERTS_WEBHOOK",
    "whatsapp": "WABOT_ALERTS_WHATSAPP_TO, …_FROM and …_TEMPLATE",
}


def configured_channels(settings: Settings, pools: "Callable[[], Pools]") -> "list[Listener]":
    """Return every channel that the settings name, the log first."""
    from wabot.services.alerts.notifier import Listener

    least = settings["WABOT_ALERTS_LEVELS"]
    return [
        Listener(channel, Severity(least.get(channel.name, Severity.WARNING)))
        for channel in _channels(settings, pools)
    ]


@dataclass(frozen=True, slots=True)
class Alerting:
    """One process's part in looking at the facts and in telling what they mean."""

    evaluator: "Evaluator"
    notifier: "Notifier"

    def start(self) -> None:
        """Begin to look and to tell."""
        self.evaluator.start()
        self.notifier.start()

    async def stop(self) -> None:
        """End both; what is being told may end, for a moment."""
        await self.evaluator.stop()
        await self.notifier.stop()


def build_alerting(
    settings: Settings,
    pools: "Pools",
    clients: "Clients",
    owner: str,
    tally: "Tally | None" = None,
) -> Alerting:
    """Put one process's part together; `tally` is what counts its messages."""
    import socket

    from wabot.gateways.alerts.outage_mark import OutageMark
    from wabot.gateways.disks import LocalDisks
    from wabot.repositories.alerts.book import PostgresAlertBook
    from wabot.repositories.alerts.facts import PostgresFacts
    from wabot.repositories.alerts.shops import PostgresShopFacts
    from wabot.repositories.runtime.alarm import PostgresAlarm
    from wabot.services.alerts.evaluator import Evaluator
    from wabot.services.alerts.notifier import Notifier
    from wabot.services.alerts.outage import Outage
    from wabot.services.alerts.rounds import Looks, Thresholds

    host = socket.gethostname()
    media = settings["WABOT_MEDIA"]
    kept = [] if media.bucket else [media.folder or settings.home / "media"]
    facts = PostgresFacts(pools, owner=owner, host=host)
    looks = Looks(
        facts,
        PostgresShopFacts(pools),
        clients,
        LocalDisks([settings.home, *kept]),
        Thresholds(
            settings["WABOT_ALERTS_ORDER_MINUTES"],
            settings["WABOT_ALERTS_BACKUP_DAYS"],
            settings["WABOT_ALERTS_DATABASE_GB"],
            settings["WABOT_ALERTS_DISK_PERCENT"],
        ),
        host=host,
    )
    listeners = configured_channels(settings, lambda: pools)
    outage = Outage([each.channel for each in listeners], OutageMark(settings.home), host)
    book = PostgresAlertBook(pools, owner=owner)
    notifier = Notifier(book, PostgresAlarm(pools), listeners, outage)
    return Alerting(Evaluator(facts, looks, tally), notifier)


async def try_channels(settings: Settings, name: str | None) -> "list[Trial]":
    """Send a test through one channel, or through all; raises UnknownChoice, ConfigurationError."""
    import socket

    from wabot.config.alerting import CHANNELS
    from wabot.container.central import open_central
    from wabot.errors import ConfigurationError, UnknownChoice
    from wabot.repositories.runtime.pools import Pools
    from wabot.services.alerts.trying import try_all

    if name is not None and name not in CHANNELS:
        raise UnknownChoice(f"there is no channel {name!r}; known: {', '.join(CHANNELS)}")
    async with AsyncExitStack() as opened:

        def pools() -> "Pools":
            urls = opened.enter_context(open_central(settings))
            made = Pools(urls.runtime_url, size=2)
            opened.push_async_callback(made.close)
            return made

        listeners = configured_channels(settings, pools)
        found = [each.channel for each in listeners if name in {None, each.channel.name}]
        if not found:
            raise ConfigurationError(
                f"The channel {name} is not set", hint=f"Set {_FIRST[name or '']} (README, Alerts)."
            )
        return await try_all(found, socket.gethostname())


async def send_once(settings: Settings, runtime_url: str) -> "list[Told]":
    """Look at everything that is due, then tell what is; once."""
    import os
    import socket

    from wabot.gateways.encryption import TokenCipher
    from wabot.repositories.runtime.clients import PostgresClients
    from wabot.repositories.runtime.pools import Pools

    cipher = TokenCipher(settings["WABOT_MASTER_KEY"])
    pools = Pools(runtime_url, size=4, decrypt=cipher.decrypt)
    await pools.open()
    try:
        owner = f"{socket.gethostname()}:{os.getpid()}:send"
        alerting = build_alerting(settings, pools, PostgresClients(pools), owner)
        await alerting.evaluator.run_once()
        return await alerting.notifier.run_once()
    finally:
        await pools.close()


def _channels(settings: Settings, pools: "Callable[[], Pools]") -> "list[Channel]":
    from wabot.gateways.alerts.log import LogChannel

    found: list[Channel] = [LogChannel()]
    if server := settings["WABOT_ALERTS_SMTP_URL"]:
        from wabot.gateways.alerts.email import EmailChannel

        recipients = settings["WABOT_ALERTS_EMAIL_TO"]
        found.append(EmailChannel(server, recipients, settings["WABOT_ALERTS_EMAIL_FROM"]))
    if topic := settings["WABOT_ALERTS_SNS_TOPIC"]:
        from wabot.gateways.alerts.sns import SnsChannel

        found.append(SnsChannel(topic))
    if url := settings["WABOT_ALERTS_WEBHOOK"]:
        from wabot.gateways.alerts.webhook import WebhookChannel

        found.append(WebhookChannel(url, settings["WABOT_ALERTS_WEBHOOK_SECRET"]))
    if recipient := settings["WABOT_ALERTS_WHATSAPP_TO"]:
        from wabot.gateways.alerts.whatsapp import WhatsAppChannel

        template = settings["WABOT_ALERTS_WHATSAPP_TEMPLATE"]
        sender = _sender(settings, pools)
        found.append(WhatsAppChannel(graph_client(settings), sender, recipient, template))
    return found


def _sender(
    settings: Settings, pools: "Callable[[], Pools]"
) -> "Callable[[], Awaitable[AlertSender]]":
    """Return what finds the number that alerts come from: the operator's own, or a shop's."""
    from wabot.errors import ConfigurationError
    from wabot.gateways.alerts.whatsapp import AlertSender
    from wabot.gateways.encryption import TokenCipher
    from wabot.repositories.runtime.clients import PostgresClients

    number, token = settings["WABOT_ALERTS_WHATSAPP_FROM"], settings["WABOT_ALERTS_WHATSAPP_TOKEN"]

    async def find() -> AlertSender:
        if token:
            return AlertSender(number, token)
        tenant = await PostgresClients(pools()).by_slug(number)
        if tenant is None:
            raise ConfigurationError(
                f"WABOT_ALERTS_WHATSAPP_FROM names no shop: {number}",
                hint="Name one of `wabot tenant list`, or a phone number id of your own together"
                " with WABOT_ALERTS_WHATSAPP_TOKEN.",
            )
        clear = TokenCipher(settings["WABOT_MASTER_KEY"]).decrypt(tenant.id, tenant.token)
        return AlertSender(tenant.phone_number_id, clear)

    return find
