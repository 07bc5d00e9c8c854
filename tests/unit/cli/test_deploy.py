"""`wabot deploy`: files that name real commands and settings, and replace nothing silently."""

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deployed import deploy, health_check, instructions, understood, unit, words_of
from wabot.cli import deployment
from wabot.cli.workers import PATIENCE
from wabot.config import PACKAGE, REQUIRED_TO_SERVE, SETTINGS

NAMES = {setting.name for setting in SETTINGS}
UNITS = ("wabot.service", "wabot-upgrade.service")
CONTAINER = ("Dockerfile", "Dockerfile.dockerignore")
KINDS = {
    "systemd": UNITS,
    "docker": (*CONTAINER, "server.env"),
    "compose": (*CONTAINER, "compose.yaml", "server.env", "owner.env"),
}


def made(kind: str, folder: Path, *words: str) -> Path:
    done = deploy(kind, "--out", str(folder), *words)
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in folder.iterdir()) == sorted(KINDS[kind])
    return folder


@pytest.fixture
def composed(tmp_path: Path) -> dict[str, Any]:
    folder = made("compose", tmp_path / "out", "--workers", "3")
    found: dict[str, Any] = yaml.safe_load((folder / "compose.yaml").read_text(encoding="utf-8"))
    return found


def test_a_server_may_write_the_log_that_the_readme_names(tmp_path: Path) -> None:
    made("systemd", tmp_path)
    (named,) = re.findall(
        r"`WABOT_LOG_FILE=(\S+)`", (PACKAGE.parent / "README.md").read_text("utf-8")
    )
    (folder,) = unit(tmp_path / "wabot.service")["LogsDirectory"]
    assert Path(named).parent == Path("/var/log") / folder


def test_the_units_start_what_the_command_line_knows(tmp_path: Path) -> None:
    made("systemd", tmp_path, "--workers", "3", "--program", "/opt/wabot/bin/wabot")
    server, upgrade = (unit(tmp_path / name) for name in UNITS)
    (start,) = server["ExecStart"]
    assert start.startswith("/opt/wabot/bin/wabot serve ")
    assert understood(words_of(start))["workers"] == 3
    steps = upgrade["ExecStart"]
    assert [words_of(step)[1:] for step in steps] == [
        ["db", "upgrade"],
        ["tenant", "migrate", "--all"],
    ]
    for step in steps:
        understood(words_of(step))
    # A shop that cannot be migrated is no reason not to start the others.
    assert [step.startswith("-") for step in steps] == [False, True]
    assert "wabot-upgrade.service" in server["After"][0]
    assert "wabot-upgrade.service" in server["Wants"][0]
    assert server["ExecReload"] == ["/bin/kill -HUP $MAINPID"]


def test_one_worker_cannot_be_replaced_by_itself(tmp_path: Path) -> None:
    made("systemd", tmp_path, "--workers", "1")
    assert unit(tmp_path / "wabot.service")["ExecReload"] == []


def test_whoever_stops_the_server_waits_longer_than_it_does(
    tmp_path: Path, composed: dict[str, Any]
) -> None:
    made("systemd", tmp_path / "units")
    server = unit(tmp_path / "units" / "wabot.service")
    assert int(server["TimeoutStopSec"][0]) > PATIENCE
    grace = composed["services"]["server"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) > PATIENCE


def test_nothing_runs_as_root_or_may_become_it(tmp_path: Path, composed: dict[str, Any]) -> None:
    made("systemd", tmp_path / "units", "--user", "shopkeeper", "--home", "/srv/shops")
    for name in UNITS:
        found = unit(tmp_path / "units" / name)
        assert found["User"] == ["shopkeeper"]
        assert found["ProtectSystem"] == ["strict"]
        assert found["NoNewPrivileges"] == ["yes"]
        assert found["CapabilityBoundingSet"] == [""]
        assert found["ReadWritePaths"] == ["/srv/shops"]
    users = [rest for word, rest in instructions(tmp_path / "out" / "Dockerfile") if word == "USER"]
    assert users == ["10001:10001"]
    for name in ("server", "upgrade", "migrate", "operator"):
        service = composed["services"][name]
        assert service["user"] == users[-1]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
@pytest.mark.parametrize("more", [[], ["--workers", "1"], ["--credentials", "/etc/wabot/keys"]])
def test_systemd_takes_the_units(tmp_path: Path, more: list[str]) -> None:
    made("systemd", tmp_path, "--program", sys.executable, *more)
    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / name) for name in UNITS)],
        capture_output=True,
        text=True,
        check=False,
    )
    own = [line for line in done.stderr.splitlines() if str(tmp_path) in line]
    assert (done.returncode, own) == (0, [])


def test_secrets_may_come_as_files(tmp_path: Path) -> None:
    made("systemd", tmp_path, "--credentials", "/etc/wabot/keys")
    server, upgrade = (unit(tmp_path / name)["LoadCredential"] for name in UNITS)
    names = [line.partition(":")[0] for line in upgrade]
    assert set(names) <= NAMES
    assert all(
        line == f"{name}:/etc/wabot/keys/{name}" for name, line in zip(names, upgrade, strict=True)
    )
    # The owner's login is for the upgrade alone.
    assert set(upgrade) - set(server) == {"DATABASE_URL:/etc/wabot/keys/DATABASE_URL"}


def test_the_image_is_built_of_what_there_is_and_starts_the_server(tmp_path: Path) -> None:
    made("docker", tmp_path, "--workers", "4")
    steps = instructions(tmp_path / "Dockerfile")
    given = dict(steps)
    command = [*json.loads(given["ENTRYPOINT"]), *json.loads(given["CMD"])]
    assert understood(command)["workers"] == 4
    assert given["STOPSIGNAL"] == "SIGTERM"
    assert given["VOLUME"] == "/var/lib/wabot"
    variables = dict(pair.split("=", 1) for pair in given["ENV"].split())
    assert {name for name in variables if name.startswith("WABOT_")} <= NAMES
    assert variables["WABOT_HOME"] == given["VOLUME"] == given["WORKDIR"]
    assert variables["WABOT_PORT"] == given["EXPOSE"]
    assert [word for word, _ in steps if word in {"ADD", "MAINTAINER"}] == []
    # The last stage alone is kept: no sources, no compiler's leftovers.
    copied = [rest for word, rest in steps if word == "COPY"]
    assert copied == [". /src", "--from=build /opt/wabot /opt/wabot"]
    ignored = (tmp_path / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    taken = {line[1:] for line in ignored if line.startswith("!")}
    assert taken == {"LICENSE*", "README.md", "migrations", "pyproject.toml", "tenant_templates",
                     "wabot"}  # fmt: skip


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_asks_whether_the_server_is_ready(
    tmp_path: Path, status: int, code: int
) -> None:
    class Ready(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    made("docker", tmp_path)
    program, option, probe = health_check(tmp_path / "Dockerfile")
    assert (program, option) == ("python", "-c")
    with HTTPServer(("127.0.0.1", 0), Ready) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        # A proxy of the environment is not asked about this machine.
        environment = {**os.environ, "http_proxy": "http://127.0.0.1:1"}
        here = probe.replace("9464", str(server.server_port))
        assert here != probe
        done = subprocess.run(
            [sys.executable, "-c", here], env=environment, capture_output=True, check=False
        )
        thread.join()
    assert done.returncode == code, done.stderr


def test_compose_brings_the_tables_up_to_date_before_it_serves(
    composed: dict[str, Any], tmp_path: Path
) -> None:
    services = composed["services"]
    waits = {name: service.get("depends_on", {}) for name, service in services.items()}
    assert waits["server"]["migrate"] == {"condition": "service_completed_successfully"}
    assert waits["migrate"]["upgrade"] == {"condition": "service_completed_successfully"}
    assert waits["upgrade"]["postgres"] == {"condition": "service_healthy"}
    assert {other for found in waits.values() for other in found} <= services.keys()
    assert understood(["wabot", *services["server"]["command"]])["workers"] == 3
    understood(["wabot", *services["upgrade"]["command"]])
    shell, option, script = services["migrate"]["entrypoint"]
    assert (shell, option) == ("sh", "-c")
    command, _, otherwise = script.partition(" || ")
    assert (understood(command.split())["all_"], otherwise) == (True, "true")
    build = services["server"]["build"]
    assert Path(build["dockerfile"]) == tmp_path / "out" / "Dockerfile"
    assert (Path(build["context"]) / "pyproject.toml").is_file()
    used = {
        volume.partition(":")[0]
        for service in services.values()
        for volume in service.get("volumes", ())
    }
    assert used == composed["volumes"].keys()


def test_compose_publishes_webhooks_to_this_machine_and_nothing_else(
    composed: dict[str, Any], tmp_path: Path
) -> None:
    published = [
        port for service in composed["services"].values() for port in service.get("ports", ())
    ]
    given = dict(instructions(tmp_path / "out" / "Dockerfile"))
    assert published == [f"127.0.0.1:{given['EXPOSE']}:{given['EXPOSE']}"]


def test_only_the_upgrade_and_the_operator_know_the_owners_login(
    composed: dict[str, Any], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    known = {name: service["env_file"] for name, service in composed["services"].items()}
    assert known["server"] == "server.env"
    assert known["upgrade"] == known["operator"] == ["server.env", "owner.env"]
    given = {}
    for name in ("server.env", "owner.env"):
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        given[name] = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
        assert set(given[name]) <= NAMES | {"POSTGRES_PASSWORD"}
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert "DATABASE_URL" not in given["server.env"]
    password = given["owner.env"]["POSTGRES_PASSWORD"]
    assert (
        given["owner.env"]["DATABASE_URL"] == f"postgresql://wabot_owner:{password}@postgres/wabot"
    )


def test_every_installation_has_passwords_and_keys_of_its_own(tmp_path: Path) -> None:
    one, other = (made("compose", tmp_path / name) for name in "ab")
    for name in ("server.env", "owner.env"):
        assert (one / name).read_bytes() != (other / name).read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_again_changes_nothing_and_other_files_are_not_replaced(
    tmp_path: Path, kind: str
) -> None:
    folder = made(kind, tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    again = json.loads(deploy(kind, "--out", str(folder), "--json").stdout)
    states = {Path(row["file"]).name: row["state"] for row in again["data"]}
    assert set(states.values()) <= {"unchanged", "kept"}
    refused = deploy(kind, "--out", str(folder), "--workers", "7")
    assert (refused.exit_code, "--force" in refused.stderr) == (4, True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    forced = json.loads(
        deploy(kind, "--out", str(folder), "--workers", "7", "--force", "--json").stdout
    )
    states = {Path(row["file"]).name: row["state"] for row in forced["data"]}
    assert "replaced" in states.values()
    # Keys that open what is stored: nothing replaces them.
    kept = {name for name, state in states.items() if state == "kept"}
    assert kept == {name for name in KINDS[kind] if name.endswith(".env")}
    assert all((folder / name).read_bytes() == before[name] for name in kept)


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.write_text("somebody's", encoding="utf-8")
    (folder / "Dockerfile").symlink_to(elsewhere)
    assert deploy("docker", "--out", str(folder), "--force").exit_code == 0
    assert elsewhere.read_text(encoding="utf-8") == "somebody's"
    assert not (folder / "Dockerfile").is_symlink()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["systemd"], "Missing option '--out'"),
        (["systemd", "--user", "root"], "ordinary user"),
        (["systemd", "--user", "a b"], "ordinary user"),
        (["systemd", "--home", "/srv/my shops"], "--home '/srv/my shops' holds characters"),
        (["systemd", "--home", "/srv/100%h"], "holds characters"),
        (["systemd", "--env-file", '/etc/"x'], "holds characters"),
        (["systemd", "--program", "/opt/$HOME/wabot"], "holds characters"),
        (["systemd", "--credentials", "/etc/x:y"], "holds characters"),
        (["systemd", "--workers", "0"], "workers"),
        (["compose", "--checkout", "/srv/a\nb"], "holds characters"),
        (["compose", "--checkout", "/nowhere"], "/nowhere is no checkout of wabot"),
        (["docker", "--checkout", "/nowhere"], "/nowhere is no checkout of wabot"),
        (["kubernetes"], "No such command"),
    ],
)
def test_what_would_be_read_otherwise_is_refused(
    tmp_path: Path, words: list[str], told: str
) -> None:
    folder = tmp_path / "out"
    out = [] if told.startswith("Missing") else ["--out", str(folder)]
    done = deploy(*words, *out)
    assert (done.exit_code, told in done.stderr) == (2, True), done.output
    assert not folder.exists()


def test_an_installed_wabot_does_not_take_any_folder_for_its_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployment, "PACKAGE", tmp_path / "site-packages" / "wabot")
    monkeypatch.chdir(tmp_path)
    for kind in ("docker", "compose"):
        done = deploy(kind, "--out", str(tmp_path / "out"))
        assert (done.exit_code, "--checkout" in done.stderr) == (2, True), done.output
        assert not (tmp_path / "out").exists()
    assert deployment.checkout_at(str(PACKAGE.parent)) == str(PACKAGE.parent)
    monkeypatch.chdir(PACKAGE.parent)
    assert deployment.checkout_at("") == str(PACKAGE.parent)


def test_the_container_is_started_with_files_that_are_there(tmp_path: Path) -> None:
    folder = tmp_path / "of my shops"
    build, run = json.loads(deploy("docker", "--out", str(folder), "--json").stdout)["next"]
    words = shlex.split(build)
    assert Path(words[words.index("-f") + 1]) == folder / "Dockerfile"
    assert (Path(words[-1]) / "pyproject.toml").is_file()
    words = shlex.split(run)
    settings = Path(words[words.index("--env-file") + 1])
    names = [line.partition("=")[0] for line in settings.read_text(encoding="utf-8").splitlines()]
    given = {name for name in names if not name.startswith("#")}
    assert given == {*REQUIRED_TO_SERVE, "RUNTIME_DATABASE_URL", "WHATSAPP_APP_ID"}
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600


def test_the_units_are_installed_from_a_folder_of_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "of my shops"
    _, install, _ = json.loads(deploy("systemd", "--out", str(folder), "--json").stdout)["next"]
    assert [
        path for name in UNITS if (path := str(folder / name)) not in shlex.split(install)
    ] == []


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = deploy("docker", "--out", str(tmp_path / "file"))
    assert (done.exit_code, "cannot be" in done.stderr) == (2, True)
