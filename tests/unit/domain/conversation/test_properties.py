"""Random shops, random customers: what must hold in every conversation."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.domain.chat import ANA, CASA, TEXTS, Chat, an_id
from tests.unit.domain.samples import HAPPENINGS, IDS_TAPPED, TEXTS_WRITTEN
from wabot.domain.catalog import Catalog, Product
from wabot.domain.conversation.codec import memory_from_json, memory_to_json
from wabot.domain.conversation.effects import Notify, PlaceOrder
from wabot.domain.conversation.events import OrderPlaced, OrderShort, TextReceived
from wabot.domain.conversation.replies import Phrase, Reply
from wabot.domain.language.phrases import is_yes
from wabot.domain.money import Money, minor_units
from wabot.domain.shop import Shop, ShopSettings
from wabot.services.rendering import render

FEW = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

nasty_text = st.one_of(
    st.sampled_from(
        [
            "Arroz",
            "Arroz blanco de grano extra largo de la cosecha del año pasado 1 kg",
            "Arroz blanco de grano extra largo de la cosecha del año pasado 2 kg",
            "👩‍👩‍👧‍👦" * 30,
            "🇲🇽" * 40,
            "e\u0301" * 60,
            "{shop}",
            "*_~`",
            " \u200b ",
            "línea\nlínea\tlínea",
            "ñ" * 300,
        ]
    ),
    st.text(max_size=40),
)
prices = st.decimals(min_value=0, max_value=99_999, places=2)
steps = st.sampled_from([Decimal(1), Decimal("0.25"), Decimal("0.5"), Decimal("0.001"), Decimal(6)])


@st.composite
def shops(draw: Any) -> Shop:
    count = draw(st.integers(0, 30))
    categories = draw(st.lists(nasty_text, max_size=14))
    products = tuple(
        Product(
            id=an_id(f"product {number}"),
            name=draw(nasty_text),
            price=draw(prices),
            unit=draw(st.sampled_from(["kg", "pieza", "garrafón", "", "caja de 24 latas grandes"])),
            step=draw(steps),
            stock=draw(st.integers(0, 50)),
            description=draw(st.sampled_from(["", "Del día", "x" * 3000])),
            category=draw(st.sampled_from([*categories, ""])),
            sku=draw(st.sampled_from(["", "ARR-1", f"SKU-{number}"])),
        )
        for number in range(count)
    )
    return Shop(
        name=draw(nasty_text),
        currency=draw(st.sampled_from(["MXN", "CLP", "COP", "XXX"])),
        country=draw(st.sampled_from(["MX", "CL", "CO", "ZZ"])),
        time_zone=draw(st.sampled_from(["America/Mexico_City", "No/Where"])),
        catalog=Catalog(products),
        settings=ShopSettings(
            owner_notices=draw(st.booleans()),
            owner_phone=draw(st.sampled_from(["", "+525511111111"])),
            adviser_phone=draw(st.sampled_from(["", "+525522222222"])),
            pickup=draw(st.booleans()),
            pickup_address=draw(nasty_text),
            usual_quantities=draw(st.sampled_from([(1, 2, 3), (), (0, -1, 5), (1, 1, 1, 6, 12)])),
        ),
    )


@st.composite
def customers(draw: Any) -> Any:
    known = draw(st.booleans())
    addresses = tuple(
        replace(CASA, id=an_id(f"address {number}"), text=draw(nasty_text), is_primary=number == 2)
        for number in range(draw(st.sampled_from([0, 1, 3, 14])))
    )
    return replace(
        ANA,
        name=draw(nasty_text),
        wa_id=ANA.wa_id if known else "",
        phone_number=ANA.phone_number if known else "",
        addresses=addresses,
        is_new=draw(st.booleans()),
    )


SENT = [
    happening
    for kind, happenings in HAPPENINGS.items()
    if kind not in {OrderPlaced, OrderShort}
    for happening in happenings
]
ANSWERS = ("sí", "confirmo", "no", "2", "Calle 5 #12, Centro", "cancelar", "listo", "lo de siempre")


def a_move(random: Random) -> tuple[str, Any]:
    """Draw a move: mostly what leads to an order, or the conversation would get nowhere."""
    name = random.choices(
        ("forward", "tap", "answer", "write", "old", "again", "send", "stock", "price", "withdraw"),
        (40, 16, 10, 8, 4, 6, 8, 3, 3, 1),
    )[0]
    match name:
        case "answer":
            return "write", random.choice(ANSWERS)
        case "write":
            return name, random.choice(TEXTS_WRITTEN)
        case "old":
            return name, random.choice(IDS_TAPPED)
        case "send":
            return name, random.choice(SENT)
        case "price":
            return name, Decimal(random.randrange(10_000)) / 100
        case _:
            return name, random.randrange(20)


# What a customer who wants to order taps, by the beginning of the option's id.
_FORWARD = ("o1:yes", "k1:done", "d1:", "q1:", "p1:", "l1:", "g1:", "m1:order", "y1:go", "m1:menu")


class Watched(Chat):
    """A chat that checks after each event what must hold after every one."""

    def __init__(self, shop: Shop, customer: Any) -> None:
        super().__init__(shop, customer)
        self.ids: list[str] = []
        self.bodies: list[str] = []
        self.summary: Reply | None = None

    def play(self, move: tuple[str, Any]) -> None:
        name, value = move
        self.wait(timedelta(hours=13) if self.pause else timedelta(minutes=40))
        shown = [option_id for _, option_id in self._options()]
        match name:
            case "tap" if shown:
                self.tap_id(shown[value % len(shown)])
            case "forward" if shown:
                wanted = [i for start in _FORWARD for i in shown if i.startswith(start)]
                self.tap_id((wanted or shown)[0])
            case "tap" | "forward":
                self.write("menú")
            case "write":
                self.write(value)
            case "old":
                self.tap_id(value)
            case "again" if self.ids:
                self.tap_id(self.ids[value % len(self.ids)])
            case "send":
                self.send(value)
            case "stock" | "price" | "withdraw" if self.shop.catalog.products:
                self._disturb(name, value)

    def send(self, happening: Any, *, late: bool = False) -> "Watched":
        before, ordered = self.summary, len(self.drafts)
        super().send(happening, late=late)
        attempts = [e.draft for e in self.effects if isinstance(e, PlaceOrder)]
        for draft in attempts:
            self._check_yes(happening, draft, before)
        assert len(attempts) <= 1
        assert len(self.drafts) - ordered <= len(attempts)
        self._check_words()
        assert memory_from_json(memory_to_json(self.memory)) == (self.memory, True)
        if self.reply is not None:
            self.ids.extend(option_id for _, option_id in self._options())
            self.bodies.append(self.body)
            shows_summary = self.reply.text.key == "confirm.summary"
            self.summary = self.reply if shows_summary else self.summary
        return self

    def _check_yes(self, happening: Any, draft: Any, summary: Reply | None) -> None:
        """An order is what the last summary showed, and a whole yes was said to it."""
        if isinstance(happening, TextReceived):
            assert is_yes(happening.text)
        else:
            assert happening.option_id.startswith("o1:yes:")
        assert summary is not None
        assert draft.lines
        assert summary.text.values["total"] == Money(draft.total, self.shop.currency)
        assert _names_and_steps(summary) == [
            (line.name, line.quantity.steps) for line in draft.lines
        ]
        unit = Fraction(1, 10 ** minor_units(self.shop.currency))
        rounded = sum(
            (_half_up(Fraction(line.unit_price) * Fraction(line.quantity.amount), unit))
            for line in draft.lines
        )
        assert Fraction(draft.total) == rounded

    def _check_words(self) -> None:
        assert (self.reply is None) or self.body.strip()
        for effect in self.effects:
            if isinstance(effect, Notify):
                assert render(effect.reply, TEXTS, self.shop).body.strip()

    def _disturb(self, name: str, value: Any) -> None:
        products = self.shop.catalog.products
        product = products[(value if isinstance(value, int) else 7) % len(products)]
        match name:
            case "stock":
                self.stock(product, value)
            case "price":
                self.change(product, price=value)
            case _:
                self.withdraw(product)


def _half_up(amount: Fraction, unit: Fraction) -> Fraction:
    return ((amount / unit + Fraction(1, 2)) // 1) * unit


def _names_and_steps(summary: Reply) -> list[tuple[str, int]]:
    lines = summary.text.values["lines"]
    assert isinstance(lines, tuple)
    return [_name_and_steps(line) for line in lines]


def _name_and_steps(line: Phrase) -> tuple[str, int]:
    return line.values["name"], line.values["quantity"].steps  # type: ignore[return-value, union-attr] - a line of the cart


@given(shops(), customers(), st.integers(0, 2**32))
@settings(FEW, max_examples=20)
def test_no_conversation_breaks_a_rule(shop: Shop, customer: Any, seed: int) -> None:
    random = Random(seed)
    chat = Watched(shop, customer)
    for _ in range(60):
        chat.play(a_move(random))
        if random.random() < 0.02:
            chat.wait(timedelta(hours=25))


@given(shops(), customers())
@FEW
def test_who_only_moves_forward_gets_an_order_whatever_the_shop_sells(
    shop: Shop, customer: Any
) -> None:
    chat = Watched(shop, customer)
    chat.write("hacer un pedido")
    for _ in range(12):
        if isinstance(chat.reply, Reply) and chat.reply.text.key == "delivery.type_address":
            chat.write("Calle 5 #12, Centro")
        elif isinstance(chat.reply, Reply) and chat.reply.text.key == "delivery.phone":
            chat.write("sin teléfono")
        elif chat.reply is not None and chat.reply.text.key == "order.placed":
            break
        else:
            chat.play(("forward", None))
    for_sale = any(product.available for product in shop.catalog.products)
    assert len(chat.drafts) == (1 if for_sale else 0)


@given(shops(), st.lists(st.sampled_from(["asdf", "qwerty", "¿eh?", "🦄", "…"]), max_size=12))
@FEW
def test_the_same_answer_is_never_given_three_times_in_a_row(shop: Shop, said: list[str]) -> None:
    chat = Watched(shop, ANA)
    for text in said:
        chat.write(text)
    for three in zip(chat.bodies, chat.bodies[1:], chat.bodies[2:], strict=False):
        assert len(set(three)) > 1


@given(shops(), customers(), st.data())
@FEW
def test_a_page_shows_each_product_once(shop: Shop, customer: Any, data: Any) -> None:
    chat = Watched(shop, customer)
    chat.tap_id("l1:0:a")
    seen: list[str] = []
    for _ in range(10):
        shown = [option_id for _, option_id in chat._options()]
        seen.extend(option_id for option_id in shown if option_id.startswith("p1:"))
        following = [option_id for option_id in shown if option_id.startswith("l1:")]
        if not following:
            break
        chat.tap_id(following[0])
    for_sale = [f"p1:{p.id.hex}" for p in shop.catalog.products if p.available]
    assert seen == for_sale
