"""Customers of a simulation."""

import secrets
from dataclasses import dataclass

from wabot.simulation.inbound_payloads import Person

DEFAULT_NUMBER = "5215512345678"
DEFAULT_NAME = "Ana"


@dataclass(frozen=True, slots=True)
class SimulatedCustomer:
    """A customer as WhatsApp tells of them: by number, or by user id alone."""

    wa_id: str = DEFAULT_NUMBER
    user_id: str = ""
    name: str = DEFAULT_NAME

    @property
    def contact(self) -> str:
        """Return what names the conversation."""
        return self.user_id or self.wa_id

    @property
    def person(self) -> Person:
        """Return the sender of webhooks."""
        return Person(wa_id=self.wa_id, name=self.name, user_id=self.user_id)


def customer_named(word: str, name: str = DEFAULT_NAME) -> SimulatedCustomer:
    """Return the customer of a number or user id, or somebody new: `new`, `bsuid`."""
    if word == "new":
        return SimulatedCustomer(f"52155{secrets.randbelow(10**8):08d}", name=name)
    if word == "bsuid":
        return SimulatedCustomer("", f"MX.{secrets.randbelow(10**20):020d}", name)
    if "." in word:
        return SimulatedCustomer("", word, name)
    return SimulatedCustomer(word.lstrip("+"), name=name)
