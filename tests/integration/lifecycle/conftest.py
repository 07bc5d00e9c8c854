"""The fixtures of the tenants' tests: the real use cases over a real central database."""

from tests.integration.tenants.conftest import (
    central,
    cli,
    create,
    engine,
    tenants,
    use_case,
)

__all__ = ["central", "cli", "create", "engine", "tenants", "use_case"]
