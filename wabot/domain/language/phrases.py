"""Yes and no: whole phrases, never a part of one, because an order hangs on them."""

import unicodedata

from wabot.domain.language.words import normalize, phrase_set, without_courtesy, word_set

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
    por ahora no / ahorita no / no esta bien / incorrecto
    """
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
    shown = {c for c in text if not c.isspace() and not _is_modifier(c)}
    return bool(shown) and shown <= signs


def _said_once(normal: str) -> str:
    """Return «si» for «si si si»: the impatient say it more than once."""
    words = normal.split()
    return words[0] if words and len(set(words)) == 1 else normal


def _is_modifier(character: str) -> bool:
    """Tell skin tones and variation selectors from the sign they change."""
    return unicodedata.category(character) in {"Mn", "Sk", "Cf"}
