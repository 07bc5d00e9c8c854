"""The central tables as single commands look into them: with the owner's login."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from wabot.cli.output import Output
from wabot.cli.settings import read_settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from wabot.repositories.alerts.listing import SqlAlerts


@contextmanager
def open_tables(out: Output) -> Iterator[tuple["Engine", str]]:
    """Open the central tables; beside them who acts, for the audit."""
    from wabot.container import open_central
    from wabot.repositories.engines import database_errors, open_engine

    settings = read_settings(out)
    with open_central(settings) as urls, database_errors(urls.owner_url):
        engine = open_engine(urls.owner_url)
        try:
            yield engine, settings.operator
        finally:
            engine.dispose()


@contextmanager
def open_alerts(out: Output) -> Iterator[tuple["SqlAlerts", str]]:
    """Open the alerts; beside them who acts, for the audit."""
    from wabot.repositories.alerts.listing import SqlAlerts

    with open_tables(out) as (engine, actor):
        yield SqlAlerts(engine), actor
