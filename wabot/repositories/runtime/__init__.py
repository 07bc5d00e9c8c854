"""The runtime's repositories: psycopg in pipeline mode over one pool per server."""
