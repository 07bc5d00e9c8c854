"""What an installation uses in AWS, each only where it is configured."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Protocol, TypeVar

from wabot.checks.model import Check, Outcome, Severity, bad, good, skip, warn
from wabot.errors import ExternalFailure
from wabot.services.aws_facts import (
    BucketFacts,
    Identity,
    Instance,
    Lifecycle,
    Privacy,
    RdsFacts,
    Topic,
)

C = TypeVar("C")
_FEW_DAYS = 7
_LOW, _LOWEST = 0.15, 0.05
_ROOT = ":root"


class MayNotLook(ExternalFailure):
    """Report that the credentials lack a right that only looking needs."""


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


class Bucket(Protocol):
    """A bucket that a setting names; without a name none does."""

    setting: str
    name: str

    async def look(self) -> BucketFacts:
        """Return where it is."""
        ...

    async def write(self) -> None:
        """Put a tiny object and take it away again."""
        ...

    async def privacy(self) -> Privacy:
        """Return who may see it."""
        ...

    async def encryption(self) -> str:
        """Return what it encrypts with by itself."""
        ...

    async def lifecycle(self) -> Lifecycle:
        """Return what becomes of old objects."""
        ...


class Database(Protocol):
    """The database of DATABASE_URL, where RDS runs it."""

    configured: bool
    wants_iam: bool

    async def facts(self) -> RdsFacts:
        """Return what AWS says of it."""
        ...


def _if_allowed(
    question: Callable[[C], Awaitable[Outcome]],
) -> Callable[[C], Awaitable[Outcome]]:
    """Warn where only the right to look is missing: what is looked at may be in order."""

    @wraps(question)
    async def ask(context: C) -> Outcome:
        try:
            return await question(context)
        except MayNotLook as error:
            return warn(error.message, error.hint)

    return ask


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


@_if_allowed
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


@_if_allowed
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


def _named(bucket: Bucket) -> Outcome | None:
    if bucket.name:
        return None
    return skip("not configured: neither WABOT_MEDIA nor WABOT_BACKUPS is s3://…")


async def _reachable(bucket: Bucket) -> Outcome:
    if none := _named(bucket):
        return none
    found = await bucket.look()
    if found.region and found.asked_region not in {found.region, "aws-global"}:
        return warn(
            f"s3://{bucket.name} is in {found.region}, not in {found.asked_region}: slower, and"
            " what goes there and back is billed",
            f"set AWS_REGION={found.region} in the environment, or use a bucket of this region",
        )
    return good(f"s3://{bucket.name}")


async def _writable(bucket: Bucket) -> Outcome:
    if none := _named(bucket):
        return none
    await bucket.write()
    return good("a tiny object was put and deleted")


@_if_allowed
async def _private(bucket: Bucket) -> Outcome:
    if none := _named(bucket):
        return none
    found = await bucket.privacy()
    block = (
        f"aws s3api put-public-access-block --bucket {bucket.name}"
        " --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,"
        "BlockPublicPolicy=true,RestrictPublicBuckets=true"
    )
    if found.public and not found.blocked:
        return bad(f"s3://{bucket.name} is public: anybody reads what customers sent", block)
    if not found.blocked:
        return warn(f"nothing keeps s3://{bucket.name} from being made public", block)
    return good("public access is blocked")


@_if_allowed
async def _encrypted(bucket: Bucket) -> Outcome:
    if none := _named(bucket):
        return none
    found = await bucket.encryption()
    if not found:
        return warn(
            f"s3://{bucket.name} does not encrypt by itself",
            f"aws s3api put-bucket-encryption --bucket {bucket.name}"
            " --server-side-encryption-configuration"
            ' \'{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}\'',
        )
    return good(found)


@_if_allowed
async def _lifecycle(bucket: Bucket) -> Outcome:
    if none := _named(bucket):
        return none
    found = await bucket.lifecycle()
    fix = (
        f"aws s3api put-bucket-lifecycle-configuration --bucket {bucket.name}"
        " --lifecycle-configuration file://lifecycle.json"
    )
    if found.expires_after is None and bucket.setting == "WABOT_BACKUPS":
        return warn("backups are kept for ever", fix)
    if found.expires_after is not None and found.expires_after.days < _FEW_DAYS:
        return warn(f"objects are deleted after {found.expires_after.days} days", fix)
    if not found.aborts_uploads:
        return warn("parts of uploads that were cut off stay, and cost", fix)
    return good(f"deleted after {found.expires_after.days} days" if found.expires_after else "kept")


def _rds(database: Database) -> Outcome | None:
    return None if database.configured else skip("not configured: DATABASE_URL is not on RDS")


async def _available(database: Database) -> Outcome:
    if none := _rds(database):
        return none
    found = await database.facts()
    if found.status != "available":
        return bad(
            f"{found.id} is {found.status}",
            f"aws rds describe-events --source-identifier {found.id} --source-type db-instance",
        )
    return good(f"{found.id} is available")


async def _storage(database: Database) -> Outcome:
    if none := _rds(database):
        return none
    found = await database.facts()
    if found.size is None:
        return skip("its storage grows by itself")
    if found.free is None:
        return warn(f"CloudWatch has no figure of {found.id}", "look again in some minutes")
    said = f"{found.free:.1f} of {found.size:.0f} GiB are free"
    grows = found.grows_to is not None and found.grows_to > found.size
    fix = f"aws rds modify-db-instance --db-instance-identifier {found.id} --max-allocated-storage"
    fix = f"{fix} {found.size * 2:.0f}"
    if found.free < found.size * _LOWEST and not grows:
        return bad(said, fix)
    if found.free < found.size * _LOW and not grows:
        return warn(said, fix)
    return good(f"{said}{f', it grows up to {found.grows_to:.0f}' if grows else ''}")


async def _backups(database: Database) -> Outcome:
    if none := _rds(database):
        return none
    found = await database.facts()
    change = f"aws rds modify-db-instance --db-instance-identifier {found.id}"
    if not found.backup_days:
        return bad(f"RDS makes no backups of {found.id}", f"{change} --backup-retention-period 14")
    if found.backup_days < _FEW_DAYS:
        return warn(
            f"backups are kept for {found.backup_days} days only",
            f"{change} --backup-retention-period 14",
        )
    if not found.deletion_protected:
        return warn("nothing keeps it from being deleted", f"{change} --deletion-protection")
    return good(f"kept for {found.backup_days} days, protected from deletion")


async def _safety(database: Database) -> Outcome:
    if none := _rds(database):
        return none
    found = await database.facts()
    change = f"aws rds modify-db-instance --db-instance-identifier {found.id} --apply-immediately"
    if database.wants_iam and not found.iam_logins:
        return bad(
            f"WABOT_DATABASE_AUTH is rds-iam, and {found.id} takes no IAM tokens",
            f"{change} --enable-iam-database-authentication",
        )
    if found.public:
        return warn(f"{found.id} has a public address", f"{change} --no-publicly-accessible")
    if not found.encrypted:
        return warn(
            f"the storage of {found.id} is not encrypted",
            "restore a snapshot of it into an encrypted instance: it cannot be switched on",
        )
    return good("private, encrypted")


_KNOWN = ("aws.credentials",)
ACCOUNT = (
    Check("aws.credentials", "AWS knows the credentials", _credentials, timeout=30.0),
    Check("aws.region", "the region is this machine's", _region, _KNOWN, Severity.WARNING, 30.0),
    Check("aws.instance", "the EC2 instance is well", _instance, timeout=30.0),
    Check("aws.settings", "settings kept in AWS are read", _source, timeout=30.0),
)
TOPIC = (Check("aws.topic", "alerts have a topic that somebody reads", _topic, timeout=30.0),)
BUCKETS = (
    Check("aws.bucket", "the bucket is reached", _reachable, timeout=30.0),
    Check("aws.bucket_writable", "it can be written", _writable, ("aws.bucket",), timeout=30.0),
    Check("aws.bucket_private", "only we see it", _private, ("aws.bucket",), timeout=30.0),
    Check("aws.bucket_encrypted", "it encrypts", _encrypted, ("aws.bucket",), timeout=30.0),
    Check("aws.bucket_lifecycle", "old objects go", _lifecycle, ("aws.bucket",), timeout=30.0),
)
RDS = (
    Check("aws.rds", "the RDS database is available", _available, timeout=30.0),
    Check("aws.rds_storage", "it has room", _storage, ("aws.rds",), timeout=30.0),
    Check("aws.rds_backups", "it is backed up", _backups, ("aws.rds",), timeout=30.0),
    Check("aws.rds_safety", "it is safe from outside", _safety, ("aws.rds",), timeout=30.0),
)
