"""Tables and settings that a kind of shop, or a single company, has besides the common ones."""

from dataclasses import dataclass

from wabot.domain.settings import SettingSpec


@dataclass(frozen=True, slots=True)
class Module:
    """A branch of migrations with its settings; `template` tells that a kind of shop is made of it.

    `tables` are those of its newest revision, in the order of their making.
    """

    name: str
    title: str
    description: str
    head: str
    tables: tuple[str, ...]
    settings: tuple[SettingSpec, ...] = ()
    template: bool = False
