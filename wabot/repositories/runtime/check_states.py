"""Checks beside the servers in PostgreSQL: claimed by one process, kept for all."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from psycopg.types.json import Jsonb

from wabot.repositories.runtime.pools import Pools
from wabot.services.check_states import Due

# A shop's account may ask Graph 200 times an hour; the shop's own sending comes first.
_PER_ACCOUNT = 15

_ENTER = """
INSERT INTO wabot.checks (key, next_at) SELECT unnest(%(keys)s::text[]), now()
ON CONFLICT (key) DO NOTHING
"""
_CLAIM = """
UPDATE wabot.checks c SET claimed_at = now(), next_at = now() + due.every * (0.9 + random() * 0.2)
FROM (SELECT k.key, g.every FROM wabot.checks k
      JOIN unnest(%(keys)s::text[], %(every)s::interval[]) AS g(key, every) USING (key)
      WHERE k.next_at <= now() FOR UPDATE OF k SKIP LOCKED) due
WHERE c.key = due.key RETURNING c.key
"""
# Spread over what it takes to go through all of them at ease, so that they stay spread.
_ENTER_SHOPS = """
INSERT INTO wabot.checks (key, client_id, next_at)
SELECT %(group)s || ':' || slug, id,
       now() + random() * least(%(every)s::interval, interval '2 seconds' * (count(*) OVER () - 1))
FROM wabot.clients WHERE status IN ('active', 'suspended')
ON CONFLICT (key) DO NOTHING
"""
_VERSION = "SELECT version FROM wabot.registry"
_CLAIM_SHOPS = """
UPDATE wabot.checks c
SET claimed_at = now(), next_at = now() + %(every)s::interval * (0.9 + random() * 0.2)
FROM (SELECT k.key, cl.id, cl.slug FROM wabot.checks k JOIN wabot.clients cl ON cl.id = k.client_id
      WHERE k.client_id IS NOT NULL AND k.next_at <= now()
        AND k.key = %(group)s || ':' || cl.slug
        AND (%(most)s > 1 OR cl.waba_id = '' OR %(per_account)s > (
          SELECT count(*) FROM wabot.checks o JOIN wabot.clients oc ON oc.id = o.client_id
          WHERE oc.waba_id = cl.waba_id AND oc.waba_id <> '' AND o.key = %(group)s || ':' || oc.slug
            AND o.claimed_at > now() - interval '1 hour'))
      ORDER BY k.next_at LIMIT %(most)s FOR UPDATE OF k SKIP LOCKED) due
WHERE c.key = due.key RETURNING c.key, due.slug, due.id
"""
# What is wrong with the installation is looked at again soon: servers are not ready meanwhile.
_KEEP = """
UPDATE wabot.checks c SET problems = k.problems, next_at = CASE
    WHEN c.client_id IS NULL AND k.problems <> '[]'::jsonb
    THEN least(c.next_at, now() + interval '30 seconds') ELSE c.next_at END
FROM unnest(%(keys)s::text[], %(problems)s::jsonb[]) AS k(key, problems)
WHERE c.key = k.key
  AND (c.problems <> k.problems OR c.client_id IS NULL AND k.problems <> '[]'::jsonb)
"""
_PROBLEMS = """
SELECT problems FROM wabot.checks
WHERE client_id IS NULL AND problems <> '[]'::jsonb
  AND (position('@' in key) = 0 OR key LIKE '%%@' || %(host)s)
ORDER BY key
"""


class PostgresCheckStates:
    """Over the table `checks`; `pools` need no more than one connection."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools
        # Of the registry of clients when a group's shops were entered.
        self._versions: dict[str, int] = {}

    async def claim(self, keys: Mapping[str, timedelta]) -> list[str]:
        """Take those of the keys that are due; nobody else gets them until their time is over."""
        given = {"keys": list(keys), "every": list(keys.values())}
        async with self._pools.central() as connection:
            await connection.execute(_ENTER, given)
            cursor = await connection.execute(_CLAIM, given)
            return [str(key) for (key,) in await cursor.fetchall()]

    async def claim_shops(self, group: str, every: timedelta, *, most: int) -> list[Due]:
        """Take a group's checks of shops that are due, those longest due first.

        One at a time is for who asks Graph: then an account's share of an hour is kept to as well.
        """
        given = {"group": group, "every": every, "most": most, "per_account": _PER_ACCOUNT}
        async with self._pools.central() as connection:
            row = await (await connection.execute(_VERSION)).fetchone()
            version = row[0] if row else 0
            if self._versions.get(group) != version:
                await connection.execute(_ENTER_SHOPS, given)
                self._versions[group] = version
            cursor = await connection.execute(_CLAIM_SHOPS, given)
            return [Due(key, group, slug, id_) for key, slug, id_ in await cursor.fetchall()]

    async def keep(self, problems: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Keep what is wrong now, by key."""
        told = [Jsonb(list(each)) for each in problems.values()]
        async with self._pools.central() as connection:
            await connection.execute(_KEEP, {"keys": list(problems), "problems": told})

    async def problems(self, host: str) -> list[dict[str, Any]]:
        """Return what is wrong with the installation and with that machine, shops left out."""
        async with self._pools.central() as connection:
            cursor = await connection.execute(_PROBLEMS, {"host": host})
            return [problem for (found,) in await cursor.fetchall() for problem in found]
