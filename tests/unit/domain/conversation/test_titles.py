"""What can be tapped can be typed."""

import pytest

from tests.unit.domain.chat import ANA, CASA, Chat, a_shop, at_summary, with_cart
from tests.unit.domain.samples import AN_ORDER
from wabot.domain.conversation.events import LocationShared
from wabot.domain.conversation.memory import Memory
from wabot.domain.customer import Customer


def _expired(chat: Chat) -> Chat:
    return chat.wait(2 * chat.shop.settings.session_lifetime).write("hola")


SCREENS = {
    "menu": lambda: Chat().write("menú"),
    "menu with cart": lambda: with_cart().write("menú"),
    "menu after an order": lambda: Chat(customer=_with_history()).write("menú"),
    "products": lambda: Chat().write("catálogo"),
    "products with cart": lambda: with_cart().write("catálogo"),
    "quantity": lambda: Chat().write("arroz"),
    "quantity again": lambda: with_cart().write("jitomate"),
    "cart": with_cart,
    "lines": lambda: with_cart().tap("Cambiar algo"),
    "delivery": lambda: with_cart().tap("Terminar pedido"),
    "saved addresses": lambda: with_cart(Chat(customer=_with_history())).tap("Terminar pedido"),
    "summary": at_summary,
    "location": lambda: with_cart().send(LocationShared(19.43, -99.13)),
    "cancelling": lambda: with_cart().write("cancelar"),
    "resume": lambda: _expired(with_cart()),
    "change": lambda: at_summary().tap("Cambiar"),
    "empty cart": lambda: Chat().write("carrito"),
    "person": lambda: Chat().write("asdf").write("asdf").write("asdf"),
    "nobody": lambda: Chat(a_shop(owner_phone="", adviser_phone="")).write("asesor"),
}


def _with_history() -> Customer:
    return Customer(
        ANA.id,
        ANA.name,
        ANA.wa_id,
        ANA.phone_number,
        addresses=(CASA,),
        orders=(AN_ORDER,),
    )


@pytest.mark.parametrize("screen", SCREENS)
def test_a_typed_title_works_like_a_tap(screen: str) -> None:
    titles = SCREENS[screen]().titles
    assert titles
    for title in titles:
        tapped, typed = SCREENS[screen]().tap(title), SCREENS[screen]().write(title)
        assert _without_echo(typed.memory) == _without_echo(tapped.memory), title
        assert typed.body == tapped.body, title
        assert typed.drafts == tapped.drafts, title


def _without_echo(memory: Memory) -> tuple[object, ...]:
    return (memory.state, memory.cart, memory.delivery, memory.misses)
