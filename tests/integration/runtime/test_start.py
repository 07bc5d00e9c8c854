"""What keeps a server from starting, and what does not."""

from base64 import urlsafe_b64encode
from pathlib import Path

import psycopg
import pytest

from tests.harness import make_tenant as create
from tests.harness import running
from tests.integration.central.revisions import HEAD
from wabot.checks.model import Result
from wabot.config import examine_settings, load_settings
from wabot.container import CentralUrls
from wabot.container.checks.starting import check_routes, check_start, require_good
from wabot.errors import ConfigurationError, DatabaseUnavailable, UnknownChoice
from wabot.logs import hide

WRONG = urlsafe_b64encode(b"another key, also 32 bytes long.").decode()


@pytest.fixture
def urls(central_url: str, runtime_url: str) -> CentralUrls:
    return CentralUrls(runtime_url, embedded=False, owner=central_url)


async def _started(environ: dict[str, str], urls: CentralUrls, *skipped: str) -> dict[str, Result]:
    found = examine_settings(environ=environ, env_file=Path("/nowhere/.env"))
    hide(found.secrets)
    results = await check_start(found, urls, skipped=skipped)
    require_good(results)
    return {result.id: result for result in results}


async def test_a_server_starts_on_its_own_tables_and_keys(environment, urls, make_tenant) -> None:
    make_tenant("bodega")
    found = await _started(environment, urls)
    assert {
        "env.required:WABOT_MASTER_KEY",
        "database.keys",
        "media.folder",
        "logs.masking",
    } <= set(found)
    assert not any(result.shop for result in found.values())


async def test_a_key_that_opens_no_token_is_named(environment, urls, make_tenant) -> None:
    make_tenant("bodega")
    with pytest.raises(ConfigurationError, match="WABOT_MASTER_KEY opens no token: 1 is"):
        await _started({**environment, "WABOT_MASTER_KEY": WRONG}, urls)


async def test_one_shop_under_a_lost_key_does_not_stop_the_others(
    environment, urls, make_tenant
) -> None:
    make_tenant("bodega")
    own = environment["WABOT_MASTER_KEY"]
    both = load_settings(environ={**environment, "WABOT_MASTER_KEY": f"{WRONG},{own}"})
    create(both, urls.owner_url, "otra", number="106500000000002")
    for key in (own, WRONG):
        found = await _started({**environment, "WABOT_MASTER_KEY": key}, urls)
        assert found["database.keys"].status == "warning"


async def test_an_app_that_no_shop_is_bound_to_does_not_serve(
    environment, urls, make_tenant
) -> None:
    make_tenant("bodega")
    slip = {**environment, "WHATSAPP_APP_ID": "999999999999"}
    with pytest.raises(ConfigurationError, match=r"for database\.apps: no shop is served"):
        await _started(slip, urls)
    assert "database.apps" not in await _started(slip, urls, "database.apps")


async def test_without_clients_any_key_will_do(environment, urls) -> None:
    await _started({**environment, "WABOT_MASTER_KEY": WRONG}, urls)


async def test_the_owners_login_is_refused(environment, central_url: str) -> None:
    with pytest.raises(ConfigurationError, match="logs in"):
        await _started(environment, CentralUrls(central_url, embedded=False, owner=central_url))


async def test_empty_databases_ask_for_the_upgrade(environment, make_database) -> None:
    empty = make_database()
    with pytest.raises(ConfigurationError) as refused:
        await _started(environment, CentralUrls(empty, embedded=False, owner=empty))
    assert refused.value.message.startswith("The server does not start, for database.revision")
    assert refused.value.hint.startswith("wabot db upgrade.")


async def test_a_server_that_starts_again_in_the_middle_of_a_rolling_upgrade_serves(
    environment, urls, central_url: str
) -> None:
    """The newer version's tables have more in them, and rights to that, and take nothing away."""
    with psycopg.connect(central_url, autocommit=True) as central:
        central.execute("update wabot.alembic_version set version_num = '9999'")
        central.execute("update wabot.registry set serves_from = %s", (HEAD,))
        central.execute("grant truncate on wabot.timers to wabot_runtime")
        found = await _started(environment, urls)
        assert found["database.revision"].status == "warning"
        assert found["database.runtime_role"].status == "skipped"
        central.execute("update wabot.registry set serves_from = '9998'")
    with pytest.raises(ConfigurationError, match="revision 9999, which this wabot does not know"):
        await _started(environment, urls)


async def test_a_server_without_its_database_says_so_as_another_systems_failure(
    environment,
) -> None:
    away = "postgresql://wabot_runtime:secret@127.0.0.1:1/wabot"
    with pytest.raises(DatabaseUnavailable, match="Connection refused") as refused:
        await _started(environment, CentralUrls(away, embedded=False, owner=away))
    assert refused.value.hint.endswith("--skip-checks database.connects")


async def test_to_skip_a_check_is_to_skip_what_depends_on_it(environment) -> None:
    away = "postgresql://wabot_runtime:secret@127.0.0.1:1/wabot"
    found = await _started(
        environment, CentralUrls(away, embedded=False, owner=away), "database.connects"
    )
    assert not [check_id for check_id in found if check_id.startswith("database.")]
    assert found["logs.masking"].status == "ok"


async def test_a_folder_that_can_keep_no_file_is_refused_unless_its_check_is_skipped(
    environment, urls, tmp_path: Path
) -> None:
    good = await _started({**environment, "WABOT_MEDIA": str(tmp_path / "new")}, urls)
    assert good["media.folder"].detail == str(tmp_path / "new")
    (tmp_path / "file").write_text("")
    bad = {**environment, "WABOT_MEDIA": str(tmp_path / "file" / "x")}
    with pytest.raises(ConfigurationError, match="files cannot be kept") as refused:
        await _started(bad, urls)
    assert "WABOT_MEDIA" in refused.value.hint
    assert refused.value.hint.endswith("--skip-checks media.folder")
    for name in ("media.folder", "media"):
        assert "media.folder" not in await _started(bad, urls, name)


async def test_meta_being_away_is_a_warning_and_delays_no_start(environment, urls) -> None:
    gone = environment["WHATSAPP_API_BASE"]
    found = await _started(environment, urls)
    graph = found["whatsapp.graph"]
    assert (graph.status, graph.detail.startswith(f"{gone} does not answer")) == ("warning", True)
    ended = await _started({**environment, "WHATSAPP_API_VERSION": "v19.0"}, urls)
    assert ended["whatsapp.version"].status == "warning"


async def test_a_server_proves_its_own_routes_and_stores_nothing_by_it(
    environment, central_url: str
) -> None:
    async with running(environment) as server:
        found = examine_settings(environ=environment, env_file=Path("/nowhere/.env"))
        good = await check_routes(found, server.url)
        with psycopg.connect(central_url) as central:
            stored = central.execute("select count(*) from wabot.inbox").fetchone()
        changed = {**environment, "WHATSAPP_APP_SECRET": "another"}
        other = examine_settings(environ=changed, env_file=Path("/nowhere/.env"))
        with pytest.raises(ConfigurationError, match="does not start, for webhook"):
            require_good(await check_routes(other, server.url))
        assert await check_routes(other, server.url, skipped=["webhook"]) == []
    assert {result.id: result.status for result in good} == {
        "webhook.reached": "ok",
        "webhook.handshake": "ok",
        "webhook.signature": "ok",
    }
    assert stored == (0,)


async def test_a_slip_in_what_is_skipped_is_answered_with_the_likely_one(environment, urls) -> None:
    with pytest.raises(UnknownChoice) as refused:
        await _started(environment, urls, "media.foldr")
    assert "whatsapp.token" not in await _started(environment, urls, "whatsapp.token")
    assert refused.value.hint == "Did you mean media.folder?"
