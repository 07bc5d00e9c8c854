"""Everything comes under the new master key, while servers run, once, and bound to its client."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Engine

from tests.integration.keys.conftest import NEW, NEW_ID, OLD, OLD_ID, OTHER, OTHER_ID, Keys
from tests.integration.tenants.asking import document
from wabot.domain.placement import DATABASE_PASSWORD
from wabot.domain.tenant import Tenant
from wabot.errors import Conflict, DecryptionFailed
from wabot.gateways.encryption import TokenCipher
from wabot.repositories.provisioning.secrets import SqlSecrets
from wabot.services.provisioning.rotate_keys import RotateKeys

Connection = psycopg.Connection[Any]


def tokens(central: Connection) -> list[tuple[UUID, str]]:
    return central.execute("select id, whatsapp_token from wabot.clients order by slug").fetchall()


def add_other_secrets(central: Connection, shop: Tenant) -> None:
    """Give a shop a former token, and passwords as deep in its placements as they can stand."""
    old = TokenCipher((OLD,))
    central.execute(
        "insert into wabot.previous_tokens values (%s, %s, now() + interval '1 day')",
        [shop.id, old.encrypt(shop.id, "EAAformer")],
    )
    password = old.encrypt(shop.id, "password of the database", DATABASE_PASSWORD)
    config = {"owner_secret": password, "former": [{"runtime_secret": password}]}
    central.execute(
        "update wabot.clients set db_connection_config = db_connection_config || %s where id = %s",
        [json.dumps(config), shop.id],
    )


def test_every_secret_comes_under_the_new_key_and_still_opens(
    keys: Keys, shops: list[Tenant], central: Connection
) -> None:
    add_other_secrets(central, shops[0])
    (before,) = central.execute("select version from wabot.registry").fetchone() or (0,)
    done = keys("rotate")
    assert done.exit_code == 0, done.stderr
    new = TokenCipher((NEW,))
    for n, (client_id, token) in enumerate(tokens(central)):
        assert new.decrypt(client_id, token) == f"EAAtokenofshop{n}"
    ((former,),) = central.execute("select whatsapp_token from wabot.previous_tokens").fetchall()
    assert new.decrypt(shops[0].id, former) == "EAAformer"
    query = "select db_connection_config from wabot.clients where id = %s"
    ((config,),) = central.execute(query, [shops[0].id]).fetchall()
    for secret in (config["owner_secret"], config["former"][0]["runtime_secret"]):
        assert new.decrypt(shops[0].id, secret, DATABASE_PASSWORD) == "password of the database"
    assert config["schema"] == shops[0].placement.schema
    assert f"Take {OLD_ID} out of WABOT_MASTER_KEY" in done.stderr
    # Running servers read again what changed.
    (after,) = central.execute("select version from wabot.registry").fetchone() or (0,)
    versions = central.execute("select distinct version from wabot.clients").fetchall()
    assert (versions, after > before) == ([(after,)], True)


def test_the_keys_are_listed_with_what_is_stored_under_each(
    keys: Keys, shops: list[Tenant], central: Connection
) -> None:
    add_other_secrets(central, shops[0])
    listed = document(keys("list", "--json"))
    assert listed["data"] == [
        {
            "key": NEW_ID,
            "use": "encrypts",
            "tokens": 0,
            "previous_tokens": 0,
            "database_passwords": 0,
        },
        {
            "key": OLD_ID,
            "use": "decrypts",
            "tokens": 5,
            "previous_tokens": 1,
            "database_passwords": 2,
        },
    ]
    assert listed["next"] == ["wabot keys rotate"]
    lost = document(keys("list", "--json", under=(NEW,)))
    assert lost["data"][1]["use"] == "missing"
    assert OLD_ID in lost["warnings"][0]
    rotated = document(keys("rotate", "--json"))["data"]
    assert rotated["clients"] == 5
    assert rotated["keys"][0]["database_passwords"] == 2


def test_under_a_wrong_master_key_nothing_is_touched(
    keys: Keys, shops: list[Tenant], central: Connection
) -> None:
    everything = (
        "select c::text from wabot.clients c union all select a::text from wabot.audit_log a"
    )
    before = central.execute(everything).fetchall()
    for under in ((NEW,), (OTHER, NEW)):
        done = keys("rotate", under=under)
        assert done.exit_code == 3
        assert f"keys that WABOT_MASTER_KEY lacks: {OLD_ID} (5 secrets)" in done.stderr
        assert "Nothing was changed" in done.stderr
        assert central.execute(everything).fetchall() == before


def test_a_ciphertext_moved_to_another_client_does_not_open(
    keys: Keys, shops: list[Tenant], central: Connection
) -> None:
    (one, token), (two, other) = tokens(central)[:2]
    cipher = TokenCipher((OLD,))
    with pytest.raises(DecryptionFailed, match="altered, or belongs to another client"):
        cipher.decrypt(two, token)
    central.execute("update wabot.clients set whatsapp_token = %s where id = %s", [token, two])
    done = keys("rotate")
    assert done.exit_code == 1
    assert "shop-1: " in done.stderr
    assert "4 shops are under the key" in done.stderr
    left = dict(tokens(central))
    assert left[two] == token
    assert TokenCipher((NEW,)).decrypt(one, left[one]) == "EAAtokenofshop0"
    assert other != token


def test_a_password_does_not_open_as_a_token(shops: list[Tenant]) -> None:
    cipher = TokenCipher((OLD,))
    sealed = cipher.encrypt(shops[0].id, "secret", DATABASE_PASSWORD)
    with pytest.raises(DecryptionFailed):
        cipher.decrypt(shops[0].id, sealed)


def rotation(engine: Engine, pause: Callable[[float], None] = lambda _s: None) -> RotateKeys:
    return RotateKeys(SqlSecrets(engine), TokenCipher((NEW, OLD)), "tests", pause)


def test_a_run_that_was_stopped_goes_on_where_it_was(
    engine: Engine, shops: list[Tenant], central: Connection
) -> None:
    store, cipher = SqlSecrets(engine), TokenCipher((NEW, OLD))

    def renew(client_id: UUID, ciphertext: str, purpose: str) -> str:
        secret = cipher.decrypt(client_id, ciphertext, purpose)
        return cipher.encrypt(client_id, secret, purpose)

    assert store.renew(NEW_ID, None, 2, renew, actor="ana").renewed == 2
    done_before = {token for _, token in tokens(central) if cipher.key_ids[0] in token}
    assert len(done_before) == 2
    done = rotation(engine).run(lambda _steps: None)
    assert (done.renewed, done.failed, done.held) == (3, {}, 0)
    # What was under the new key already was not written again.
    assert done_before < {token for _, token in tokens(central)}
    again = rotation(engine).run(lambda _steps: None)
    assert again.renewed == 0
    audited = central.execute("select details from wabot.audit_log where action = 'keys.rotate'")
    assert audited.fetchall() == [
        ({"key": NEW_ID, "clients": 2, "failed": []},),
        ({"key": NEW_ID, "clients": 3, "failed": []},),
    ]


def test_a_client_that_another_command_holds_is_renewed_once_it_is_let_go(
    engine: Engine, shops: list[Tenant], central_url: str
) -> None:
    with psycopg.connect(central_url) as holder:
        holder.execute("select 1 from wabot.clients where slug = 'shop-2' for update")
        steps: list[int] = []

        def let_go(_seconds: float) -> None:
            assert sum(steps) == 4
            holder.rollback()

        done = rotation(engine, let_go).run(steps.append)
    assert (done.renewed, done.held) == (5, 0)


def test_a_client_that_stays_held_is_counted_and_the_others_are_done(
    engine: Engine, shops: list[Tenant], central_url: str
) -> None:
    with psycopg.connect(central_url) as holder:
        holder.execute("select 1 from wabot.clients where slug = 'shop-2' for update")
        done = rotation(engine).run(lambda _steps: None)
    assert (done.renewed, done.held) == (4, 1)


def test_two_rotations_at_once_do_not_meet(engine: Engine, shops: list[Tenant]) -> None:
    with SqlSecrets(engine).alone(), pytest.raises(Conflict, match="another command"):
        rotation(engine).run(lambda _steps: None)


def test_changes_of_tokens_meanwhile_are_not_lost(
    engine: Engine, shops: list[Tenant], central_url: str, central: Connection
) -> None:
    cipher = TokenCipher((OLD,))

    def change(n: int) -> None:
        with psycopg.connect(central_url) as connection:
            for turn in range(20):
                sealed = cipher.encrypt(shops[n].id, f"EAA{n}-{turn}")
                connection.execute(
                    "update wabot.clients set whatsapp_token = %s where id = %s",
                    [sealed, shops[n].id],
                )
                connection.commit()

    with ThreadPoolExecutor(5) as pool:
        changes = [pool.submit(change, n) for n in range(5)]
        rotation(engine).run(lambda _steps: None)
        for changed in changes:
            changed.result()
    rotation(engine).run(lambda _steps: None)
    new = TokenCipher((NEW,))
    assert [new.decrypt(*row) for row in tokens(central)] == [f"EAA{n}-19" for n in range(5)]


def test_a_new_key_is_printed_alone_and_the_way_to_bring_it_in_beside_it(keys: Keys) -> None:
    done = keys("new")
    assert done.exit_code == 0
    raw = urlsafe_b64decode(done.stdout.strip())
    assert len(raw) == 32
    (key_id,) = TokenCipher((raw,)).key_ids
    assert key_id in done.stderr
    assert done.stdout.strip() not in done.stderr
    assert done.stderr.index("after a comma") < done.stderr.index("Put it first")
    made = document(keys("new", "--json"))["data"]
    assert TokenCipher((urlsafe_b64decode(made["key"]),)).key_ids == (made["key_id"],)
    assert made["key_id"] not in {key_id, OTHER_ID}


def test_keys_and_secrets_are_shown_as_fingerprints_only(
    keys: Keys, shops: list[Tenant], central: Connection
) -> None:
    stored = [token for _, token in tokens(central)]
    printed = "".join(keys(*words).output for words in (["list"], ["rotate"], ["list", "--json"]))
    stored += [token for _, token in tokens(central)]
    audited = str(central.execute("select details::text from wabot.audit_log").fetchall())
    for secret in (*stored, "EAA"):
        assert secret not in printed
        assert secret not in audited
    assert OLD_ID in printed
