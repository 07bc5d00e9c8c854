"""AWS over HTTP on loopback: moto's server, reached by the SDK's ordinary settings."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer

REGION = "us-east-1"


@contextmanager
def moto() -> Iterator[str]:
    """Serve an empty AWS; yields its endpoint."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    # It keeps what it has beyond its own end.
    httpx.post(f"{url}/moto-api/reset").raise_for_status()
    try:
        yield url
    finally:
        server.stop()


def use(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the SDK at it."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        # None of this machine's.
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)


@contextmanager
def client(service: str) -> Iterator[Any]:
    """Yield the SDK's client of a service."""
    made = boto3.client(service)
    try:
        yield made
    finally:
        made.close()
