"""Yes and no: whole phrases, never a part of one, because an order hangs on them."""

import re

from wabot.domain.language.words import (
    normalize,
    phrase_set,
    signs_of,
    without_courtesy,
    word_set,
)

# «casi», «va, pero sin pan» or «necesito cambiar la dirección» must never be found here.
YES = phrase_set(
    """
    si / sii / sip / sep / simon / si claro / si confirmo / si confirmar / si confirmado
    si acepto / si esta bien / si asi esta bien / si de acuerdo / si ok / si va / si dale
    si adelante / si correcto / si es correcto / si todo bien / si senor / si senora
    si senorita / claro / claro que si / por supuesto / confirmo / confirma / confirmar
    confirmado / confirmar pedido / confirmo mi pedido / confirmo el pedido / acepto / ok / oki
    okay / okey / ok confirmo / ok si / dale / dale si / va / va que va / sale / sale va
    sale y vale / orale / vale / listo / perfecto / de acuerdo / correcto / es correcto / exacto
    asi es / asi esta bien / esta bien / todo bien / todo correcto / adelante / hecho / de una
    bueno si / pues si / afirmativo / ok va / ok dale / ok perfecto / ok esta bien / va dale
    va pues / arre / ta bien / ta bueno / esta perfecto / si perfecto / todo esta bien / todo ok
    si esta correcto / esta bien asi / asi esta perfecto
    """
)

NO = phrase_set(
    """
    no / nop / nope / nel / nones / no gracias / no asi no / asi no / mejor no / ya no / aun no
    todavia no / no todavia / no confirmo / no quiero / para nada / negativo / no por ahora
    por ahora no / ahorita no / no esta bien / incorrecto / no quiero nada / no mejor no
    """
)

# A no to the order itself, not only to something more.
_GIVES_UP = phrase_set(
    """
    mejor no / no mejor no / siempre no / mejor ya no
    """
)
_WANTS_NOTHING = phrase_set(
    """
    no quiero nada / no ya no quiero nada / mejor nada / ya no quiero / mejor no quiero nada
    """
)
_CLOSES = re.compile(r"\b(termin\w+|finaliz\w+|pagar|cerrar)\b")
_LEAVES_OUT = re.compile(
    r"^(?:(?:no|si|ok|va|bueno|esta bien|y|pero|mejor|por favor|me) )*"
    r"(sin|quita(?:r|me|le|n)?|quite(?:n|me)?|elimina|borra|borrar)(?: (?:el|la|los|las))? (.+)$"
)

# A yes to an offer, such as «¿Algo más?»: «ok» or «listo» there mean that it is enough, and
# «confirmar» is about the order.
_TAKES_OFFER = phrase_set("si / sii / sip / si claro / claro / claro que si / simon")

# Words that turn an apparent yes into a wish for something else.
_RESERVATIONS = word_set(
    """
    pero sin casi menos mejor no quita quitale quitar quitame cambia cambiar cambiale cambiame
    cambio falta falto vez error
    """
)
_PLACE = word_set("direccion domicilio entrega")

_YES_SIGNS = frozenset("👍👌✅☑✔")
_NO_SIGNS = frozenset("👎❌✖")


def is_yes(text: str) -> bool:
    """Tell whether the whole text means yes and nothing else."""
    return _means(text, YES, _YES_SIGNS)


def is_no(text: str) -> bool:
    """Tell whether the whole text means no and nothing else."""
    return _means(text, NO, _NO_SIGNS)


def takes_offer(text: str) -> bool:
    """Tell whether the text takes what was offered: a yes that is no «confirmo»."""
    normal = _said_once(normalize(text))
    return normal in _TAKES_OFFER or without_courtesy(normal) in _TAKES_OFFER


def gives_up(text: str) -> bool:
    """Tell whether the whole text says that the order is not wanted after all."""
    normal = normalize(text)
    return wants_nothing(text) or bool({normal, without_courtesy(normal)} & _GIVES_UP)


def wants_nothing(text: str) -> bool:
    """Tell whether the whole text wants nothing at all, even when asked whether to cancel."""
    normal = normalize(text)
    return bool({normal, without_courtesy(normal)} & _WANTS_NOTHING)


def closes_order(text: str) -> bool:
    """Tell whether a text that ends the choosing is about an order: «terminar», «pagar»."""
    return bool(_CLOSES.search(normalize(text)))


def left_out(text: str) -> str:
    """Return what is not to be in the order: «quita la cebolla», «sí, pero sin coca»."""
    said = _LEAVES_OUT.match(normalize(text))
    return said[2] if said else ""


def has_reservations(text: str) -> bool:
    """Tell whether the text wants something to be different."""
    return bool(_RESERVATIONS & set(normalize(text).split()))


def is_about_place(text: str) -> bool:
    """Tell whether the text is about where an order goes."""
    return bool(_PLACE & set(normalize(text).split()))


def _means(text: str, phrases: frozenset[str], signs: frozenset[str]) -> bool:
    # A question («¿sí?», «¿no?») decides nothing.
    if "?" in text or "¿" in text:
        return False
    normal = _said_once(normalize(text))
    if normal:
        return normal in phrases or without_courtesy(normal) in phrases
    shown = signs_of(text)
    return bool(shown) and shown <= signs


def _said_once(normal: str) -> str:
    """Return «si» for «si si si»: the impatient say it more than once."""
    words = normal.split()
    return words[0] if words and len(set(words)) == 1 else normal
