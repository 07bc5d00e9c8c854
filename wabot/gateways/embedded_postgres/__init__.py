"""A real PostgreSQL under WABOT_HOME for those who have no server: started when used, shared."""

from wabot.gateways.embedded_postgres.embedded import EmbeddedPostgres, EmbeddedServer

__all__ = ["EmbeddedPostgres", "EmbeddedServer"]
