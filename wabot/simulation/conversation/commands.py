"""What lines beginning with `/` ask for in a chat."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from wabot.simulation.conversation.contents import (
    Content,
    Deletion,
    Edit,
    File,
    Opening,
    Reaction,
    Unreadable,
)
from wabot.simulation.conversation.directives import read_length
from wabot.simulation.conversation.notation import read_card, read_cart, read_pin


@dataclass(frozen=True, slots=True)
class Send:
    """Send something as the customer."""

    content: Content


@dataclass(frozen=True, slots=True)
class Advance:
    """Let time pass; `written` as it was typed."""

    length: timedelta
    written: str


@dataclass(frozen=True, slots=True)
class WriteAsPerson:
    """Let somebody of the shop write to the customer in the Business app."""

    words: str


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """Go on as somebody who never wrote."""

    name: str


@dataclass(frozen=True, slots=True)
class ShowOrders:
    """List the customer's orders."""


@dataclass(frozen=True, slots=True)
class ShowHelp:
    """List the commands."""


@dataclass(frozen=True, slots=True)
class Leave:
    """End the chat."""


Command = Send | Advance | WriteAsPerson | NewCustomer | ShowOrders | ShowHelp | Leave

HELP = """\
A number (or letter) chooses an option; anything else is sent as text.
  /foto [WORDS]  /audio  /video  /documento  /sticker   send a file
  /ubicacion 19.43,-99.13   send a location
  /contacto +525512345678   send a contact
  /carrito DES-001 x2 BEB-001 x1   send a cart of WhatsApp's catalogue
  /reaccion 👍  /editar WORDS  /borrar   on the last message
  /raro             send a kind of message that WhatsApp cannot show
  /avanzar 25h      let time pass (30m, 2d)
  /dueno WORDS      somebody of the shop writes to you
  /nuevo [NAME]     go on as a new customer
  /pedidos          your orders as the database has them
  /salir, Ctrl-D    end
//words sends /words as text."""


def read_command(line: str) -> Command:
    """Read a line that begins with `/`; ValueError says what is wrong."""
    name, _, rest = line[1:].strip().partition(" ")
    reader = _COMMANDS.get(_plain(name))
    if reader is None:
        raise ValueError(f"/{name} is no command; /help lists them")
    return reader(rest.strip())


def _plain(word: str) -> str:
    """Return the word in small letters without accents."""
    split = unicodedata.normalize("NFD", word.casefold())
    return "".join(letter for letter in split if not unicodedata.combining(letter))


def _advance(written: str) -> Advance:
    return Advance(read_length(written or "1h"), written or "1h")


def _person(words: str) -> WriteAsPerson:
    if not words:
        raise ValueError("/dueno needs the words")
    return WriteAsPerson(words)


def _edit(words: str) -> Send:
    if not words:
        raise ValueError("/editar needs the words")
    return Send(Edit(words))


def _file(kind: str) -> Callable[[str], Send]:
    return lambda caption: Send(File(kind, caption))


def _always(command: Command) -> Callable[[str], Command]:
    return lambda _: command


_COMMANDS: dict[str, Callable[[str], Command]] = {
    "help": _always(ShowHelp()),
    "ayuda": _always(ShowHelp()),
    "foto": _file("image"),
    "audio": _file("audio"),
    "video": _file("video"),
    "documento": _file("document"),
    "sticker": _file("sticker"),
    "ubicacion": lambda rest: Send(read_pin(rest)),
    "contacto": lambda rest: Send(read_card(rest)),
    "carrito": lambda rest: Send(read_cart(rest)),
    "reaccion": lambda rest: Send(Reaction(rest)),
    "editar": _edit,
    "borrar": _always(Send(Deletion())),
    "raro": _always(Send(Unreadable())),
    "abrir": _always(Send(Opening())),
    "avanzar": _advance,
    "dueno": _person,
    "nuevo": NewCustomer,
    "pedidos": _always(ShowOrders()),
    "salir": _always(Leave()),
    "exit": _always(Leave()),
    "quit": _always(Leave()),
}
