"""RDS IAM authentication: a token stands in for the password, for fifteen minutes."""

import re
from functools import lru_cache
from typing import Any

from wabot.gateways.aws.clients import aws_client
from wabot.gateways.aws.errors import aws_errors

_HOST = re.compile(r"\.([a-z]{2}(?:-[a-z]+)+-\d)\.rds\.amazonaws\.com(?:\.cn)?$")


def region_of(host: str) -> str:
    """Return the region in the name of an RDS endpoint, empty for any other name."""
    match = _HOST.search(host)
    return match[1] if match else ""


def rds_token(host: str, port: int, user: str) -> str:
    """Return a token with which the user may log in there; signed here, nothing is asked of RDS.

    Blocking: the credentials that sign it may come over the network.
    """
    what = f"A token to log in to {host} as {user} cannot be made"
    with aws_errors(what, permission="rds-db:connect"):
        client = _client(region_of(host))
        return str(client.generate_db_auth_token(DBHostname=host, Port=port, DBUsername=user))


@lru_cache
def _client(region: str) -> Any:
    # Kept: it renews its credentials by itself.
    return aws_client("rds", region=region, connect=3, read=5)
