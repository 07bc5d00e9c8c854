"""The webhook's address: reached, certified, answering as Meta wants, and known to Meta."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Protocol

from wabot.checks.model import Check, Outcome, bad, good, skip, warn
from wabot.domain.counted import counted
from wabot.errors import ExternalFailure
from wabot.services.signatures import signature_of
from wabot.services.webhook_facts import Answer, Subscription

# Renewals are made 30 days before the end; one that failed leaves time to see to it.
_SOON = timedelta(days=14)
# A webhook of no entries: signed and accepted like any other, and nothing of it is stored.
SELF_TEST = b'{"object":"whatsapp_business_account","entry":[]}'
_FIELD = "messages"


class Endpoint(Protocol):
    """The address; each method asks it anew and raises ExternalFailure when it is not reached."""

    async def certificate_end(self) -> datetime:
        """Return when its certificate ends; raises when it is none that browsers accept."""
        ...

    async def get(self, parameters: Mapping[str, str]) -> Answer:
        """Ask as Meta does when it verifies the address."""
        ...

    async def post(self, body: bytes, signature: str) -> Answer:
        """Deliver a webhook."""
        ...

    async def subscription(self, app_id: str, secret: str) -> Subscription | None:
        """Return what Meta calls for an app; None when it calls nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Webhook:
    """What is known of the webhook; `public` tells whether the address is the one Meta reaches."""

    url: str
    public: bool
    endpoint: Endpoint
    verify_token: str = field(repr=False)
    apps: Mapping[str, Sequence[str]] = field(repr=False)
    where: str = "WABOT_PUBLIC_URL"

    @property
    def start(self) -> str:
        """Return what to do when it does not answer."""
        if self.public:
            return (
                f"see that the server runs (wabot serve) and that the proxy of {self.url} hands"
                " /webhook to it"
            )
        return "wabot serve"


async def _address(webhook: Webhook) -> Outcome:
    if webhook.public:
        return good(webhook.url)
    return warn(
        f"WABOT_PUBLIC_URL is not set: {webhook.url} is looked at, which Meta does not reach",
        f"set WABOT_PUBLIC_URL in {webhook.where} to https:// and the name in your proxy",
    )


async def _certificate(webhook: Webhook) -> Outcome:
    if not webhook.url.startswith("https://"):
        return skip("this machine's own address needs no certificate")
    left = await webhook.endpoint.certificate_end() - datetime.now(UTC)
    told = f"{counted(left.days, 'day')} left"
    if left > _SOON:
        return good(told)
    return warn(
        told, "renew it at the proxy (Caddy and certbot do it by themselves: see their logs)"
    )


async def _reached(webhook: Webhook) -> Outcome:
    try:
        # Unsigned: what is ours refuses it, and nothing else would in this way.
        answer = await webhook.endpoint.post(SELF_TEST, "")
    except ExternalFailure as error:
        return bad(error.message, error.hint if webhook.public else webhook.start)
    if answer.status == 401 and "X-Hub-Signature-256" in answer.text:
        return good("a webhook without a signature is refused")
    if answer.status == 200:
        return bad(
            f"{webhook.url} takes webhooks without a signature: that is not `wabot serve`",
            "have the proxy hand /webhook to `wabot serve`, and nothing else to answer it",
        )
    return bad(f"{webhook.url} answers HTTP {answer.status} instead of 401", webhook.start)


async def _handshake(webhook: Webhook) -> Outcome:
    if not webhook.verify_token:
        return skip("WHATSAPP_VERIFY_TOKEN is not set")
    challenge = token_hex(8)
    question = {"hub.mode": "subscribe", "hub.challenge": challenge}
    right = await webhook.endpoint.get(question | {"hub.verify_token": webhook.verify_token})
    if right.status != 200 or right.text != challenge:
        return bad(
            f"the handshake with our verify token is answered with HTTP {right.status}",
            "restart the server: it has another WHATSAPP_VERIFY_TOKEN than this machine",
        )
    wrong = await webhook.endpoint.get(question | {"hub.verify_token": token_hex(8)})
    if wrong.status != 403:
        return bad(
            f"a handshake with a wrong verify token is answered with HTTP {wrong.status}",
            "have the proxy hand the query of /webhook on as it came",
        )
    return good("the right verify token is answered, a wrong one refused")


async def _signature(webhook: Webhook) -> Outcome:
    if not webhook.apps:
        return skip("WHATSAPP_APP_SECRET is not set")
    for app_id, secrets in webhook.apps.items():
        for number, secret in enumerate(secrets, 1):
            answer = await webhook.endpoint.post(SELF_TEST, signature_of(SELF_TEST, secret))
            if answer.status != 200:
                return bad(
                    f"a webhook signed with secret {number} of app {app_id or '(no id)'}"
                    f" is answered with HTTP {answer.status}",
                    "restart the server: it has other app secrets than this machine"
                    if answer.status == 401
                    else "see its log for the reason",
                )
    forged = await webhook.endpoint.post(SELF_TEST, signature_of(SELF_TEST, token_hex(16)))
    if forged.status != 401:
        return bad(
            f"a webhook with a forged signature is answered with HTTP {forged.status}",
            "have the proxy hand /webhook to `wabot serve`, body and headers as they came",
        )
    return good("right signatures are taken, a forged one is refused")


async def _callback(webhook: Webhook) -> Outcome:
    known = [(app_id, secrets[0]) for app_id, secrets in webhook.apps.items() if app_id]
    if not webhook.public:
        return skip("WABOT_PUBLIC_URL is not set")
    if not known:
        return skip("WHATSAPP_APP_ID is not set")
    for app_id, secret in known:
        found = await webhook.endpoint.subscription(app_id, secret)
        wrong = _wrong(found, webhook.url)
        if wrong:
            return bad(
                f"for the app {app_id}, Meta {wrong}",
                f"https://developers.facebook.com/apps/{app_id}/whatsapp-business/wa-settings/ :"
                f" callback URL {webhook.url}, then subscribe to the field {_FIELD}",
            )
    return good(f"Meta calls {webhook.url}")


def _wrong(found: Subscription | None, url: str) -> str:
    if found is None:
        return "calls no webhook"
    if found.callback_url.rstrip("/") != url:
        return f"calls {found.callback_url}, which is not {url}"
    if not found.active:
        return "has the webhook switched off"
    if _FIELD not in found.fields:
        return f"does not send the field {_FIELD}"
    return ""


_REACHED = ("webhook.reached",)

# What does not depend on how the address is reached.
ROUTES = (
    Check("webhook.reached", "wabot answers there", _reached, timeout=15.0),
    Check("webhook.handshake", "Meta's handshake is answered", _handshake, _REACHED),
    Check("webhook.signature", "signatures are verified", _signature, _REACHED),
)

WEBHOOK = (
    Check("webhook.address", "the address is the one Meta reaches", _address),
    Check("webhook.certificate", "its certificate is good", _certificate),
    *ROUTES,
    Check("webhook.callback", "Meta calls this address", _callback, timeout=20.0),
)
