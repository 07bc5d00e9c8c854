"""The buckets of customers' files and of backups."""

from typing import Protocol

from wabot.checks.aws.looking import if_allowed
from wabot.checks.model import Check, Outcome, bad, good, skip, warn
from wabot.domain.counted import counted
from wabot.services.aws_facts import BucketFacts, Lifecycle, Privacy

_FEW_DAYS = 7


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


@if_allowed
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


@if_allowed
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


@if_allowed
async def _lifecycle(bucket: Bucket) -> Outcome:
    if none := _named(bucket):
        return none
    found = await bucket.lifecycle()
    ends = '"Expiration":{"Days":90},' if bucket.setting == "WABOT_BACKUPS" else ""
    fix = (
        f"aws s3api put-bucket-lifecycle-configuration --bucket {bucket.name}"
        ' --lifecycle-configuration \'{"Rules":[{"ID":"wabot","Status":"Enabled",'
        f'"Filter":{{"Prefix":""}},{ends}'
        '"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":7}}]}\''
    )
    if found.expires_after is None and bucket.setting == "WABOT_BACKUPS":
        return warn("backups are kept for ever", fix)
    if found.expires_after is not None and found.expires_after.days < _FEW_DAYS:
        return warn(f"objects are deleted after {counted(found.expires_after.days, 'day')}", fix)
    if not found.aborts_uploads:
        return warn("parts of uploads that were cut off stay, and cost", fix)
    return good(
        f"deleted after {counted(found.expires_after.days, 'day')}"
        if found.expires_after
        else "kept"
    )


BUCKETS = (
    Check("aws.bucket", "the bucket is reached", _reachable, timeout=30.0),
    Check("aws.bucket_writable", "it can be written", _writable, ("aws.bucket",), timeout=30.0),
    Check("aws.bucket_private", "only we see it", _private, ("aws.bucket",), timeout=30.0),
    Check("aws.bucket_encrypted", "it encrypts", _encrypted, ("aws.bucket",), timeout=30.0),
    Check("aws.bucket_lifecycle", "old objects go", _lifecycle, ("aws.bucket",), timeout=30.0),
)
