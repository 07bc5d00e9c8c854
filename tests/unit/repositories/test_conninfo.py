"""Connection strings in every form that libpq takes."""

import pytest
from psycopg.conninfo import conninfo_to_dict

from wabot.errors import ConfigurationError
from wabot.repositories.conninfo import as_runtime_login, describe, with_runtime_role

FORMS = [
    "postgresql://ana:s3cret@db.example:5433/wabot",
    "postgres://ana:s3cret@db.example:5433/wabot?sslmode=verify-full",
    "postgresql:///wabot?host=/run/postgresql&user=ana&password=s3cret",
    "postgresql://ana:s3cret@a.example:5432,b.example:5433/wabot?target_session_attrs=read-write",
    "host=db.example dbname=wabot user=ana password='s3cret with \\' and spaces'",
    "postgresql://ana:s3cret%40%2F%23@[::1]/wabot?options=-c%20statement_timeout%3D5s",
]


@pytest.mark.parametrize("conninfo", FORMS)
def test_the_runtimes_role_is_added_and_all_else_is_kept(conninfo: str) -> None:
    given = conninfo_to_dict(conninfo)
    changed = conninfo_to_dict(with_runtime_role(conninfo))
    options = str(changed.pop("options"))
    assert options == f"{given.pop('options', '')} -c role=wabot_runtime".strip()
    assert changed == given


@pytest.mark.parametrize("conninfo", FORMS)
def test_the_runtimes_own_login_leads_to_the_same_database_without_the_password(
    conninfo: str,
) -> None:
    given = conninfo_to_dict(conninfo)
    changed = conninfo_to_dict(as_runtime_login(conninfo))
    assert changed.pop("user") == "wabot_runtime"
    del given["user"], given["password"]
    assert changed == given


@pytest.mark.parametrize("conninfo", FORMS)
def test_a_description_says_where_and_never_the_password(conninfo: str) -> None:
    shown = describe(conninfo)
    assert shown.startswith("database wabot on ")
    assert "s3cret" not in shown


@pytest.mark.parametrize(
    "conninfo",
    [
        "postgresql://ana:s3c/ret@db/wabot",
        "postgresql://ana:123/s3c@db/wabot",
        "postgresql://ana:word@s3c@db/wabot",
        "postgresql://db:port/x",
        "host",
        "nonsense=1",
        "a=s3c'",
    ],
)
def test_what_is_no_connection_string_is_refused_without_repeating_it(conninfo: str) -> None:
    with pytest.raises(ConfigurationError, match="not one that PostgreSQL's libpq") as refused:
        describe(conninfo)
    assert "s3c" not in refused.value.message + refused.value.hint
