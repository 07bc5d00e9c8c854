"""Names that tables share: constraint naming and the tokens that stand for a placement."""

NAMING_CONVENTION = {
    "ix": "%(table_name)s_%(column_0_N_name)s_ix",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s_check",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "pk": "%(table_name)s_pkey",
}

CENTRAL_SCHEMA = "wabot"

# A schema and a table prefix that exist nowhere: a statement that was not rendered for a tenant
# is refused by PostgreSQL instead of reaching somebody's tables.
TENANT_SCHEMA_MARK = "tenant"
TENANT_PREFIX_MARK = "__wbp__"

# The login that `wabot serve` runs as; it takes a tenant's own role for each tenant transaction.
RUNTIME_ROLE = "wabot_runtime"
