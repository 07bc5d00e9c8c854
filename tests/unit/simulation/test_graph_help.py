"""The help of the stand-in tells how it is told what to do."""

from typer.testing import CliRunner

from wabot.cli.app import app
from wabot.simulation.graph.config import GraphConfig
from wabot.simulation.graph.server import build_graph
from wabot.simulation.graph.state import State


def test_the_app_that_it_answers_as_is_in_its_help() -> None:
    told = CliRunner().invoke(app, ["simulate", "graph", "--help"]).stdout
    assert f"as {GraphConfig().app_id} where that is not set" in " ".join(told.split())


def test_every_path_of_the_stand_ins_own_is_in_its_help() -> None:
    told = CliRunner().invoke(app, ["simulate", "graph", "--help"]).stdout
    routes = build_graph(State.of(GraphConfig())).router.resources()
    own = {route.canonical for route in routes if route.canonical.startswith("/_control")}
    assert len(own) > 5
    assert not [path for path in own if path not in told]
