"""A chat with a shop: events through the engine, orders written to a list, texts as rendered."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from wabot.domain.catalog import Catalog, Product
from wabot.domain.conversation.effects import (
    Effect,
    EndPause,
    Notify,
    PauseBot,
    PlaceOrder,
    Role,
    SaveAddress,
    SavePhone,
    Say,
    Step,
)
from wabot.domain.conversation.engine import step
from wabot.domain.conversation.events import (
    Event,
    Happening,
    OptionChosen,
    OrderPlaced,
    OrderShort,
    TextReceived,
)
from wabot.domain.conversation.memory import Conversation, Memory, Pause
from wabot.domain.conversation.replies import Reply
from wabot.domain.conversation.states import State
from wabot.domain.customer import Address, Customer
from wabot.domain.message import ButtonsMessage, ListMessage, OutboundMessage
from wabot.domain.order import HistoryEntry, Order, OrderDraft, Shortage
from wabot.domain.shop import Shop, ShopSettings
from wabot.domain.usage import UNLIMITED, Quota
from wabot.services.rendering import render
from wabot.texts import load_texts

NOON = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
_IDS = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
TEXTS = load_texts()


def an_id(name: str) -> UUID:
    """Return the same id for the same name."""
    return uuid5(_IDS, name)


def a_product(name: str, price: str = "10", **changes: object) -> Product:
    """Return a product with plenty in stock."""
    return replace(
        Product(id=an_id(name), name=name, price=Decimal(price), stock=100),
        **changes,  # type: ignore[arg-type] - fields of Product
    )


JITOMATE = a_product(
    "Jitomate",
    "28",
    unit="kg",
    step=Decimal("0.25"),
    stock=40,
    category="Verduras",
    aliases=("tomate",),
)
ARROZ = a_product("Arroz", "32.50", unit="bolsa", category="Abarrotes", sku="ARR-1")
LECHE = a_product("Leche entera 1 L", "27", category="Lácteos", stock=3, sku="LEC-1")
PAN = a_product("Pan de caja", "45", category="Abarrotes")
AGOTADO = a_product("Aguacate", "60", category="Verduras", stock=0)
PRODUCTS = (JITOMATE, ARROZ, LECHE, PAN, AGOTADO)

SETTINGS = ShopSettings(owner_phone="+525511111111", adviser_phone="+525522222222")


def a_shop(products: Iterable[Product] = PRODUCTS, **settings: object) -> Shop:
    """Return a shop whose owner and adviser can be reached."""
    changed = replace(SETTINGS, **settings)  # type: ignore[arg-type] - fields of ShopSettings
    return Shop(name="Abarrotes Lupita", catalog=Catalog.of(products), settings=changed)


ANA = Customer(id=an_id("ana"), name="Ana", wa_id="5215512345678", phone_number="+525512345678")
CASA = Address(an_id("casa"), "Calle 5 #12, Centro", is_primary=True)


class Chat:
    """One customer's chat; what was said, noticed and ordered is kept."""

    def __init__(
        self, shop: Shop | None = None, customer: Customer = ANA, memory: Memory | None = None
    ) -> None:
        self.shop = shop or a_shop()
        self.customer = customer
        self.memory = memory or Memory()
        self.pause: Pause | None = None
        self.quota = UNLIMITED
        self.now = NOON
        self.effects: list[Effect] = []
        self.drafts: list[OrderDraft] = []
        self.reply: Reply | None = None
        # How long a message was on its way to us.
        self.delay = timedelta(0)
        # What the database has, when others bought since the shop was loaded.
        self.database: Shop | None = None

    @property
    def state(self) -> State:
        return self.memory.state

    @property
    def message(self) -> OutboundMessage | None:
        """Return the answer to the last event, None for silence."""
        return None if self.reply is None else render(self.reply, TEXTS, self.shop)

    @property
    def body(self) -> str:
        """Return the words of the last answer, empty for silence."""
        return self.message.body if self.message else ""

    @property
    def titles(self) -> list[str]:
        """Return the titles of what can be tapped."""
        return [title for title, _ in self._options()]

    @property
    def rows(self) -> dict[str, str]:
        """Return titles and descriptions of the rows shown."""
        message = self.message
        assert isinstance(message, ListMessage)
        return {row.title: row.description for s in message.sections for row in s.rows}

    def write(self, text: str, *, late: bool = False) -> "Chat":
        return self.send(TextReceived(text), late=late)

    def tap(self, title: str, *, late: bool = False) -> "Chat":
        ids = [option_id for known, option_id in self._options() if known == title]
        assert ids, f"no option {title!r} among {self.titles} under {self.body!r}"
        return self.send(OptionChosen(ids[0], title), late=late)

    def option_id(self, title: str) -> str:
        return dict(self._options())[title]

    def tap_id(self, option_id: str, *, late: bool = False) -> "Chat":
        return self.send(OptionChosen(option_id), late=late)

    def wait(self, pause: timedelta) -> "Chat":
        self.now += pause
        return self

    def run_out(self) -> "Chat":
        """Let the month's messages be used up."""
        self.quota = Quota(1_000, 1_000)
        return self

    def stock(self, product: Product, left: int) -> "Chat":
        """Let the shop's stock change behind the customer's back."""
        return self.change(product, stock=left)

    def others_buy(self, product: Product, left: int) -> "Chat":
        """Let others buy so that only the database knows what is left."""
        loaded = self.shop
        self.database = self.stock(product, left).shop
        self.shop = loaded
        return self

    def change(self, product: Product, **changes: object) -> "Chat":
        changed = (
            replace(p, **changes) if p.id == product.id else p  # type: ignore[arg-type] - fields
            for p in self.shop.catalog.products
        )
        self.shop = replace(self.shop, catalog=Catalog.of(changed))
        return self

    def withdraw(self, product: Product) -> "Chat":
        rest = tuple(p for p in self.shop.catalog.products if p.id != product.id)
        self.shop = replace(self.shop, catalog=Catalog(rest, (product,)))
        return self

    def send(self, happening: Happening, *, late: bool = False) -> "Chat":
        self.effects, self.reply = [], None
        self._step(happening, late=late)
        self.shop, self.database = self.database or self.shop, None
        return self

    def of(self, kind: type) -> list[Effect]:
        """Return the last event's effects of one kind."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def notice(self, role: Role) -> str:
        """Return what somebody of the shop was told, empty for nothing."""
        found = [e.reply for e in self.effects if isinstance(e, Notify) and e.role is role]
        return render(found[0], TEXTS, self.shop).body if found else ""

    def _options(self) -> list[tuple[str, str]]:
        message = self.message
        if isinstance(message, ButtonsMessage):
            return [(button.title, button.id) for button in message.buttons]
        if isinstance(message, ListMessage):
            return [(row.title, row.id) for s in message.sections for row in s.rows]
        return []

    def _step(self, happening: Happening, *, late: bool) -> Step:
        before = Conversation(self.customer, self.memory, self.pause, self.quota)
        event = Event(happening, self.now - self.delay, late)
        outcome = step(before, event, self.shop, self.now)
        self.memory = outcome.memory
        self.customer = replace(self.customer, is_new=False)
        self.effects.extend(outcome.effects)
        for effect in outcome.effects:
            self._carry(effect)
        return outcome

    def _carry(self, effect: Effect) -> None:
        match effect:
            case Say(reply):
                assert self.reply is None, "two answers in one turn"
                self.reply = reply
            case PlaceOrder(draft):
                self._step(self._place(draft), late=False)
            case SaveAddress(text, latitude, longitude):
                others = tuple(replace(a, is_primary=False) for a in self.customer.addresses)
                saved = Address(an_id(text), text, True, latitude, longitude)
                self.customer = replace(self.customer, addresses=(saved, *others))
            case SavePhone(number):
                self.customer = replace(self.customer, phone_number=number)
            case PauseBot(until, reason):
                self.pause = Pause(until, reason)
            case EndPause():
                self.pause = None
            case _:
                pass

    def _place(self, draft: OrderDraft) -> OrderPlaced | OrderShort:
        """Write the order as the shop's database would, or tell what is short."""
        database = self.database or self.shop
        short = []
        for line in draft.lines:
            product = database.catalog.get(line.product_id)
            left = product.stock if product else 0
            if left < line.quantity.steps:
                short.append(Shortage(line.product_id, line.name, left))
        if short:
            return OrderShort(tuple(short))
        self.drafts.append(draft)
        for line in draft.lines:
            product = self.shop.catalog.get(line.product_id)
            assert product is not None
            self.stock(product, product.stock - line.quantity.steps)
        code = f"P-{100 + len(self.drafts)}"
        order = Order(
            id=an_id(code),
            code=code,
            status="pendiente",
            label="Pendiente",
            total=draft.total,
            created_at=self.now,
            lines=draft.lines,
            history=(HistoryEntry("pendiente", "Pendiente", self.now),),
        )
        self.customer = replace(self.customer, orders=(order, *self.customer.orders))
        return OrderPlaced(order)


def with_cart(chat: Chat | None = None) -> Chat:
    """Return a chat with two kilos of jitomate in the cart."""
    chat = chat or Chat()
    return chat.write("hola").write("jitomate").tap("2 kg")


def at_summary(chat: Chat | None = None) -> Chat:
    """Return a chat that shows the summary of an order to be fetched at the shop."""
    return with_cart(chat).tap("Terminar pedido").tap("Recoger en tienda")


def after_order(chat: Chat | None = None) -> Chat:
    """Return a chat that has placed an order."""
    return at_summary(chat).tap("Confirmar")
