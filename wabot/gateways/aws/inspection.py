"""Looks at what an installation uses in AWS: blocking, for threads."""

import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx

from wabot.config import surroundings
from wabot.gateways.aws.clients import aws_client
from wabot.gateways.aws.errors import AwsFailure, aws_errors
from wabot.gateways.aws.rds import region_of
from wabot.services.aws_facts import (
    BucketFacts,
    Identity,
    Instance,
    Lifecycle,
    Privacy,
    RdsFacts,
    Topic,
)

_client = partial(aws_client, connect=3, read=8, attempts=2)
_METADATA = "http://169.254.169.254"
# Off EC2 nothing answers there at all.
_METADATA_WAIT = 1.0
_GIB = 1024**3


def identity() -> Identity:
    """Return whose credentials these are."""
    with aws_errors("AWS does not let these credentials in", permission="sts:GetCallerIdentity"):
        client = _client("sts")
        found = client.get_caller_identity()
        return Identity(found["Arn"], found["Account"], str(client.meta.region_name))


def instance() -> Instance | None:
    """Return the EC2 instance that this runs on; None where it is none."""
    document = _identity_document()
    if document is None:
        return None
    found = Instance(
        document.get("instanceId", ""),
        document.get("instanceType", ""),
        document.get("region", ""),
        document.get("availabilityZone", ""),
    )
    what = f"The state of {found.id} cannot be looked at"
    with aws_errors(what, permission="ec2:DescribeInstanceStatus"):
        client = _client("ec2", region=found.region)
        statuses = client.describe_instance_status(
            InstanceIds=[found.id], IncludeAllInstances=True
        )["InstanceStatuses"]
    status: dict[str, Any] = statuses[0] if statuses else {}
    problems = [
        f"{part} {status[key]['Status']}"
        for part, key in (("system", "SystemStatus"), ("instance", "InstanceStatus"))
        if status.get(key, {}).get("Status") in {"impaired", "insufficient-data"}
    ]
    problems += [event.get("Description", event["Code"]) for event in status.get("Events", ())]
    state = status.get("InstanceState", {}).get("Name", "")
    return Instance(
        found.id, found.type, found.region, found.zone, state, tuple(map(str, problems))
    )


def _identity_document() -> dict[str, str] | None:
    import botocore.session

    if surroundings().get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return None
    session: Any = botocore.session.Session()
    base = session.get_config_variable("ec2_metadata_service_endpoint") or _METADATA
    base = str(base).rstrip("/")
    try:
        # Never through a proxy: the address is this machine's own.
        with httpx.Client(timeout=_METADATA_WAIT, trust_env=False) as client:
            ttl = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
            token = client.put(f"{base}/latest/api/token", headers=ttl)
            token.raise_for_status()
            found = client.get(
                f"{base}/latest/dynamic/instance-identity/document",
                headers={"X-aws-ec2-metadata-token": token.text},
            )
            found.raise_for_status()
            document = found.json()
    except (httpx.HTTPError, ValueError):
        return None
    return document if isinstance(document, dict) else None


class BucketInspector:
    """One bucket, as far as a prefix of it is used."""

    def __init__(self, bucket: str, prefix: str, encryption: str) -> None:
        self.name = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._encryption = encryption

    def look(self) -> BucketFacts:
        """Return where the bucket is; raises AwsFailure when it cannot be reached."""
        with aws_errors(f"s3://{self.name} cannot be reached", permission="s3:ListBucket"):
            client = _client("s3")
            try:
                # By listing: of a bucket that is not there, asking for its head tells nothing.
                client.list_objects_v2(Bucket=self.name, Prefix=self._prefix, MaxKeys=1)
            finally:
                asked = str(client.meta.region_name)
            headers = client.head_bucket(Bucket=self.name)["ResponseMetadata"]["HTTPHeaders"]
        return BucketFacts(headers.get("x-amz-bucket-region", ""), asked)

    def write(self) -> None:
        """Put a tiny object and take it away again."""
        key = f"{self._prefix}.wabot-check-{secrets.token_hex(8)}"
        extra = {"ServerSideEncryption": self._encryption} if self._encryption else {}
        what = f"s3://{self.name}/{self._prefix} cannot be written"
        with aws_errors(what, permission="s3:PutObject, s3:DeleteObject"):
            client = _client("s3")
            client.put_object(Bucket=self.name, Key=key, Body=b"wabot check", **extra)
            client.delete_object(Bucket=self.name, Key=key)

    def privacy(self) -> Privacy:
        """Return who may see it."""
        needs = "s3:GetBucketPublicAccessBlock, s3:GetBucketPolicyStatus"
        what = f"Who may see s3://{self.name} cannot be told"
        client = _client("s3")
        block: dict[str, bool] = {}
        public = False
        with _absent("NoSuchPublicAccessBlockConfiguration"), aws_errors(what, permission=needs):
            found = client.get_public_access_block(Bucket=self.name)
            block = found["PublicAccessBlockConfiguration"]
        with _absent("NoSuchBucketPolicy"), aws_errors(what, permission=needs):
            found = client.get_bucket_policy_status(Bucket=self.name)
            public = bool(found["PolicyStatus"].get("IsPublic"))
        return Privacy(bool(block) and all(block.values()), public)

    def encryption(self) -> str:
        """Return what the bucket encrypts with by itself; empty for nothing."""
        what = f"Whether s3://{self.name} encrypts cannot be told"
        with (
            _absent("ServerSideEncryptionConfigurationNotFoundError"),
            aws_errors(what, permission="s3:GetEncryptionConfiguration"),
        ):
            client = _client("s3")
            found = client.get_bucket_encryption(Bucket=self.name)
            (rule, *_) = found["ServerSideEncryptionConfiguration"]["Rules"]
            return str(rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"])
        return ""

    def lifecycle(self) -> Lifecycle:
        """Return what becomes of old objects below the prefix."""
        what = f"What s3://{self.name} does with old objects cannot be told"
        rules: list[dict[str, Any]] = []
        with (
            _absent("NoSuchLifecycleConfiguration"),
            aws_errors(what, permission="s3:GetLifecycleConfiguration"),
        ):
            client = _client("s3")
            rules = client.get_bucket_lifecycle_configuration(Bucket=self.name)["Rules"]
        ours = [rule for rule in rules if rule["Status"] == "Enabled" and self._concerns(rule)]
        days = [rule["Expiration"]["Days"] for rule in ours if "Days" in rule.get("Expiration", {})]
        return Lifecycle(
            timedelta(days=min(days)) if days else None,
            any(rule.get("Transitions") for rule in ours),
            any("AbortIncompleteMultipartUpload" in rule for rule in ours),
        )

    def _concerns(self, rule: dict[str, Any]) -> bool:
        filtered = rule.get("Filter", {})
        prefix = filtered.get("Prefix", filtered.get("And", {}).get("Prefix", rule.get("Prefix")))
        return self._prefix.startswith(prefix or "")


def database(host: str, name: str = "") -> RdsFacts:
    """Return the RDS instance or Aurora cluster behind an endpoint, or of a name."""
    known = name or host.partition(".")[0]
    clustered = not name and ".cluster-" in host
    action = "rds:DescribeDBClusters" if clustered else "rds:DescribeDBInstances"
    with aws_errors(f"The RDS database {known} cannot be looked at", permission=action):
        client = _client("rds", region=region_of(host))
        if clustered:
            found = client.describe_db_clusters(DBClusterIdentifier=known)["DBClusters"][0]
        else:
            found = client.describe_db_instances(DBInstanceIdentifier=known)["DBInstances"][0]
    size = None if clustered else float(found["AllocatedStorage"])
    return RdsFacts(
        known,
        found["Status"] if clustered else found["DBInstanceStatus"],
        size,
        None if clustered else _free(known, region_of(host)),
        found.get("MaxAllocatedStorage"),
        int(found.get("BackupRetentionPeriod", 0)),
        bool(found.get("DeletionProtection")),
        bool(found.get("PubliclyAccessible")),
        bool(found.get("StorageEncrypted")),
        bool(found.get("IAMDatabaseAuthenticationEnabled")),
    )


def _free(instance_id: str, region: str) -> float | None:
    what = f"How full {instance_id} is cannot be told"
    with aws_errors(what, permission="cloudwatch:GetMetricStatistics"):
        client = _client("cloudwatch", region=region)
        now = datetime.now(UTC)
        points = client.get_metric_statistics(
            Namespace="AWS/RDS",
            MetricName="FreeStorageSpace",
            Dimensions=[{"Name": "DBInstanceIdentifier", "Value": instance_id}],
            StartTime=now - timedelta(minutes=30),
            EndTime=now + timedelta(minutes=1),
            Period=300,
            Statistics=["Minimum"],
        )["Datapoints"]
    if not points:
        return None
    newest = max(points, key=lambda point: point["Timestamp"])
    return float(newest["Minimum"]) / _GIB


def topic(arn: str) -> Topic:
    """Return an SNS topic."""
    with aws_errors(f"{arn} cannot be looked at", permission="sns:ListSubscriptionsByTopic"):
        region = arn.split(":")[3] if arn.count(":") >= 5 else ""
        client = _client("sns", region=region)
        found = client.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    pending = sum(one["SubscriptionArn"] == "PendingConfirmation" for one in found)
    return Topic(len(found) - pending, pending)


class _absent(suppress):  # noqa: N801 - used like contextlib's own
    """Let pass what AWS calls by that code: there is nothing of the kind."""

    def __init__(self, code: str) -> None:
        super().__init__(AwsFailure)
        self._code = code

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        """Swallow that code alone."""
        return isinstance(error, AwsFailure) and error.aws_code == self._code
