"""The kinds of shop that wabot brings: catalogues, words and conversations that fit together."""

import re
from decimal import Decimal
from uuid import uuid4

import pytest

from wabot.domain.catalog import Product
from wabot.domain.language.intents import anywhere, elsewhere
from wabot.domain.language.search import find
from wabot.domain.settings import SHOP_SETTINGS
from wabot.domain.template import Template
from wabot.repositories.provisioning.template_folders import FolderTemplates
from wabot.texts import load_texts

TEMPLATES = FolderTemplates()
TRADES = [TEMPLATES.load(name) for name in TEMPLATES.names()]
of_each_trade = pytest.mark.parametrize("template", TRADES, ids=lambda template: template.name)

_FAMILIAR = re.compile(
    r"\b(tú|tu|tus|te|ti|contigo|quieres|puedes|tienes|eres|elige|escríbeme|dime|mira|mándame|"
    r"pagas|llevas|confirmas|necesitas|buscas|pasas|recoges|\w+arte|\w+erte)\b",
    re.IGNORECASE,
)
_TALKS = {"estado", "asesor", "saludo"}


def products_of(template: Template) -> list[Product]:
    return [
        Product(uuid4(), seed.name, seed.price, aliases=seed.aliases, sku=seed.sku, stock=1)
        for seed in template.products
    ]


def test_the_five_trades_are_there() -> None:
    assert {"abarrotes", "verduleria", "agua", "tintoreria", "comercio"} == set(TEMPLATES.names())


@of_each_trade
def test_every_product_is_found_by_its_name_and_by_each_alias(template: Template) -> None:
    products = products_of(template)
    lost = [
        (product.sku, words)
        for product in products
        for words in (product.name, *product.aliases)
        if product not in find(words, products).exact
    ]
    assert lost == []


@of_each_trade
def test_every_product_has_what_people_call_it(template: Template) -> None:
    assert [product.sku for product in template.products if not product.aliases] == []


@of_each_trade
def test_prices_are_plausible(template: Template) -> None:
    strange = [p.sku for p in template.products if not Decimal(2) <= p.price <= Decimal(5000)]
    assert strange == []
    assert template.currency == "MXN"


@of_each_trade
def test_a_basic_plan_has_room_for_a_few_more_products(template: Template) -> None:
    assert len(template.products) <= 48


@of_each_trade
def test_its_settings_cover_what_every_shop_decides(template: Template) -> None:
    keys = {setting.key for setting in template.settings}
    own = {key for key in keys if key.startswith(f"{template.name}_")}
    assert keys - own <= set(SHOP_SETTINGS)
    assert keys - own >= {
        "owner_notices",
        "owner_phone",
        "adviser_phone",
        "pickup",
        "opening_hours",
    }
    assert all(setting.help.endswith(".") for setting in template.settings)


@of_each_trade
def test_what_its_buttons_say_is_understood_when_it_is_typed(template: Template) -> None:
    # Quantities and codes are read as such; these lead on within the question that shows them.
    within = {"option.see_products", "option.see_lines", "option.others", "option.order_code"}
    titles = {key: text for key, text in template.texts.items() if key.startswith("option.")}
    unheard = [
        key
        for key, title in titles.items()
        if key not in within and anywhere(title) is None and elsewhere(title) is None
    ]
    assert unheard == []


@of_each_trade
def test_what_it_says_its_own_way_is_said_to_usted_too(template: Template) -> None:
    formal = load_texts().formal
    own = {key for key in template.texts if not key.startswith("usted.")}
    missing = [key for key in own if key in formal and f"usted.{key}" not in template.texts]
    assert missing == []
    spoken = load_texts().with_overrides(template.texts).addressing("usted").sentences
    familiar = {key: spoken[key] for key in own if _FAMILIAR.search(spoken[key])}
    assert familiar == {}


@of_each_trade
def test_what_it_says_to_usted_tells_no_less_than_what_it_says_to_tu(template: Template) -> None:
    texts = load_texts().with_overrides(template.texts)
    formal = texts.addressing("usted")
    silent = {
        key: lost
        for key in texts.formal
        if (lost := texts.placeholders(key) - formal.placeholders(key))
    }
    assert silent == {}


@of_each_trade
def test_what_orders_are_called_addresses_nobody(template: Template) -> None:
    labels = [status.label for status in template.statuses]
    assert [label for label in labels if _FAMILIAR.search(label)] == []


@of_each_trade
def test_it_has_conversations_for_the_common_core(template: Template) -> None:
    folder = TEMPLATES.folder_of(template.name) / "conversations"
    names = {path.stem for path in folder.glob("*.chat")}
    assert names >= _TALKS
    for kind in ("pedido", "direccion", "cambiar"):
        assert any(name.startswith(kind) for name in names), kind


def test_the_greengrocer_knows_what_pieces_weigh() -> None:
    template = TEMPLATES.load("verduleria")
    by_weight = [product for product in template.products if product.unit == "kg"]
    weighed = [product for product in by_weight if product.piece_grams]
    assert len(weighed) > len(by_weight) * 3 / 4
    assert all(5 <= (product.piece_grams or 0) <= 6000 for product in weighed)


@of_each_trade
def test_only_trades_that_need_them_bring_tables(template: Template) -> None:
    needs = {"verduleria", "agua", "tintoreria"}
    assert template.modules == ((template.name,) if template.name in needs else ())
