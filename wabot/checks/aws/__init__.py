"""What an installation uses in AWS, each only where it is configured."""

from wabot.checks.aws.account import ACCOUNT, TOPIC, Account
from wabot.checks.aws.buckets import BUCKETS, Bucket
from wabot.checks.aws.looking import MayNotLook
from wabot.checks.aws.rds import RDS, Database

__all__ = ["ACCOUNT", "BUCKETS", "RDS", "TOPIC", "Account", "Bucket", "Database", "MayNotLook"]
