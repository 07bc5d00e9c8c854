"""Settings kept in AWS stand behind the environment and .env, and say where they come from."""

import importlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.aws import client, moto, use
from wabot.cli.app import app

KEY = urlsafe_b64encode(bytes(range(32))).decode()
KEPT = {
    "WABOT_MASTER_KEY": KEY,
    "WHATSAPP_APP_SECRET": "0123456789abcdef0123456789abcdef",
    "WHATSAPP_VERIFY_TOKEN": "word-of-the-tests",
    "WABOT_PORT": 9000,
}
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def _aws() -> Iterator[str]:
    # Otherwise its first answers import this, and settings are waited for only so long.
    for service in ("secretsmanager", "ssm"):
        importlib.import_module(f"moto.{service}.urls")
    with moto() as url:
        yield url


@pytest.fixture
def run(_aws: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    use(_aws, monkeypatch)
    monkeypatch.chdir(tmp_path)
    return lambda *words, **env: CliRunner().invoke(app, words, env=env)


@pytest.fixture
def secret(run: Run) -> Iterator[Callable[[str], None]]:
    with client("secretsmanager") as manager:
        manager.create_secret(Name="wabot/prod", SecretString="{}")
        yield lambda text: manager.put_secret_value(SecretId="wabot/prod", SecretString=text)
        manager.delete_secret(SecretId="wabot/prod", ForceDeleteWithoutRecovery=True)


def check(run: Run, *words: str, **env: str) -> tuple[int, dict[str, Any]]:
    done = run("check", "env", "--json", *words, **env)
    assert KEY not in done.stdout
    assert "0123456789abcdef" not in done.stdout
    return done.exit_code, {line["id"]: line for line in json.loads(done.stdout)["data"]}


SM = {"WABOT_SETTINGS_FROM": "aws-sm://wabot/prod"}


def test_a_secret_fills_in_what_neither_environment_nor_file_set(
    run: Run, secret: Callable[[str], None]
) -> None:
    secret(json.dumps(KEPT))
    Path(".env").write_text("WABOT_PORT=7000\nDATABASE_URL=\n", encoding="utf-8")
    Path(".env").chmod(0o600)
    code, found = check(run, WHATSAPP_VERIFY_TOKEN="word of this machine", **SM)
    assert code == 0, found
    assert found["env.source"]["detail"] == "2 settings come from aws-sm://wabot/prod"
    assert found["env.setting:WABOT_PORT"]["detail"] == "7000 (.env)"
    assert found["env.setting:WABOT_MASTER_KEY"]["detail"] == "set (WABOT_SETTINGS_FROM)"
    assert found["env.setting:WHATSAPP_VERIFY_TOKEN"]["detail"] == "set (the environment)"


def test_parameters_below_a_path_do_the_same(run: Run) -> None:
    with client("ssm") as ssm:
        for name, value in KEPT.items():
            kind = "String" if name == "WABOT_PORT" else "SecureString"
            ssm.put_parameter(Name=f"/wabot/prod/{name}", Value=str(value), Type=kind)
    code, found = check(run, WABOT_SETTINGS_FROM="aws-ssm:///wabot/prod/")
    assert code == 0, found
    assert found["env.setting:WABOT_PORT"]["detail"] == "9000 (WABOT_SETTINGS_FROM)"


def test_what_is_wrong_there_is_told_with_the_place(
    run: Run, secret: Callable[[str], None]
) -> None:
    secret(json.dumps(KEPT | {"WABOT_PORT": "http", "WABOT_HOEM": "/x"}))
    code, found = check(run, **SM)
    assert code == 1
    port = found["env.setting:WABOT_PORT"]
    assert port["fix"].startswith("correct WABOT_PORT in aws-sm://wabot/prod")
    assert "WABOT_HOEM is not a setting of wabot" in found["env.names"]["detail"]
    listed = run("tenant", "list", **SM)
    assert listed.exit_code == 3
    assert "WABOT_PORT (in aws-sm://wabot/prod) must be a whole number" in listed.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not json", "the secret is no JSON object"),
        ('["a"]', "the secret is no JSON object"),
        ('{"DATABASE_URL": {"a": 1}}', "DATABASE_URL is no text and no number"),
    ],
)
def test_a_secret_that_holds_no_settings_is_told_with_how_to_write_it(
    run: Run, secret: Callable[[str], None], text: str, said: str
) -> None:
    secret(text)
    code, found = check(run, **SM)
    assert code == 1
    line = found["env.source"]
    assert line["detail"] == f"The settings in aws-sm://wabot/prod cannot be read: {said}"
    assert line["fix"]


@pytest.mark.parametrize(
    ("address", "env", "said", "fix"),
    [
        (
            "aws-sm://nobodys",
            {},
            "Secrets Manager can't find the specified secret",
            "aws secretsmanager create-secret --name nobodys",
        ),
        ("aws-ssm:///nobodys", {}, "there are no parameters", "aws ssm put-parameter"),
        (
            "aws-sm://wabot/prod",
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
            "Could not connect to the endpoint URL",
            "Check that this machine reaches AWS",
        ),
        (
            "aws-sm://wabot/prod",
            {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
            "no AWS credentials were found",
            "Give the machine an IAM role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID",
        ),
        (
            "aws-sm://wabot/prod",
            {"AWS_DEFAULT_REGION": None},
            "no AWS region is set",
            "Set AWS_REGION",
        ),
    ],
)
def test_a_source_that_cannot_be_read_stops_every_command_but_this_check_says_why(
    run: Run, address: str, env: dict[str, str | None], said: str, fix: str
) -> None:
    given = {"WABOT_SETTINGS_FROM": address, **env}
    code, found = check(run, **given)
    line = found["env.source"]
    assert (code, line["status"]) == (1, "error")
    assert line["detail"].startswith(f"The settings in {address} cannot be read: ")
    assert said in line["detail"]
    assert fix in line["fix"]
    stopped = run("tenant", "list", **given)
    assert (stopped.exit_code, said in stopped.stderr) == (3, True)


def test_an_address_of_another_kind_is_refused(run: Run) -> None:
    code, found = check(run, WABOT_SETTINGS_FROM="vault://x")
    line = found["env.setting:WABOT_SETTINGS_FROM"]
    assert (code, line["detail"]) == (
        1,
        "WABOT_SETTINGS_FROM must be aws-sm://SECRET or aws-ssm:///PATH",
    )


def test_where_this_machine_keeps_things_is_not_asked_elsewhere(
    run: Run, secret: Callable[[str], None]
) -> None:
    secret(json.dumps(KEPT | {"WABOT_HOME": "/elsewhere"}))
    _, found = check(run, **SM)
    assert found["env.setting:WABOT_HOME"]["detail"] == "empty (default)"
