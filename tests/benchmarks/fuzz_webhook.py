"""Post spoilt webhooks to a real server: never a 500, never an inbox that stands still.

Run: python -m tests.benchmarks.fuzz_webhook [--count N] [--seed N] [--senders N]. Exits 1 on a
finding and shows the bodies. Every body is signed: what has no signature does not get that far.
The database is an embedded server in a temporary folder; bodies go over HTTP on loopback.
"""

import argparse
import asyncio
import copy
import json
import logging
import shutil
import sys
import tempfile
import time
from base64 import urlsafe_b64encode
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import aiohttp

from tests.harness import NUMBER, Harness, running
from tests.payloads import load, names, sign
from wabot.gateways.embedded_postgres import EmbeddedPostgres
from wabot.repositories.central_schema import upgrade
from wabot.repositories.conninfo import as_runtime_login
from wabot.simulation.inbound_payloads import new_wamid

EXPECTED = {200, 400, 413}
SHOWN = 5
REST = 180.0

WORDS = (
    "", " ", "0", "-1", "true", "null", "text", "image", "order", "system", "reaction", "1e999",
    "nan", "5215550100001", "MX.7001", "wamid.x", "\u0000", "a\u0000b", "\ud800", "\udfff\ud800",
    "\U0001f600", "\u202e", "x" * 5000, "á" * 300, "2 kg de arroz", "menu", "asesor", "'; --", "%s",
    "{0}", "../../etc/passwd", "P-101", "m1:menu", "1772452800", "99999999999999", "+52 155",
)  # fmt: skip
VALUES = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 10**30, 0.1, -0.0, 1e308, float("inf"),
    float("nan"), [], {}, [[]], [None], {"": ""}, {"id": None}, [{}], {"body": {}},
)  # fmt: skip


class Spoiler:
    """Makes bodies out of recorded ones: values, keys, structure and bytes are spoilt."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._bodies = [load(name) for name in names()]

    def body(self) -> bytes:
        body = copy.deepcopy(self._chance.choice(self._bodies))
        if self._chance.random() < 0.7:
            _rename(body, f"521555{self._chance.randrange(20_000):07}")
        for _ in range(self._chance.choice((0, 1, 1, 2, 3, 6))):
            self._spoil(body)
        raw = json.dumps(body, ensure_ascii=self._chance.random() < 0.5)
        encoded = raw.encode("utf-8", "surrogatepass")
        return self._damage(encoded) if self._chance.random() < 0.15 else encoded

    def _value(self) -> Any:
        roll = self._chance.random()
        if roll < 0.45:
            return self._chance.choice(WORDS)
        if roll < 0.85:
            return copy.deepcopy(self._chance.choice(VALUES))
        if roll < 0.9:
            deep: Any = "deep"
            for _ in range(self._chance.choice((10, 100, 400))):
                deep = [deep] if self._chance.random() < 0.5 else {"a": deep}
            return deep
        return {self._chance.choice(WORDS): self._chance.choice(WORDS) for _ in range(3)}

    def _spoil(self, body: Any) -> None:
        places = list(_places(body))
        if not places:
            return
        holder, key = self._chance.choice(places)
        roll = self._chance.random()
        if roll < 0.55:
            holder[key] = self._value()
        elif roll < 0.75:
            del holder[key]
        elif roll < 0.85:
            other, from_key = self._chance.choice(places)
            holder[key] = copy.deepcopy(other[from_key])
        elif isinstance(holder, list):
            holder.extend(copy.deepcopy(holder[key]) for _ in range(self._chance.choice((1, 20))))
        else:
            holder[self._chance.choice(WORDS)] = holder.pop(key)

    def _damage(self, raw: bytes) -> bytes:
        at = self._chance.randrange(len(raw) or 1)
        match self._chance.randrange(5):
            case 0:
                return raw[:at]
            case 1:
                return raw[:at] + bytes([self._chance.randrange(256)]) + raw[at + 1 :]
            case 2:
                return raw[:at] + self._chance.randbytes(8) + raw[at:]
            case 3:
                return raw + raw
            case _:
                return self._chance.randbytes(self._chance.choice((0, 1, 100)))


def _places(value: Any) -> Any:
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in list(keys):
        yield value, key
        yield from _places(value[key])


def _rename(body: Any, sender: str) -> None:
    """Give messages ids of their own, a sender and a fresh date, and send them to the shop."""
    for holder, key in _places(body):
        if key == "id" and str(holder[key]).startswith("wamid."):
            holder[key] = new_wamid()
        elif key == "phone_number_id":
            holder[key] = NUMBER
        elif key == "from":
            holder[key] = sender
        elif key == "from_user_id":
            holder[key] = f"MX.{sender}"
        elif key == "timestamp":
            # Else nothing may be sent: the window of 24 hours is long closed.
            holder[key] = str(int(time.time()))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


@dataclass(slots=True)
class Found:
    statuses: Counter[int] = field(default_factory=Counter)
    bad: list[tuple[int, bytes]] = field(default_factory=list)


async def fuzz(shop: Harness, count: int, seed: int, senders: int) -> Found:
    spoiler, found = Spoiler(Random(seed)), Found()
    secret = shop.settings["WHATSAPP_APP_SECRET"][0]
    left = iter(range(count))

    async def post_some(session: aiohttp.ClientSession) -> None:
        for place in left:
            raw = spoiler.body()
            with suppress(ValueError):
                shop.graph.windows.hear(json.loads(raw))
            headers = {"X-Hub-Signature-256": sign(raw, secret)}
            async with session.post(f"{shop.url}/webhook", data=raw, headers=headers) as response:
                found.statuses[response.status] += 1
                if response.status not in EXPECTED:
                    found.bad.append((response.status, raw))
            if place % 5000 == 0:
                sys.stderr.write(f"{place:>7} posted\n")

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(post_some(session) for _ in range(senders)))
    return found


async def measure(environment: dict[str, str], count: int, seed: int, senders: int) -> int:
    async with running(environment) as shop:
        started = time.perf_counter()
        found = await fuzz(shop, count, seed, senders)
        posted = time.perf_counter() - started
        stuck = await _come_to_rest(shop)
        rested = time.perf_counter() - started - posted
        states = shop.central(
            "SELECT kind, state, count(*) FROM wabot.inbox GROUP BY 1, 2 ORDER BY 1, 2"
        )
        failed = shop.central(
            "SELECT kind, last_error, payload FROM wabot.inbox"
            " WHERE state = 'failed' ORDER BY id LIMIT 5"
        )
        say(f"{count} bodies, seed {seed}: posted in {posted:.0f} s, at rest {rested:.0f} s later")
        say(f"answers: {dict(sorted(found.statuses.items()))}")
        for row in states:
            say(f"inbox: {row['kind']:>10} {row['state']:>9} {row['count']}")
        say(f"messages sent: {shop.graph.journal.total}, refused: {refusals(shop)}")
    for status, raw in found.bad[:SHOWN]:
        say(f"HTTP {status}: {raw[:1500]!r}")
    for row in failed:
        say(f"failed {row['kind']}: {row['last_error']}: {json.dumps(row['payload'])[:1500]}")
    for row in stuck[:SHOWN]:
        say(f"stuck: {row}")
    return 1 if found.bad or failed or stuck else 0


def refusals(shop: Harness) -> dict[str, int]:
    return dict(Counter(f"{code} {text[:60]}" for code, text in shop.graph.journal.refusals))


async def _come_to_rest(shop: Harness) -> list[dict[str, Any]]:
    waiting = "SELECT kind, contact, attempts, last_error FROM wabot.inbox WHERE state = 'waiting'"
    end = time.monotonic() + REST
    while (rows := shop.central(waiting)) and time.monotonic() < end:
        await asyncio.sleep(0.5)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--senders", type=int, default=32)
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    home = Path(tempfile.mkdtemp(prefix="wabot-fuzz-"))
    try:
        with EmbeddedPostgres(home, options={"fsync": "off"}).running() as server:
            server.ensure_database("wabot")
            url = server.url("wabot")
            upgrade(url, runtime_conninfo=as_runtime_login(url))
            environment = {
                "DATABASE_URL": url,
                "RUNTIME_DATABASE_URL": as_runtime_login(url),
                "WABOT_HOME": str(home / "wabot"),
                "WABOT_MASTER_KEY": urlsafe_b64encode(bytes(range(32))).decode(),
                "WHATSAPP_APP_SECRET": "secret of the fuzzer",
                "WHATSAPP_VERIFY_TOKEN": "word of the fuzzer",
                "WABOT_QUIET_WINDOW": "0",
            }
            return asyncio.run(measure(environment, given.count, given.seed, given.senders))
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
