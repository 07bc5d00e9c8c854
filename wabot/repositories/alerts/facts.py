"""The central facts that rules look at; every statement follows an index or a small table."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from wabot.domain.alerts import Rule
from wabot.domain.alerts.account import Word
from wabot.domain.alerts.findings import (
    Backup,
    Finding,
    Host,
    Token,
    Traffic,
    Unpaid,
    Unrouted,
)
from wabot.domain.alerts.silence import Hour, Hours
from wabot.domain.delivery import PAYMENT_CODES
from wabot.repositories.alerts import fact_statements as statements
from wabot.repositories.runtime.alarm import RESOLVE
from wabot.repositories.runtime.pools import Pools
from wabot.repositories.runtime.scripts import Rows
from wabot.services.alerts.fact_ports import AccountNews
from wabot.services.alerts.tally import COUNTED, Counts


class PostgresFacts:
    """What is known centrally. Times are the database's clock."""

    def __init__(self, pools: Pools, *, owner: str, host: str) -> None:
        self._pools = pools
        self._owner = owner
        self._host = host

    async def register(self, rounds: dict[str, timedelta]) -> None:
        """Let rounds be known; those that are stay when they are due."""
        await self._do(statements.REGISTER, {"names": list(rounds)})

    async def claim_due(self, rounds: dict[str, timedelta]) -> dict[str, dict[str, Any]]:
        """Take the rounds that are due, for this process alone; return what each remembers."""
        asked = {"names": list(rounds), "every": list(rounds.values())}
        return dict(await self._rows(statements.CLAIM_DUE, asked))

    async def remember(self, name: str, memory: dict[str, Any]) -> None:
        """Keep how far a round has come."""
        await self._do(statements.REMEMBER, {"name": name, "memory": Jsonb(memory)})

    async def reconcile(
        self,
        rule: Rule,
        findings: Sequence[Finding],
        scope: str = "",
        spared: Collection[str] = (),
    ) -> None:
        """Raise what was found, and resolve what else stands of the rule.

        Of keys that begin with `scope` only; those that are spared stay as they are.
        """
        await self._do(
            statements.RECONCILE,
            {
                "rule": rule,
                "scope": scope or f"{rule}:",
                "spared": list(spared),
                "keys": [found.key for found in findings],
                "clients": [found.client_id for found in findings],
                "messages": [found.message for found in findings],
                "severities": [found.severity or rule.spec.severity for found in findings],
            },
        )

    async def standing(self, rule: Rule) -> set[str]:
        """Return the keys of a rule's alerts that stand."""
        return {row[0] for row in await self._rows(statements.STANDING, {"rule": rule})}

    async def settle(self, rules: dict[str, timedelta]) -> None:
        """Resolve alerts that did not happen again for as long as their rule says."""
        asked = {"rules": list(rules), "after": list(rules.values())}
        await self._do(statements.SETTLE, asked)

    async def purge(self) -> None:
        """Delete what no rule looks at any more."""
        for statement in statements.PURGE:
            await self._do(statement, {})

    async def now(self) -> datetime:
        """Return the database's time."""
        found: datetime = (await self._rows("SELECT now()", {}))[0][0]
        return found

    async def note_traffic(self, counts: Counts) -> None:
        """Add what this process counted."""
        rows = counts.by_slug()
        columns = zip(*rows.values(), strict=True)
        asked = {name: list(column) for name, column in zip(COUNTED, columns, strict=True)}
        asked["slugs"] = list(rows)
        async with self._pools.central() as connection, connection.transaction():
            await connection.execute(statements.NOTE_TRAFFIC, asked)
            await connection.execute(statements.NOTE_HOURS, asked)

    async def traffic(self, window: timedelta) -> list[Traffic]:
        """Return the shops of which something failed lately."""
        rows = await self._rows(statements.TRAFFIC, {"window": window})
        return [Traffic(*row) for row in rows]

    async def unpaid(self) -> list[Unpaid]:
        """Return the shops whose sending stands still for want of a payment method."""
        rows = await self._rows(statements.UNPAID, {"codes": sorted(PAYMENT_CODES)})
        return [Unpaid(*row) for row in rows]

    async def tokens(self, within: timedelta) -> list[Token]:
        """Return the tokens of active shops that end within that time."""
        return [Token(*row) for row in await self._rows(statements.TOKENS, {"within": within})]

    async def unrouted(self) -> list[Unrouted]:
        """Return what waits because no client has its number, or is bound to another app."""
        return [Unrouted(*row) for row in await self._rows(statements.UNROUTED, {})]

    async def account_news(self, after: int) -> list[AccountNews]:
        """Return what Meta told of accounts since that event, the oldest first."""
        rows = await self._rows(statements.ACCOUNT_NEWS, {"after": after})
        return [AccountNews(*row) for row in rows]

    async def take_word(self, word: Word, account: str) -> None:
        """Raise or resolve what Meta's word says."""
        values = {
            "key": word.key,
            "rule": word.rule,
            "message": word.message,
            "severity": word.severity or word.rule.spec.severity,
            "account": account,
        }
        await self._do(RESOLVE if word.over else statements.WORD_RAISES, values)

    async def quiet_shops(self, hours: int) -> list[Hours]:
        """Return active shops without a message in this hour and the last, with their habits."""
        rows = await self._rows(statements.QUIET_SHOPS, {"hours": hours})
        found: dict[Any, list[Any]] = {}
        for client_id, slug, begins, received, before in rows:
            found.setdefault((client_id, slug), []).append(Hour(begins, received, tuple(before)))
        return [Hours(key[0], key[1], 0, tuple(each)) for key, each in found.items()]

    async def still_silent(self, rules: Sequence[Rule]) -> list[str]:
        """Return the keys of standing alerts since which no message has come."""
        rows = await self._rows(statements.STILL_SILENT, {"rules": list(rules)})
        return [row[0] for row in rows]

    async def received_by_all(self) -> int:
        """Return how many messages came in this hour and the last, of all shops."""
        found: int = (await self._rows(statements.RECEIVED_BY_ALL, {}))[0][0]
        return found

    async def shops_with_orders(self) -> list[Any]:
        """Return the ids of active shops that got orders within a day."""
        return [row[0] for row in await self._rows(statements.SHOPS_WITH_ORDERS, {})]

    async def connections(self) -> tuple[int, int]:
        """Return the connections of the server and how many it allows."""
        used, most = (await self._rows(statements.CONNECTIONS, {}))[0]
        return used, most

    async def database_size(self) -> int:
        """Return the size of the central database in bytes."""
        found: int = (await self._rows(statements.DATABASE_SIZE, {}))[0][0]
        return found

    async def backups(self, older_than: timedelta) -> list[Backup]:
        """Return active shops that were not exported for so long."""
        rows = await self._rows(statements.BACKUPS, {"older": older_than})
        return [Backup(*row) for row in rows]

    async def beat(self) -> None:
        """Say that this process is alive."""
        await self._do(statements.BEAT, {"owner": self._owner, "host": self._host})

    async def say_goodbye(self) -> None:
        """Say that this process ends, and that it is meant to."""
        await self._do(statements.GOODBYE, {"owner": self._owner})

    async def hosts(self) -> list[Host]:
        """Return the machines that served within a day."""
        return [Host(*row) for row in await self._rows(statements.HOSTS, {})]

    async def _do(self, statement: str, values: dict[str, Any]) -> None:
        async with self._pools.central() as connection:
            await connection.execute(statement, values or None)

    async def _rows(self, statement: str, values: dict[str, Any]) -> Rows:
        async with self._pools.central() as connection:
            cursor = await connection.execute(statement, values or None)
            return await cursor.fetchall()
