"""The unit's commands, run by hand as systemd runs them."""

import asyncio
import os
import signal
import socket
import subprocess
from pathlib import Path

import aiohttp

from tests.deployed import deploy, unit, words_of

_SECRET = ("DATABASE_URL", "RUNTIME_DATABASE_URL", "WABOT_MASTER_KEY", "WHATSAPP_APP_SECRET")


def free_port() -> int:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port: int = holder.getsockname()[1]
        return port


def surroundings(found: dict[str, list[str]], folder: Path) -> dict[str, str]:
    """Return the environment that systemd makes of a unit, its credentials in the folder."""
    variables = {"PATH": os.environ["PATH"]}
    for name in found["EnvironmentFile"]:
        path = Path(name.removeprefix("-"))
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        variables |= dict(line.split("=", 1) for line in lines)
    folder.mkdir()
    for line in found["LoadCredential"]:
        name, _, source = line.partition(":")
        (folder / name).write_bytes(Path(source).read_bytes())
    return variables | {"CREDENTIALS_DIRECTORY": str(folder)}


async def test_the_units_commands_serve_with_their_environment_and_sigterm_ends_them_with_0(
    environment: dict[str, str], tmp_path: Path
) -> None:
    home, keys = tmp_path / "srv", tmp_path / "keys"
    home.mkdir()
    keys.mkdir()
    done = deploy(
        *("systemd", "--out", str(tmp_path / "units"), "--home", str(home)),
        *("--credentials", str(keys), "--workers", "2"),
    )
    assert done.exit_code == 0, done.output
    admin = free_port()
    given = {
        **environment,
        "WABOT_PORT": str(free_port()),
        "WABOT_ADMIN_PORT": str(admin),
        # An empty line says nothing about what a file holds.
        "WHATSAPP_APP_SECRET": "",
    }
    public = {name: value for name, value in given.items() if not value or name not in _SECRET}
    (home / ".env").write_text("".join(f"{n}={v}\n" for n, v in public.items()), encoding="utf-8")
    for name in (*_SECRET, "WHATSAPP_VERIFY_TOKEN"):
        (keys / name).write_text(f"{environment[name]}\n", encoding="utf-8")

    upgrade = unit(tmp_path / "units" / "wabot-upgrade.service")
    variables = surroundings(upgrade, tmp_path / "upgrade")
    for step in upgrade["ExecStart"]:
        await asyncio.to_thread(
            subprocess.run, words_of(step), env=variables, cwd=home, check=True, timeout=60
        )

    server = unit(tmp_path / "units" / "wabot.service")
    variables = surroundings(server, tmp_path / "server")
    assert "DATABASE_URL" not in {path.name for path in (tmp_path / "server").iterdir()}
    (start,) = server["ExecStart"]
    process = await asyncio.create_subprocess_exec(*words_of(start), env=variables, cwd=home)
    try:
        async with aiohttp.ClientSession() as session, asyncio.timeout(60):
            while True:
                try:
                    async with session.get(f"http://127.0.0.1:{admin}/readyz") as ready:
                        if ready.status == 200:
                            break
                except aiohttp.ClientConnectionError:
                    assert process.returncode is None
                await asyncio.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        patience = int(server["TimeoutStopSec"][0])
        assert await asyncio.wait_for(process.wait(), patience) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
