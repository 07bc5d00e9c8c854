"""The settings, all problems at once, each with its exact place."""

import json
import os
import sys
from base64 import urlsafe_b64encode
from io import StringIO
from pathlib import Path

import pytest
from typer.testing import CliRunner

from wabot.cli.app import app
from wabot.cli.check.app import Asked
from wabot.cli.check.run import run
from wabot.config import REQUIRED_TO_SERVE, SETTINGS, env_example, load_settings
from wabot.errors import ConfigurationError

KEY = urlsafe_b64encode(bytes(range(32))).decode()
WHOLE = f"""WABOT_MASTER_KEY={KEY}
WHATSAPP_APP_SECRET=0123456789abcdef0123456789abcdef
WHATSAPP_VERIFY_TOKEN=word-of-the-tests
"""


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("WABOT_", "WHATSAPP_")) or name.endswith("DATABASE_URL"):
            monkeypatch.delenv(name)


def _write(text: str, *, mode: int = 0o600) -> Path:
    path = Path(".env").absolute()
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def _check(*words: str) -> tuple[int, dict[str, dict[str, str]]]:
    done = CliRunner().invoke(app, ["check", "env", "--json", *words])
    document = json.loads(done.stdout)
    assert document["ok"] is (done.exit_code == 0), document
    assert ("error" in document) is (done.exit_code == 1)
    assert all(
        set(line) == {"id", "category", "status", "detail", "fix", "duration_ms"}
        for line in document["data"]
    )
    return done.exit_code, {line["id"]: line for line in document["data"]}


def test_every_setting_of_the_table_is_checked() -> None:
    _write(WHOLE)
    code, found = _check()
    assert code == 0
    assert {f"env.setting:{known.name}" for known in SETTINGS} <= set(found)
    assert {line["status"] for line in found.values()} == {"ok"}
    assert found["env.setting:WABOT_PORT"]["detail"] == "8080 (default)"
    assert found["env.setting:WHATSAPP_APP_SECRET"]["detail"] == "set (.env)"


def test_half_a_file_is_told_line_by_line_with_the_place_of_each_repair() -> None:
    path = _write("# mine\nWABOT_PORT=http\n\nWABOT_PROT=1\nWABOT_QUIET_WINDOW=9\n", mode=0o644)
    code, found = _check("--problems")
    assert code == 1
    said = {name: (line["status"], line["detail"], line["fix"]) for name, line in found.items()}
    obtain = {known.name: known.obtain for known in SETTINGS}
    assert said == {
        "env.file": ("warning", f"{path} holds secrets and has mode 0644", f"chmod 600 {path}"),
        "env.together": (
            "error",
            "WABOT_QUIET_WINDOW (9) must not be above WABOT_QUIET_WINDOW_MAX (6)",
            f"change one of them in {path}",
        ),
        "env.names": (
            "warning",
            "WABOT_PROT is not a setting of wabot and has no effect. Did you mean WABOT_PORT?",
            f"rename WABOT_PROT to WABOT_PORT in {path}, line 4",
        ),
        "env.setting:WABOT_PORT": (
            "error",
            "WABOT_PORT must be a whole number from 0 to 65535",
            f"correct WABOT_PORT in {path}, line 2",
        ),
        **{
            f"env.required:{name}": (
                "error",
                f"{name} is not set",
                f"set {name} in {path} — {obtain[name]}",
            )
            for name in REQUIRED_TO_SERVE
        },
    }


def test_a_line_that_sets_nothing_is_told_by_its_number_and_never_by_what_it_holds(
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = _write("WHATSAPP_APP_ID=123456789012345\nWHATSAPP_APP_SECRET 0123abc\nWABOT_PORT\n")
    _, found = _check("--only", "env.file,env.required")
    assert found["env.file"]["status"] == "warning"
    assert found["env.file"]["detail"] == (
        f"{path}, line 2 is not NAME=value and sets nothing;"
        f" {path}, line 3 is not NAME=value and sets nothing"
    )
    assert found["env.file"]["fix"] == f"write NAME=value in {path}, line 2, 3"
    with pytest.raises(ConfigurationError, match=r"line 2 is not NAME=value") as refused:
        load_settings(require=("WHATSAPP_APP_SECRET",))
    assert "0123abc" not in str(refused.value)
    assert refused.value.hint.endswith("all of them: wabot check env --example")
    assert "dotenv" not in capfd.readouterr().err


def test_a_key_of_another_length_is_named() -> None:
    path = _write(WHOLE.replace(KEY, "c2hvcnQ="))
    code, found = _check()
    line = found["env.setting:WABOT_MASTER_KEY"]
    assert (code, line["status"]) == (1, "error")
    assert "must be 32 bytes" in line["detail"]
    assert f"correct WABOT_MASTER_KEY in {path}, line 1" in line["fix"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (WHOLE.replace("0123456789abcdef\n", "\n"), "WHATSAPP_APP_SECRET is not 32 hexadecimal"),
        (WHOLE.replace("word-of-the-tests", "word"), "WHATSAPP_VERIFY_TOKEN is shorter than 8"),
        (WHOLE.replace(KEY, urlsafe_b64encode(bytes(32)).decode()), "one byte repeated"),
    ],
)
def test_a_secret_that_looks_cut_or_easy_is_doubted(text: str, said: str) -> None:
    _write(text)
    code, found = _check()
    assert (code, found["env.keys"]["status"]) == (0, "warning")
    assert said in found["env.keys"]["detail"]


def test_warnings_fail_where_they_are_to_count() -> None:
    _write(WHOLE, mode=0o640)
    assert (_check()[0], _check("--strict")[0]) == (0, 1)


def test_a_value_of_the_environment_is_corrected_there(monkeypatch: pytest.MonkeyPatch) -> None:
    _write(WHOLE)
    monkeypatch.setenv("WABOT_POOL_SIZE", "many")
    assert _check()[1]["env.setting:WABOT_POOL_SIZE"]["fix"] == (
        "correct WABOT_POOL_SIZE in the environment"
    )


def test_a_file_that_is_no_text_does_not_keep_the_rest_from_being_checked() -> None:
    Path(".env").write_bytes(b"WABOT_HOST=\xff\xfe")
    code, found = _check()
    assert (code, found["env.file"]["status"]) == (1, "warning")
    assert "cannot be read" in found["env.file"]["detail"]
    assert found["env.setting:WABOT_HOST"]["status"] == "ok"


def test_one_check_can_be_asked_for_and_a_slip_is_answered_with_the_likely_one() -> None:
    assert set(_check("--only", "env.names")[1]) == {"env.names"}
    done = CliRunner().invoke(app, ["check", "env", "--only", "env.nams"])
    assert done.exit_code == 2
    assert "Did you mean env.names" in done.stderr


def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    _write(WHOLE)
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hidden-word@db/wabot")
    monkeypatch.setenv("WHATSAPP_MORE_APPS", "12345=another-secret;no")
    for words in ((), ("--json",)):
        shown = CliRunner().invoke(app, ["check", "env", *words]).output
        for secret in (KEY, "0123456789abcdef", "word-of-the", "hidden-word", "another-secret"):
            assert secret not in shown


def test_the_example_is_a_whole_commented_file() -> None:
    done = CliRunner().invoke(app, ["check", "env", "--example"])
    assert (done.exit_code, done.stdout) == (0, env_example())


def test_off_a_terminal_results_are_lines_of_tabs() -> None:
    _write(WHOLE)
    done = CliRunner().invoke(app, ["check", "env", "--only", "env.keys"])
    *fields, _milliseconds = done.stdout.rstrip("\n").split("\t")
    assert fields == ["env.keys", "env", "ok", "1 master key", ""]


class _Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_where_only_problems_are_shown_the_good_ones_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdout", _Terminal())
    run(Asked("check env", ("env",), only=("env.file",), problems=True))
    assert sys.stdout.getvalue() == "1 ok, no problems\n"
