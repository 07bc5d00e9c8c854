"""Looks at what an installation uses in AWS: blocking, for threads."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from wabot.config import surroundings
from wabot.gateways.aws.clients import quick_client
from wabot.gateways.aws.errors import aws_errors
from wabot.gateways.aws.rds import region_of
from wabot.services.aws_facts import (
    Identity,
    Instance,
    RdsFacts,
    Topic,
)

_METADATA = "http://169.254.169.254"
# Off EC2 nothing answers there at all.
_METADATA_WAIT = 1.0
_GIB = 1024**3


def identity() -> Identity:
    """Return whose credentials these are."""
    with aws_errors("AWS does not let these credentials in", permission="sts:GetCallerIdentity"):
        client = quick_client("sts")
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
        client = quick_client("ec2", region=found.region)
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


def database(host: str, name: str = "") -> RdsFacts:
    """Return the RDS instance or Aurora cluster behind an endpoint, or of a name."""
    known = name or host.partition(".")[0]
    clustered = not name and ".cluster-" in host
    action = "rds:DescribeDBClusters" if clustered else "rds:DescribeDBInstances"
    with aws_errors(f"The RDS database {known} cannot be looked at", permission=action):
        client = quick_client("rds", region=region_of(host))
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
        client = quick_client("cloudwatch", region=region)
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
        client = quick_client("sns", region=region)
        found = client.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    pending = sum(one["SubscriptionArn"] == "PendingConfirmation" for one in found)
    return Topic(len(found) - pending, pending)
