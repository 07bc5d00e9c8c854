"""The README's tables, made from what they describe.

Run `python -m tests.architecture.readme` to write them into README.md again.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.architecture.source import ROOT
from wabot.cli.app import COMMANDS, Deferred
from wabot.config import SETTINGS
from wabot.domain.alerts import RULES
from wabot.domain.plan import COMING, PLANS, Feature, Limit
from wabot.gateways.metrics import PrometheusMeasures
from wabot.services.runtime.backlog import Backlog

README = ROOT / "README.md"


def settings_table() -> str:
    """Return a row for each setting."""
    rows = ["| setting | default | what it is |", "|---|---|---|"]
    for known in SETTINGS:
        default = f"`{known.default}`" if known.default else ""
        origin = f" *How to obtain it:* {known.obtain}." if known.obtain else ""
        rows.append(f"| `{known.name}` | {default} | {_cell(known.help + origin)} |")
    return "\n".join(rows)


def commands_table() -> str:
    """Return a row for each command, with its arguments and its first line of help."""
    rows = ["| command | what it does |", "|---|---|"]
    rows += [f"| `{_cell(usage)}` | {_cell(help_)} |" for usage, help_ in commands()]
    return "\n".join(rows)


def alerts_table() -> str:
    """Return a row for each rule of the catalogue."""
    rows = [
        "| rule | severity | what happened | what to do | told again after |",
        "|---|---|---|---|---|",
    ]
    rows += [
        f"| `{rule}` | {spec.severity} | {spec.title} | {spec.next} | {_hours(spec.again_after)} |"
        for rule, spec in RULES.items()
    ]
    return "\n".join(rows)


def plans_table() -> str:
    """Return a column for each plan."""
    plans = PLANS.values()
    rows = [
        " | ".join(("| ", *(f"`{plan.code}`" for plan in plans))),
        "|---" * (len(PLANS) + 1),
        *(
            " | ".join((f"| `{limit}`", *(f"{getattr(plan, limit):,}" for plan in plans)))
            for limit in Limit
        ),
        *(
            " | ".join(
                (
                    f"| `{feature}`" + (" (coming)" if feature in COMING else ""),
                    *("yes" if feature in plan.features else "–" for plan in plans),
                )
            )
            for feature in Feature
        ),
    ]
    return " |\n".join(rows) + " |"


def metrics_table() -> str:
    """Return a row for each metric: those of the processes, then those of the database."""
    measures = PrometheusMeasures("1")
    backlog = Backlog(
        ((("waiting",), 1),), 0, 0, 0, 0, 0, ((("active",), 1),), 0, ((("r", "s"), 1),)
    )
    text = measures.render(backlog).decode()
    rows = ["| metric | labels | what it tells |", "|---|---|---|"]
    known = {metric.name for metric in measures.described}
    found = [(metric.name, metric.labels, metric.told) for metric in measures.described]
    for family in text_string_to_metric_families(text):
        if not {family.name, f"{family.name}_total"} & known:
            labels = tuple(family.samples[0].labels)
            found.append((family.name, labels, family.documentation))
    for name, labels, told in found:
        rows.append(f"| `{name}` | {', '.join(f'`{label}`' for label in labels)} | {told} |")
    return "\n".join(rows)


def _cell(text: str) -> str:
    # A pipe ends a cell, in code as well.
    return text.replace("|", "\\|")


def _hours(length: timedelta) -> str:
    return f"{length.days} d" if length.days else f"{length.seconds // 3600} h"


def commands() -> Iterator[tuple[str, str]]:
    """Yield usage and help of every command of the command line."""
    for name, entry in COMMANDS.items():
        for path, command in leaves(name, Deferred(name, entry).load()):
            yield _usage(f"wabot {path}", command), _summary(command)


def leaves(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield the commands of a group, and of the groups within it, with their whole names."""
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name, child in children.items():
        yield from leaves(f"{path} {name}", child)


def _usage(path: str, command: Any) -> str:
    words = [path]
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            name = parameter.name.upper()
            words.append(parameter.metavar or (name if parameter.required else f"[{name}]"))
    return " ".join(words)


def _summary(command: Any) -> str:
    return " ".join((command.help or "").split("\n\n")[0].split())


def with_tables(text: str) -> str:
    """Return the README with the tables between their marks made anew."""
    tables = {
        "commands": commands_table(),
        "settings": settings_table(),
        "alerts": alerts_table(),
        "plans": plans_table(),
        "metrics": metrics_table(),
    }
    for name, table in tables.items():
        pattern = rf"(<!-- {name}: generated -->\n).*?(<!-- /{name} -->)"
        text, found = re.subn(pattern, lambda match, t=table: match[1] + t + "\n" + match[2], text,
                              flags=re.DOTALL)  # fmt: skip
        if found != 1:
            raise ValueError(f"README.md needs exactly one pair of marks for {name}")
    return text


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
