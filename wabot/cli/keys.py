"""`wabot keys`: the master keys that encrypt tokens and passwords."""

from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any

import typer

from wabot.cli.output import JsonOption, Output
from wabot.cli.settings import read_settings
from wabot.domain.counted import counted
from wabot.errors import Finding

if TYPE_CHECKING:
    from wabot.services.provisioning.rotate_keys import Usage

app = typer.Typer(rich_markup_mode=None)

KINDS = ("tokens", "previous_tokens", "database_passwords")
ORDER = (
    "1. Add the new key to WABOT_MASTER_KEY after a comma, on every machine; restart the servers.",
    "2. Put it first everywhere; restart.",
    "3. Run `wabot keys rotate`: servers may go on running.",
    "4. Once `wabot keys list` shows nothing under the old key, take that one out everywhere.",
)


@app.command()
def new(json: JsonOption = False) -> None:
    """Make a master key and say how to bring it in; nothing is stored."""
    import os

    from wabot.gateways.encryption import TokenCipher

    out = Output("keys new", json=json)
    raw = os.urandom(32)
    key = urlsafe_b64encode(raw).decode()
    (key_id,) = TokenCipher((raw,)).key_ids
    out.note(f"A new key, called {key_id}. Keep it safe: without it nothing stored can be read.")
    out.note("The first key: WABOT_MASTER_KEY=<it>. To replace one:\n  " + "\n  ".join(ORDER))
    if json:
        out.record({"key": key, "key_id": key_id, "order": list(ORDER)})
    else:
        out.text(key)


@app.command("list")
def list_(json: JsonOption = False) -> None:
    """List the keys by fingerprint: what each is for, and how much is stored under it."""
    from wabot.container import open_tenants
    from wabot.repositories.provisioning.secrets import SqlSecrets

    out = Output("keys list", json=json)
    with open_tenants(read_settings(out, require=("WABOT_MASTER_KEY",))) as provisioning:
        ids = provisioning.cipher.key_ids
        usage = SqlSecrets(provisioning.engine).usage()
    stale = [key for key in usage if key in ids[1:]]
    for key in sorted(set(usage) - set(ids)):
        out.warn(f"{key} is not in WABOT_MASTER_KEY: what is stored under it cannot be read")
    out.table(
        ("key", "use", *KINDS),
        [[key, use, *counts] for key, use, counts in _rows(ids, usage)],
        next=("wabot keys rotate",) if stale else (),
    )


@app.command()
def rotate(json: JsonOption = False) -> None:
    """Re-encrypt everything under the first key of WABOT_MASTER_KEY, while servers run.

    Every server must have been started with both keys before: one that does not know the new key
    can neither send nor log in to databases of single shops until it does.
    """
    from wabot.container import open_tenants
    from wabot.repositories.provisioning.secrets import SqlSecrets
    from wabot.services.provisioning.rotate_keys import RotateKeys

    out = Output("keys rotate", json=json)
    settings = read_settings(out, require=("WABOT_MASTER_KEY",))
    with open_tenants(settings, connections=2) as provisioning:
        ids = provisioning.cipher.key_ids
        store = SqlSecrets(provisioning.engine)
        with out.progress("Re-encrypting", store.stale(ids[0])) as advance:
            done = RotateKeys(store, provisioning.cipher, provisioning.actor).run(advance)
    for slug, reason in sorted(done.failed.items()):
        out.warn(f"{slug}: {reason}")
    rows = _rows(ids, done.usage)
    if not json:
        shown = [[key, use, *counts] for key, use, counts in rows]
        out.table(("key", "use", *KINDS), shown)
    left = len(done.failed) + done.held
    if left:
        raise Finding(
            f"{counted(done.renewed, 'shop is', 'shops are')} under the key {done.key_id} now,"
            f" {counted(left, 'is', 'are')} not",
            hint="Run it again for shops that another command held; give those that cannot be"
            " read new secrets: wabot tenant rotate-token SLUG --discard-unreadable",
        )
    former = [key for key in ids if key != done.key_id]
    changed = counted(done.renewed, "shop was changed", "shops were changed")
    message = f"All secrets are under the key {done.key_id}; {changed}."
    if former:
        message += f" Take {', '.join(former)} out of WABOT_MASTER_KEY on every machine."
    data = {
        "key": done.key_id,
        "clients": done.renewed,
        "keys": [
            {"key": key, "use": use} | dict(zip(KINDS, counts, strict=True))
            for key, use, counts in rows
        ],
    }
    out.done(message, data=data, next=("wabot keys list",))


def _rows(ids: tuple[str, ...], usage: "Usage") -> list[tuple[str, str, list[Any]]]:
    found = []
    for key in (*ids, *sorted(set(usage) - set(ids))):
        use = "encrypts" if key == ids[0] else "decrypts" if key in ids else "missing"
        found.append((key, use, [usage.get(key, {}).get(kind, 0) for kind in KINDS]))
    return found
