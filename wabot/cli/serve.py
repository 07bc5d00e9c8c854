"""`wabot serve`: the webhook runtime."""

from typing import Annotated

import typer

from wabot.cli.tenant_options import TemplateDir
from wabot.cli.workers import LISTENER_OPTION, WATCHER_OPTION


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
    listener: Annotated[int, typer.Option(LISTENER_OPTION, hidden=True)] = -1,
    watcher: Annotated[int, typer.Option(WATCHER_OPTION, hidden=True)] = -1,
) -> None:
    """Receive WhatsApp's webhooks and answer customers, until SIGTERM or Ctrl-C.

    With several workers SIGHUP replaces them one after the other, and nobody is refused meanwhile.
    """
    import socket

    from wabot import logs
    from wabot.cli.event_loop import run
    from wabot.cli.output import Output
    from wabot.config import REQUIRED_TO_SERVE, load_settings, use_template_dir
    from wabot.container import build_runtime, open_central, require_ready
    from wabot.container.media import require_media_folder
    from wabot.server import serve_until_told

    use_template_dir(template_dir)
    settings = load_settings(require=REQUIRED_TO_SERVE)
    logs.configure(
        settings["WABOT_LOG_LEVEL"], settings["WABOT_LOG_FORMAT"], secrets=settings.secret_words
    )
    out = Output("serve")
    address = host or settings["WABOT_HOST"]
    chosen = settings["WABOT_PORT"] if port is None else port
    with open_central(settings, watched=listener < 0) as urls:
        require_ready(settings, urls)
        require_media_folder(settings)
        if workers > 1 and listener < 0:
            from wabot.cli.workers import watch_workers

            again = watch_workers(workers, address, chosen)
            out.note(f"Stopped {workers} servers; {again} had to be started anew meanwhile.")
            return
        runtime = build_runtime(settings, urls.runtime_url, workers=workers)

        def opened(descriptor: int) -> socket.socket | None:
            return None if descriptor < 0 else socket.socket(fileno=descriptor)

        def ready(actual_port: int) -> None:
            shown = f"[{address}]" if ":" in address else address
            out.note(f"Listening on http://{shown}:{actual_port}/webhook")

        given = {"listener": opened(listener), "watcher": opened(watcher)}
        run(serve_until_told(runtime, address, chosen, ready, **given))
    out.note("Stopped; nothing was left half done.")
