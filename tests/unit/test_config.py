"""Settings: one table, everything wrong named at once."""

import base64
from pathlib import Path

import pytest
from dotenv import dotenv_values

from wabot.config import SETTINGS, bundled, env_example, home_folder, load_settings, setting
from wabot.errors import ConfigurationError

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_every_setting_has_its_default() -> None:
    settings = load_settings(environ={})
    assert settings["WABOT_PORT"] == 8080
    assert settings["DATABASE_URL"] == ""
    assert settings["WABOT_MASTER_KEY"] == ()
    assert settings["WHATSAPP_API_BASE"] == "https://graph.facebook.com"
    assert settings.env_file is None
    assert set(settings.values) == {known.name for known in SETTINGS}


def test_all_that_is_missing_or_malformed_stands_in_one_message() -> None:
    environ = {"WABOT_PORT": "http", "WABOT_MASTER_KEY": "short", "WABOT_LEASE": "-1"}
    with pytest.raises(ConfigurationError) as caught:
        load_settings(require=("WHATSAPP_APP_SECRET", "WABOT_MASTER_KEY"), environ=environ)
    message = caught.value.message
    for name in ("WABOT_PORT", "WABOT_MASTER_KEY", "WABOT_LEASE", "WHATSAPP_APP_SECRET"):
        assert message.count(name) == 1
    assert setting("WHATSAPP_APP_SECRET").obtain in message
    assert "http" not in message.split("WABOT_PORT")[1].splitlines()[0]
    assert str(Path(".env").resolve()) in caught.value.hint


@pytest.mark.parametrize("value", [",", " , ", " "])
def test_a_required_setting_without_content_is_not_set(value: str) -> None:
    with pytest.raises(ConfigurationError, match="WABOT_MASTER_KEY is not set"):
        load_settings(require=("WABOT_MASTER_KEY",), environ={"WABOT_MASTER_KEY": value})


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("DATABASE_URL", "mysql://localhost/wabot"),
        ("DATABASE_URL", "localhost"),
        ("WABOT_POOL_SIZE", "1"),
        ("WABOT_POOL_SIZE", "8.5"),
        ("WABOT_MASTER_KEY", base64.urlsafe_b64encode(b"x" * 31).decode()),
        ("WABOT_MASTER_KEY", f"{KEY}!!"),
        ("WABOT_MASTER_KEY", f"{KEY},short"),
        ("WABOT_MASTER_KEY", "ñ" * 43),
        ("WHATSAPP_APP_ID", "my app"),
        ("WHATSAPP_MORE_APPS", "123"),
        ("WHATSAPP_MORE_APPS", "123="),
        ("WHATSAPP_MORE_APPS", "app=secret"),
        ("WHATSAPP_API_BASE", "graph.facebook.com"),
        ("WHATSAPP_API_BASE", "https://graph.facebook.com?x=1"),
        ("WHATSAPP_API_VERSION", "26"),
        ("WABOT_PORT", "65536"),
        ("WABOT_QUIET_WINDOW", "nan"),
        ("WABOT_QUIET_WINDOW", "1e3"),
        ("WABOT_LOG_LEVEL", "loud"),
    ],
)
def test_a_value_that_cannot_be_right_is_refused_and_not_repeated(name: str, bad: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environ={name: bad})
    assert f"{name} must" in caught.value.message
    if setting(name).secret:
        assert bad not in caught.value.message


@pytest.mark.parametrize(
    ("name", "good", "parsed"),
    [
        ("DATABASE_URL", "postgresql:///wabot?host=/run/postgresql", None),
        ("DATABASE_URL", "host=/run/postgresql dbname=wabot", None),
        ("WABOT_MASTER_KEY", KEY.rstrip("="), (bytes(range(32)),)),
        ("WABOT_MASTER_KEY", f"{KEY}, {KEY}", (bytes(range(32)),) * 2),
        ("WHATSAPP_APP_SECRET", "new, old", ("new", "old")),
        ("WHATSAPP_MORE_APPS", "123=a,b; 456=c;", {"123": ("a", "b"), "456": ("c",)}),
        ("WHATSAPP_API_BASE", "http://127.0.0.1:9000/", "http://127.0.0.1:9000"),
        ("WABOT_QUIET_WINDOW", "0.25", 0.25),
        ("WABOT_LOG_LEVEL", "DEBUG", "debug"),
        ("WABOT_PORT", " 0 ", 0),
    ],
)
def test_a_good_value_is_parsed(name: str, good: str, parsed: object) -> None:
    assert load_settings(environ={name: good})[name] == (good if parsed is None else parsed)


@pytest.mark.parametrize(
    "environ",
    [
        {"WABOT_QUIET_WINDOW": "7"},
        {"WABOT_TURNS_PER_TENANT": "8"},
        {"WABOT_RESEND_AFTER": "301"},
    ],
)
def test_settings_that_contradict_each_other_are_refused(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environ=environ)
    assert next(iter(environ)) in caught.value.message


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("WABOT_PORT=1000\nWABOT_HOST=0.0.0.0\n")
    settings = load_settings(environ={"WABOT_PORT": "2000"})
    assert (settings["WABOT_PORT"], settings["WABOT_HOST"]) == (2000, "0.0.0.0")
    assert settings.env_file == Path(".env")


def test_files_that_are_handed_over_stand_between_the_file_and_the_environment(
    tmp_path: Path,
) -> None:
    handed = tmp_path / "credentials"
    handed.mkdir()
    (handed / "WHATSAPP_VERIFY_TOKEN").write_text("handed over\n", encoding="utf-8")
    (handed / "unknown").write_text("x", encoding="utf-8")
    (tmp_path / ".env").write_text("WHATSAPP_VERIFY_TOKEN=of the file\n", encoding="utf-8")
    given = {"CREDENTIALS_DIRECTORY": str(handed)}
    word = "WHATSAPP_VERIFY_TOKEN"
    assert load_settings(environ=given)[word] == "handed over"
    # An empty line of an env file says nothing, one that says something wins.
    assert load_settings(environ=given | {word: ""})[word] == "handed over"
    assert load_settings(environ=given | {word: "given"})[word] == "given"
    assert load_settings(environ=given).warnings == ()
    (handed / word).write_bytes(b"\xff")
    with pytest.raises(ConfigurationError, match="WHATSAPP_VERIFY_TOKEN cannot be read"):
        load_settings(environ=given)


def test_a_dollar_sign_in_the_file_is_a_dollar_sign(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("WHATSAPP_VERIFY_TOKEN=a${HOME}b\n")
    assert load_settings(environ={})["WHATSAPP_VERIFY_TOKEN"] == "a${HOME}b"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"WABOT_HOST=\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"\.env cannot be read"):
        load_settings(environ={})


def test_a_name_that_is_no_setting_is_reported_with_the_likely_one() -> None:
    settings = load_settings(environ={"WABOT_PROT": "1", "WHATSAPP_APP_SECRETS": "x", "HOME": "/"})
    assert len(settings.warnings) == 2
    assert "Did you mean WABOT_PORT?" in settings.warnings[0]
    assert "Did you mean WHATSAPP_APP_SECRET?" in settings.warnings[1]


def test_secrets_are_found_by_app_and_never_shown() -> None:
    environ = {
        "WHATSAPP_APP_ID": "12345",
        "WHATSAPP_APP_SECRET": "one,two",
        "WHATSAPP_MORE_APPS": "678=three",
        "WHATSAPP_VERIFY_TOKEN": "four",
        "WABOT_MASTER_KEY": KEY,
        "WABOT_DATABASE_PASSWORD": "of another server",
        "DATABASE_URL": "postgresql://me:five@db/wabot",
    }
    settings = load_settings(environ=environ)
    assert settings.apps == {"12345": ("one", "two"), "678": ("three",)}
    secrets = {"one", "two", "three", "four", "of another server", KEY}
    assert secrets <= set(settings.secret_words)
    shown = repr(settings)
    assert "WHATSAPP_APP_SECRET" in shown
    assert not any(secret in shown for secret in ("one", "three", "four", "five", KEY))


def test_an_unknown_name_is_a_bug() -> None:
    with pytest.raises(KeyError):
        load_settings(environ={})["WABOT_NOPE"]


def test_the_home_folder_is_absolute_and_given_by_its_setting(tmp_path: Path) -> None:
    assert home_folder({"WABOT_HOME": "data"}) == tmp_path / "data"
    assert load_settings(environ={"WABOT_HOME": "data"}).home == tmp_path / "data"
    assert home_folder({}).is_absolute()
    assert home_folder({}) == load_settings(environ={}).home


def test_the_example_file_sets_nothing_but_defaults(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(env_example(), encoding="utf-8")
    assert (
        load_settings(environ={}).values
        == load_settings(environ={}, env_file=tmp_path / "none").values
    )
    named = env_example()
    assert all(f"{known.name}=" in named for known in SETTINGS)
    assert not any(dotenv_values(tmp_path / ".env").values())


def test_migrations_and_templates_are_found_from_any_folder() -> None:
    assert bundled("migrations").is_dir()
    assert bundled("tenant_templates").is_dir()
