"""Every command is an act that is tried and audited, or is said to be none."""

from pathlib import Path

from tests.architecture.readme import leaves
from tests.architecture.source import ROOT
from tests.integration.audit.acts import (
    ANOTHER_DATABASE,
    ELSEWHERE,
    LOOKING,
    NO_ACTS,
    READ_ONLY,
    acts,
    named,
)
from wabot.cli.app import COMMANDS, Deferred


def every_command() -> set[str]:
    return {
        path
        for name, entry in COMMANDS.items()
        for path, _ in leaves(name, Deferred(name, entry).load())
    }


def test_every_command_is_an_act_that_is_tried_or_is_said_to_be_none(tmp_path: Path) -> None:
    known = every_command()
    asked = {path for path in known if path.split()[0] not in (*ANOTHER_DATABASE, *LOOKING)}
    tried = {named(act.words, known) for act in acts(tmp_path)}
    none = READ_ONLY | NO_ACTS.keys() | ELSEWHERE.keys()
    assert asked == tried | none, "say in tests/integration/audit/acts.py what the command is"
    assert not tried & none
    for place in ELSEWHERE.values():
        path, _, test = place.partition("::")
        assert f"def {test}(" in (ROOT / path).read_text(encoding="utf-8")
