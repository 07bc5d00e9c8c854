"""Ids of what can be tapped."""

import pytest

from tests.unit.domain.chat import JITOMATE
from wabot.domain.conversation import options
from wabot.domain.conversation.options import Kind, Tap
from wabot.domain.conversation.paging import last_page, page_of


def test_an_id_is_taken_apart_into_what_made_it() -> None:
    made = options.quantity(JITOMATE.id, 8)
    assert options.parse(made) == Tap(Kind.QUANTITY, (JITOMATE.id.hex, "8"))


@pytest.mark.parametrize("option_id", ["", "x", "m1", "m:menu", "m2:menu", "z1:menu", "1m:menu"])
def test_an_unknown_id_is_none_of_ours(option_id: str) -> None:
    assert options.parse(option_id) is None


def test_the_longest_id_fits_into_whatsapps_limit() -> None:
    made = options.products(page=999, query="palabra " * 100)
    assert len(made) <= 200
    assert made == made.strip()


@pytest.mark.parametrize("text", ["-1", "1.5", "٣", "", "9999999999", "x"])
def test_only_small_plain_numbers_are_read(text: str) -> None:
    assert options.number_of(text) is None


@pytest.mark.parametrize("rows", [2, 9, 10])
@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 19, 20, 100])
def test_pages_show_everything_once(count: int, rows: int) -> None:
    items, shown, page = list(range(count)), [], 0
    while True:
        part, more = page_of(items, page, rows)
        shown.extend(part)
        assert len(part) + more <= rows
        if not more:
            break
        page += 1
    assert shown == items
    assert page == last_page(items, rows)


def test_a_page_beyond_the_end_is_the_last_one() -> None:
    assert page_of(list(range(25)), 99) == page_of(list(range(25)), last_page(list(range(25))))
