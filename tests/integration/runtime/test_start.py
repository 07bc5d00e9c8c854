"""What keeps a server from starting, and what does not."""

from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from tests.harness import make_tenant as create
from wabot.config import load_settings
from wabot.container import CentralUrls, require_ready
from wabot.container.media import require_media_folder
from wabot.errors import ConfigurationError

WRONG = urlsafe_b64encode(b"another key, also 32 bytes long.").decode()


@pytest.fixture
def urls(central_url: str, runtime_url: str) -> CentralUrls:
    return CentralUrls(runtime_url, embedded=False, owner=central_url)


def test_a_server_starts_on_its_own_tables_and_keys(settings, urls, make_tenant) -> None:
    make_tenant("bodega")
    require_ready(settings, urls)


def test_a_key_that_opens_no_token_is_named(environment, urls, make_tenant) -> None:
    make_tenant("bodega")
    settings = load_settings(environ={**environment, "WABOT_MASTER_KEY": WRONG})
    with pytest.raises(ConfigurationError, match="WABOT_MASTER_KEY opens none of the 1 clients"):
        require_ready(settings, urls)


def test_one_shop_under_a_lost_key_does_not_stop_the_others(environment, urls, make_tenant) -> None:
    make_tenant("bodega")
    own = environment["WABOT_MASTER_KEY"]
    both = load_settings(environ={**environment, "WABOT_MASTER_KEY": f"{WRONG},{own}"})
    create(both, urls.owner_url, "otra", number="106500000000002")
    for key in (own, WRONG):
        require_ready(load_settings(environ={**environment, "WABOT_MASTER_KEY": key}), urls)


def test_without_clients_any_key_will_do(environment, urls) -> None:
    require_ready(load_settings(environ={**environment, "WABOT_MASTER_KEY": WRONG}), urls)


def test_the_owners_login_is_refused(settings, central_url: str) -> None:
    with pytest.raises(ConfigurationError, match="logs in"):
        require_ready(settings, CentralUrls(central_url, embedded=False, owner=central_url))


def test_empty_databases_ask_for_the_upgrade(settings, make_database) -> None:
    empty = make_database()
    with pytest.raises(ConfigurationError) as refused:
        require_ready(settings, CentralUrls(empty, embedded=False, owner=empty))
    assert refused.value.hint == "Run: wabot db upgrade"


def test_a_folder_that_can_keep_no_file_is_refused(environment, tmp_path: Path) -> None:
    good = load_settings(environ={**environment, "WABOT_MEDIA": str(tmp_path / "new")})
    require_media_folder(good)
    (tmp_path / "file").write_text("")
    bad = load_settings(environ={**environment, "WABOT_MEDIA": str(tmp_path / "file" / "x")})
    with pytest.raises(ConfigurationError, match="files cannot be kept") as refused:
        require_media_folder(bad)
    assert "WABOT_MEDIA" in refused.value.hint
