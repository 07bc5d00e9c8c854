"""Reads `.chat` files; every mistake is told with its line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from wabot.errors import InvalidInput
from wabot.simulation.conversation.directives import check_directive
from wabot.simulation.conversation.facts import check_fact
from wabot.simulation.conversation.notation import read_content
from wabot.simulation.conversation.observed import CUSTOMER
from wabot.simulation.conversation.script import (
    Action,
    Block,
    CustomerSays,
    Directive,
    Expected,
    Fact,
    PersonWrites,
    Script,
)

DEFAULT_TEMPLATE = "abarrotes"
_KEY = re.compile(r"[a-z_]+\.[a-z0-9_.]+")
_AUDIENCE = re.compile(r"owner|adviser|[A-Z]{2}\.[A-Za-z0-9.]+|[0-9]{7,15}")
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"(?=\s|$)|(\S+)')
_WORD = re.compile(r'(?:[^\s"]|"(?:[^"\\]|\\.)*")+')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_OPTION = re.compile(r"\[([^\]]*)\]")


def parse_script(name: str, text: str) -> Script:
    """Read a script; InvalidInput lists every mistake as `name:line: what`."""
    lines = text.splitlines()
    reader = _Reader()
    for number, line in enumerate(lines, 1):
        try:
            reader.line(number, line.strip())
        except ValueError as error:
            reader.mistakes.append(f"{name}:{number}: {error}")
    if reader.mistakes:
        raise InvalidInput(
            "The script cannot be read:\n" + "\n".join(reader.mistakes),
            hint="> customer · < bot · [option] · ¤ person · ! fact · @ directive · # comment",
        )
    return Script(name, tuple(lines), tuple(reader.finished()), reader.template)


@dataclass(slots=True)
class _Reader:
    mistakes: list[str] = field(default_factory=list)
    template: str = DEFAULT_TEMPLATE
    blocks: list[Block] = field(default_factory=list)
    _open_options: bool = False

    def finished(self) -> Iterator[Block]:
        yield from self.blocks

    def line(self, number: int, line: str) -> None:
        mark, rest = line[:1], line[1:].strip()
        options_follow, self._open_options = self._open_options, False
        match mark:
            case "" | "#":
                self._open_options = options_follow
            case ">":
                self._begin(number, CustomerSays(read_content(rest)))
            case "¤":
                self._begin(number, _person(rest))
            case "@":
                self._directive(number, rest)
            case "<":
                self._expect(_expected(number, line))
                self._open_options = True
            case "[":
                if not options_follow:
                    raise ValueError("options belong below a < line")
                self._options(number, line)
                self._open_options = True
            case "!":
                block = self._last("a fact")
                self.blocks[-1] = replace(block, facts=(*block.facts, _fact(number, rest)))
            case _:
                raise ValueError(f"a line begins with one of > < [ ¤ ! @ #, not with {mark!r}")

    def _begin(self, number: int, action: Action) -> None:
        self.blocks.append(Block(number, action))

    def _directive(self, number: int, rest: str) -> None:
        words = tuple(split_words(rest))
        if not words:
            raise ValueError("a directive is missing")
        directive = Directive(words[0], words[1:])
        check_directive(directive)
        if directive.name != "template":
            self._begin(number, directive)
        elif self.blocks:
            raise ValueError("@ template stands before everything else")
        else:
            self.template = directive.words[0]

    def _expect(self, expected: Expected) -> None:
        block = self._last("a message of the bot")
        self.blocks[-1] = replace(block, expected=(*block.expected, expected))

    def _options(self, number: int, line: str) -> None:
        if _OPTION.sub("", line).strip():
            raise ValueError("options are written [like this] [and this]")
        found = tuple(title.strip() for title in _OPTION.findall(line) if title.strip())
        block = self.blocks[-1]
        *before, last = block.expected
        options = (*(last.options or ()), *found)
        last = replace(last, options=options, lines=(*last.lines, number))
        self.blocks[-1] = replace(block, expected=(*before, last))

    def _last(self, what: str) -> Block:
        if not self.blocks:
            raise ValueError(f"{what} stands before anything was said")
        return self.blocks[-1]


def split_words(text: str) -> list[str]:
    """Split at spaces; `"quoted words"` stay together, also after `key=`."""
    return [
        _QUOTED.sub(lambda quoted: _bare(quoted[1]), found[0]) for found in _WORD.finditer(text)
    ]


def _bare(quoted: str) -> str:
    return re.sub(r"\\(.)", lambda escaped: {"n": "\n"}.get(escaped[1], escaped[1]), quoted)


def _person(rest: str) -> PersonWrites:
    act, _, body = rest.partition(" ")
    if act != "echo":
        raise ValueError(f"unknown act {act!r} of a person; known: echo WORDS")
    if not body.strip():
        raise ValueError("¤ echo needs words")
    return PersonWrites(body.strip().replace("\\n", "\n"))


def _expected(number: int, line: str) -> Expected:
    audience, keys, parts = CUSTOMER, [], []
    rest = line[1:]
    named = re.match(r"(\S+)", rest)
    if named:
        audience = named[1]
        if not _AUDIENCE.fullmatch(audience):
            raise ValueError(
                f"<{audience} is nobody; known: < <owner <adviser and a customer's number"
            )
        rest = rest[named.end() :]
    for token in _TOKEN.finditer(rest.strip()):
        if token[2] is None:
            parts.append(_bare(token[1]))
        elif _KEY.fullmatch(token[2]):
            keys.append(token[2])
        else:
            raise ValueError(f'{token[2]} is no text key like menu.main, nor "quoted words"')
    if not keys and not parts:
        raise ValueError('a message is named by a text key, by "a part of it", or by both')
    return Expected((number,), audience, tuple(keys), tuple(parts))


def _fact(number: int, rest: str) -> Fact:
    words = split_words(rest)
    if not words:
        raise ValueError("a fact is missing")
    first, equals, value = words[0].partition("=")
    pairs = [(first, value)] if equals else []
    for word in words[1:]:
        key, equals, value = word.partition("=")
        pairs.append((key, value) if equals else ("", key))
    fact = Fact(number, first, tuple(pairs))
    check_fact(fact)
    return fact
