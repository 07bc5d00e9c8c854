"""What AWS says of what an installation uses there."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose credentials they are, and the region that is asked."""

    arn: str
    account: str
    region: str


@dataclass(frozen=True, slots=True)
class Instance:
    """The EC2 instance that this runs on; `problems` are failing status checks."""

    id: str
    type: str
    region: str
    zone: str
    state: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BucketFacts:
    """Where a bucket is."""

    region: str
    asked_region: str


@dataclass(frozen=True, slots=True)
class Privacy:
    """Who may see a bucket: what stands against publicity, and whether its policy gives it."""

    blocked: bool
    public: bool


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What becomes of old objects, by the enabled rules that concern a prefix."""

    expires_after: timedelta | None = None
    archives: bool = False
    aborts_uploads: bool = False


@dataclass(frozen=True, slots=True)
class RdsFacts:
    """An RDS instance or an Aurora cluster; sizes are in GiB, None where it has no such thing."""

    id: str
    status: str
    size: float | None
    free: float | None
    grows_to: float | None
    backup_days: int
    deletion_protected: bool
    public: bool
    encrypted: bool
    iam_logins: bool


@dataclass(frozen=True, slots=True)
class Topic:
    """An SNS topic: who gets what is sent there, and who has not confirmed yet."""

    confirmed: int
    pending: int
