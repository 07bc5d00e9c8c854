"""A `.chat` file as values. Lines count from 1."""

from dataclasses import dataclass

from wabot.simulation.conversation.contents import Content
from wabot.simulation.conversation.observed import CUSTOMER


@dataclass(frozen=True, slots=True)
class CustomerSays:
    """`> …`: the current customer sends something."""

    content: Content


@dataclass(frozen=True, slots=True)
class PersonWrites:
    """`¤ echo …`: somebody of the shop writes to the current customer in the Business app."""

    body: str


@dataclass(frozen=True, slots=True)
class Directive:
    """`@ name words…`: a setting, the clock, the customer."""

    name: str
    words: tuple[str, ...]


Action = CustomerSays | PersonWrites | Directive


@dataclass(frozen=True, slots=True)
class Expected:
    """`< keys "parts"` and the `[…]` lines below it: one message of the bot.

    `audience` is customer, owner, adviser or a contact; `options` None leaves them open.
    """

    lines: tuple[int, ...]
    audience: str = CUSTOMER
    keys: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    options: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """`! subject key=value …`: what must now be true in the database."""

    line: int
    subject: str
    wanted: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One act and what must follow from it; `line` is the act's."""

    line: int
    action: Action
    expected: tuple[Expected, ...] = ()
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """A whole file; `source` has its lines as written."""

    name: str
    source: tuple[str, ...]
    blocks: tuple[Block, ...]
    template: str = ""

    def written(self, line: int) -> str:
        """Return a line as written, without the space around it."""
        return self.source[line - 1].strip()
