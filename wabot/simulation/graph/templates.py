"""Templates of the accounts, and Meta's rules for messages made of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wabot.simulation.graph.checks import INVALID, PARAMETER, array, obj, one_of, required, text
from wabot.simulation.graph.refusals import Refusal

APPROVED = "APPROVED"
_STANDINGS = {"PAUSED": 132015, "DISABLED": 132016}
_OURS = ("es", "es_MX", "es_AR", "es_ES")
_BREAKS = re.compile(r"[\n\r\t]| {5}")


@dataclass(frozen=True, slots=True)
class Template:
    """A template with so many body parameters; one without account belongs to all of them.

    `status` is APPROVED, PAUSED, DISABLED, or anything in which it cannot be used yet.
    """

    name: str
    language: str = "es"
    parameters: int = 0
    status: str = APPROVED
    waba_id: str = ""

    @staticmethod
    def from_json(plain: object) -> "Template":
        """Read a template from JSON; raises ValueError naming what is wrong."""
        known = {"name": str, "language": str, "parameters": int, "status": str, "waba_id": str}
        if not isinstance(plain, dict) or not plain.get("name"):
            raise ValueError("a template is a JSON object with a name")
        for key, value in plain.items():
            if key not in known:
                raise ValueError(f"unknown key {key!r}; known are: {', '.join(known)}")
            if not isinstance(value, known[key]) or isinstance(value, bool):
                raise ValueError(f"{key} has a value of the wrong type")
        return Template(**plain)


class Templates:
    """What the accounts have; None: whatever is named exists."""

    def __init__(self, known: tuple[Template, ...] | None) -> None:
        self._known = None if known is None else {_key(one): one for one in known}

    def put(self, template: Template) -> None:
        """Add a template or change one; from the first on, only those that were added exist."""
        self._known = {**(self._known or {}), _key(template): template}

    def of(self, account: str, words: str) -> tuple[Template, ...]:
        """Return the account's templates that have the words in their names.

        Where whatever is named exists, so does that name, in the languages of our shops.
        """
        if self._known is None:
            return tuple(Template(words, language) for language in _OURS) if words else ()
        return tuple(
            template
            for template in self._known.values()
            if words in template.name and template.waba_id in {"", account}
        )

    def check(self, content: Mapping[str, Any], waba_id: str) -> None:
        """Refuse a template that the account has not, or that has other parameters."""
        if self._known is None:
            return
        name, language = content["name"], content["language"]["code"]
        found = self._known.get((name, language, waba_id)) or self._known.get((name, language, ""))
        if found is None or found.status not in {APPROVED, *_STANDINGS}:
            raise Refusal(132001, f"template name ({name}) does not exist in {language}")
        if found.status in _STANDINGS:
            raise Refusal(_STANDINGS[found.status], f"template ({name}) is {found.status.lower()}")
        given = _body_parameters(content)
        if given != found.parameters:
            raise Refusal(
                132000,
                f"body: number of localizable_params ({given}) does not match the expected number"
                f" of params ({found.parameters})",
            )


def check_shape(content: Mapping[str, Any]) -> None:
    """Refuse the content of a template message that Meta would refuse whatever the template."""
    text(required(content, "name", "template."), "template['name']", 512)
    language = obj(required(content, "language", "template."), "template['language']")
    text(required(language, "code", "template.language."), "language code", 15)
    for component in array(content.get("components", []), "components", 0, 20):
        part = obj(component, "component")
        one_of(part.get("type"), "component['type']", {"header", "body", "button"})
        for parameter in array(part.get("parameters", []), "parameters", 0, 100):
            _check_parameter(obj(parameter, "parameter"))


def _check_parameter(parameter: Mapping[str, Any]) -> None:
    if parameter.get("type") != "text":
        return
    words = text(required(parameter, "text", "parameter."), "Param text", 1024, code=PARAMETER)
    if _BREAKS.search(words):
        raise Refusal(
            INVALID,
            "Param text cannot have new-line/tab characters or more than 4 consecutive spaces",
        )


def _body_parameters(content: Mapping[str, Any]) -> int:
    body = (part for part in content.get("components", []) if part["type"] == "body")
    return sum(len(part.get("parameters", [])) for part in body)


def _key(template: Template) -> tuple[str, str, str]:
    return template.name, template.language, template.waba_id
