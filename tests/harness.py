"""A shop, the real server and a stand-in for Graph, on loopback, for tests of the runtime."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import aiohttp
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row

from wabot.config import Settings, load_settings
from wabot.container import Runtime, build_runtime, tenants_at
from wabot.domain.tenant import Isolation, Tenant
from wabot.server import admin_listener, start_admin, start_server
from wabot.services.provisioning.request import TenantRequest
from wabot.simulation.graph.config import GraphConfig, Number, StatusLevel
from wabot.simulation.graph.journal import SentMessage
from wabot.simulation.graph.server import StandInGraph
from wabot.simulation.inbound_payloads import (
    SIGNATURE_HEADER,
    Person,
    button_tap,
    encode,
    from_customer,
    row_tap,
    sign,
    text,
)

TOKEN = "EAAtokenofthetests"
OWNER_PHONE = "+525550190001"
ADVISER_PHONE = "+525550190002"
NUMBER = "106500000000001"


def make_tenant(
    settings: Settings, owner_url: str, slug: str, *, number: str = NUMBER, **asked: str
) -> Tenant:
    """Create a shop with the use case that the command line runs."""
    with tenants_at(owner_url, keys=settings["WABOT_MASTER_KEY"]) as provisioning:
        creation = provisioning.create.run(
            TenantRequest(
                **{
                    "slug": slug,
                    "name": f"Abarrotes {slug.title()}",
                    "plan": "premium" if asked.get("isolation") == "database" else "basico",
                    "template": "abarrotes",
                    "phone_number_id": number,
                    "token": TOKEN,
                    "owner_phone": OWNER_PHONE,
                    "adviser_phone": ADVISER_PHONE,
                    "app_id": settings["WHATSAPP_APP_ID"],
                    **asked,
                }
            )
        )
    return creation.tenant


class Clock:
    """Business time that a test moves."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def advance(self, **delta: float) -> None:
        self.offset += timedelta(**delta)


@dataclass
class Harness:
    """One server with its databases and its Graph."""

    settings: Settings
    owner_url: str
    tenant: Tenant
    graph: StandInGraph
    runtime: Runtime
    url: str
    session: aiohttp.ClientSession
    clock: Clock
    admin: str
    customer: Person = field(default_factory=lambda: Person("5215550100001", "Ana", ""))

    async def post(
        self, body: Any, *, signature: str | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Post a webhook, signed unless told otherwise; return status and text."""
        raw = body if isinstance(body, bytes) else encode(body)
        signed = sign(raw, self.settings["WHATSAPP_APP_SECRET"][0])
        sent = {SIGNATURE_HEADER: signed if signature is None else signature, **(headers or {})}
        if not isinstance(body, bytes):
            self.graph.windows.hear(body)
        async with self.session.post(
            f"{self.url}/webhook", data=BytesIO(raw), headers=sent
        ) as response:
            return response.status, await response.text()

    def body(
        self, content: tuple[str, dict[str, Any]], *, sender: Person | None = None, **options: Any
    ) -> dict[str, Any]:
        """Return a customer's message as a webhook body."""
        timestamp = options.pop("timestamp", int(self.clock.now().timestamp()))
        return from_customer(
            self.tenant.phone_number_id,
            sender or self.customer,
            content,
            timestamp=timestamp,
            **options,
        )

    async def say(self, words: str, *, sender: Person | None = None) -> SentMessage:
        """Write as the customer and return the answer."""
        return await self.give(text(words), sender=sender)

    async def give(
        self, content: tuple[str, dict[str, Any]], *, sender: Person | None = None
    ) -> SentMessage:
        """Send any message as the customer and return the answer to the customer."""
        status, _ = await self.post(self.body(content, sender=sender))
        assert status == 200
        return await self.answer(sender)

    async def answer(self, sender: Person | None = None) -> SentMessage:
        """Return the next message to the customer."""
        who = sender or self.customer
        while True:
            message = await self.graph.next_message(15)
            if message.to.lstrip("+") == who.wa_id or message.to == who.user_id:
                return message

    async def tap(self, answer: SentMessage, title: str) -> SentMessage:
        """Tap an option of an answer by its title and return the next answer."""
        kind, option_id = options_of(answer.body)[title]
        make = button_tap if kind == "button" else row_tap
        return await self.give(make(option_id, title))

    def staff_wrote(self) -> None:
        """Let owner and adviser have written to the shop's number: notices reach them for a day."""
        for phone in (OWNER_PHONE, ADVISER_PHONE):
            wa_id = phone.replace("+52", "521")
            number = self.tenant.phone_number_id
            self.shop(
                "INSERT INTO customers (wa_id, first_contact_at, last_message_at, last_message_to)"
                " VALUES (%s, %s, %s, %s)",
                [wa_id, self.clock.now(), self.clock.now(), number],
            )
            self.graph.windows.open(number, wa_id)

    async def settled(self, timeout: float = 15.0) -> None:
        """Wait until nothing in the inbox waits."""
        async with asyncio.timeout(timeout):
            while self.central("SELECT 1 FROM wabot.inbox WHERE state = 'waiting' LIMIT 1"):
                await asyncio.sleep(0.02)

    def make_due(self) -> None:
        """Let what the customer wrote to another server be due here at once."""
        self.graph.windows.open(self.tenant.phone_number_id, self.customer.wa_id)
        self.central_do("UPDATE wabot.inbox SET quiet = false, due_at = now()")
        self.central_do("UPDATE wabot.conversations SET due_at = now()")

    def central(self, query: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Query the central database as its owner."""
        with psycopg.connect(self.owner_url, row_factory=dict_row) as connection:
            return connection.execute(query, values or None).fetchall()

    def central_do(self, statement: str, values: Sequence[Any] = ()) -> None:
        """Change the central database as its owner."""
        with psycopg.connect(self.owner_url) as connection:
            connection.execute(statement, values or None)

    def shop(self, query: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Query the shop's tables by their plain names, wherever they are, as their owner."""
        with open_shop(self.owner_url, self.tenant) as connection:
            cursor = connection.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def body_texts(self) -> list[str]:
        """Return the texts of all messages that Graph accepted."""
        return [message.text for message in self.graph.messages]


@contextmanager
def open_shop(owner_url: str, tenant: Tenant) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """Connect to a shop's tables under their plain names, as the owner of the server."""
    place = tenant.placement
    database = {"dbname": place.database} if place.database else {}
    url = make_conninfo("", **conninfo_to_dict(owner_url) | database)
    with psycopg.connect(url, row_factory=dict_row) as connection:
        connection.execute(f'SET search_path TO "{place.schema}"')
        if place.prefix:
            tables = connection.execute(
                "SELECT tablename::text AS name FROM pg_tables"
                " WHERE schemaname = %s AND starts_with(tablename, %s)",
                [place.schema, place.prefix],
            ).fetchall()
            for table in (row["name"] for row in tables):
                plain = table.removeprefix(place.prefix)
                connection.execute(f'CREATE TEMP VIEW "{plain}" AS SELECT * FROM "{table}"')
        yield connection


def options_of(body: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return a message's options: title → (button or row, id)."""
    interactive = body.get("interactive", {})
    action = interactive.get("action", {})
    if interactive.get("type") == "button":
        return {b["reply"]["title"]: ("button", b["reply"]["id"]) for b in action["buttons"]}
    rows = [row for section in action.get("sections", ()) for row in section["rows"]]
    return {row["title"]: ("row", row["id"]) for row in rows}


@asynccontextmanager
async def running(
    environment: Mapping[str, str],
    *,
    tenant: Tenant | None = None,
    slug: str = "bodega",
    isolation: Isolation = Isolation.SCHEMA,
    statuses: StatusLevel = StatusLevel.NONE,
    numbers: tuple[Number, ...] = (),
    throughput: int = 0,
    **variables: str,
) -> AsyncIterator[Harness]:
    """Run one server over a shop until the block ends."""
    settings = load_settings(environ={**environment, **variables})
    shop = tenant or await asyncio.to_thread(
        make_tenant, settings, environment["DATABASE_URL"], slug, isolation=isolation.value
    )
    clock = Clock()
    config = GraphConfig(
        numbers=numbers,
        app_id=settings["WHATSAPP_APP_ID"],
        app_secret=settings["WHATSAPP_APP_SECRET"][0],
        statuses=statuses,
        throughput=throughput,
        windows=True,
        clock=lambda: clock.now().timestamp(),
    )
    async with StandInGraph(config) as graph:
        settings = load_settings(
            environ={**environment, **variables, "WHATSAPP_API_BASE": graph.url}
        )
        runtime = build_runtime(settings, environment["RUNTIME_DATABASE_URL"], clock=clock)
        runner, port = await start_server(runtime, "127.0.0.1", 0)
        operators = admin_listener("127.0.0.1", 0)
        admin = await start_admin(runtime, operators)
        url = f"http://127.0.0.1:{port}"
        graph.statuses.callback_url = f"{url}/webhook"
        try:
            async with aiohttp.ClientSession() as session:
                yield Harness(
                    settings,
                    environment["DATABASE_URL"],
                    shop,
                    graph,
                    runtime,
                    url,
                    session,
                    clock,
                    f"http://127.0.0.1:{operators.getsockname()[1]}",
                )
        finally:
            await admin.cleanup()
            await runner.cleanup()
