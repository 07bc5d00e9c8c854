"""What the operator asks for each plan, in the central tables."""

from decimal import Decimal

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from wabot.models.central import plan_prices
from wabot.repositories.provisioning.auditing import note_central
from wabot.repositories.provisioning.holding import central_transaction
from wabot.services.provisioning.plan_prices import Prices


class SqlPlanPrices:
    """Prices in one central database; `engine` connects as its owner."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def read(self) -> Prices:
        """Return the prices by plan and currency."""
        columns = (plan_prices.c.plan, plan_prices.c.currency, plan_prices.c.price)
        with central_transaction(self._engine) as connection:
            rows = connection.execute(select(*columns).order_by(*columns[:2])).all()
        return {(row.plan, row.currency): row.price for row in rows}

    def write(self, plan: str, currency: str, price: Decimal | None, *, actor: str) -> bool:
        """Set a price, or take it away; false when it was so already."""
        row = (plan_prices.c.plan == plan) & (plan_prices.c.currency == currency)
        with central_transaction(self._engine) as connection:
            before = connection.execute(
                select(plan_prices.c.price).where(row).with_for_update()
            ).scalar_one_or_none()
            if before == price:
                return False
            if price is None:
                connection.execute(delete(plan_prices).where(row))
            else:
                values = {"price": price, "updated_at": func.now()}
                added = insert(plan_prices).values(plan=plan, currency=currency, **values)
                connection.execute(
                    added.on_conflict_do_update(index_elements=["plan", "currency"], set_=values)
                )
            details = {
                "plan": plan,
                "currency": currency,
                "price": [None if each is None else str(each) for each in (before, price)],
            }
            note_central(connection, actor=actor, action="plan.price", details=details)
        return True
