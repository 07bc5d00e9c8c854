"""One conversation per state and one happening per kind, to be combined."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import get_args

from tests.unit.domain.chat import (
    AGOTADO,
    ANA,
    ARROZ,
    CASA,
    JITOMATE,
    LECHE,
    NOON,
    a_shop,
    an_id,
)
from wabot.domain.conversation import options
from wabot.domain.conversation.events import (
    LOST_FILE,
    ChatOpened,
    ContactsShared,
    Happening,
    LocationShared,
    MediaReceived,
    MediaRefused,
    MessageEdited,
    MessageRevoked,
    NativeCartLine,
    NativeCartReceived,
    OptionChosen,
    OrderPlaced,
    OrderShort,
    PersonWrote,
    Reacted,
    TextReceived,
    TimerFired,
    TimerKind,
    UnreadableReceived,
)
from wabot.domain.conversation.memory import Memory
from wabot.domain.conversation.states import (
    AskingPhone,
    AskingQuantity,
    AtMenu,
    BrowsingCategories,
    BrowsingProducts,
    Cancelling,
    ChoosingDelivery,
    Confirming,
    OfferingLocation,
    OfferingResume,
    RemovingLine,
    ReviewingCart,
    State,
    TypingAddress,
)
from wabot.domain.files import FileRefusal, MediaKind
from wabot.domain.order import (
    Cart,
    CartLine,
    Delivery,
    DeliveryKind,
    HistoryEntry,
    Order,
    Shortage,
    price_cart,
    total_of,
)

HOME = Delivery(DeliveryKind.DELIVERY, CASA.id, CASA.text)
PIN = Delivery(
    DeliveryKind.DELIVERY, address="19.430000, -99.130000", latitude=19.43, longitude=-99.13
)
CART = Cart((CartLine(JITOMATE.id, 8), CartLine(ARROZ.id, 2, native=True)))

STATES: dict[type, list[State]] = {
    AtMenu: [AtMenu()],
    BrowsingCategories: [BrowsingCategories(), BrowsingCategories(7)],
    BrowsingProducts: [
        BrowsingProducts(),
        BrowsingProducts(category="Verduras"),
        BrowsingProducts(category="Ya no existe", page=3),
        BrowsingProducts(query="arroz"),
        BrowsingProducts(query="nada de esto"),
        BrowsingProducts(others=True),
    ],
    AskingQuantity: [
        AskingQuantity(LECHE.id),
        AskingQuantity(JITOMATE.id),
        AskingQuantity(AGOTADO.id),
        AskingQuantity(an_id("withdrawn")),
    ],
    ReviewingCart: [ReviewingCart()],
    RemovingLine: [RemovingLine(), RemovingLine(9)],
    ChoosingDelivery: [ChoosingDelivery(), ChoosingDelivery(4)],
    TypingAddress: [TypingAddress()],
    AskingPhone: [AskingPhone(HOME)],
    Confirming: [Confirming(HOME), Confirming(HOME, "0badcafe")],
    OfferingLocation: [OfferingLocation(PIN)],
    Cancelling: [Cancelling()],
    OfferingResume: [OfferingResume()],
}

_ALL_STATES = [state for states in STATES.values() for state in states]
_LATER = NOON + timedelta(hours=1)
LIVE = [Memory(state=state, cart=CART, expires_at=_LATER) for state in _ALL_STATES]
EMPTY = [Memory(state=state, misses=2, expires_at=_LATER) for state in _ALL_STATES]
WITH_DELIVERY = [
    Memory(state=state, cart=CART, delivery=HOME, misses=3, expires_at=_LATER)
    for state in _ALL_STATES
]
EXPIRED = [
    Memory(state=states[0], cart=cart, delivery=HOME, expires_at=NOON - timedelta(hours=1))
    for states in STATES.values()
    for cart in (Cart(), CART)
]
MEMORIES = [Memory(), *LIVE, *EMPTY, *WITH_DELIVERY, *EXPIRED]

_LINES = price_cart(CART, a_shop().catalog, "MXN")
AN_ORDER = Order(
    id=an_id("order"),
    code="P-101",
    status="pendiente",
    label="Pendiente",
    total=total_of(_LINES),
    created_at=NOON,
    lines=_LINES,
    history=(HistoryEntry("pendiente", "Pendiente", NOON),),
)

CUSTOMERS = [
    ANA,
    replace(ANA, is_new=True, name=""),
    replace(ANA, wa_id="", phone_number="", addresses=(CASA,), orders=(AN_ORDER,)),
]

TEXTS_WRITTEN = (
    "",
    "   ",
    "\u200b",
    "hola",
    "menú",
    "cancelar",
    "asesor",
    "sí",
    "no",
    "casi",
    "va, pero sin pan",
    "gracias",
    "2",
    "0",
    "99999999999999999999",
    "-1",
    "kilo y medio",
    "¿tienes arroz?",
    "2 kg de jitomate",
    "jitomatte",
    "Calle 5 #12, Centro",
    "recoger en tienda",
    "ver más",
    "listo",
    "lo de siempre",
    "¿ya viene?",
    "55 1234 5678",
    "asdfgh",
    "👍",
    "👩‍👩‍👧‍👦",
    "{name} %s {0}",
    "x" * 5000,
    "\x00\ud800 hola",
)

IDS_TAPPED = (
    options.MENU,
    options.CATALOG,
    options.ORDER,
    options.STATUS,
    options.PERSON,
    options.USUAL,
    options.ADD_MORE,
    options.FINISH,
    options.CHANGE_LINES,
    options.SHOW_CART,
    options.NEW_ADDRESS,
    options.PICKUP,
    options.CHANGE_DELIVERY,
    options.CHANGE_ORDER,
    options.CANCEL_ORDER,
    options.RESUME,
    options.START_ANEW,
    options.DROP_ORDER,
    options.KEEP_ORDER,
    options.USE_LOCATION,
    options.IGNORE_LOCATION,
    options.categories(0),
    options.categories(999_999_999),
    options.products(),
    options.products(category="Verduras", page=5),
    options.products(category="Ya no existe"),
    options.products(query="arroz"),
    options.products(others=True),
    options.product(JITOMATE.id),
    options.product(AGOTADO.id),
    options.product(an_id("withdrawn")),
    options.quantity(JITOMATE.id, 4),
    options.quantity(JITOMATE.id, 0),
    options.quantity(JITOMATE.id, 999_999_999),
    options.remove(JITOMATE.id),
    options.remove(PIN_ID := an_id("never in the cart")),
    options.lines(0),
    options.address(CASA.id),
    options.address(PIN_ID),
    options.addresses(3),
    options.confirm("0badcafe"),
    options.confirm(""),
    options.status(AN_ORDER.id),
    options.status(PIN_ID),
    "",
    ":",
    "m1",
    "m1:",
    "m2:menu",
    "z1:menu",
    "p1:not-a-uuid",
    "q1:",
    f"q1:{JITOMATE.id.hex}:-1",
    f"q1:{JITOMATE.id.hex}:٣",
    "l1:x:a",
    "l1:0",
    "un viejo botón",
)

HAPPENINGS: dict[type, list[Happening]] = {
    TextReceived: [TextReceived(text) for text in TEXTS_WRITTEN],
    OptionChosen: [OptionChosen(option_id) for option_id in IDS_TAPPED],
    LocationShared: [
        LocationShared(19.43, -99.13),
        LocationShared(19.43, -99.13, "Casa", "Calle 5"),
        LocationShared(float("nan"), 500.0),
    ],
    MediaReceived: [
        MediaReceived(kind, f"media-{kind}", caption)
        for kind in MediaKind
        for caption in ("", "arroz")
    ]
    + [MediaReceived(MediaKind.DOCUMENT, "media-x", "", "application/x-msdownload")],
    MediaRefused: [MediaRefused("media-image", reason, NOON) for reason in FileRefusal],
    ContactsShared: [
        ContactsShared(()),
        ContactsShared(("55 1234 5678",), requested=True),
        ContactsShared(("nada",)),
    ],
    NativeCartReceived: [
        NativeCartReceived(()),
        NativeCartReceived(
            (
                NativeCartLine("ARR-1", 2, Decimal("32.50")),
                NativeCartLine("LEC-1", 90, Decimal(1)),
                NativeCartLine(str(JITOMATE.id), -5, Decimal(0)),
                NativeCartLine("unknown", 1, Decimal(1)),
                NativeCartLine("", 1, Decimal(1)),
            ),
            "sin bolsa",
        ),
    ],
    Reacted: [Reacted("👍"), Reacted()],
    MessageEdited: [MessageEdited(), MessageEdited("arroz"), MessageEdited("sí")],
    MessageRevoked: [MessageRevoked()],
    UnreadableReceived: [
        UnreadableReceived(),
        UnreadableReceived(LOST_FILE),
        UnreadableReceived("poll"),
    ],
    ChatOpened: [ChatOpened()],
    PersonWrote: [PersonWrote()],
    TimerFired: [TimerFired(kind) for kind in TimerKind],
    OrderPlaced: [OrderPlaced(AN_ORDER)],
    OrderShort: [
        OrderShort(()),
        OrderShort((Shortage(JITOMATE.id, "Jitomate", 3),)),
        OrderShort((Shortage(JITOMATE.id, "Jitomate", 0), Shortage(ARROZ.id, "Arroz", 0))),
        OrderShort((Shortage(an_id("withdrawn"), "Ya no existe", 0),)),
    ],
}


def missing_samples() -> set[type]:
    """Return states and happenings of the unions that no sample stands for."""
    return (set(get_args(State)) - set(STATES)) | (set(get_args(Happening)) - set(HAPPENINGS))
