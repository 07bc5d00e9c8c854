"""What the provisioning use cases need of the outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from wabot.domain.places import Places
from wabot.domain.template import ShopSeed, Template
from wabot.domain.tenant import Tenant


class TokenCipher(Protocol):
    """Encryption bound to a client: a ciphertext moved to another client does not open."""

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Return the names of the keys at hand, the one that encrypts first."""
        ...

    def encrypt(self, client_id: UUID, secret: str, purpose: str = ..., /) -> str:
        """Return the ciphertext to store; without a purpose it is that of the WhatsApp token."""
        ...

    def decrypt(self, client_id: UUID, ciphertext: str, purpose: str = ..., /) -> str:
        """Return the secret, or raise DecryptionFailed."""
        ...


class Templates(Protocol):
    """The kinds of shop at hand."""

    def names(self) -> tuple[str, ...]:
        """Return the known templates, sorted."""
        ...

    def load(self, name: str) -> Template:
        """Return a checked template; UnknownChoice lists the known ones."""
        ...


@dataclass(frozen=True, slots=True)
class TenantCounts:
    """How much a shop holds; `untold_orders` are those that somebody was not told of."""

    customers: int
    products: int
    active_products: int
    orders: int
    open_orders: int
    untold_orders: int


@dataclass(frozen=True, slots=True)
class StoppedSending:
    """Why nothing of a shop is sent, and when one message will be tried again."""

    since: datetime
    reason: str
    code: int | None
    next_try_at: datetime
    waiting_events: int


class Content(Protocol):
    """Makes a tenant's tables and what is in them, other than a template's."""

    def write(self, connection: Any, tenant: Tenant) -> None:
        """Make the namespace with its rows, in the transaction that makes the tenant."""
        ...


@dataclass(frozen=True, slots=True)
class Origin:
    """What a tenant is made from instead of a template, and how that is written down."""

    content: Content
    action: str
    details: Mapping[str, Any]


class TenantSummary(NamedTuple):
    """A line of the list of tenants; thousands of them are read at once."""

    slug: str
    name: str
    plan: str
    status: str
    template: str
    phone_number_id: str
    created_at: datetime
    revision: str


class Tenants(Protocol):
    """Clients, and their tables wherever these live."""

    def find(self, slug: str) -> Tenant | None:
        """Return the tenant of that slug."""
        ...

    def holders(self, slug: str, phone_number_id: str) -> tuple[Tenant, ...]:
        """Return whoever has that slug or answers on that number."""
        ...

    def listing(self) -> tuple[TenantSummary, ...]:
        """Return every tenant by slug, in one query."""
        ...

    def sealed_tokens(self, key_ids: Sequence[str]) -> tuple[tuple[UUID, str], ...]:
        """Return a few stored tokens under these keys, with their clients.

        If there are none, a few under other keys; empty only where nothing is stored.
        """
        ...

    def survey(self, tenant: Tenant) -> None:
        """Refuse a place where a new tenant cannot be made; nothing is changed."""
        ...

    def create(
        self, tenant: Tenant, seed: ShopSeed, *, actor: str, origin: Origin | None = None
    ) -> tuple[Tenant, int]:
        """Make the tenant; return it with the number of events it took over.

        Raises Conflict when the slug or the number is taken. Beside the central tables it is one
        transaction; a database of its own takes several, and the same call goes on with them.
        """
        ...

    def places(self, tenant: Tenant) -> Places:
        """Return where the tenant is, was, and is being moved to."""
        ...

    def read_seed(self, tenant: Tenant) -> ShopSeed:
        """Return catalogue, order states and settings: all that a copy of the shop starts with."""
        ...

    def counts(self, tenant: Tenant) -> TenantCounts:
        """Count what the shop holds."""
        ...

    def stopped_sending(self, tenant: Tenant) -> StoppedSending | None:
        """Return why nothing of the shop is sent; None when it is."""
        ...

    def try_sending(self, tenant: Tenant, *, actor: str) -> bool:
        """Have one message tried now where sending stands still; false where it does not."""
        ...
