"""The wheel, built and installed in a clean environment outside the checkout."""

import json
import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# A number chooses what the last message offers.
CHAT = """\
hola
2
arroz
2
1
frijol
3
2
Calle Reforma 123, colonia Centro
1
estado
"""

# What an extra brings is imported where that was installed alone.
OF_EXTRAS = ("wabot.gateways.traces",)
IMPORT_EVERYTHING = f"""
import importlib, pkgutil, wabot
for found in pkgutil.walk_packages(wabot.__path__, "wabot."):
    if found.name not in {OF_EXTRAS}:
        importlib.import_module(found.name)
print(wabot.__file__)
"""


@dataclass(frozen=True, slots=True)
class Installed:
    """A built wheel and an environment that holds it and what it needs, nothing else."""

    wheel: Path
    folder: Path

    @property
    def bin(self) -> Path:
        """Return the folder of the environment's programs."""
        return self.folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin")

    def pip(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run this environment's pip on that one."""
        command = [sys.executable, "-m", "pip", "--python", str(self.bin / "python"), *words]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)

    def run(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program of the environment in a folder that has nothing to do with us."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
        home = self.folder / "home"
        return subprocess.run(
            [self.bin / words[0], *words[1:]],
            input=stdin,
            env={**kept, "HOME": str(self.folder), "WABOT_HOME": str(home)},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def installed() -> Iterator[Installed]:
    # Closed to everybody else, as a clone below /root is: when root tests, the embedded server's
    # user can pass to neither the programs nor WABOT_HOME. Not pytest's own folder, which stays.
    with tempfile.TemporaryDirectory(prefix="wabot-wheel-") as name:
        folder = Path(name)
        build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", name]
        subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
        (wheel,) = folder.glob("*.whl")
        venv.create(folder / "venv")
        found = Installed(wheel, folder)
        # Compiling all of it would take longer than all else; what is used compiles itself.
        done = found.pip("install", "--quiet", "--no-compile", str(wheel))
        assert done.returncode == 0, done.stderr
        yield found


def _files(folder: str) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


# One test: its parts would go to different workers, and each would install it again.
@pytest.mark.timeout(900)  # a download may be slow
def test_the_wheel_works_outside_the_checkout(
    installed: Installed, subtests: pytest.Subtests
) -> None:
    with subtests.test("it carries migrations and templates, and no tests"):
        names = set(zipfile.ZipFile(installed.wheel).namelist())
        expected = _files("migrations") | _files("tenant_templates")
        assert {f"wabot/_bundled/{name}" for name in expected} <= names
        assert _files("wabot/deploy") <= names
        tops = {name.split("/")[0] for name in names}
        assert tops == {"wabot", f"wabot-{version('wabot')}.dist-info"}

    with subtests.test("all that it needs is declared"):
        done = installed.pip("check")
        assert (done.returncode, done.stdout.strip()) == (0, "No broken requirements found.")
        done = installed.run("python", "-c", IMPORT_EVERYTHING)
        assert done.returncode == 0, done.stderr
        assert Path(done.stdout.strip()).is_relative_to(installed.folder.resolve())

    with subtests.test("its command works from any folder"):
        done = installed.run("wabot", "--version")
        assert (done.returncode, done.stdout) == (0, f"wabot {version('wabot')}\n"), done.stderr
        done = installed.run("wabot", "--help")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("Usage: wabot ")

    with subtests.test("a piped chat ends in an order"):
        done = installed.run("wabot", "simulate", "conversation", "--json", stdin=CHAT)
        assert done.returncode == 0, done.stderr
        said = [json.loads(line).get("keys", []) for line in done.stdout.splitlines()]
        assert {"order.placed", "status.order"} <= {key for keys in said for key in keys}
        done = installed.run("wabot", "simulate", "orders", "--json")
        assert done.returncode == 0, done.stderr
        (order,) = json.loads(done.stdout)["data"]
        assert (order["status"], order["total"]) == ("pendiente", "190.00")
        assert order["delivery"] == "Calle Reforma 123, colonia Centro"
