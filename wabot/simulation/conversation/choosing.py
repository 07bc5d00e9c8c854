"""Which option somebody means who types a number or an option's words."""

import re
from collections.abc import Sequence

from wabot.simulation.conversation.contents import Choice, Content, Text
from wabot.simulation.conversation.observed import ShownOption

# «2 kg», «½ kg», «250 g», «1.5 kg», «3 piezas»: a number typed here is an amount.
_AMOUNT = re.compile(r"(?:\d[\d.,]*|[¼½¾])\s+\D.*")


def labels(options: Sequence[ShownOption]) -> tuple[str, ...]:
    """Return what chooses each option: numbers, or letters where a number means an amount."""
    tappable = [option for option in options if option.id]
    if any(_AMOUNT.fullmatch(option.title) and not option.in_list for option in tappable):
        return tuple("abcdefghij"[: len(options)])
    return tuple(str(place) for place in range(1, len(options) + 1))


def typed(words: str, options: Sequence[ShownOption]) -> Content:
    """Return the option that the words choose, else the words themselves."""
    said = words.strip()
    for label, option in zip(labels(options), options, strict=True):
        if option.id and said.casefold() in {label, option.title.casefold()}:
            return Choice(option.title)
    return Text(words)
