"""Templates, tables and rows of the clients: what `wabot tenant` needs of PostgreSQL."""
