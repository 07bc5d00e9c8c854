"""`wabot catalog`: what a shop sells, looked at and changed by the operator."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wabot.cli.output import JsonOption, Output
from wabot.cli.settings import read_settings
from wabot.cli.tenant.options import DryRun, Slug, TemplateDir
from wabot.domain.counted import counted
from wabot.errors import InvalidInput

if TYPE_CHECKING:
    from wabot.services.provisioning.catalog import CatalogChange, ManageCatalog

app = typer.Typer(rich_markup_mode=None)

NamedProducts = Annotated[
    list[str], typer.Argument(metavar="SKU...", help="Products, by sku or by name.")
]
Products = Annotated[
    list[str] | None, typer.Argument(metavar="[SKU]...", help="Products, by sku or by name.")
]

_LISTED = ("sku", "name", "price", "unit", "stock", "category", "active")


@app.command("list")
def list_(
    slug: Slug,
    *,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Only those; default: all.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """List a shop's products in the order in which customers see them."""
    out = Output("catalog list", json=json)
    with _open(out) as catalog:
        allowed, products = catalog.listing(slug)
    rows = [
        (
            p.sku,
            p.name,
            p.price,
            p.unit,
            f"{(p.stock * p.step).normalize():f}",
            p.category,
            p.is_active,
        )
        for p in products
        if active is None or p.is_active is active
    ]
    count = sum(product.is_active for product in products)
    shown = counted(len(products), "product")
    out.note(f"{count} of {shown} on sale; {allowed.active_products:,} allowed.")
    out.table(_LISTED, rows)


@app.command("import")
def import_(
    slug: Slug,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV with the columns of a template's catalogue.")
    ],
    *,
    inactive: Annotated[
        bool, typer.Option("--inactive", help="What is new is not sold before it is activated.")
    ] = False,
    template_dir: TemplateDir = None,
    dry_run: DryRun = False,
    json: JsonOption = False,
) -> None:
    """Add the products of a file, and change those whose sku is there already.

    All that the file says of a product counts, its stock included. Products that it does not name
    stay; one that was there stays active, or not, as it is.
    """
    out = Output("catalog import", json=json)
    with _open(out, template_dir) as catalog:
        done = catalog.load(slug, file, inactive=inactive, dry_run=dry_run)
    head = "Would add" if dry_run else "Added"
    then = "change" if dry_run else "changed"
    message = (
        f"{head} {len(done.added)} and {then} {counted(len(done.changed), 'product')} of {slug};"
        f" {counted(done.unchanged, 'is', 'are')} just so already."
    )
    _tell(out, slug, message, done, dry_run=dry_run)


@app.command()
def activate(
    slug: Slug,
    products: Products = None,
    *,
    all_: Annotated[bool, typer.Option("--all", help="All that the shop has.")] = False,
    json: JsonOption = False,
) -> None:
    """Sell products again, as far as the plan allows."""
    if all_ == bool(products):
        raise InvalidInput(
            "name the products, or say --all", hint=f"See them with: wabot catalog list {slug}"
        )
    _switch(slug, products, active=True, json=json)


@app.command()
def deactivate(slug: Slug, products: NamedProducts, json: JsonOption = False) -> None:
    """Take products off sale; they are kept, and orders that hold them too."""
    _switch(slug, products, active=False, json=json)


def _switch(slug: str, products: list[str] | None, *, active: bool, json: bool) -> None:
    word = "activate" if active else "deactivate"
    out = Output(f"catalog {word}", json=json)
    with _open(out) as catalog:
        done = catalog.switch(slug, products, active=active)
    already = f"; {counted(done.unchanged, 'was', 'were')} so already" if done.unchanged else ""
    message = f"{word.capitalize()}d {counted(len(done.changed), 'product')} of {slug}{already}."
    _tell(out, slug, message, done, dry_run=False)


def _tell(out: Output, slug: str, message: str, done: "CatalogChange", *, dry_run: bool) -> None:
    data: dict[str, Any] = {
        "slug": slug,
        "added": list(done.added),
        "changed": list(done.changed),
        "unchanged": done.unchanged,
        "active_products": done.active[1],
        "allowed": done.allowed,
        "dry_run": dry_run,
    }
    active = done.active[1]
    are = counted(active, *(("would be",) * 2 if dry_run else ("is", "are")))
    out.done(
        f"{message} {are} active, {done.allowed:,} allowed.",
        data=data,
        next=(f"wabot catalog list {slug}",),
    )


@contextmanager
def _open(out: Output, template_dir: Path | None = None) -> Iterator["ManageCatalog"]:
    from wabot.config import use_template_dir
    from wabot.container import open_tenants

    use_template_dir(template_dir)
    with open_tenants(read_settings(out)) as provisioning:
        yield provisioning.catalog
