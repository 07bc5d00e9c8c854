"""The checks of AWS over its SDK, which blocks: always in threads."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from wabot.checks.aws import ACCOUNT, BUCKETS, RDS, TOPIC, Account, Bucket, Database, MayNotLook
from wabot.checks.model import CheckSet
from wabot.config import Settings
from wabot.container.checks.surroundings import Surroundings
from wabot.errors import ConfigurationError
from wabot.services.aws_facts import (
    BucketFacts,
    Identity,
    Instance,
    Lifecycle,
    Privacy,
    RdsFacts,
    Topic,
)

T = TypeVar("T")

_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
)
_PLACES = ("WABOT_MEDIA", "WABOT_BACKUPS")


class _Asked:
    """What several checks ask is asked once."""

    def __init__(self) -> None:
        self._answers: dict[str, asyncio.Task[Any]] = {}

    async def once(self, what: str, ask: Callable[[], T], *, looking: bool = False) -> T:
        """Ask in a thread; `looking` tells that a missing right spoils only the look."""
        from wabot.gateways.aws.errors import AwsFailure

        if what not in self._answers:
            self._answers[what] = asyncio.create_task(asyncio.to_thread(ask))
        try:
            found: T = await asyncio.shield(self._answers[what])
        except AwsFailure as failure:
            if looking and failure.aws_code in _DENIED:
                raise MayNotLook(failure.message, hint=failure.hint) from failure
            raise
        return found


class _Account(_Asked):
    def __init__(self, around: Surroundings) -> None:
        super().__init__()
        settings = around.settings
        source = around.found.readings["WABOT_SETTINGS_FROM"].text
        self.topic_arn: str = settings["WABOT_ALERTS_SNS_TOPIC"]
        self.source: str = source
        self.source_problem = around.found.away
        self.uses = tuple(sorted(_used(around)))

    async def identity(self) -> Identity:
        """Return whose credentials these are."""
        from wabot.gateways.aws.inspection import identity

        return await self.once("identity", identity)

    async def instance(self) -> Instance | None:
        """Return the EC2 instance that this runs on."""
        from wabot.gateways.aws.inspection import instance

        return await self.once("instance", instance, looking=True)

    async def topic(self) -> Topic:
        """Return the topic of alerts."""
        from wabot.gateways.aws.inspection import topic

        return await self.once("topic", lambda: topic(self.topic_arn), looking=True)


class _Bucket(_Asked):
    def __init__(self, setting: str, name: str, prefix: str = "", encryption: str = "") -> None:
        super().__init__()
        self.setting = setting
        self.name = name
        self._place = name, prefix, encryption

    @property
    def _inspector(self) -> Any:
        from wabot.gateways.aws.buckets import BucketInspector

        return BucketInspector(*self._place)

    async def look(self) -> BucketFacts:
        """Return where it is."""
        return await self.once("look", self._inspector.look)

    async def write(self) -> None:
        """Put a tiny object and take it away again."""
        await self.once("write", self._inspector.write)

    async def privacy(self) -> Privacy:
        """Return who may see it."""
        return await self.once("privacy", self._inspector.privacy, looking=True)

    async def encryption(self) -> str:
        """Return what it encrypts with by itself."""
        return await self.once("encryption", self._inspector.encryption, looking=True)

    async def lifecycle(self) -> Lifecycle:
        """Return what becomes of old objects."""
        return await self.once("lifecycle", self._inspector.lifecycle, looking=True)


class _Database(_Asked):
    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._host = _rds_host(settings)
        self._name: str = settings["WABOT_RDS_INSTANCE"]
        self.configured = bool(self._host or self._name)
        self.wants_iam = settings["WABOT_DATABASE_AUTH"] == "rds-iam"

    async def facts(self) -> RdsFacts:
        """Return what AWS says of it."""
        from wabot.gateways.aws.inspection import database

        return await self.once("facts", lambda: database(self._host, self._name))


def sets(around: Surroundings) -> tuple[CheckSet[Any], ...]:
    """Compose the group."""

    async def account() -> Mapping[str, Account]:
        return {"": _Account(around)}

    async def buckets() -> Mapping[str, Bucket]:
        places = {name: around.settings[name] for name in _PLACES}
        found: dict[str, Bucket] = {
            name: _Bucket(name, place.bucket, place.prefix, place.encryption)
            for name, place in places.items()
            if place.bucket
        }
        return found or {"": _Bucket("", "")}

    async def databases() -> Mapping[str, Database]:
        return {"": _Database(around.settings)}

    always = ("env.setting", "env.together")
    used = _used(around)

    def needs(*settings: str) -> tuple[str, ...]:
        # What is not configured says so by itself.
        return (*always, "aws.credentials") if used & set(settings) else always

    return (
        CheckSet(ACCOUNT, account, needs=always),
        CheckSet(TOPIC, account, needs=needs("WABOT_ALERTS_SNS_TOPIC")),
        CheckSet(BUCKETS, buckets, needs=needs(*_PLACES)),
        CheckSet(RDS, databases, needs=needs("DATABASE_URL", "WABOT_RDS_INSTANCE")),
    )


def _used(around: Surroundings) -> frozenset[str]:
    """Return the settings that lead to AWS; none while some are malformed, which stops all."""
    try:
        settings = around.settings
        used = {
            **{name: bool(settings[name].bucket) for name in _PLACES},
            "DATABASE_URL": bool(_rds_host(settings)),
            "WABOT_RDS_INSTANCE": bool(settings["WABOT_RDS_INSTANCE"]),
            "WABOT_DATABASE_AUTH": settings["WABOT_DATABASE_AUTH"] == "rds-iam",
            "WABOT_ALERTS_SNS_TOPIC": bool(settings["WABOT_ALERTS_SNS_TOPIC"]),
            "WABOT_SETTINGS_FROM": bool(settings["WABOT_SETTINGS_FROM"]),
        }
    except ConfigurationError:
        return frozenset()
    return frozenset(name for name, use in used.items() if use)


def _rds_host(settings: Settings) -> str:
    """Return the host of the central database when its name is one of RDS's."""
    from wabot.gateways.aws.rds import region_of
    from wabot.repositories.conninfo import parameters_of

    url = settings["DATABASE_URL"] or settings["RUNTIME_DATABASE_URL"]
    host = parameters_of(url).get("host", "") if url else ""
    return host if region_of(host) else ""
