"""The summary that an order hangs on."""

from wabot.domain.conversation import options
from wabot.domain.conversation.replies import Buttons, Option, Phrase, Reply
from wabot.domain.conversation.screens.basket import line_phrases
from wabot.domain.conversation.screens.delivery import in_words, payment
from wabot.domain.conversation.turn import Turn
from wabot.domain.order import Delivery, OrderDraft, total_of


def draft_of(turn: Turn, where: Delivery) -> OrderDraft:
    """Return the order as it would be written now."""
    lines = turn.lines
    return OrderDraft(lines, where, total_of(lines), turn.memory.attachments)


def fingerprint_of(turn: Turn, where: Delivery) -> str:
    """Tell one order from another by what the customer saw of it."""
    lines = [
        (line.product_id.hex, line.name, line.quantity.steps, line.note, str(line.total))
        for line in turn.lines
    ]
    return options.fingerprint(lines, where.kind.value, where.address)


def summary(turn: Turn, where: Delivery) -> Reply:
    """Show the whole order and ask for an explicit yes."""
    return Reply(
        Phrase(
            "confirm.summary",
            {
                "lines": line_phrases(turn.lines, turn),
                "delivery": in_words(where, turn.shop),
                "payment": payment(where),
                "total": turn.total,
            },
        ),
        Buttons(
            (
                Option(options.confirm(fingerprint_of(turn, where)), Phrase("option.confirm")),
                Option(options.CHANGE_ORDER, Phrase("option.change")),
                Option(options.CANCEL_ORDER, Phrase("option.cancel")),
            )
        ),
    )


def what_to_change() -> Reply:
    """Ask what should be different."""
    return Reply(
        Phrase("confirm.what_to_change"),
        Buttons(
            (
                Option(options.CHANGE_LINES, Phrase("option.change_products")),
                Option(options.CHANGE_DELIVERY, Phrase("option.change_delivery")),
                Option(options.ADD_MORE, Phrase("option.add_more")),
            )
        ),
    )
