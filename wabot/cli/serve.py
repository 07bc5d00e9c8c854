"""`wabot serve`: the webhook runtime."""

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wabot.cli.tenant.options import TemplateDir
from wabot.cli.worker import (
    ADMIN_OPTION,
    CHECKED_OPTION,
    LISTENER_OPTION,
    METRICS_OPTION,
    WATCHER_OPTION,
)
from wabot.domain.counted import counted

if TYPE_CHECKING:
    from socket import socket

    from wabot.cli.output import Output
    from wabot.config import Examination, Settings
    from wabot.container import CentralUrls


def serve(  # noqa: PLR0917 - a command's options
    host: Annotated[
        str, typer.Option(help="Address to listen on; default: WABOT_HOST.", show_default=False)
    ] = "",
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Port to listen on; default: WABOT_PORT.", show_default=False
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share the port.")] = 1,
    template_dir: TemplateDir = None,
    skip_checks: Annotated[
        list[str] | None,
        typer.Option(
            metavar="IDS", help="Start although these checks fail: ids or categories, by commas."
        ),
    ] = None,
    listener: Annotated[int, typer.Option(LISTENER_OPTION, hidden=True)] = -1,
    admin: Annotated[int, typer.Option(ADMIN_OPTION, hidden=True)] = -1,
    metrics: Annotated[Path | None, typer.Option(METRICS_OPTION, hidden=True)] = None,
    watcher: Annotated[int, typer.Option(WATCHER_OPTION, hidden=True)] = -1,
    checked: Annotated[bool, typer.Option(CHECKED_OPTION, hidden=True)] = False,
) -> None:
    """Receive WhatsApp's webhooks and answer customers, until SIGTERM or Ctrl-C.

    Checks itself first, and beside the server from then on: see `wabot check`. With several
    workers SIGHUP replaces them one after the other, and nobody is refused meanwhile.
    """
    from wabot import logs
    from wabot.cli.output import Output
    from wabot.config import REQUIRED_TO_SERVE, examine_settings, settings_of, use_template_dir
    from wabot.container import open_central

    use_template_dir(template_dir)
    found = examine_settings()
    settings = settings_of(found, require=REQUIRED_TO_SERVE)
    logs.configure(
        settings["WABOT_LOG_LEVEL"],
        settings["WABOT_LOG_FORMAT"],
        secrets=settings.secret_words,
        file=settings["WABOT_LOG_FILE"],
    )
    given = _Given(listener, admin, watcher, metrics, checked)
    with open_central(settings, watched=not given.is_worker) as urls:
        serving = _Serving(
            Output("serve"),
            found,
            settings,
            urls,
            host or settings["WABOT_HOST"],
            settings["WABOT_PORT"] if port is None else port,
            workers,
            tuple(name for words in skip_checks or () for name in words.split(",")),
        )
        serving.begin(given)


@dataclass(frozen=True, slots=True)
class _Given:
    """What the watcher of several workers hands each of them; descriptors below 0 are none."""

    listener: int
    admin: int
    watcher: int
    metrics: Path | None
    checked: bool

    @property
    def is_worker(self) -> bool:
        """Tell whether somebody watches this process."""
        return self.listener >= 0


@dataclass(frozen=True, slots=True)
class _Serving:
    """One run of the command, once its settings are read."""

    out: "Output"
    found: "Examination"
    settings: "Settings"
    urls: "CentralUrls"
    host: str
    port: int
    workers: int
    skipped: tuple[str, ...]

    def begin(self, given: _Given) -> None:
        """Check, then serve until told to stop: alone, as a worker, or by watching workers."""
        from wabot.cli.check.at_start import beside, check

        if not given.checked:
            check(self.out, self.found, self.urls, self.skipped)
        admin = _opened(given.admin) if given.is_worker else self._listen_to_operators()
        checks = beside(self.found, self.settings, self.urls, self.skipped)
        with nullcontext() if given.is_worker else checks:
            if self.workers > 1 and not given.is_worker:
                self._watch(admin)
            else:
                self._serve(given, admin)

    def _listen_to_operators(self) -> "socket | None":
        from wabot.server import admin_listener

        if self.settings["WABOT_ADMIN_PORT"] is None:
            return None
        admin = admin_listener(self.settings["WABOT_ADMIN_HOST"], self.settings["WABOT_ADMIN_PORT"])
        where = _shown(*admin.getsockname()[:2])
        self.out.note(f"Operators ask http://{where}: /metrics, /readyz, /healthz")
        return admin

    async def _prove(self, actual_port: int) -> None:
        from wabot.cli.check.at_start import check_routes

        await check_routes(self.out, self.found, self.host, actual_port, self.skipped)

    def _watch(self, admin: "socket | None") -> None:
        """Keep so many workers alive on one port."""
        from wabot.cli.check.at_start import run_checks
        from wabot.cli.workers import watch_workers
        from wabot.gateways.metrics_files import delete_folder, make_folder, metrics_home

        measured = self.settings["WABOT_METRICS"] == "on"
        folder = make_folder(metrics_home(self.settings.home)) if measured else None
        again = watch_workers(
            self.workers,
            self.host,
            self.port,
            ["--skip-checks", ",".join(self.skipped)] if self.skipped else [],
            admin=admin,
            metrics=folder,
            listening=lambda actual_port: run_checks(self._prove(actual_port)),
        )
        if folder is not None:
            delete_folder(folder)
        stopped = counted(self.workers, "server")
        self.out.note(f"Stopped {stopped}; {again} had to be started anew meanwhile.")

    def _serve(self, given: _Given, admin: "socket | None") -> None:
        """Serve in this process."""
        from wabot.cli.event_loop import run
        from wabot.container import build_runtime
        from wabot.server import serve_until_told

        runtime = build_runtime(
            self.settings,
            self.urls.runtime_url,
            workers=self.workers,
            shared_metrics=given.metrics,
        )

        def ready(actual_port: int) -> None:
            self.out.note(f"Listening on http://{_shown(self.host, actual_port)}/webhook")

        run(
            serve_until_told(
                runtime,
                self.host,
                self.port,
                ready,
                listener=_opened(given.listener),
                watcher=_opened(given.watcher),
                admin=admin,
                # Who watches several asks them once for all.
                prove=None if given.checked else self._prove,
            )
        )
        self.out.note("Stopped; nothing was left half done.")


def _opened(descriptor: int) -> "socket | None":
    import socket

    return None if descriptor < 0 else socket.socket(fileno=descriptor)


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
