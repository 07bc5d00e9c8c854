"""The credentials, the machine, the topic of alerts, the settings that are kept in AWS."""

from typing import Protocol

from wabot.checks.aws.looking import MayNotLook, if_allowed
from wabot.checks.model import Check, Outcome, Severity, bad, good, skip, warn
from wabot.services.aws_facts import Identity, Instance, Topic

_ROOT = ":root"


class Account(Protocol):
    """The credentials, the machine, and what else is one for the installation."""

    uses: tuple[str, ...]
    topic_arn: str
    source: str
    source_problem: tuple[str, str] | None

    async def identity(self) -> Identity:
        """Return whose credentials these are."""
        ...

    async def instance(self) -> Instance | None:
        """Return the EC2 instance that this runs on."""
        ...

    async def topic(self) -> Topic:
        """Return the topic of alerts."""
        ...


async def _credentials(account: Account) -> Outcome:
    if not account.uses:
        return skip("not configured: no setting leads to AWS")
    found = await account.identity()
    if found.arn.endswith(_ROOT):
        return warn(
            f"the root user of the account {found.account}",
            "make an IAM role for wabot: the root user may do everything",
        )
    return good(found.arn)


async def _region(account: Account) -> Outcome:
    if not account.uses:
        return skip("not configured: no setting leads to AWS")
    asked = (await account.identity()).region
    try:
        here = await account.instance()
    except MayNotLook:
        here = None
    if here is not None and here.region and here.region != asked:
        return warn(
            f"AWS_REGION is {asked}, this machine is in {here.region}",
            f"set AWS_REGION={here.region} in the environment, if that is where things are",
        )
    return good(asked)


@if_allowed
async def _instance(account: Account) -> Outcome:
    here = await account.instance()
    if here is None:
        return skip("not on EC2: no instance metadata answers")
    where = f"{here.id}, {here.type} in {here.zone}"
    if here.problems:
        return bad(
            f"{where}: {'; '.join(here.problems)}",
            f"aws ec2 describe-instance-status --instance-ids {here.id}",
        )
    return good(f"{where}, {here.state}")


@if_allowed
async def _topic(account: Account) -> Outcome:
    if not account.topic_arn:
        return skip("not configured: WABOT_ALERTS_SNS_TOPIC")
    found = await account.topic()
    if not found.confirmed:
        waiting = f", {found.pending} have not confirmed yet" if found.pending else ""
        return warn(
            f"nobody gets what {account.topic_arn} is sent{waiting}",
            f"aws sns subscribe --topic-arn {account.topic_arn} --protocol email"
            " --notification-endpoint YOU@EXAMPLE.COM",
        )
    return good(f"{found.confirmed} get it")


async def _source(account: Account) -> Outcome:
    if not account.source:
        return skip("not configured: WABOT_SETTINGS_FROM")
    if account.source_problem:
        return bad(*account.source_problem)
    return good(account.source)


_KNOWN = ("aws.credentials",)
ACCOUNT = (
    Check("aws.credentials", "AWS knows the credentials", _credentials, timeout=30.0),
    Check("aws.region", "the region is this machine's", _region, _KNOWN, Severity.WARNING, 30.0),
    Check("aws.instance", "the EC2 instance is well", _instance, timeout=30.0),
    Check("aws.settings", "settings kept in AWS are read", _source, timeout=30.0),
)
TOPIC = (Check("aws.topic", "alerts have a topic that somebody reads", _topic, timeout=30.0),)
