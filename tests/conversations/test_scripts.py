"""Every conversation of every template, played through the real server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from wabot.cli.simulation.databases import open_simulation_server
from wabot.cli.simulation.files import script_files
from wabot.cli.simulation.scripts import ScriptPlayer, open_player
from wabot.config import bundled
from wabot.simulation.conversation.parser import parse_script
from wabot.simulation.conversation.report import explain

TEMPLATES = bundled("tenant_templates")
SCRIPTS = script_files(())


@pytest.fixture(scope="session")
def player(postgres_url: str, as_runtime: Callable[[str], str]) -> Iterator[ScriptPlayer]:
    def url(database: str) -> str:
        return make_conninfo("", **conninfo_to_dict(postgres_url) | {"dbname": database})

    with open_simulation_server(url) as server, open_player(server, as_runtime) as opened:
        yield opened


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_the_conversation_goes_as_written(path: Path, player: ScriptPlayer) -> None:
    script = parse_script(str(path.relative_to(TEMPLATES)), path.read_text(encoding="utf-8"))
    outcome = player.play(script)
    assert outcome.passed, f"\n{explain(outcome)}"


def test_scripts_play_the_shop_in_whose_template_they_lie() -> None:
    assert SCRIPTS
    for path in SCRIPTS:
        script = parse_script(path.name, path.read_text(encoding="utf-8"))
        assert script.template == path.parts[-3], path


def test_a_script_that_expects_something_else_fails_and_tells_what_came(
    player: ScriptPlayer,
) -> None:
    script = parse_script("wrong.chat", "> hola\n< menu.main\n[Nada]\n! orders=3\n")
    outcome = player.play(script)
    assert not outcome.passed
    told = explain(outcome)
    assert "wrong.chat:1" in told
    assert "- < menu.main" in told
    assert "+ < menu.welcome" in told
    assert "- ! orders=3" in told
    assert "+ ! orders=0" in told


def test_a_message_that_no_line_expects_fails_the_script(player: ScriptPlayer) -> None:
    outcome = player.play(parse_script("silent.chat", "> hola\n> <reaction 👍>\n"))
    assert [found.line for found in outcome.mismatches] == [1]


def test_an_expected_message_that_does_not_come_fails_the_script(player: ScriptPlayer) -> None:
    text = "> hola\n< menu.welcome\n> <reaction 👍>\n< menu.main\n"
    outcome = player.play(parse_script("waiting.chat", text))
    assert [found.line for found in outcome.mismatches] == [3]


def test_an_option_that_is_not_offered_cannot_be_tapped(player: ScriptPlayer) -> None:
    outcome = player.play(parse_script("tap.chat", "> hola\n< menu.welcome\n> [Confirmar]\n"))
    assert "[Confirmar] is not offered" in explain(outcome)
    assert "[Ver catálogo]" in explain(outcome)


def test_each_script_begins_with_an_untouched_shop(player: ScriptPlayer) -> None:
    text = (
        "> sal\n< menu.greeting quantity.ask\n> 3\n< cart.added\n> terminar\n< delivery.how\n"
        "> [Recoger en tienda]\n< confirm.summary\n> sí\n< order.placed\n<owner owner.new_order\n"
        "! order code=P-101\n! stock DES-004=27\n"
    )
    for _ in range(2):
        outcome = player.play(parse_script("fresh.chat", text))
        assert outcome.passed, explain(outcome)
