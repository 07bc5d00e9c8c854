"""`wabot tenant template`: the kinds of shop, those that wabot brings and your own."""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wabot.cli.output import JsonOption, Output
from wabot.cli.settings import read_settings
from wabot.cli.tenant.options import TemplateDir

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from wabot.cli.tenant.template_check import Checked
    from wabot.domain.settings import SettingSpec

app = typer.Typer(rich_markup_mode=None, help="Kinds of shop: yours beside those that come along.")

_LISTED = ("template", "name", "products", "tables", "own", "description")


@app.command("list")
def list_(template_dir: TemplateDir = None, json: JsonOption = False) -> None:
    """List the kinds of shop."""
    from wabot.config import bundled, use_template_dir
    from wabot.errors import InvalidInput
    from wabot.repositories.provisioning.migration_line import bundled_line
    from wabot.repositories.provisioning.template_folders import FolderTemplates

    out = Output("tenant template list", json=json)
    use_template_dir(template_dir)
    templates, line = FolderTemplates(), bundled_line()
    rows: list[list[Any]] = []
    for name in templates.names():
        own = templates.folder_of(name).parent != bundled("tenant_templates")
        try:
            found = templates.load(name)
            tables = [table for module in found.modules for table in line.tables(module)]
        except InvalidInput as error:
            out.warn(f"{name} cannot be used; see more with: wabot tenant template validate {name}")
            rows.append([name, "", 0, "", own, error.message])
            continue
        rows.append(
            [name, found.title, len(found.products), ", ".join(tables), own, found.description]
        )
    out.table(_LISTED, rows, next=("wabot tenant template show NAME",))


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="See: wabot tenant template list")],
    template_dir: TemplateDir = None,
    json: JsonOption = False,
) -> None:
    """Show what a kind of shop is made of."""
    from wabot.config import use_template_dir
    from wabot.repositories.provisioning.migration_line import bundled_line
    from wabot.repositories.provisioning.template_folders import FolderTemplates

    out = Output("tenant template show", json=json)
    use_template_dir(template_dir)
    templates, line = FolderTemplates(), bundled_line()
    found, folder = templates.load(name), templates.folder_of(name)
    sizes = {
        category: sum(product.category == category for product in found.products)
        for category in found.categories
    }
    tables = {module: list(line.tables(module)) for module in found.modules}
    data: dict[str, Any] = {
        "template": found.name,
        "name": found.title,
        "description": found.description,
        "folder": str(folder),
        "country": found.country,
        "currency": found.currency,
        "time_zone": found.time_zone,
        "units": list(found.units),
        "products": len(found.products),
        "categories": sizes,
        "order_status": [
            {"code": status.code, "label": status.label, "final": status.is_final}
            for status in found.statuses
        ],
        "settings": [_setting(spec) for spec in found.settings],
        "tables": tables,
        "texts": len(found.texts),
        "conversations": len(list((folder / "conversations").glob("*.chat"))),
    }
    out.record(data if json else _in_lines(data))


@app.command()
def validate(
    named: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH|NAME]...", help="Folders or names; none: every template there is."
        ),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not try its tables on PostgreSQL.")
    ] = False,
    template_dir: TemplateDir = None,
    json: JsonOption = False,
) -> None:
    """Check a template in every way, its tables in a schema that is taken back: nothing stays."""
    from wabot.cli.tenant.template_check import check_template, find_template
    from wabot.config import use_template_dir
    from wabot.errors import Finding
    from wabot.repositories.provisioning.template_folders import FolderTemplates

    out = Output("tenant template validate", json=json)
    use_template_dir(template_dir)
    folders = [find_template(one) for one in named or FolderTemplates().names()]
    with ExitStack() as stack:
        engine = None if offline else _engine(stack, out)
        found = [check_template(folder, engine) for folder in folders]
    for checked in found:
        for warning in checked.warnings:
            out.warn(f"{checked.folder.name}: {warning}")
    faults = [fault for checked in found for fault in checked.faults]
    if faults:
        bad = [checked.folder.name for checked in found if checked.faults]
        raise Finding(
            f"{', '.join(bad)} cannot be used:\n" + "\n".join(f"  {fault}" for fault in faults),
            hint="Correct these lines and run the command again.",
        )
    columns = ("template", "products", "settings", "texts", "conversations", "tables_tried")
    out.table(columns, [_row(checked) for checked in found])


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits, _; at most 27.")],
    *,
    source: Annotated[
        str, typer.Option("--from", metavar="NAME", help="Template to begin from.")
    ] = "comercio",
    title: Annotated[str, typer.Option(help="What people call such a shop.")] = "",
    template_dir: TemplateDir = None,
    json: JsonOption = False,
) -> None:
    """Begin a template of your own: a folder to edit, with all that its source has."""
    from wabot.config import use_template_dir
    from wabot.repositories.provisioning.template_writing import new_template

    out = Output("tenant template new", json=json)
    if template_dir is not None:
        template_dir.expanduser().mkdir(parents=True, exist_ok=True)
    use_template_dir(template_dir)
    folder = new_template(name, source=source, title=title)
    option = f" --template-dir {template_dir}" if template_dir is not None else ""
    out.done(
        f"Wrote {folder}: template.toml, texts.toml, catalog.csv and conversations to edit.",
        data={"template": name, "folder": str(folder), "source": source},
        next=(
            f"wabot tenant template validate {name}{option}",
            f"wabot simulate conversation --template {name}{option}",
        ),
    )


def _engine(stack: ExitStack, out: Output) -> "Engine | None":
    """Return the way to the central database; None, and a warning, when there is none at hand."""
    from wabot.container import open_tenants
    from wabot.errors import ConfigurationError, DatabaseUnavailable

    try:
        engine = stack.enter_context(open_tenants(read_settings(out))).engine
        engine.connect().close()
    except (ConfigurationError, DatabaseUnavailable) as error:
        out.warn(f"tables were not tried on PostgreSQL: {error.message}")
        return None
    return engine


def _row(checked: "Checked") -> list[Any]:
    template = checked.template
    assert template is not None
    return [
        checked.folder.name,
        len(template.products),
        len(template.settings),
        len(template.texts),
        checked.scripts,
        checked.tried,
    ]


def _setting(spec: "SettingSpec") -> dict[str, Any]:
    bounds = {"choices": list(spec.choices), "minimum": spec.minimum, "maximum": spec.maximum}
    return {
        "key": spec.key,
        "type": spec.kind.value,
        "default": spec.default,
        "help": spec.help,
        **{key: value for key, value in bounds.items() if value not in (None, [])},
    }


def _in_lines(data: dict[str, Any]) -> dict[str, Any]:
    flat = {**data, "units": ", ".join(data["units"])}
    flat["categories"] = ", ".join(f"{name} ({size})" for name, size in data["categories"].items())
    del flat["order_status"], flat["settings"], flat["tables"]
    for status in data["order_status"]:
        flat[f"order_status.{status['code']}"] = status["label"] + " (final)" * status["final"]
    for spec in data["settings"]:
        bounds = [f"{key} {spec[key]}" for key in ("minimum", "maximum") if key in spec]
        choices = [" | ".join(spec["choices"])] if "choices" in spec else []
        kind = ", ".join([spec["type"], *bounds, *choices])
        flat[f"settings.{spec['key']}"] = f"{spec['default']!r} ({kind}): {spec['help']}"
    for module, tables in data["tables"].items():
        flat[f"tables.{module}"] = ", ".join(tables)
    return flat
