"""Which Meta apps the clients are bound to."""

from wabot.repositories.conninfo import connect

# Those whose customers may write; a client without an app is served by any.
_BOUND = """
SELECT app_id, string_agg(slug, ' ' ORDER BY slug)
  FROM wabot.clients
 WHERE app_id <> '' AND status IN ('active', 'suspended')
 GROUP BY app_id
 ORDER BY count(*) DESC, app_id
"""


def slugs_by_app(conninfo: str) -> dict[str, list[str]]:
    """Return the clients' slugs by their app; the runtime's login is enough."""
    with connect(conninfo, autocommit=True) as connection:
        rows = connection.execute(_BOUND).fetchall()
    return {str(app): str(slugs).split() for app, slugs in rows}
