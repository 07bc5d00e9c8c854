"""Orders that are to repeat themselves: «dos garrafones cada martes»."""

import re

from wabot.domain.language.words import normalize

_DAYS = r"(?:lunes|martes|miercoles|jueves|viernes|sabados?|domingos?)"
_EVERY = re.compile(
    rf"\b(?:(?:cada|todos los|todas las) (?:{_DAYS}(?: y {_DAYS})*|semanas?|quincenas?|mes(?:es)?"
    r"|tercer dia|\d{1,2} dias)|(?:cada|todos los) dias?|una vez (?:por semana|a la semana|al mes)"
    r"|semanalmente|quincenalmente|mensualmente|diariamente)\b"
)
_BY_NAME = re.compile(
    r"\b(?:pedidos? (?:fijos?|recurrentes?|programados?|automaticos?|semanal(?:es)?)"
    r"|suscripcion(?:es)?|suscribirme|programar (?:un |mi |el )?pedidos?)\b"
)


def without_recurrence(text: str) -> str | None:
    """Return what else a text says that wants something again and again; None when it does not."""
    said = normalize(text)
    for pattern in (_EVERY, _BY_NAME):
        if pattern.search(said):
            return " ".join(pattern.sub(" ", said).split())
    return None
