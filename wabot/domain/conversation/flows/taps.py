"""Taps: every id says all it needs, so buttons of earlier messages work wherever we stand."""

from typing import assert_never

from wabot.domain.conversation import options
from wabot.domain.conversation.effects import Step
from wabot.domain.conversation.flows import (
    catalogue,
    confirmation,
    delivery,
    handoff,
    menu,
    ordering,
    resume,
    status,
    usual,
)
from wabot.domain.conversation.moves import ask_again
from wabot.domain.conversation.options import Kind, Tap, number_of, uuid_of
from wabot.domain.conversation.replies import Phrase
from wabot.domain.conversation.turn import Turn


def tapped(turn: Turn, option_id: str) -> Step:
    """Do what an option promised; one that no longer makes sense gets a polite answer."""
    tap = options.parse(option_id)
    step = _dispatch(turn, tap) if tap is not None else None
    return step or ask_again(turn, Phrase("option.stale"))


def _dispatch(turn: Turn, tap: Tap) -> Step | None:  # noqa: C901 - one line per kind
    first, *rest = tap.arguments
    match tap.kind:
        case Kind.MENU:
            return _menu(turn, first)
        case Kind.CATEGORIES | Kind.PRODUCTS | Kind.LINES | Kind.ADDRESSES:
            return _page(turn, tap.kind, number_of(first), rest)
        case Kind.PRODUCT | Kind.QUANTITY | Kind.REMOVE:
            return _product(turn, tap.kind, first, rest)
        case Kind.CART:
            return _cart(turn, first)
        case Kind.ADDRESS:
            return _address(turn, first)
        case Kind.ORDER:
            return _order(turn, first, rest)
        case Kind.RESUME:
            return _resume(turn, first)
        case Kind.CANCEL:
            return _cancel(turn, first)
        case Kind.LOCATION:
            return _location(turn, first)
        case Kind.STATUS:
            return status.show_order(turn, uuid_of(first))
        case _ as never:
            assert_never(never)


def _menu(turn: Turn, choice: str) -> Step | None:
    match choice:
        case "menu":
            return menu.show(turn)
        case "cat":
            return catalogue.browse(turn)
        case "order":
            return catalogue.start_order(turn)
        case "status":
            return status.show(turn)
        case "person":
            return handoff.request(turn)
        case "usual":
            return usual.rebuild(turn)
        case _:
            return None


def _page(turn: Turn, kind: Kind, page: int | None, rest: list[str]) -> Step | None:
    if page is None:
        return None
    match kind:
        case Kind.CATEGORIES:
            return catalogue.show_categories(turn, page)
        case Kind.LINES:
            return ordering.change_lines(turn, page)
        case Kind.ADDRESSES:
            return delivery.choose(turn, page)
        case _:
            scope, mark = [*rest, "", ""][:2]
            return catalogue.show_products(turn, page, scope, mark)


def _product(turn: Turn, kind: Kind, first: str, rest: list[str]) -> Step | None:
    product_id = uuid_of(first)
    if product_id is None:
        return None
    if kind is Kind.PRODUCT:
        return ordering.choose(turn, product_id)
    if kind is Kind.REMOVE:
        return ordering.remove(turn, product_id)
    steps = number_of(rest[0]) if rest else None
    return None if steps is None else ordering.put_steps(turn, product_id, steps)


def _cart(turn: Turn, choice: str) -> Step | None:
    match choice:
        case "add":
            return ordering.add_more(turn)
        case "done":
            return delivery.finish(turn)
        case "edit":
            return ordering.change_lines(turn)
        case "show":
            return ordering.review(turn)
        case _:
            return None


def _address(turn: Turn, choice: str) -> Step | None:
    match choice:
        case "new":
            return delivery.type_new(turn)
        case "pickup":
            return delivery.pick_up(turn)
        case _:
            return delivery.use_saved(turn, uuid_of(choice))


def _order(turn: Turn, choice: str, rest: list[str]) -> Step | None:
    match choice:
        case "yes":
            return confirmation.tapped(turn, rest[0] if rest else "")
        case "change":
            return confirmation.change(turn)
        case "cancel":
            return ordering.cancel(turn)
        case _:
            return None


def _resume(turn: Turn, choice: str) -> Step | None:
    match choice:
        case "go":
            return resume.go_on(turn)
        case "new":
            return resume.start_anew(turn)
        case _:
            return None


def _cancel(turn: Turn, choice: str) -> Step | None:
    match choice:
        case "yes":
            # From an old message it would drop an order that was not meant: ask again.
            return ordering.cancel(turn)
        case "no":
            return ordering.keep(turn)
        case _:
            return None


def _location(turn: Turn, choice: str) -> Step | None:
    match choice:
        case "yes":
            return delivery.use_location(turn)
        case "no":
            return delivery.ignore_location(turn)
        case _:
            return None
