"""The central database on RDS: what is wrong, with the command that repairs it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.aws import REGION, client, moto, use
from tests.integration.checks.test_aws import line, look

__all__ = ["look"]

Look = Callable[..., Any]


@pytest.fixture(scope="module")
def _aws() -> Iterator[str]:
    with moto() as url:
        yield url


@pytest.fixture(autouse=True)
def _settings_of_the_sdk(_aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use(_aws, monkeypatch)


@pytest.fixture
def rds(_aws: str) -> Iterator[Any]:
    # Figures of another test's instance would be taken for this one's.
    httpx.post(f"{_aws}/moto-api/reset").raise_for_status()
    with client("rds") as made:
        yield made


def create(rds: Any, **changes: Any) -> None:
    rds.create_db_instance(**{
        "DBInstanceIdentifier": "wabot", "DBInstanceClass": "db.t4g.small", "Engine": "postgres",
        "AllocatedStorage": 20, "MasterUsername": "owner", "MasterUserPassword": "long-enough",
        "BackupRetentionPeriod": 14, "DeletionProtection": True, "StorageEncrypted": True,
        "PubliclyAccessible": False, "EnableIAMDatabaseAuthentication": True, **changes,
    })  # fmt: skip


def free(gib: float) -> None:
    with client("cloudwatch") as cloudwatch:
        cloudwatch.put_metric_data(
            Namespace="AWS/RDS",
            MetricData=[{"MetricName": "FreeStorageSpace", "Value": gib * 1024**3,
                         "Timestamp": datetime.now(UTC),
                         "Dimensions": [{"Name": "DBInstanceIdentifier", "Value": "wabot"}]}],
        )  # fmt: skip


ON_RDS = {
    "DATABASE_URL": f"postgresql://owner@wabot.abc123.{REGION}.rds.amazonaws.com/wabot",
    "RUNTIME_DATABASE_URL": "",
    "WABOT_DATABASE_AUTH": "rds-iam",
}


async def test_an_rds_database_as_it_should_be_is_good_in_every_way(look: Look, rds: Any) -> None:
    create(rds)
    free(19)
    found = await look("aws.rds_storage", "aws.rds_backups", "aws.rds_safety", **ON_RDS)
    assert {result.status.value for result in found.values()} == {"ok"}, found
    assert found["aws.rds_storage"].detail.startswith("19.0 of 20 GiB are free")


async def test_what_is_wrong_with_an_rds_database_is_told_with_the_command(
    look: Look, rds: Any
) -> None:
    create(rds, BackupRetentionPeriod=0, EnableIAMDatabaseAuthentication=False)
    free(0.5)
    found = await look("aws.rds_storage", "aws.rds_backups", "aws.rds_safety", **ON_RDS)
    change = "aws rds modify-db-instance --db-instance-identifier wabot"
    assert line(found["aws.rds_storage"]) == (
        "error",
        "0.5 of 20 GiB are free",
        f"{change} --max-allocated-storage 40",
    )
    assert line(found["aws.rds_backups"]) == (
        "error",
        "RDS makes no backups of wabot",
        f"{change} --backup-retention-period 14",
    )
    assert line(found["aws.rds_safety"]) == (
        "error",
        "WABOT_DATABASE_AUTH is rds-iam, and wabot takes no IAM tokens",
        f"{change} --apply-immediately --enable-iam-database-authentication",
    )


async def test_an_rds_database_that_is_not_there_is_told(look: Look, rds: Any) -> None:
    found = await look("aws.rds", **ON_RDS)
    status, detail, _ = line(found["aws.rds"])
    assert (status, detail) == (
        "error",
        "The RDS database wabot cannot be looked at: DBInstance wabot not found",
    )
