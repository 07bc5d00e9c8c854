"""`wabot serve`: the webhook runtime."""

from typing import Annotated

import typer

from wabot.cli.tenant_options import TemplateDir
from wabot.cli.workers import SHARED_PORT_OPTION

REQUIRED = ("WABOT_MASTER_KEY", "WHATSAPP_APP_SECRET", "WHATSAPP_VERIFY_TOKEN")


def serve(
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
    shared_port: Annotated[bool, typer.Option(SHARED_PORT_OPTION, hidden=True)] = False,
) -> None:
    """Receive WhatsApp's webhooks and answer customers, until SIGTERM or Ctrl-C."""
    from wabot import logs
    from wabot.cli.event_loop import run
    from wabot.cli.output import Output
    from wabot.config import load_settings, use_template_dir
    from wabot.container import build_runtime, open_central, require_ready
    from wabot.server import serve_until_told

    use_template_dir(template_dir)
    settings = load_settings(require=REQUIRED)
    logs.configure(
        settings["WABOT_LOG_LEVEL"], settings["WABOT_LOG_FORMAT"], secrets=settings.secret_words
    )
    out = Output("serve")
    address = host or settings["WABOT_HOST"]
    chosen = settings["WABOT_PORT"] if port is None else port
    with open_central(settings) as urls:
        require_ready(settings, urls)
        if workers > 1:
            from wabot.cli.workers import watch_workers

            again = watch_workers(workers, address, chosen)
            out.note(f"Stopped {workers} servers; {again} had to be started anew meanwhile.")
            return
        runtime = build_runtime(settings, urls.runtime_url)

        def ready(actual_port: int) -> None:
            shown = f"[{address}]" if ":" in address else address
            out.note(f"Listening on http://{shown}:{actual_port}/webhook")

        run(serve_until_told(runtime, address, chosen, ready, shared=shared_port))
    out.note("Stopped; nothing was left half done.")
