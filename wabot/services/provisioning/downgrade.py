"""Whether a shop as it is used today fits another plan, and which products stay if not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from wabot.domain.counted import counted
from wabot.domain.plan import Allowance, Feature
from wabot.domain.tenant import Tenant
from wabot.errors import InvalidInput, Refused
from wabot.services.provisioning.catalog import CatalogProduct, identify
from wabot.services.provisioning.plan_report import PlanUse


@dataclass(frozen=True, slots=True)
class Downgrade:
    """What stays over, in words; of the products those that stay and those taken off sale.

    `kept` is None where all of them may stay.
    """

    over: tuple[str, ...] = ()
    kept: frozenset[UUID] | None = None
    taken: tuple[str, ...] = ()


def is_less(now: Allowance, then: Allowance) -> bool:
    """Tell whether something is allowed now that is not then."""
    return (
        then.active_products < now.active_products
        or then.messages_per_month < now.messages_per_month
        or bool(now.features - then.features)
    )


def check_downgrade(
    before: Tenant,
    allowances: tuple[Allowance, Allowance],
    use: PlanUse,
    products: Sequence[CatalogProduct],
    *,
    force: bool,
    keep: Sequence[str] | None,
) -> Downgrade:
    """Refuse what is below today's use, unless by force; then say what becomes of the products."""
    now, then = allowances
    over = tuple(_over(now, then, use, before.slug))
    most = then.active_products
    too_many = most < now.active_products and use.active_products > most
    if (over or too_many) and not force:
        ways = ", saying which products stay with --keep-products FILE|SKU,…" if too_many else ""
        sold = f"{counted(use.active_products, 'active product')}, {most:,} allowed"
        listed = "\n".join(f"  {line}" for line in ((sold,) * too_many + over))
        raise Refused(
            f"plan {then.plan.code} is too small for {before.slug} as it is used today:\n{listed}\n"
            "Nothing was changed.",
            hint=f"Bring that down first; or --force{ways}.",
        )
    if not too_many:
        return Downgrade(over)
    if keep is None:
        raise InvalidInput(
            f"{counted(use.active_products, 'product is', 'products are')} active, {most:,}"
            " may be: say which ones stay",
            hint="Give --keep-products FILE|SKU,…: a file with a sku a line, or skus with"
            f" commas. See them with: wabot catalog list {before.slug} --active",
        )
    active = [product for product in products if product.is_active]
    kept = frozenset(identify(keep, active))
    if len(kept) > most:
        raise InvalidInput(
            f"{counted(len(kept), 'product is', 'products are')} to stay, plan {then.plan.code}"
            f" allows {most:,}; nothing was changed"
        )
    taken = tuple(product.sku or product.name for product in active if product.id not in kept)
    return Downgrade(over, kept, taken)


def _over(now: Allowance, then: Allowance, use: PlanUse, slug: str) -> Iterator[str]:
    fewer = then.messages_per_month < now.messages_per_month
    if fewer and use.messages > then.messages_per_month:
        yield (
            f"{counted(use.messages, 'message')} this month, {then.messages_per_month:,} allowed:"
            " no new conversation would be answered before the next month"
        )
    lost = now.features - then.features
    if Feature.OWN_DATABASE in lost and use.own_database:
        move = f"wabot tenant move {slug} --isolation schema"
        yield f"a database of its own, which is not included; out of it: {move}"
    if Feature.RECURRING_ORDERS in lost and use.recurring_orders:
        yield f"{counted(use.recurring_orders, 'recurring order')}, not included"
