"""What the runtime's login may and may not do."""

import psycopg
import pytest


@pytest.mark.parametrize(
    "statement",
    [
        "update wabot.clients set name = ''",
        "insert into wabot.registry (id) values (true)",
        "delete from wabot.clients",
        "update wabot.registry set version = 0",
        "select * from wabot.audit_log",
        "delete from wabot.audit_log",
        "truncate wabot.inbox",
        "alter table wabot.inbox add column x int",
        "update wabot.alembic_version set version_num = ''",
        "create table wabot.x ()",
        "create table public.x ()",
        "create schema x",
        "create role x",
        "create database x",
        "set role postgres",
        "select pg_read_file('PG_VERSION')",
    ],
)
def test_the_runtime_is_refused_what_it_does_not_need(runtime_url: str, statement: str) -> None:
    with (
        psycopg.connect(runtime_url, autocommit=True) as runtime,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        runtime.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "select whatsapp_token, db_connection_config from wabot.clients",
        "select version from wabot.registry",
        "select version_num from wabot.alembic_version",
        """insert into wabot.inbox (phone_number_id, dedup_key, kind, contact, payload, occurred_at)
        values ('1', 'a', 'message', '52', '{}', now()) returning id""",
        "update wabot.inbox set state = 'done'",
        "insert into wabot.conversations (client_id, contact) values (gen_random_uuid(), '52')",
        "insert into wabot.timers values (gen_random_uuid(), '52', 'expiry', now(), 'wamid')",
        "insert into wabot.numbers values ('1', now())",
        "insert into wabot.audit_log (actor, action) values ('owner', 'order.accepted')",
        "insert into wabot.alerts (key, rule, severity, message) values ('k', 'r', 'high', 'm')",
        "update wabot.usage set messages = messages + 1",
        "delete from wabot.inbox",
    ],
)
def test_the_runtime_may_do_its_work(runtime_url: str, statement: str) -> None:
    with psycopg.connect(runtime_url) as runtime:
        runtime.execute(statement)


def test_the_runtime_sees_nothing_of_another_schema(central_url: str, runtime_url: str) -> None:
    with psycopg.connect(central_url) as owner:
        owner.execute("create schema t_shop; create table t_shop.orders ()")
    with (
        psycopg.connect(runtime_url) as runtime,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        runtime.execute("select * from t_shop.orders")
