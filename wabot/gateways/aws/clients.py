"""Clients of AWS services; credentials, region and endpoint are the SDK's ordinary settings."""

from functools import partial
from typing import Any

from wabot.config import surroundings


def aws_client(
    service: str, *, region: str = "", connect: float = 5, read: float = 30, attempts: int = 3
) -> Any:
    """Return a client of a service, safe to use from several threads; nothing is asked yet.

    Raises the SDK's own errors for settings that cannot be: ask for it inside `aws_errors`.
    """
    import boto3
    from botocore.config import Config

    # Of all of AWS's tools only this SDK does not read it by itself.
    region = region or surroundings().get("AWS_REGION", "")

    config = Config(
        connect_timeout=connect, read_timeout=read, retries={"total_max_attempts": attempts}
    )
    # A session of its own: the default one is shared and not made for threads.
    session: Any = boto3.session.Session()
    return session.client(service, region_name=region or None, config=config)


quick_client = partial(aws_client, connect=3, read=8, attempts=2)
"""The same for looks: somebody waits, or a server asks again in a while."""
