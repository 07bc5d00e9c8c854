"""`wabot simulate conversation FILE…`: scripts played, compared, rewritten."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wabot.cli.output import Output
from wabot.cli.settings import read_settings
from wabot.cli.simulation.home import simulation_server
from wabot.cli.simulation.scripts import open_player
from wabot.cli.simulation.shops import copy_of, demo_copy
from wabot.domain.counted import counted
from wabot.errors import Finding, InvalidInput
from wabot.repositories.conninfo import as_runtime_login
from wabot.repositories.provisioning.template_folders import FolderTemplates
from wabot.simulation.conversation.parser import parse_script
from wabot.simulation.conversation.player import Outcome
from wabot.simulation.conversation.report import difference, explain, rewritten, unreached
from wabot.simulation.conversation.script import Script
from wabot.texts import load_texts


@dataclass(frozen=True, slots=True)
class PlayRequest:
    """What the operator asked for; no files means every script of every template."""

    files: tuple[Path, ...] = ()
    tenant: str = ""
    update: bool = False
    coverage: bool = False


def play_files(request: PlayRequest, out: Output) -> None:
    """Play scripts one after the other; raises Finding when one of them went another way."""
    scripts = [(path, _read(path)) for path in script_files(request.files)]
    if not scripts:
        raise InvalidInput(
            "there is no .chat file to play", hint="Without FILE, --update takes every template's."
        )
    shop = copy_of(request.tenant, read_settings(out)) if request.tenant else None
    for name in {script.template for _, script in scripts} if shop is None else ():
        demo_copy(name)
    outcomes = []
    with simulation_server() as (server, _), open_player(server, as_runtime_login, shop) as player:
        for path, script in scripts:
            begun = time.monotonic()
            outcome = player.play(script, update=request.update)
            outcomes.append(outcome)
            _tell(out, outcome, time.monotonic() - begun)
            if request.update and outcome.rewrites:
                _rewrite(out, path, outcome)
    if request.coverage:
        _tell_coverage(out, outcomes)
    _conclude(out, outcomes, update=request.update)


def script_files(given: Sequence[Path]) -> list[Path]:
    """Return the files, those of folders, or those of every template."""
    if not given:
        templates = FolderTemplates()
        return [
            path
            for name in templates.names()
            for path in sorted((templates.folder_of(name) / "conversations").glob("*.chat"))
        ]
    found = []
    for path in given:
        found += sorted(path.glob("*.chat")) if path.is_dir() else [path]
    return found


def _read(path: Path) -> Script:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise InvalidInput(f"{path} cannot be read: {reason}") from error
    return parse_script(str(path), text)


def _tell(out: Output, outcome: Outcome, seconds: float) -> None:
    name = outcome.script.name
    if out.json:
        mismatches = [
            {
                "line": found.line,
                "act": found.act,
                "reason": found.reason,
                "expected": list(found.expected),
                "actual": list(found.actual),
                "said": [message.text for message in found.messages],
            }
            for found in outcome.mismatches
        ]
        out.line(
            {
                "event": "script",
                "name": name,
                "passed": outcome.passed,
                "seconds": round(seconds, 3),
                "mismatches": mismatches,
            }
        )
        return
    out.text(f"{'ok' if outcome.passed else 'FAILED'}\t{name}\t{seconds:.2f} s")
    if not outcome.passed:
        out.text(explain(outcome) + "\n")


def _rewrite(out: Output, path: Path, outcome: Outcome) -> None:
    before = path.read_text(encoding="utf-8")
    after = rewritten(outcome)
    path.write_text(after, encoding="utf-8")
    changes = difference(str(path), before, after)
    if out.json:
        out.line({"event": "update", "name": str(path), "diff": changes})
    else:
        out.text(changes)


def _tell_coverage(out: Output, outcomes: Sequence[Outcome]) -> None:
    states, keys = unreached(outcomes, load_texts().sentences)
    if out.json:
        out.line({"event": "coverage", "unreached_states": states, "unreached_texts": keys})
        return
    for kind, names in (("state", states), ("text", keys)):
        for name in names:
            out.text(f"unreached\t{kind}\t{name}")
    out.note(f"{counted(len(states), 'state')} and {counted(len(keys), 'text')} were not reached.")


def _conclude(out: Output, outcomes: Sequence[Outcome], *, update: bool) -> None:
    failed = [outcome for outcome in outcomes if not outcome.passed]
    if update:
        stuck = [o for o in failed if any(found.reason for found in o.mismatches)]
        out.note(f"{len(failed) - len(stuck)} of {counted(len(outcomes), 'script')} rewritten.")
        failed = stuck
    if failed:
        raise Finding(
            f"{len(failed)} of {counted(len(outcomes), 'script')} went another way.",
            hint="If the new way is right, write it down with --update.",
        )
    if not update:
        out.note(f"{counted(len(outcomes), 'script')} went as written.")
