"""Texts that remember which sentences were said, so that a message can be named by its keys.

The wire carries words only. The simulation runs the server in its own process and gives it these
texts, which say the same as any.
"""

import re
from collections.abc import Callable, Mapping

from wabot.domain.tenant import Tenant
from wabot.texts import Texts

_GAPS = re.compile(r"\n{3,}")
# Words on options are no sentence of the message, save this one.
_OPTIONS = "option."
_SENTENCES_AMONG_OPTIONS = frozenset(("option.stale",))


class Hearing:
    """What was said since it was last cleared, and every key that was ever said."""

    def __init__(self) -> None:
        self._said: dict[str, set[str]] = {}
        self.keys: set[str] = set()

    def note(self, key: str, sentence: str) -> None:
        """Remember a sentence."""
        self.keys.add(key)
        self._said.setdefault(key, set()).add(_GAPS.sub("\n\n", sentence).strip())

    def keys_of(self, body: str) -> tuple[str, ...]:
        """Return the keys whose sentences stand in the body, in the order of their beginning."""
        found: list[tuple[int, int, str]] = []
        for key, sentences in self._said.items():
            if key.startswith(_OPTIONS) and key not in _SENTENCES_AMONG_OPTIONS:
                continue
            places = [(at, -len(s), key) for s in sentences if s and (at := _place(s, body)) >= 0]
            found.extend(sorted(places)[:1])
        return tuple(key for _, _, key in _outermost(sorted(found)))

    def clear(self) -> None:
        """Forget the sentences; the keys stay."""
        self._said.clear()


class HeardTexts(Texts):
    """Texts that tell a `Hearing` what they say."""

    __slots__ = ("_hearing",)
    _hearing: Hearing

    def __init__(self, texts: Texts, hearing: Hearing) -> None:
        super().__init__(texts.sentences, texts.formal)
        # Frozen like its base; set once.
        object.__setattr__(self, "_hearing", hearing)

    def addressing(self, address: str) -> Texts:
        """Return the texts of a shop that says «usted» or «tú», heard as well."""
        return HeardTexts(super().addressing(address), self._hearing)

    def say(self, key: str, values: Mapping[str, str] | None = None) -> str:
        """Return the sentence and remember it."""
        sentence = super().say(key, values)
        self._hearing.note(key, sentence)
        return sentence


def heard(texts_of: Callable[[Tenant], Texts], hearing: Hearing) -> Callable[[Tenant], Texts]:
    """Return the same texts, heard."""
    known: dict[str, HeardTexts] = {}

    def of(tenant: Tenant) -> Texts:
        if tenant.template not in known:
            known[tenant.template] = HeardTexts(texts_of(tenant), hearing)
        return known[tenant.template]

    return of


def _place(sentence: str, body: str) -> int:
    """Return where the sentence stands as one or more whole lines, or -1."""
    at = body.find(sentence)
    while at >= 0:
        end = at + len(sentence)
        whole = (at == 0 or body[at - 1] == "\n") and (end == len(body) or body[end] == "\n")
        if whole:
            return at
        at = body.find(sentence, at + 1)
    return -1


def _outermost(found: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Leave out sentences that stand inside another: the lines of a summary, for example."""
    outer: list[tuple[int, int, str]] = []
    reach = -1
    for at, minus_length, key in found:
        end = at - minus_length
        if end > reach or (outer and outer[-1][:2] == (at, minus_length)):
            outer.append((at, minus_length, key))
            reach = max(reach, end)
    return outer
