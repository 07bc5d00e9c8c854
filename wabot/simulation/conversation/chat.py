"""A chat line by line: what was typed becomes a message, an act or a local command."""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import assert_never

from wabot.errors import Finding
from wabot.simulation.conversation.choosing import typed
from wabot.simulation.conversation.commands import (
    HELP,
    Advance,
    Command,
    Leave,
    NewCustomer,
    Send,
    ShowHelp,
    ShowOrders,
    WriteAsPerson,
    read_command,
)
from wabot.simulation.conversation.database import OrderFact
from wabot.simulation.conversation.observed import BotMessage
from wabot.simulation.conversation.people import DEFAULT_NAME, customer_named
from wabot.simulation.conversation.recorder import Recorder
from wabot.simulation.conversation.stage import Stage
from wabot.simulation.conversation.views import View


@dataclass(slots=True)
class Chat:
    """A conversation on a stage, shown by a view; `placed` are the orders that it made."""

    stage: Stage
    view: View
    recorder: Recorder | None = None
    placed: list[OrderFact] = field(default_factory=list)
    _known: dict[str, OrderFact] = field(default_factory=dict)

    async def begin(self) -> None:
        """Look at what the customer has already."""
        self._known = {o.code: o for o in await self._orders()}
        if self.recorder is not None:
            self.recorder.customer_is(self.stage.customer)

    async def handle(self, line: str) -> bool:
        """Do what a typed line asks for; False when the chat is to end.

        Raises ValueError for a command that cannot be read.
        """
        if line.startswith("/") and not line.startswith("//"):
            return await self._command(read_command(line))
        words = line[1:] if line.startswith("//") else line
        return await self._command(Send(typed(words, self.stage.phone.options)))

    async def catch_up(self) -> None:
        """Show what the bot sent by itself meanwhile."""
        self._show(await self.stage.unseen())

    async def _command(self, command: Command) -> bool:  # noqa: C901 - one case per command
        match command:
            case Send(content):
                self.view.customer(self.stage.customer, content)
                if self.recorder is not None:
                    self.recorder.said(content)
                await self._answered(self.stage.say(content))
            case WriteAsPerson(words):
                self.view.person(words)
                if self.recorder is not None:
                    self.recorder.person_wrote(words)
                await self._answered(self.stage.write_as_person(words))
            case Advance(length, written):
                if self.recorder is not None:
                    self.recorder.advanced(written)
                await self._answered(self.stage.advance(length))
                now = self.stage.clock.now()
                self.view.note(f"It is {now:%Y-%m-%d %H:%M} UTC now.")
            case NewCustomer(name):
                self.stage.customer = customer_named("new", name or DEFAULT_NAME)
                self._known = {}
                if self.recorder is not None:
                    self.recorder.customer_is(self.stage.customer)
                who = self.stage.customer
                self.view.note(f"You are {who.name} (+{who.wa_id}) now.")
            case ShowOrders():
                await self._show_orders()
            case ShowHelp():
                self.view.note(HELP)
            case Leave():
                return False
            case _ as never:
                assert_never(never)
        return True

    async def _answered(self, act: Awaitable[list[BotMessage]]) -> None:
        try:
            messages = await act
        except Finding:
            # What it did say before it failed is worth seeing.
            self._show(await self.stage.unseen())
            raise
        self._show(messages)
        for order in await self._orders():
            known = self._known.get(order.code)
            if known != order:
                self._known[order.code] = order
                self.view.order(order, new=known is None)
                if known is None:
                    self.placed.append(order)
                if self.recorder is not None:
                    self.recorder.ordered(order)

    def _show(self, messages: list[BotMessage]) -> None:
        for message in messages:
            self.view.bot(message)
        if self.recorder is not None:
            self.recorder.answered(messages, self.stage.customer.contact)

    async def _orders(self) -> list[OrderFact]:
        return await self.stage.database.orders(self.stage.customer.contact)

    async def _show_orders(self) -> None:
        orders = await self._orders()
        for order in orders:
            where = order.address or order.delivery
            lines = "".join(f"\n    {line}" for line in order.lines)
            self.view.note(f"{order.code}  {order.status}  {order.total}  {where}{lines}")
            if order.problem:
                self.view.note(f"    not told: {order.problem}")
        if not orders:
            self.view.note("No orders yet.")
