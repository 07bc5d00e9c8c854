"""Questions that are not about a product: «hasta dónde entregan», «aceptan tarjeta»."""

from wabot.domain.language.words import (
    normalize,
    phrase_set,
    without_courtesy,
    without_fillers,
    word_set,
)

_OPENINGS = phrase_set(
    """
    cuanto / cuanta / cuantos / cuantas / cuando / cual / cuales / quien / donde / adonde / a donde
    hasta donde / en donde / de donde / por donde / a que / por que / que hora / que horario
    que dia / que dias / que formas / como pago / como puedo / como le / como hago / se puede
    se pueden / puedo pagar / puedo recoger / aceptan / aceptas / cobran / cobras / entregan
    entregas / llegan / llegas / reciben / abren / cierran / hacen envio / hacen envios
    hacen entregas / tienen envio / tienen servicio / hay envio / hay servicio / dan factura
    """
)
_SERVICE = word_set(
    """
    envio envios enviar entrega entregas entregan entregar domicilio reparto repartidor zona zonas
    pagar pago pagos tarjeta tarjetas transferencia transferencias deposito terminal credito fiado
    fian factura facturas facturan horario horarios abren cierran abierto abiertos cerrado servicio
    promocion promociones oferta ofertas descuento descuentos sucursal sucursales ubicados
    ubicacion telefono
    """
)
_PRICE = word_set("como cuesta cuestan vale valen precio precios sale salen")


def is_question(text: str) -> bool:
    """Tell whether a text asks something, with a question mark or without."""
    return "?" in text or "¿" in text or _asks(text)


def asks_how(text: str) -> bool:
    """Tell whether a text asks when, where or how, and not for a price."""
    return _asks(text) and not _PRICE & set(normalize(text).split())


def _asks(text: str) -> bool:
    normal = without_courtesy(normalize(text))
    return _opens(normal) or _opens(without_fillers(normal))


def is_about_service(text: str) -> bool:
    """Tell whether a text is about how the shop works rather than what it sells."""
    return bool(_SERVICE & set(normalize(text).split()))


def _opens(normal: str) -> bool:
    return any(f"{normal} ".startswith(f"{opening} ") for opening in _OPENINGS)
