"""The groups of checks, each joined with what it looks at."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from wabot.container.checks.surroundings import Surroundings, open_surroundings

if TYPE_CHECKING:
    from wabot.checks.model import CheckSet

__all__ = ["GROUPS", "Group", "Surroundings", "open_surroundings", "sets_of"]


@dataclass(frozen=True, slots=True)
class Group:
    """A category of checks: the module whose `sets` composes them, and its line of help."""

    module: str
    help: str


# In the order in which they are shown. Imported only when their checks are asked for.
GROUPS = {
    "env": Group("wabot.container.checks.env", "Check every setting and the .env file."),
    "database": Group(
        "wabot.container.checks.database", "Check the central database, its server and logins."
    ),
    "whatsapp": Group(
        "wabot.container.checks.whatsapp",
        "Check shops at Meta: token, number, account, subscription, templates.",
    ),
    "aws": Group(
        "wabot.container.checks.aws", "Check what is used in AWS: RDS, S3, SNS and so on."
    ),
    "webhook": Group(
        "wabot.container.checks.webhook", "Check the webhook's address as Meta sees it."
    ),
    "media": Group("wabot.container.checks.media", "Check where customers' files are kept."),
    "logs": Group("wabot.container.checks.logs", "Check where logs go, and what is masked."),
    "tenant": Group("wabot.container.checks.tenant", "Check one shop: its tables, its sending."),
}


def sets_of(around: Surroundings, groups: Iterable[str]) -> "list[CheckSet[Any]]":
    """Return the checks of the groups, and of those that hold what they need.

    Nothing is connected to before they run.
    """
    found: dict[str, tuple[CheckSet[Any], ...]] = {}
    waiting = list(groups)
    while waiting:
        name = waiting.pop()
        if name in found or name not in GROUPS:
            continue
        sets: Callable[[Surroundings], tuple[CheckSet[Any], ...]]
        sets = import_module(GROUPS[name].module).sets
        found[name] = sets(around)
        waiting += [need.partition(".")[0] for each in found[name] for need in each.all_needs]
    return [each for name in GROUPS for each in found.get(name, ())]
