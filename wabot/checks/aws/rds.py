"""The central database, where RDS runs it."""

from typing import Protocol

from wabot.checks.model import Check, Outcome, bad, good, skip, warn
from wabot.domain.counted import counted
from wabot.services.aws_facts import RdsFacts

_FEW_DAYS = 7
# It answers meanwhile, as AWS documents it.
_USABLE = frozenset(
    {
        *("available", "backing-up", "modifying", "storage-optimization", "storage-config-upgrade"),
        *("configuring-enhanced-monitoring", "configuring-iam-database-auth"),
        *("configuring-log-exports", "renaming", "resetting-master-credentials"),
    }
)
_LOW, _LOWEST = 0.15, 0.05


class Database(Protocol):
    """The database of DATABASE_URL, where RDS runs it."""

    configured: bool
    wants_iam: bool

    async def facts(self) -> RdsFacts:
        """Return what AWS says of it."""
        ...


def _rds(database: Database) -> Outcome | None:
    return None if database.configured else skip("not configured: DATABASE_URL is not on RDS")


async def _available(database: Database) -> Outcome:
    if none := _rds(database):
        return none
    found = await database.facts()
    if found.status not in _USABLE:
        return bad(
            f"{found.id} is {found.status}",
            f"aws rds describe-events --source-identifier {found.id} --source-type db-instance",
        )
    return good(f"{found.id} is {found.status}")


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
            f"backups are kept for {counted(found.backup_days, 'day')} only",
            f"{change} --backup-retention-period 14",
        )
    if not found.deletion_protected:
        return warn("nothing keeps it from being deleted", f"{change} --deletion-protection")
    return good(f"kept for {counted(found.backup_days, 'day')}, protected from deletion")


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


RDS = (
    Check("aws.rds", "the RDS database is available", _available, timeout=30.0),
    Check("aws.rds_storage", "it has room", _storage, ("aws.rds",), timeout=30.0),
    Check("aws.rds_backups", "it is backed up", _backups, ("aws.rds",), timeout=30.0),
    Check("aws.rds_safety", "it is safe from outside", _safety, ("aws.rds",), timeout=30.0),
)
