"""Creating and looking after tenants."""
