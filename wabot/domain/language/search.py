"""Finding products by what customers call them: by word, never by a part of one.

Numbers, measures and containers («2 kg», «3 botellas», «medio») name no product; they only tell
one from another («botella de agua»). Where a whole name is nothing else («garrafón»), it counts.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from wabot.domain.catalog import Product
from wabot.domain.language.amounts import contains, measures, sizes_in
from wabot.domain.language.numbers import is_number
from wabot.domain.language.words import normalize, one_line, sound, stem, word_set

# What surrounds a product's name in a question or a wish.
_STOP = word_set(
    """
    a agrega agregale agregame al algo algun anade anademe como mejor otra otro ponle
    algun alguna algunos algunas buen buena buenas buenos busco con cual cuanto cuanta
    cuantos cuesta cuestan da das dame de del deme desea deseo dia dias disculpa disculpe donde el
    ella en encargo eres es esa ese eso esta estan este esto favor gracias habra hay hola
    informacion la las le les lo los manda mandame mandas maneja manejan manejas mas me mi mis
    muestra muestrame muy necesito no noches o oye para pedir pero podria podrias ponme por porfa
    porfavor precio precios puede puedes pues que quiero quisiera saber se seria si sin su sus tal
    ocupo ocupamos urge urgen pasame echame traeme traes anotame apuntame gustaria ademas
    aparte nomas oiga oigan pues entonces mira porfis plis hacen tantito vecino vecina joven
    agregar anadir pedido ah sea sean nada cosa cosas cada muchas muchisimas confirmar
    trae traiga traigan mande mandeme deme envia enviame surteme regalame regalas mandar traer dar
    tambien tardes te tendra tendras tendran tenga tengas tiene tienen tienes todavia tu un una
    unas uno unos va vale ve vende venden vendes ver vienen viene y ya
    """
)
_STOP_SOUNDS = frozenset(sound(word) for word in _STOP)
# Openings after which an unknown word is certainly a product that the shop does not have.
_ASKS = word_set(
    """
    tienes tienen tiene hay venden vendes vende manejan manejas busco habra tendras tendran
    buscaba dame ponme mandame quiero quisiera ocupo ocupamos necesito urge echame traeme pasame
    agrega agregame agregale
    """
)
_GLUED = re.compile(r"(\d)([a-z])")
_CLOSE_FROM = 4
_MAX_WORDS = 12


@dataclass(frozen=True, slots=True)
class Found:
    """Products that bear all the words, `each` some so that none is left, or something near.

    At most one of the three holds any.
    """

    exact: tuple[Product, ...] = ()
    each: tuple[Product, ...] = ()
    close: tuple[Product, ...] = ()

    @property
    def all(self) -> tuple[Product, ...]:
        """Return whatever was found."""
        return self.exact or self.each or self.close

    def __bool__(self) -> bool:
        return bool(self.all)


def query_words(text: str) -> tuple[str, ...]:
    """Return the words of a text that may name a product."""
    words = [word for word in _split(text) if not _is_stop(word)]
    return tuple(words[:_MAX_WORDS])


def as_asked(text: str, named: str, products: Sequence[Product]) -> str:
    """Return what a text asks for as it was written, without courtesy and amount around it.

    Where that would find something else than what was `named`, the words that name it.
    """
    written = one_line(text).split()
    while written and all(_is_stop(w) or measures(w) for w in _split(written[0])):
        written = written[1:]
    while written and all(_is_stop(word) for word in _split(written[-1])):
        written = written[:-1]
    asked = " ".join(written).strip(" ,.;:!¡?¿")
    same = asked and find(asked, products) == find(named, products)
    return asked if same else " ".join(query_words(named))


def asks_for_product(text: str) -> bool:
    """Tell whether a text asks for a product, known or not."""
    said = normalize(text).split()
    # «quiero que lo dejen en la puerta» asks for something else.
    return any(
        word in _ASKS and following != "que"
        for word, following in zip(said[:4], [*said[1:], ""], strict=False)
    )


def find(text: str, products: Sequence[Product]) -> Found:
    """Find products; sizes only narrow the choice («coca 600 ml»), they never widen it."""
    words = query_words(text)
    names = [word for word in words if _is_name(word)]
    if not names:
        return Found(exact=tuple(_best_first(_titled(words, products), text)))
    vocabularies = [_vocabulary(product.name, product.aliases) for product in products]
    wanted = [_keys(word) for word in names]
    hits = [sum(bool(keys & vocabulary) for keys in wanted) for vocabulary in vocabularies]
    exact = [p for p, hit in zip(products, hits, strict=True) if hit == len(names)]
    if exact:
        return Found(exact=tuple(_best_first(exact, text)))
    if all(any(keys & vocabulary for vocabulary in vocabularies) for keys in wanted):
        return Found(each=tuple(p for p, hit in zip(products, hits, strict=True) if hit))
    near = [
        keys | _typing_errors(word, vocabularies) for word, keys in zip(names, wanted, strict=True)
    ]
    if not any(hits):
        titled = _titled([word for word in words if not _is_name(word)], products)
        if titled:
            return Found(close=tuple(_best_first(titled, text)))
    known = any(hits)
    hits = [sum(bool(keys & vocabulary) for keys in near) for vocabulary in vocabularies]
    best = max(hits, default=0)
    if not known and best * 2 <= len(names) > 1:
        # One word among others that is nearly a product's is chance.
        return Found()
    return Found(close=tuple(p for p, hit in zip(products, hits, strict=True) if hit == best > 0))


def titles_with(text: str, titles: Sequence[str]) -> tuple[str, ...]:
    """Return the titles that bear all the words of a text: «botanas», «Botanas y dulces»."""
    wanted = [_keys(word) for word in query_words(text) if _is_name(word)]
    if not wanted:
        return ()
    return tuple(t for t in titles if all(keys & _vocabulary(t, ()) for keys in wanted))


def names_product(text: str, product: Product) -> bool:
    """Tell whether a text says what the product is, not only what it is like.

    A name's first word says it: «jitomate» and «tomate» are the «tomate rojo», «rojo» is not.
    """
    words = query_words(text)
    names = [word for word in words if _is_name(word)]
    if not names:
        return bool(_titled(words, (product,)))
    heads = _heads(product.name, product.aliases)
    return any(_keys(word) & heads for word in names)


def begins_name(text: str, product: Product) -> bool:
    """Tell whether the product's name begins with the text, numbers and all: «7 up»."""
    words = query_words(text)
    if not words or not is_number(words[0]):
        return False
    return any(_stems(title)[: len(words)] == _stems(words) for title in _titles(product))


def _is_stop(word: str) -> bool:
    return word in _STOP or (len(word) > 4 and sound(word) in _STOP_SOUNDS)


def _is_name(word: str) -> bool:
    return len(word) > 1 and not measures(word) and not contains(word)


def _titled(words: Sequence[str], products: Sequence[Product]) -> list[Product]:
    """Return the products whose whole name is these words, with or without its size."""
    wanted = {_stems(words), _stems([word for word in words if not measures(word)])} - {()}
    return [
        product
        for product in products
        if any(
            wanted & {_stems(title), _stems([word for word in title if not measures(word)])}
            for title in _titles(product)
        )
    ]


def _titles(product: Product) -> tuple[tuple[str, ...], ...]:
    """Return the name and the aliases as words."""
    return _words_of(product.name, product.aliases)


@lru_cache(maxsize=65_536)
def _words_of(name: str, aliases: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    split = (_split(title) for title in (name, *aliases))
    return tuple(tuple(word for word in words if not _is_stop(word)) for words in split)


def _stems(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(sound(stem(word)) for word in words)


@lru_cache(maxsize=65_536)
def _vocabulary(name: str, aliases: tuple[str, ...]) -> frozenset[str]:
    """Return all keys under which a product is found."""
    keys = (_keys(word) for title in _words_of(name, aliases) for word in _naming(title))
    return frozenset().union(*keys)


@lru_cache(maxsize=65_536)
def _heads(name: str, aliases: tuple[str, ...]) -> frozenset[str]:
    """Return the keys of each name's first word."""
    keys = (_keys(word) for title in _words_of(name, aliases) for word in _naming(title)[:1])
    return frozenset().union(*keys)


def _naming(title: Sequence[str]) -> list[str]:
    """Return the words of a name that tell what it is."""
    return [word for word in title if _is_name(word)] or [w for w in title if contains(w)]


@lru_cache(maxsize=65_536)
def _labels(name: str, aliases: tuple[str, ...]) -> frozenset[str]:
    """Return the sizes in a product's name and the containers in all its names."""
    words = (word for title in (name, *aliases) for word in _split(title))
    return sizes_in(name) | {stem(word) for word in words if contains(word)}


@lru_cache(maxsize=65_536)
def _keys(word: str) -> frozenset[str]:
    # The mark keeps sounds apart from spellings: they are compared among themselves only.
    return frozenset((stem(word), "~" + sound(stem(word)), "~" + sound(word)))


def _split(text: str) -> list[str]:
    """Return the normalised words, glued sizes apart: «600ml» gives «600», «ml»."""
    return _GLUED.sub(r"\1 \2", normalize(text)).split()


def _typing_errors(word: str, vocabularies: Sequence[frozenset[str]]) -> frozenset[str]:
    wanted = stem(word)
    if len(wanted) < _CLOSE_FROM:
        return frozenset()
    known = {key for vocabulary in vocabularies for key in vocabulary if key[0] != "~"}
    allowed = 1 if len(wanted) < 7 else 2
    close = process.extract(
        wanted, list(known), scorer=OSA.distance, score_cutoff=allowed, limit=None
    )
    return frozenset(key for key, _, _ in close if len(key) >= _CLOSE_FROM)


def _best_first(products: list[Product], text: str) -> list[Product]:
    """Put products named exactly so first, what is only like it last; else the shop's order."""
    words = query_words(text)
    asked = sizes_in(text) | {stem(word) for word in words if contains(word)}
    bearing = {
        p.id: (len(asked & _labels(p.name, p.aliases)), stem(normalize(p.unit)) in asked)
        for p in products
    }
    most = max(bearing.values(), default=())
    narrowed = [p for p in products if bearing[p.id] == most]
    wanted = " ".join(word for word in words if _is_name(word))

    def rank(product: Product) -> int:
        titles = {normalize(product.name), *(normalize(alias) for alias in product.aliases)}
        if wanted in titles:
            return 0
        return 1 if names_product(text, product) else 2

    return sorted(narrowed, key=rank)
