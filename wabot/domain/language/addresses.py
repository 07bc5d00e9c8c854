"""Telling an address from something else that was typed."""

import re
from enum import Enum, auto

from wabot.domain.language.amounts import contains, is_unit
from wabot.domain.language.numbers import tokens_of
from wabot.domain.language.questions import is_question
from wabot.domain.language.words import normalize, one_line, word_set

_MIN_LETTERS = 8
_MIN_WITH_NUMBER = 5
_MAX = 500

# What only addresses bear.
_STREETS = word_set(
    """
    calle av avda ave avenida blvd boulevard bulevar calz calzada callejon cerrada cda privada priv
    andador carretera prolongacion prol circuito cto retorno rinconada paseo plaza col colonia
    barrio fracc fraccionamiento residencial condominio edificio edif torre depto departamento
    dpto int interior mz mza lote supermanzana rancho rancheria ejido hacienda infonavit cp
    delegacion alcaldia municipio
    """
)
# What addresses bear and other sentences do as well.
_LANDMARKS = word_set(
    """
    esquina esq entre frente enfrente junto atras detras lado cerca centro porton zaguan numero
    num piso km camino pueblo escuela iglesia parque mercado local manzana norte sur oriente
    poniente
    """
)
# What people say to somebody, and no address does.
_SPEECH = word_set(
    """
    quiero quisiera necesito dame ponme pon ponle agrega agregame agregale anade quita quitame
    quitale cambia cambiale cambiame mejor puedo puedes pueden puede podria podrias podrian tienes
    tienen tengo tiene hay cuesta cuestan cobran cobras cuanto cuanta cuantos cuantas cuando cual
    cuales porque gracias pago pagar pagas pagan paga cambio efectivo tarjeta transferencia peso
    pesos varos minuto minutos hora horas hoy manana ahorita ahora luego despues tarde temprano
    llega llegan llegar tarda tardan tardas entregan entregas envian envio envios mandan mandas
    traen traes espero esperando urge apurate rapido ya tambien otro otra otros otras mas nada
    algo todo eso esto asi pero sin para pedido orden producto productos cuenta total factura
    recojo recoger paso voy vengo pasar vamos yo te me le nos les creo pues bueno oye disculpa
    perdon mande que sean son seria falta falto dije dijo am pm uno billete hola
    quitar cambiar agregar jaja jajaja jeje
    """
)
_TIME = re.compile(r"\ba las? \d")
_DATED_STREET = re.compile(r"\d+ de [a-z]+ .*\d")
_LETTERS = re.compile(r"[a-z]{3}")
_INTRODUCED = re.compile(
    r"^(?:.*?\b(?:direcci[oó]n|domicilio)\b"
    r"(?:[\s,:.]+(?:nueva|correcta|buena|es|ser[ií]a|a|por|en|la|est[aá]|estaba|mal|no|esa)\b)*"
    r"|(?:no,?\s+)?mejor(?:\s+(?:a|en|para))?|es\s+(?:a|en))\s*[:,]?\s+",
    re.IGNORECASE | re.DOTALL,
)


# What begins a part of an address that goes on with the street named before.
_COMPLEMENTS = word_set(
    """
    col colonia barrio fracc fraccionamiento cp entre esquina esq casa porton zaguan depto
    departamento dpto int interior edificio edif torre piso junto frente enfrente atras cerca
    referencia referencias delegacion alcaldia municipio infonavit
    """
)
_ROADS = word_set(
    """
    calle av avda ave avenida blvd boulevard bulevar calz calzada callejon cerrada cda privada priv
    andador carretera prolongacion prol circuito cto retorno rinconada paseo
    """
)
_ARTICLES = word_set("es en la el una un y")


class Reading(Enum):
    """Whether a text is an address."""

    NO = auto()
    DOUBTFUL = auto()
    CERTAIN = auto()


def read_address(text: str) -> Reading:
    """Tell whether a text is an address; one in doubt must be asked about."""
    said = normalize(text)
    words = said.split()
    number = has_number(said)
    if is_question(text) or len(words) < 2:
        return Reading.NO
    if len(said) < (_MIN_WITH_NUMBER if number else _MIN_LETTERS):
        return Reading.NO
    speaks = _speaks(said)
    if names_street(text):
        complete = number or len(words) >= 4
        return Reading.CERTAIN if complete and not speaks else Reading.DOUBTFUL
    if speaks or not _LETTERS.search(said) or _counts(text):
        return Reading.NO
    if number and (words[0][0].isalpha() or _DATED_STREET.match(said)):
        return Reading.CERTAIN
    return Reading.DOUBTFUL if _LANDMARKS & set(words) else Reading.NO


def may_be_address(text: str) -> bool:
    """Tell whether a text that does not look like an address may be one all the same."""
    said = normalize(text)
    return len(said.split()) > 1 and len(said) >= _MIN_LETTERS and not _speaks(said)


def completes_address(text: str) -> bool:
    """Tell whether a text goes on with an address that was begun: «Col. Centro, casa verde»."""
    said = normalize(text)
    words = said.split()
    while words and words[0] in _ARTICLES:
        words = words[1:]
    begins = len(words) > 1 and words[0] in _COMPLEMENTS
    # «entre Juárez y calle 5» still does not say where.
    roads = _ROADS & set(words) and words[0] not in {"entre", "esquina", "esq"}
    return begins and not roads and not is_question(text) and not _speaks(said)


def names_street(text: str) -> bool:
    """Tell whether a text bears a word that only addresses do."""
    return bool(_STREETS & set(normalize(text).split()))


def has_number(text: str) -> bool:
    """Tell whether a text bears a number, as most addresses do."""
    return any(character.isdigit() for character in text)


def address_in(text: str) -> str:
    """Return the address on one line, without what introduces it: «mi dirección es …»."""
    bare = _INTRODUCED.sub("", text, count=1)
    found = bare if read_address(bare) is Reading.CERTAIN else text
    lines = [one_line(line) for line in found.splitlines()]
    return ", ".join(line for line in lines if line)[:_MAX].strip()


def _speaks(said: str) -> bool:
    words = said.split()
    # «No. 15» is a number.
    denies = any(
        word == "no" and not following[:1].isdigit()
        for word, following in zip(words, [*words[1:], ""], strict=False)
    )
    return denies or bool(_SPEECH & set(words)) or bool(_TIME.search(said))


def _counts(text: str) -> bool:
    return any(is_unit(token) or contains(token) for token in tokens_of(text))
