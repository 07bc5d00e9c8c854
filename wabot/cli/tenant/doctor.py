"""`wabot tenant doctor`: what is not as it should be, and what repairs it."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wabot.cli.output import JsonOption, Output
from wabot.cli.settings import read_settings
from wabot.cli.tenant.options import check_whom
from wabot.domain.counted import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wabot.domain.drift import Finding
    from wabot.services.provisioning.doctor import Treatment

_COLUMNS = ("shop", "kind", "finding", "repair")


def doctor(
    slugs: Annotated[
        list[str] | None, typer.Argument(metavar="[SLUG]...", help="Which shops.")
    ] = None,
    *,
    all_: Annotated[
        bool, typer.Option("--all", help="Every shop, and what belongs to none.")
    ] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Repair what is harmless: rights, missing things.")
    ] = False,
    confirm: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="With --fix: remove this orphan with its data."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Compare shops' tables, rights and revisions with what they should be.

    Exits with 1 when something is wrong, and names the command that repairs it.
    """
    from wabot.container import open_tenants
    from wabot.container.fleet import doctor_of
    from wabot.errors import Finding as Found
    from wabot.errors import InvalidInput

    out = Output("tenant doctor", json=json)
    check_whom("tenant doctor", slugs, all_)
    if confirm and not fix:
        raise InvalidInput("--confirm goes with --fix")
    settings = read_settings(out)
    with open_tenants(settings) as provisioning:
        use_case = doctor_of(provisioning)
        if use_case.cipher is None:
            out.warn("WABOT_MASTER_KEY is not set: whether stored secrets open was not looked at")
        diagnosis = use_case.examine(None if all_ else slugs)
        fixed: list[Finding] = []
        if fix and diagnosis.findings:
            fixed = _repaired(out, use_case.repair(diagnosis, confirmed=confirm or ()))
            diagnosis = use_case.examine(None if all_ else slugs)
    findings = diagnosis.findings
    problem = f"{counted(len(findings), 'finding')} in {counted(diagnosis.shops, 'shop')}"
    hint = "" if fix else _hint(findings, slugs or ["--all"])
    if json:
        data = {
            "shops": diagnosis.shops,
            "findings": [_describe(finding) for finding in findings],
            "repaired": [_describe(finding) for finding in fixed],
        }
        if findings:
            out.found(problem, hint)
        out.done("", data=data)
        if findings:
            raise typer.Exit(1)
        return
    if not findings:
        out.note(f"{counted(diagnosis.shops, 'shop')}: nothing is wrong.")
        return
    out.table(_COLUMNS, [(_place(f), f.kind, f.what, f.repair) for f in findings])
    raise Found(problem, hint=hint)


def _repaired(out: Output, treatments: "Iterable[Treatment]") -> "list[Finding]":
    fixed = []
    for treatment in treatments:
        if treatment.failure:
            where = treatment.finding.slug or treatment.finding.confirm
            out.warn(f"{where}: not repaired: {treatment.failure}")
        else:
            fixed.append(treatment.finding)
    for finding in fixed:
        out.note(f"Repaired: {_place(finding)}: {finding.what}")
    return fixed


def _hint(findings: "Sequence[Finding]", whom: "Sequence[str]") -> str:
    if not any(finding.safe for finding in findings):
        return "--fix repairs none of it: see what each needs."
    return f"Repair what is harmless: wabot tenant doctor --fix {' '.join(whom)}"


def _place(finding: "Finding") -> str:
    return finding.slug or "-"


def _describe(finding: "Finding") -> dict[str, Any]:
    return asdict(finding) | {"slug": finding.slug or None}
