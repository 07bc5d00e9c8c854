"""How much is wanted: «2», «media docena», «kilo y medio», «750 g», and whether it can be sold."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from wabot.domain.catalog import Product
from wabot.domain.language.numbers import is_number, number_at, tokens_of
from wabot.domain.language.words import normalize, sound, stem, unaccented, word_set

_MASS = {
    **dict.fromkeys(("kg", "k", "kgs", "kilo", "kilos", "kilogramo", "kilogramos"), Decimal(1)),
    **dict.fromkeys(("g", "gr", "grs", "gramo", "gramos"), Decimal("0.001")),
}
_VOLUME = {
    **dict.fromkeys(("l", "lt", "lts", "litro", "litros"), Decimal(1)),
    **dict.fromkeys(("ml", "mililitro", "mililitros"), Decimal("0.001")),
}
_PIECES = word_set("pieza piezas pza pzas pz pzs unidad unidades uds ud u")
_TIMES = {
    "docena": 12,
    "docenas": 12,
    "par": 2,
    "pares": 2,
    "decena": 10,
}
_MEASURES = word_set("medio media cuarto cuartos")
# What things are sold in: it tells one size of a product from another, and names none.
_CONTAINERS = word_set(
    """
    bolsa bolsita botella botellita lata latita paquete paquetito caja cajita carton cartoncito
    frasco frasquito bote botecito charola manojo manojito rollo rollito costal costalito saco
    cubeta sobre sobrecito tira barra juego garrafon galon metro tarro envase vaso six sixpack
    """
)
_CONTAINER_SOUNDS = frozenset(sound(stem(word)) for word in _CONTAINERS)
# Words around an amount that change nothing about it.
_BEFORE = word_set(
    """
    quiero dame deme ponme mandame me das mandas solo nomas unos unas como son serian seria que
    sean sea x con agrega agregame agregale ponle anade anademe tambien mejor pues bueno ok va a
    ver entonces y kiero jaja jajaja mmm ay este trae traes traiga traigan traeme manda mande
    mandeme deme enviame echame pasame regalame regalas surteme ocupo necesito quisiera puede
    agregar anadir otro otra otros otras puedes podria mandar traer dar da pedir encargar comprar
    llevar urge urgen hola oiga oye
    """
)
_AFTER = word_set(
    """
    de por favor porfa porfavor porfis xfa xfas xfavor plis please gracias nomas nada mas nadamas x
    solo si ok va pues
    """
)
_SIGNS = frozenset(",.!¡…:")
_DOZEN = re.compile(r"\bdocenas?\b", re.IGNORECASE)
_INSIDE = re.compile(r"\b(\d+) (piezas|pzas?|pz|unidades|rollos|sobres|latas|botellas)\b")
_SIZE = re.compile(r"(\d+(?:[.,]\d+)?)\s*([a-z]+)\b")
_MORE = re.compile(
    r"\b(?<!nada )(?<!algo )mas\b(?! (?:o menos|tarde|grande|chic|madur|bien))|^otr[oa]s? "
)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number and the unit it was given in, normalised; the unit may be missing."""

    value: Decimal
    unit: str = ""


def amount_of(text: str, product: Product) -> Amount | None:
    """Return the amount at the beginning of a text that names the product."""
    amount, rest = split_amount(text)
    if amount is None:
        return None
    return _by_the_piece(_by_the_dozen(amount, text, product), rest, product)


def adds(text: str) -> bool:
    """Tell whether an amount comes on top of what is there: «2 kg más», «otros 2»."""
    return bool(_MORE.search(normalize(text)))


def split_amount(text: str) -> tuple[Amount | None, list[str]]:
    """Return the amount at the beginning of the text, if any, and the words after it."""
    tokens = tokens_of(text)
    place = 0
    while place < len(tokens) and (tokens[place] in _BEFORE or tokens[place] in _SIGNS):
        place += 1
    if tokens[place : place + 2] == ["no", "mejor"]:
        place += 2
    read = _amount_at(tokens, place)
    if read is None:
        return None, tokens
    amount, place = read
    while place < len(tokens) and tokens[place] == "x":
        place += 1
    return amount, tokens[place:]


def amount_for(text: str, product: Product) -> Amount | None:
    """Read a text that says how much of the product is wanted and nothing else."""
    amount, rest = split_amount(text)
    if amount is None:
        return None
    known = {stem(word) for word in words_of(product)} | _AFTER | _SIGNS
    if all(token in known or stem(token) in known for token in rest):
        return _by_the_piece(_by_the_dozen(amount, text, product), rest, product)
    return None


def amount_after(text: str, product: Product) -> Amount | None:
    """Return the amount that follows the product's name: «jitomate 2 kg».

    Numbers that belong to the name («Sal 1 kg») are no amount.
    """
    own = {stem(word) for word in words_of(product)}
    tokens = tokens_of(text)
    named = [place for place, token in enumerate(tokens) if stem(token) in own and token.isalpha()]
    if not named:
        return None
    place = named[0]
    while place < len(tokens) and stem(tokens[place]) in own:
        place += 1
    amount, rest = split_amount(" ".join(tokens[place:]))
    if amount is None or not all(token in _AFTER for token in rest):
        return None
    plural = tokens[named[0]].endswith("s")
    return _by_the_piece(amount, tokens[named[0] : named[0] + 1], product) if plural else amount


def measures(word: str) -> bool:
    """Tell whether a normalised word is part of an amount: a number, a fraction or a unit."""
    return is_number(word) or is_unit(word) or word in _MEASURES


def sizes_in(text: str) -> frozenset[str]:
    """Return the sizes in a text, comparable: «2.5 litros» and «2,5 L» are alike."""
    sizes, tokens = set(), tokens_of(text)
    for token, following in zip(tokens, [*tokens[1:], ""], strict=False):
        if token[0].isdigit():
            sizes.add(token.replace(",", "."))
            if _unit(following):
                sizes.add(_family(following))
    return frozenset(sizes)


def is_unit(word: str) -> bool:
    """Tell whether a normalised word is a unit of weight, volume or count."""
    return bool(_unit(word)) or word in _TIMES


def contains(word: str) -> bool:
    """Tell whether a normalised word says what something is sold in: «botellas», «lata»."""
    return sound(stem(word)) in _CONTAINER_SOUNDS


def only_counts(words: list[str]) -> bool:
    """Tell whether words say what something is sold in and nothing else: «3 botellas»."""
    named = [word for word in words if word not in _AFTER]
    return bool(named) and all(contains(word) for word in named)


def words_of(product: Product) -> list[str]:
    """Return the normalised words by which a customer may name the product or its unit."""
    return normalize(" ".join((product.name, product.unit, *product.aliases))).split()


def counts_pieces(amount: Amount, rest: list[str], product: Product) -> bool:
    """Tell whether pieces are meant of what is sold by weight: «3 aguacates»; not «3 de …»."""
    whole = amount.value == amount.value.to_integral_value()
    by_weight = normalize(product.unit) in _MASS
    named = bool(rest) and rest[0] != "de" and not all(token in _AFTER for token in rest)
    return by_weight and not amount.unit and whole and named


def units_of(amount: Amount, product: Product) -> Decimal | None:
    """Convert to the unit the product is sold in; None when the two do not fit together."""
    if not amount.unit:
        return amount.value
    sold_in = normalize(product.unit)
    for family in (_MASS, _VOLUME):
        if amount.unit in family and sold_in in family:
            return amount.value * family[amount.unit] / family[sold_in]
        if amount.unit in family:
            return _packs(amount.value * family[amount.unit], family, product)
        if sold_in in family:
            return None
    inside = _INSIDE.search(normalize(product.name))
    if inside is not None and amount.unit in _PIECES and sold_in not in _PIECES:
        return amount.value / max(int(inside[1]), 1)
    return amount.value


def _packs(measured: Decimal, family: dict[str, Decimal], product: Product) -> Decimal | None:
    """Return how many of a product of known size («Leche 1 L») make up a measure, if it goes up."""
    sizes = {
        Decimal(size.replace(",", ".")) * family[unit]
        for size, unit in _SIZE.findall(unaccented(product.name))
        if unit in family
    } - {Decimal(0)}
    if len(sizes) != 1:
        return None
    packs = measured / sizes.pop()
    return packs if packs == packs.to_integral_value() else None


def _by_the_piece(amount: Amount, rest: list[str], product: Product) -> Amount:
    """Count what is inside a pack where that was named: «12 huevos», «4 rollos de papel»."""
    inside = _INSIDE.search(normalize(product.name))
    head = next((word for word in rest if word not in _AFTER), "")
    if inside is None or amount.unit or not head or rest[0] == "de":
        return amount
    if contains(head):
        counted = stem(head) == stem(inside[2])
    else:
        counted = inside[2][0] in "pu" and amount.value != 1
    return replace(amount, unit="piezas") if counted else amount


def _by_the_dozen(amount: Amount, text: str, product: Product) -> Amount:
    """Let a dozen be one of what is called by the dozen: «docena de huevo»."""
    if _DOZEN.search(text) and any(stem(word) == "docena" for word in words_of(product)):
        return replace(amount, value=amount.value / 12)
    return amount


def _amount_at(tokens: list[str], start: int) -> tuple[Amount, int] | None:
    read = number_at(tokens, start)
    if read is None:
        # «kilo y medio», «docena»: one of it.
        if start < len(tokens) and (_unit(tokens[start]) or tokens[start] in _TIMES):
            read = Decimal(1), start
        else:
            return None
    value, place = read
    times, place = _times_at(tokens, place)
    unit, place = _unit_at(tokens, place)
    extra, place = _extra_at(tokens, place)
    if not unit:
        unit, place = _unit_at(tokens, place)
    if unit and not extra:
        extra, place = _smaller_at(tokens, place, unit)
    return Amount((value + extra) * times, unit), place


def _times_at(tokens: list[str], place: int) -> tuple[int, int]:
    if place < len(tokens) and tokens[place] in _TIMES:
        return _TIMES[tokens[place]], place + 1
    return 1, place


def _unit_at(tokens: list[str], place: int) -> tuple[str, int]:
    after_of = place + 1 if tokens[place : place + 1] == ["de"] else place
    if after_of < len(tokens) and _unit(tokens[after_of]):
        return _unit(tokens[after_of]), after_of + 1
    return "", place


def _extra_at(tokens: list[str], place: int) -> tuple[Decimal, int]:
    """Read «y medio», «y cuarto», «y 3/4»: less than one of the unit."""
    if tokens[place : place + 1] == ["y"]:
        read = number_at(tokens, place + 1)
        if read is not None and read[0] < 1:
            return read
    return Decimal(0), place


def _smaller_at(tokens: list[str], place: int, unit: str) -> tuple[Decimal, int]:
    """Read «y 500 g», «250 gramos» after kilos: less than one of the unit, in a smaller one."""
    begin = place + 1 if tokens[place : place + 1] == ["y"] else place
    read = number_at(tokens, begin)
    if read is not None:
        smaller, end = _unit_at(tokens, read[1])
        for family in (_MASS, _VOLUME):
            if unit in family and smaller in family and family[smaller] < family[unit]:
                part = read[0] * family[smaller] / family[unit]
                return (part, end) if part < 1 else (Decimal(0), place)
    return Decimal(0), place


def _family(token: str) -> str:
    for family in (_MASS, _VOLUME):
        if token in family:
            return next(unit for unit in family if family[unit] == family[token])
    return token


def _unit(token: str) -> str:
    return token if token in _MASS or token in _VOLUME or token in _PIECES else ""
