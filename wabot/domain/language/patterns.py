"""What is said in too many ways to list: greeting, ending, asking for the total, fetching it."""

import re

from wabot.domain.language.addresses import Reading, read_address
from wabot.domain.language.words import normalize, signs_of, word_set

_MOST_WORDS = 10

_GREETING = word_set("hola holi hello hi hey buenas buenos buen dia dias tarde tardes noche noches")
_AROUND_GREETING = word_set(
    "que tal como estas esta estan muy a todos y oye oiga disculpe disculpa saludos vecino vecina"
)

_THANKING = word_set(
    "gracias agradezco agradecida agradecido amable amables bendiciones saludos excelente genial"
)
_ARRIVED = word_set("recibi recibimos llego llegaron")
_AROUND_THANKS = word_set(
    """
    muchas muchisimas mil ok okay va si listo perfecto sale bueno ya lo la los las me nos le les te
    se todo todos toda muy mi el pedido bien que tenga tengan tengas ten pasen pase buen buena
    buenas bonito bonita lindo linda feliz dia tarde noche fin de semana por su tu
    la atencion servicio rapidez a ti usted ustedes igualmente es son y rico rica dios bendiga
    """
)
_THANKFUL = frozenset("👍👌🙏👏🙌🤝💪❤♥🧡💛💚💙💜🤍🖤😊🙂😀😃😄😁😍🥰😘🤗😋🎉✅")

_ENDING = re.compile(r"\b((es|seria|sera|fue) todo|nada ?mas|nomas|lo unico)\b")
_AROUND_ENDING = word_set(
    """
    ya no eso es seria sera fue todo nada mas nadamas nomas solo por hoy ahora ahorita el momento
    lo unico asi con gracias muchas si pues bueno ok okay favor porfa y va listo creo que
    """
)

_COUNTING = word_set("es seria sera sale debo ser llevo va seran son quedaria cuesta hace")
_AROUND_TOTAL = word_set(
    """
    como y cuanto en total todo te le les debo por de mi pedido cuenta la a ser se hace junto el
    pues entonces oiga oye seria sale llevo va es ahorita hasta ya lo que son seran quedaria cuesta
    """
)

_FETCHING = word_set("recojo recogo recoger recogerlo recogerla recogerlos recogemos recogere")
_COMING = re.compile(
    r"\b(paso yo|yo paso|(paso|pasar|pasare|pasamos|voy|ir|vengo|vamos)"
    r" (por (el|ella|ello|mi|mis|lo)|a la tienda|al local))\b"
)
# A dry cleaner comes to the customer's house to do the same.
_NOT_FETCHING = word_set("no casa domicilio ropa pueden puedes ustedes")

_HOME = re.compile(r"\b(a|en|hasta) (mi |la )?(casa|domicilio)\b")
_NO_HOME = word_set("no recoger recojan hacen tienen hay cuanto cobran entregan")


def greets(text: str) -> bool:
    """Tell whether a text greets and nothing else: «ola buenas», «hola muy buenos días»."""
    said = _few_words(text)
    return not _GREETING.isdisjoint(said) and said <= _GREETING | _AROUND_GREETING


def thanks(text: str) -> bool:
    """Tell whether a text thanks or says that all arrived: «ya lo recibí, gracias», «❤️»."""
    if not normalize(text):
        shown = signs_of(text)
        return bool(shown) and shown <= _THANKFUL
    said = _few_words(text)
    if "?" in text or not said <= _THANKING | _AROUND_THANKS | _ARRIVED:
        return False
    return not said.isdisjoint(_THANKING | _ARRIVED)


def ends_choosing(text: str) -> bool:
    """Tell whether a text says that nothing more is wanted: «ya sería todo», «no, ya nada más»."""
    said = _few_words(text)
    return bool(said) and said <= _AROUND_ENDING and bool(_ENDING.search(normalize(text)))


def asks_total(text: str) -> bool:
    """Tell whether a text asks what the order costs: «¿como cuánto sería?», «cuánto te debo»."""
    said = _few_words(text)
    return "cuanto" in said and not _COUNTING.isdisjoint(said) and said <= _AROUND_TOTAL


def wants_to_fetch(text: str) -> bool:
    """Tell whether the customer comes for the order: «mejor lo recojo en la tienda»."""
    said = _few_words(text)
    numbered = any(word[0].isdigit() for word in said)
    if numbered or not _NOT_FETCHING.isdisjoint(said - _changed_mind(text)):
        return False
    return bool(said) and bool(said & _FETCHING or _COMING.search(normalize(text)))


def wants_delivery(text: str) -> bool:
    """Tell whether the order is to be brought: «por favor mándelo a mi casa»."""
    said = _few_words(text)
    if "?" in text or not _NO_HOME.isdisjoint(said) or any(word[0].isdigit() for word in said):
        return False
    if read_address(text) is not Reading.NO:
        return False
    return bool(said) and bool(_HOME.search(normalize(text)))


def _changed_mind(text: str) -> frozenset[str]:
    """Return the «no» of «no, mejor …», which denies what was before."""
    return frozenset(("no",) if normalize(text).startswith("no mejor ") else ())


def _few_words(text: str) -> frozenset[str]:
    """Return the words of a short text, none of a long one."""
    said = normalize(text).split()
    return frozenset(said) if len(said) <= _MOST_WORDS else frozenset()
