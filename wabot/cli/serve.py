"""`wabot serve`: the webhook runtime."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from wabot.cli.tenant.options import TemplateDir
from wabot.cli.workers import (
    ADMIN_OPTION,
    CHECKED_OPTION,
    LISTENER_OPTION,
    METRICS_OPTION,
    WATCHER_OPTION,
)


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
    import socket

    from wabot import logs
    from wabot.cli.check.at_start import beside, check, check_routes, run_checks
    from wabot.cli.event_loop import run
    from wabot.cli.output import Output
    from wabot.config import REQUIRED_TO_SERVE, examine_settings, settings_of, use_template_dir
    from wabot.container import build_runtime, open_central
    from wabot.gateways.metrics_files import delete_folder, make_folder, metrics_home
    from wabot.server import admin_listener, serve_until_told

    use_template_dir(template_dir)
    found = examine_settings()
    settings = settings_of(found, require=REQUIRED_TO_SERVE)
    logs.configure(
        settings["WABOT_LOG_LEVEL"],
        settings["WABOT_LOG_FORMAT"],
        secrets={*found.secrets, *settings.secret_words},
        file=settings["WABOT_LOG_FILE"],
    )
    out = Output("serve")
    address = host or settings["WABOT_HOST"]
    chosen = settings["WABOT_PORT"] if port is None else port

    def opened(descriptor: int) -> socket.socket | None:
        return None if descriptor < 0 else socket.socket(fileno=descriptor)

    with open_central(settings, watched=listener < 0) as urls:
        skipped = tuple(name for given in skip_checks or () for name in given.split(","))
        if not checked:
            check(out, found, urls, skipped)

        async def prove(actual_port: int) -> None:
            await check_routes(out, found, address, actual_port, skipped)

        operators = opened(admin)
        if listener < 0 and settings["WABOT_ADMIN_PORT"] is not None:
            operators = admin_listener(settings["WABOT_ADMIN_HOST"], settings["WABOT_ADMIN_PORT"])
            where = _shown(*operators.getsockname()[:2])
            out.note(f"Operators ask http://{where}: /metrics, /readyz, /healthz")
        if workers > 1 and listener < 0:
            from wabot.cli.workers import watch_workers

            measured = settings["WABOT_METRICS"] == "on"
            folder = make_folder(metrics_home(settings.home)) if measured else None
            options = ["--skip-checks", ",".join(skipped)] if skipped else []
            with beside(found, settings, urls, skipped):
                again = watch_workers(
                    workers,
                    address,
                    chosen,
                    options,
                    admin=operators,
                    metrics=folder,
                    listening=lambda actual_port: run_checks(prove(actual_port)),
                )
            if folder is not None:
                delete_folder(folder)
            out.note(f"Stopped {workers} servers; {again} had to be started anew meanwhile.")
            return
        runtime = build_runtime(settings, urls.runtime_url, workers=workers, shared_metrics=metrics)

        def ready(actual_port: int) -> None:
            out.note(f"Listening on http://{_shown(address, actual_port)}/webhook")

        given: dict[str, Any] = {
            "listener": opened(listener),
            "watcher": opened(watcher),
            "admin": operators,
            # Who watches several asks them once for all.
            "prove": None if checked else prove,
        }
        alone = nullcontext() if listener >= 0 else beside(found, settings, urls, skipped)
        with alone:
            run(serve_until_told(runtime, address, chosen, ready, **given))
    out.note("Stopped; nothing was left half done.")


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
