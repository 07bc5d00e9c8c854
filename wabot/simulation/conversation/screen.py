"""The chat as bubbles on a terminal.

It only ever prints what is new below what stands there: nothing flickers, and a window may change
its size at any time.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, assert_never

from wabot.simulation.conversation.choosing import labels
from wabot.simulation.conversation.contents import (
    Card,
    Choice,
    Content,
    Deletion,
    Edit,
    File,
    NativeCart,
    Opening,
    Pin,
    Reaction,
    Text,
    Unreadable,
)
from wabot.simulation.conversation.database import OrderFact
from wabot.simulation.conversation.observed import CUSTOMER, BotMessage, ShownOption
from wabot.simulation.conversation.people import SimulatedCustomer
from wabot.simulation.conversation.views import OWNER_MARK, Introduction

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text as RichText

PROMPT = "» "
_FILES = {"image": "📷", "audio": "🎤 ▶ 0:07", "video": "🎬", "document": "📄", "sticker": "🙂"}
_MOST_WIDTH = 66
_ROOM_BESIDE = 12


class Screen:
    """Bubbles: the customer's on the right, the bot's on the left, the shop's people below."""

    def __init__(self, console: "Console", clock: Callable[[], str]) -> None:
        self._console = console
        self._clock = clock
        self._contact = ""

    def begins(self, where: Introduction) -> None:
        """Show the banner."""
        from rich.panel import Panel
        from rich.text import Text as RichText

        self._contact = where.customer.contact
        said = RichText.assemble(
            ("You are ", ""),
            (where.customer.name or "a customer", "bold"),
            (", chatting with ", ""),
            (where.shop, "bold"),
            (".\nWrite in Spanish as on WhatsApp, or type an option's ", ""),
            ("number", "bold cyan"),
            (". Try: ", ""),
            ("hola", "bold green"),
            (".\n", ""),
            ("/help", "bold cyan"),
            (" shows photos, voice notes, locations, time travel … ", ""),
            ("/salir", "bold cyan"),
            (" or Ctrl-D ends.\n", ""),
            ("Real server, real PostgreSQL; only Meta is a stand-in on this machine.", "dim"),
        )
        self._console.print(Panel(said, title="wabot", border_style="green", expand=False))

    def customer(self, who: SimulatedCustomer, content: Content) -> None:
        """Show the customer's bubble in place of what was typed."""
        self._contact = who.contact
        self._bubble(_as_shown(content), who.name or who.contact, "green", right=True)

    def person(self, words: str) -> None:
        """Show what somebody of the shop wrote in the Business app."""
        self._bubble(words, f"{OWNER_MARK} shop → customer", "magenta")

    def bot(self, message: BotMessage) -> None:
        """Show the bot's bubble, or the notice to somebody of the shop."""
        if message.audience != CUSTOMER:
            title = f"{OWNER_MARK} {message.audience} (+{message.to})"
            self._bubble(message.text, title, "yellow")
            return
        title = "bot" if message.contact == self._contact else f"bot → {message.contact}"
        self._bubble(message.text, title, "blue", options=message)

    def order(self, order: OrderFact, *, new: bool) -> None:
        """Tell that an order is in the database now."""
        word = "is in PostgreSQL" if new else "changed"
        self.note(f"Order {order.code} {word}: {order.status}, total {order.total}.")
        if order.problem:
            self.note(f"Not everybody was told of {order.code}: {order.problem}.")

    def note(self, words: str) -> None:
        """Print a hint."""
        self._console.print(words, style="dim", markup=False, highlight=False)

    def trouble(self, words: str) -> None:
        """Print what failed."""
        self._console.print(words, style="bold red", markup=False, highlight=False)

    def forget_typed(self, typed: str) -> None:
        """Take back the line that the terminal echoed: a bubble takes its place."""
        console = self._console
        if not console.is_terminal or console.is_dumb_terminal:
            return
        from rich.cells import cell_len

        rows = max(1, -(-cell_len(PROMPT + typed) // max(console.width, 1)))
        console.file.write("\x1b[1A\x1b[2K" * rows)

    def _bubble(
        self,
        words: str,
        title: str,
        colour: str,
        *,
        right: bool = False,
        options: BotMessage | None = None,
    ) -> None:
        from rich import box
        from rich.align import Align
        from rich.panel import Panel

        width = max(min(self._console.width - _ROOM_BESIDE, _MOST_WIDTH), 20)
        body = _formatted(words)
        if options is not None and options.options:
            body.append("\n")
            if options.list_button:
                body.append(f"\n☰ {options.list_button}", style="bold")
            for label, option in zip(labels(options.options), options.options, strict=True):
                _append_option(body, label, option)
        panel = Panel(
            body,
            title=title,
            title_align="right" if right else "left",
            subtitle=self._clock(),
            subtitle_align="right",
            box=box.ROUNDED,
            border_style=colour,
            width=min(width, _needed(body, title)),
        )
        self._console.print(Align.right(panel) if right else panel)


def _needed(body: "RichText", title: str) -> int:
    from rich.cells import cell_len

    lines = [cell_len(line) for line in body.plain.split("\n")]
    return max([*lines, cell_len(title) + 2, 9]) + 4


def _formatted(words: str) -> "RichText":
    """Show WhatsApp's *bold* as bold; nothing else in the words is markup."""
    import re

    from rich.text import Text as RichText

    found = RichText()
    for part in re.split(r"(\*[^*\n]+\*)", words):
        bold = len(part) > 2 and part.startswith("*") and part.endswith("*")
        found.append(part[1:-1] if bold else part, style="bold" if bold else "")
    return found


def _append_option(body: "RichText", label: str, option: ShownOption) -> None:
    if not option.id:
        body.append("\n")
        hint = "/ubicacion 19.43,-99.13" if "location" in option.title else "/contacto +52…"
        body.append(hint, style="cyan")
        return
    body.append(f"\n{label:>2} ", style="bold cyan")
    body.append(option.title)
    if option.description:
        body.append(f"  {option.description}", style="dim")


def _as_shown(content: Content) -> str:  # noqa: C901 - one case per content
    match content:
        case Text(body):
            return body
        case Choice(title):
            return f"↪ {title}"
        case File(kind, caption):
            return f"{_FILES.get(kind, '📎')} {caption}".strip()
        case Pin(latitude, longitude, name):
            return f"📍 {latitude}, {longitude} {name}".strip()
        case Card(phone):
            return f"👤 {phone}"
        case NativeCart(items):
            return "🛒 " + ", ".join(f"{item.sku} x{item.quantity}" for item in items)
        case Reaction(emoji):
            return emoji or "–"
        case Edit(body):
            return f"✎ {body}"
        case Deletion():
            return "🚫"
        case Opening():
            return "…"
        case Unreadable(kind):
            return f"? {kind}"
        case _ as never:
            assert_never(never)
