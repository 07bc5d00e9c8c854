"""Words that mean the same wherever the conversation stands, and how they are found in a text."""

from enum import Enum, auto

from wabot.domain.language.patterns import (
    asks_total,
    ends_choosing,
    greets,
    thanks,
    wants_delivery,
    wants_to_fetch,
)
from wabot.domain.language.words import normalize, phrase_set, without_courtesy, without_fillers


class Word(Enum):
    """What a customer may ask for in words instead of tapping."""

    MENU = auto()
    CANCEL = auto()
    PERSON = auto()
    STATUS = auto()
    CATALOG = auto()
    ORDER = auto()
    USUAL = auto()
    CART = auto()
    FINISH = auto()
    ADD_MORE = auto()
    CHANGE_LINES = auto()
    CHANGE_ORDER = auto()
    NEXT_PAGE = auto()
    DELIVERY = auto()
    NEW_ADDRESS = auto()
    SAVED_ADDRESS = auto()
    PICKUP = auto()
    REMOVE = auto()
    RESUME = auto()
    START_ANEW = auto()
    DROP_ORDER = auto()
    KEEP_ORDER = auto()
    USE_LOCATION = auto()
    DECLINE_PHONE = auto()
    THANKS = auto()
    GREETING = auto()


# Whole phrases, normalised, without the courtesy around them («me puedes …», «… por favor»).
_ANYWHERE = {
    Word.MENU: """
        menu / el menu / ver menu / ver el menu / menu principal / ir al menu / volver al menu
        regresar al menu / inicio / volver al inicio / opciones / ver opciones / volver / regresar
    """,
    Word.CANCEL: """
        cancelar / cancela / cancelo / cancelalo / cancelarlo / cancelar todo / cancela todo
        cancelar pedido / cancelar mi pedido / cancelar el pedido / cancela mi pedido
        cancela el pedido / cancelar la orden / cancelar compra / ya no quiero nada
        ya no quiero el pedido / ya no quiero mi pedido / ya no lo quiero / olvidalo / dejalo asi
        borrar pedido / vaciar carrito / vaciar pedido / vacia el carrito / borra todo
    """,
    Word.PERSON: """
        asesor / asesora / un asesor / una asesora / hablar con un asesor / hablar con una asesora
        hablar con asesor / hablar con una persona / hablar con alguien / hablar con un humano
        hablar con el encargado / hablar con el dueno / hablar con la duena / hablar con ustedes
        persona / una persona / persona real / humano / un humano / agente / un agente / operador
        operadora / encargado / ayuda de una persona / que me atienda una persona
        que me atienda alguien / alguien me atiende / alguien que me atienda / quien me atiende
        me puede atender alguien / hay alguien que me atienda / me atiende una persona
        me atiende alguien / atencion a clientes
        servicio al cliente / comunicame con un asesor / pasame con un asesor
        pasame con una persona / llamar a un asesor / contactar a un asesor
    """,
    Word.STATUS: """
        estado / status / estatus / estado de mi pedido / estado del pedido / ver estado
        status de mi pedido / estatus de mi pedido / ver estado de mi pedido / mi pedido
        como va mi pedido / como va el pedido / como va / donde esta mi pedido / donde esta
        donde viene mi pedido / donde viene / por donde viene / por donde vienen / ya viene
        ya viene mi pedido / ya vienen / ya mero / ya mero llega / ya salio / ya salio mi pedido
        cuanto falta / cuanto le falta / cuanto tarda mi pedido / cuando llega
        cuando llega mi pedido / a que hora llega / a que hora llega mi pedido
        que paso con mi pedido / ya esta listo / ya esta listo mi pedido / ya esta mi pedido
        esta listo mi pedido / ya estara listo / ya estara mi pedido / ya lo mandaron
        ya mandaron mi pedido / cuando esta listo / ya esta mi ropa / ya esta lista mi ropa
        cuando esta lista mi ropa / cuando esta mi ropa
        estado de mi ropa / mi ropa / y mi ropa
        ya viene el agua / ya viene mi agua / ya vienen mis garrafones
        y mi pedido / no ha llegado mi pedido / no llega mi pedido / no ha llegado / rastrear pedido
    """,
    Word.CATALOG: """
        catalogo / el catalogo / ver catalogo / ver el catalogo / productos / ver productos
        lista de productos / lista de precios / precios / ver precios / que vendes / que venden
        que tienes / que tienen / que hay / que productos tienen / que productos tienes
        mandame el catalogo / pasame el catalogo / pasame la lista / mandame la lista
        categorias / ver categorias / secciones
    """,
    Word.ORDER: """
        hacer un pedido / hacer pedido / hacer mi pedido / nuevo pedido / un pedido / pedir
        ordenar / comprar / hacer una orden / hacer una compra / levantar un pedido
        hacerte un pedido / hacerles un pedido / encargar / pedir un servicio / un servicio
    """,
    Word.USUAL: """
        lo de siempre / lo mismo / lo mismo de siempre / lo mismo de la otra vez
        lo mismo de la vez pasada / lo mismo que la otra vez / lo mismo que la vez pasada
        lo mismo de ayer / lo mismo por favor / repetir pedido / repetir mi pedido
        repetir el pedido / repite mi pedido / repite el pedido / el mismo pedido
        mi ultimo pedido / pedir lo mismo / pedir lo de siempre / mandame lo de siempre
        mandame lo mismo
    """,
    Word.CART: """
        ver mi servicio
        carrito / mi carrito / ver carrito / ver mi carrito / ver el carrito / ver mi pedido
        ver pedido / que llevo / que es lo que llevo / cuanto llevo / cuanto va / cuanto es
        cuanto seria / cuanto es en total / cuanto va a ser / total / la cuenta
    """,
}

# Understood only where the place itself has not made sense of them.
_ELSEWHERE = {
    Word.FINISH: """
        terminar / terminar pedido / terminar mi pedido / terminar el pedido / termine / finalizar
        finalizar pedido / ya / listo / ya es todo / es todo / eso es todo / seria todo / nada mas
        nomas / nomas eso / solo eso / eso nada mas / es lo unico / ya termine / ya quedo / pagar
        ya estuvo
        cerrar pedido / ya con eso / con eso / asi nomas / nada mas eso / no es todo
        no eso es todo / no nada mas / no ya es todo / nada / no nada / ya nada / no quiero nada
    """,
    Word.ADD_MORE: """
        agregar / agregar mas / agregar algo / agregar productos / agregar otro / otro producto
        agregar otro producto / mas productos / algo mas / otra cosa / anadir / anadir mas
        dame otra cosa / quiero otra cosa / otras cosas / mas cosas
        seguir comprando / falta algo / me falta algo
    """,
    Word.CHANGE_LINES: """
        cambiar algo / cambiar productos / cambiar producto / cambiar un producto
        quitar algo / quitar un producto / quitar productos / cambiar cantidad
        cambiar cantidades / cambiar la cantidad / cambiar prendas / modificar / editar
        productos del pedido
    """,
    Word.CHANGE_ORDER: """
        cambiar / cambiar pedido / cambiar mi pedido / cambiar el pedido / modificar pedido
        modificar mi pedido / hacer un cambio / cambio
    """,
    Word.NEXT_PAGE: """
        ver mas / mas / mas opciones / siguiente / otras / otros / que mas / que mas hay
        que mas tienes / que mas tienen / ver mas productos
    """,
    Word.DELIVERY: """
        direccion / la direccion / cambiar direccion / cambiar la direccion / cambiar mi direccion
        cambiar entrega / la entrega / entrega / cambiar domicilio / otro domicilio
    """,
    Word.NEW_ADDRESS: """
        otra direccion / nueva direccion / direccion nueva / a otra direccion / a domicilio
        domicilio / envio / envio a domicilio / con envio / a mi casa / que me lo traigan
        me lo traes / me lo traen / escribir direccion / recoger en casa / recojan en casa
        recoger en mi casa / pasen por mi ropa / pasen por ella / vengan por ella
    """,
    Word.SAVED_ADDRESS: """
        la misma / la misma direccion / misma direccion / a la misma direccion / la de siempre
        a la de siempre / la direccion de siempre / a la direccion de siempre / donde siempre
        a donde siempre / al mismo lugar / el mismo lugar / la misma de siempre / a la misma
        la misma direccion de siempre / a la misma direccion de siempre / la que tienes
        la que ya tienes / la misma de la otra vez / la misma de la vez pasada
    """,
    Word.PICKUP: """
        recoger / recoger en tienda / recoger en la tienda / lo recojo / yo lo recojo / paso por el
        yo paso por el / paso a recogerlo / paso por mi pedido / voy por el / yo voy por el
        la llevo yo / yo la llevo / yo lo llevo / paso a la planta / voy a la planta
        paso a la tienda / para recoger / pasar a recoger / pasar por el / paso yo
    """,
    Word.REMOVE: """
        quitar / quitarlo / quitalo / quitar del pedido / quita este / ya no / ninguno / sin eso
    """,
    Word.RESUME: "seguir / seguimos / continuar / continuamos / sigamos / seguir con mi pedido",
    Word.START_ANEW: """
        empezar de nuevo / de nuevo / empezar otra vez / desde cero / empezar desde cero
        nuevo / uno nuevo / otro pedido
    """,
    Word.DROP_ORDER: "si cancelar / si cancela / si cancelalo / si borralo / si vaciar",
    Word.KEEP_ORDER: "no seguir / no cancelar / no canceles / no lo canceles / seguir pidiendo",
    Word.USE_LOCATION: "usar esta / usar esta ubicacion / esa / ahi / ahi mero / a esa / si esa",
    Word.DECLINE_PHONE: """
        sin telefono / no tengo / no tengo telefono / prefiero no / prefiero no darlo / saltar
        omitir / no quiero darlo / no lo doy / no te lo doy / paso
    """,
    Word.THANKS: """
        gracias / muchas gracias / mil gracias / muchisimas gracias / ok gracias / gracias ok
        gracias a ti / va gracias / perfecto gracias / listo gracias / si gracias / no gracias
        muy amable / te lo agradezco / adios / hasta luego / nos vemos / bye / bendiciones
    """,
    Word.GREETING: """
        hola / holi / hello / hi / hey / ey / buenas / buenos dias / buen dia / buenas tardes
        buenas noches / que tal / hola que tal / hola buenas / hola buenos dias / hola buen dia
        hola buenas tardes / hola buenas noches / que onda / saludos / hola como estas
        hola de nuevo / hola otra vez / alo / empezar / start / hay alguien
        hola hola / oye / disculpa
    """,
}

_PERSON_WORDS = frozenset(("asesor", "asesora", "asesores", "humano"))


def _table(meanings: dict[Word, str]) -> dict[str, Word]:
    return {phrase: word for word, phrases in meanings.items() for phrase in phrase_set(phrases)}


_ANYWHERE_TABLE = _table(_ANYWHERE)
_ELSEWHERE_TABLE = _table(_ELSEWHERE)


def anywhere(text: str) -> Word | None:
    """Return what a text asks for when it is one of the words that work everywhere."""
    word = _look_up(text, _ANYWHERE_TABLE)
    if word is not None:
        return word
    if _asks_for_person(text):
        return Word.PERSON
    return Word.CART if asks_total(text) else None


def elsewhere(text: str) -> Word | None:
    """Return what a text means when the place where we stand has no answer for it."""
    word = _look_up(text, _ELSEWHERE_TABLE)
    if word is not None:
        return word
    if ends_choosing(text):
        return Word.FINISH
    if thanks(text):
        return Word.THANKS
    if greets(text):
        return Word.GREETING
    if wants_to_fetch(text):
        return Word.PICKUP
    return Word.NEW_ADDRESS if wants_delivery(text) else None


def _look_up(text: str, table: dict[str, Word]) -> Word | None:
    normal = normalize(text)
    polite = without_courtesy(normal)
    return table.get(normal) or table.get(polite) or table.get(without_fillers(polite))


def _asks_for_person(text: str) -> bool:
    said = normalize(text).split()
    return bool(_PERSON_WORDS & set(said)) and len(said) <= 8 and "no" not in said
