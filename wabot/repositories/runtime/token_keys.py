"""Which master keys the clients' tokens are encrypted with."""

from wabot.repositories.conninfo import connect

_IN_USE = "SELECT split_part(whatsapp_token, '.', 2), count(*) FROM wabot.clients GROUP BY 1"


def keys_in_use(conninfo: str) -> dict[str, int]:
    """Return how many tokens there are by the id of their key; the runtime's login is enough."""
    with connect(conninfo, autocommit=True) as connection:
        rows = connection.execute(_IN_USE).fetchall()
    return {str(key): int(str(count)) for key, count in rows}
