"""An operator's own templates beside those that wabot brings."""

import logging
import shutil
from pathlib import Path
from uuid import UUID

import pytest

from wabot.config import bundled, template_folders, use_template_dir
from wabot.container import template_texts
from wabot.domain.placement import schema_placement
from wabot.domain.tenant import Tenant
from wabot.errors import ConfigurationError, InvalidInput, UnknownChoice
from wabot.repositories.provisioning.migration_line import MigrationLine, bundled_line
from wabot.repositories.provisioning.template_folders import FolderTemplates
from wabot.texts import load_texts

BUNDLED = bundled("tenant_templates")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The operator's folder, with a copy of the water seller under a name of its own."""
    folder = tmp_path / "own"
    shutil.copytree(BUNDLED / "agua", folder / "pipas", ignore=shutil.ignore_patterns("versions"))
    template = folder / "pipas/template.toml"
    text = template.read_text(encoding="utf-8").replace("agua_", "pipas_")
    template.write_text(text, encoding="utf-8")
    monkeypatch.setenv("WABOT_TEMPLATE_DIR", str(folder))
    return folder


def test_without_a_folder_there_are_those_that_wabot_brings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("WABOT_TEMPLATE_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    assert template_folders() == (BUNDLED,)
    assert {"abarrotes", "agua", "comercio", "tintoreria", "verduleria"} <= set(
        FolderTemplates().names()
    )


def test_own_templates_stand_beside_those_that_wabot_brings(own: Path) -> None:
    templates = FolderTemplates()
    assert {"agua", "pipas"} <= set(templates.names())
    assert templates.folder_of("pipas") == own / "pipas"
    assert templates.folder_of("agua") == BUNDLED / "agua"
    assert {s.key for s in templates.load("pipas").settings} >= {"pipas_bottle_limit"}


def test_an_own_template_may_bring_tables_of_its_own(own: Path) -> None:
    source = BUNDLED / "agua/versions/agua_0001_recurring_orders_and_bottles.py"
    versions = own / "pipas/versions"
    versions.mkdir()
    text = source.read_text(encoding="utf-8").replace("agua_0001", "pipas_0001")
    (versions / "pipas_0001_tables.py").write_text(text, encoding="utf-8")
    assert FolderTemplates().load("pipas").modules == ("pipas",)
    assert bundled_line().heads(["pipas"]) == (*bundled_line().heads([]), "pipas_0001")


def test_an_own_template_may_take_the_tables_and_settings_of_another(own: Path) -> None:
    template = own / "pipas/template.toml"
    text = template.read_text(encoding="utf-8")
    template.write_text('modules = ["agua"]\n' + text, encoding="utf-8")
    loaded = FolderTemplates().load("pipas")
    assert loaded.modules == ("agua",)
    assert {s.key for s in loaded.settings} >= {"agua_bottle_limit", "pipas_bottle_limit"}
    assert loaded.seed().settings["agua_bottle_limit"] == 3


@pytest.mark.parametrize("name", ["agua", "base", "modules"])
def test_a_name_that_wabot_uses_is_refused(own: Path, name: str) -> None:
    (own / "pipas").rename(own / name)
    with pytest.raises(InvalidInput, match=rf"own/{name}:1: the name {name} is taken by .*/{name}"):
        FolderTemplates()


def test_a_module_by_the_name_of_a_template_is_refused(own: Path) -> None:
    module = own / "modules/agua"
    module.mkdir(parents=True)
    (module / "module.toml").write_text('name = "x"\ndescription = "y"\n', encoding="utf-8")
    with pytest.raises(InvalidInput, match="the name agua is taken"):
        FolderTemplates()


def test_a_folder_that_is_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WABOT_TEMPLATE_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigurationError, match="WABOT_TEMPLATE_DIR must be a folder that exists"):
        FolderTemplates()


def test_the_option_stands_over_the_setting(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.chdir(tmp_path)
    use_template_dir(None)
    assert template_folders() == (BUNDLED, own)
    use_template_dir(Path("other"))
    assert template_folders() == (BUNDLED, other)


def test_an_unknown_template_tells_every_folder(own: Path) -> None:
    with pytest.raises(UnknownChoice) as refused:
        FolderTemplates().load("nada")
    assert str(own) in (refused.value.hint or "")


def test_the_line_of_migrations_is_that_of_the_folders_asked_for(own: Path) -> None:
    assert MigrationLine(BUNDLED).versions_of("pipas") is None


def shop_of(template: str) -> Tenant:
    return Tenant(
        id=UUID(int=1),
        slug="shop",
        name="Shop",
        phone_number_id="1",
        plan="basico",
        placement=schema_placement(UUID(int=1)),
        token="",
        template=template,
    )


def test_a_server_says_what_an_own_template_says(own: Path) -> None:
    (own / "pipas/texts.toml").write_text('[menu]\nmain = "¿Cuántas pipas?"', encoding="utf-8")
    assert template_texts()(shop_of("pipas")).say("menu.main") == "¿Cuántas pipas?"


def test_a_server_without_the_template_says_the_common_words_and_logs_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    texts_of = template_texts()
    with caplog.at_level(logging.ERROR):
        assert texts_of(shop_of("pipas")) == load_texts()
        texts_of(shop_of("pipas"))
    (record,) = caplog.records
    assert "template" in record.getMessage()
