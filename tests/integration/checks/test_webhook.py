"""The webhook's address as Meta sees it: reached, certified, verified, and known to Meta."""

import datetime as dt
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.harness import Harness, running
from tests.integration.checks.conftest import Checked

APP = "100200300400500"


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _write_certificate(folder: Path, *, ends: dt.timedelta, host: str = "localhost") -> Path:
    """Make an authority and a certificate of it; return the file with both and the key."""
    now = dt.datetime.now(dt.UTC)
    ours, theirs = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    begin = now - dt.timedelta(days=400)

    def build(
        subject: str, key: ec.EllipticCurvePrivateKey, end: dt.datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(_name(subject))
            .issuer_name(_name("Authority of the tests"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
        )

    identifier = x509.SubjectKeyIdentifier.from_public_key(ours.public_key())
    usage = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
         "key_agreement", "encipher_only", "decipher_only"), False
    )  # fmt: skip
    authority = (
        build("Authority of the tests", ours, now + dt.timedelta(days=400))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
        .add_extension(identifier, critical=False)
        .sign(ours, hashes.SHA256())
    )
    leaf = (
        build(host, theirs, now + ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
        .sign(ours, hashes.SHA256())
    )
    (folder / "authority.pem").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    path = folder / "server.pem"
    path.write_bytes(
        theirs.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + leaf.public_bytes(serialization.Encoding.PEM)
    )
    return path


@asynccontextmanager
async def _proxy(target: str, certificate: Path | None = None) -> AsyncIterator[str]:
    """What stands before a server in production: HTTPS, handing everything on."""

    async def hand_on(request: web.Request) -> web.Response:
        headers = {k: v for k, v in request.headers.items() if k.lower().startswith("x-hub")}
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                request.method,
                f"{target}{request.path_qs}",
                data=await request.read(),
                headers=headers,
            ) as answer,
        ):
            return web.Response(status=answer.status, text=await answer.text())

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", hand_on)
    runner = web.AppRunner(app)
    await runner.setup()
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    await web.TCPSite(runner, "localhost", 0, ssl_context=context).start()
    scheme = "https" if certificate else "http"
    try:
        yield f"{scheme}://localhost:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def served(environment: dict[str, str]) -> AsyncIterator[Harness]:
    # As Meta's are: a secret with spaces could not be a part of an app's own token.
    environment["WHATSAPP_APP_SECRET"] = "0123456789abcdef0123456789abcdef"
    async with running(environment) as harness:
        yield harness


@pytest.fixture
def variables(environment: dict[str, str], served: Harness) -> Callable[..., dict[str, str]]:
    def given(url: str, **more: str) -> dict[str, str]:
        return {
            **environment,
            "WABOT_PUBLIC_URL": url,
            "WHATSAPP_API_BASE": served.graph.url,
            **more,
        }

    return given


@pytest.fixture
def certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Make a certificate whose authority this process trusts."""

    def make(**options: object) -> Path:
        path = _write_certificate(tmp_path, **options)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        return path

    return make


def _statuses(found) -> dict[str, str]:
    return {
        name.removeprefix("webhook."): result.status.value
        for name, result in found.items()
        if name.startswith("webhook.")
    }


async def test_an_address_that_is_right_in_every_way(
    served: Harness, variables, certified, checked: Checked
) -> None:
    certificate = certified(ends=dt.timedelta(days=60, hours=1))
    async with _proxy(served.url, certificate) as url:
        served.graph.statuses.callback_url = f"{url}/webhook"
        found = await checked(variables(url), "webhook")
    assert set(_statuses(found).values()) == {"ok"}, found
    assert found["webhook.certificate"].detail == "60 days left"
    assert served.central("SELECT count(*) AS n FROM wabot.inbox") == [{"n": 0}]


async def test_an_expired_certificate_is_told_as_metas_library_would_tell_it(
    served: Harness, variables, certified, checked: Checked
) -> None:
    async with _proxy(served.url, certified(ends=-dt.timedelta(days=1))) as url:
        found = await checked(variables(url), "webhook")
    expired = found["webhook.certificate"]
    host = url.removeprefix("https://")
    assert (expired.status, expired.detail) == (
        "error",
        f"{url}/webhook has a certificate that Meta does not accept: certificate has expired",
    )
    assert expired.fix == (
        "Renew it at the proxy, with its whole chain; see: openssl s_client -connect " + host
    )
    assert found["webhook.reached"].detail == expired.detail
    assert _statuses(found)["handshake"] == "skipped"


async def test_a_certificate_that_ends_soon_is_a_warning(
    served: Harness, variables, certified, checked: Checked
) -> None:
    async with _proxy(served.url, certified(ends=dt.timedelta(days=5, hours=1))) as url:
        found = await checked(variables(url), "webhook.certificate")
    soon = found["webhook.certificate"]
    assert (soon.status, soon.detail) == ("warning", "5 days left")
    assert "renew it at the proxy" in soon.fix


async def test_a_certificate_of_another_name_or_of_nobody_is_refused(
    served: Harness, variables, certified, checked: Checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = certified(ends=dt.timedelta(days=60), host="other.example")
    async with _proxy(served.url, certificate) as url:
        other = (await checked(variables(url), "webhook.certificate"))["webhook.certificate"]
        monkeypatch.delenv("SSL_CERT_FILE")
        nobody = (await checked(variables(url), "webhook.certificate"))["webhook.certificate"]
    assert "Hostname mismatch" in other.detail
    assert "unable to get local issuer certificate" in nobody.detail


async def test_nothing_that_listens_is_told_with_what_to_start(variables, checked: Checked) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        public = await checked(variables(f"http://127.0.0.1:{port}"), "webhook")
        own = await checked(variables("", WABOT_PORT=str(port)), "webhook")
    assert public["webhook.reached"].status == "error"
    assert f"http://127.0.0.1:{port}/webhook is not reached" in public["webhook.reached"].detail
    assert public["webhook.reached"].fix.endswith(f"curl -v http://127.0.0.1:{port}/webhook")
    assert (own["webhook.address"].status, own["webhook.reached"].fix) == ("warning", "wabot serve")
    assert own["webhook.address"].fix.startswith("set WABOT_PUBLIC_URL in ")


async def test_a_proxy_that_hands_nothing_on_is_not_wabot(variables, checked: Checked) -> None:
    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="Welcome to nginx!")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        found = await checked(variables(url), "webhook")
    finally:
        await runner.cleanup()
    assert found["webhook.reached"].detail.endswith("that is not `wabot serve`")
    assert _statuses(found)["signature"] == "skipped"


async def test_a_server_with_other_secrets_than_this_machine_is_noticed(
    served: Harness, variables, checked: Checked
) -> None:
    async with _proxy(served.url) as url:
        found = await checked(
            variables(
                url.replace("localhost", "127.0.0.1"),
                WHATSAPP_APP_SECRET="secret of nobody",
                WHATSAPP_VERIFY_TOKEN="word of nobody",
            ),
            "webhook",
        )
    assert (found["webhook.handshake"].status, found["webhook.handshake"].detail) == (
        "error",
        "the handshake with our verify token is answered with HTTP 403",
    )
    assert found["webhook.signature"].detail == (
        f"a webhook signed with secret 1 of app {APP} is answered with HTTP 401"
    )
    assert "restart the server" in found["webhook.signature"].fix
    assert "nobody" not in str(list(found.values()))


async def test_what_meta_calls_instead_is_named_with_the_page_to_change_it_on(
    served: Harness, variables, checked: Checked
) -> None:
    served.graph.statuses.callback_url = "https://old.example/webhook"
    found = await checked(variables(served.url), "webhook.callback")
    callback = found["webhook.callback"]
    assert callback.detail == (
        f"for the app {APP}, Meta calls https://old.example/webhook, which is not"
        f" {served.url}/webhook"
    )
    assert callback.fix.startswith(f"https://developers.facebook.com/apps/{APP}/")
    served.graph.statuses.callback_url = ""
    found = await checked(variables(served.url), "webhook.callback")
    assert found["webhook.callback"].detail == f"for the app {APP}, Meta calls no webhook"
