"""Recurring orders, and bottles lent and given back."""

import sqlalchemy as sa
from alembic import op

revision = "agua_0001"
down_revision = None
branch_labels = None
depends_on = ("base_0001",)
kind = "expand"

NOW = sa.text("now()")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _recurring_orders()
    _recurring_deliveries()
    _bottle_movements()


def _recurring_orders() -> None:
    # Either on days of the week (bit 0 is Monday, bit 6 Sunday) or every so many days.
    op.create_table(
        "__wbp__recurring_orders",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("address_id", sa.Uuid(), nullable=True),
        sa.Column("weekdays", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("interval_days", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("next_date", sa.Date(), nullable=False),
        sa.Column("paused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("updated_at", MOMENT, server_default=NOW, nullable=False),
        sa.CheckConstraint("steps > 0", name="__wbp__recurring_orders_steps_check"),
        sa.CheckConstraint(
            "weekdays between 0 and 127", name="__wbp__recurring_orders_weekdays_check"
        ),
        sa.CheckConstraint(
            "interval_days between 0 and 366", name="__wbp__recurring_orders_interval_check"
        ),
        sa.CheckConstraint(
            "(weekdays > 0) <> (interval_days > 0)", name="__wbp__recurring_orders_rhythm_check"
        ),
        _customer("recurring_orders", ondelete="CASCADE"),
        _product("recurring_orders", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["address_id"],
            ["tenant.__wbp__customer_addresses.id"],
            name="__wbp__recurring_orders_address_id_fkey",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name="__wbp__recurring_orders_pkey"),
        # Asked for twice, it is still one.
        sa.UniqueConstraint(
            "customer_id",
            "product_id",
            "weekdays",
            "interval_days",
            name="__wbp__recurring_orders_rhythm_key",
        ),
        schema="tenant",
    )
    op.create_index(
        "__wbp__recurring_orders_due_ix",
        "__wbp__recurring_orders",
        ["next_date"],
        schema="tenant",
        postgresql_where=sa.text("not paused"),
    )


def _recurring_deliveries() -> None:
    # One row per recurring order and date: a customer is asked once, an order is made once.
    op.create_table(
        "__wbp__recurring_deliveries",
        sa.Column("recurring_order_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), server_default="asked", nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("asked_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "state in ('asked', 'ordered', 'skipped', 'changed', 'unanswered')",
            name="__wbp__recurring_deliveries_state_check",
        ),
        sa.CheckConstraint(
            "order_id is null or state in ('ordered', 'changed')",
            name="__wbp__recurring_deliveries_order_check",
        ),
        sa.CheckConstraint(
            "answered_at is null or state <> 'asked'",
            name="__wbp__recurring_deliveries_answered_check",
        ),
        sa.ForeignKeyConstraint(
            ["recurring_order_id"],
            ["tenant.__wbp__recurring_orders.id"],
            name="__wbp__recurring_deliveries_recurring_order_id_fkey",
            ondelete="CASCADE",
        ),
        _order("recurring_deliveries"),
        sa.PrimaryKeyConstraint(
            "recurring_order_id", "day", name="__wbp__recurring_deliveries_pkey"
        ),
        schema="tenant",
    )
    op.create_index(
        "__wbp__recurring_deliveries_open_ix",
        "__wbp__recurring_deliveries",
        ["day"],
        schema="tenant",
        postgresql_where=sa.text("state = 'asked'"),
    )


def _bottle_movements() -> None:
    # A ledger: rows are added, never changed. What a customer owes is the sum of `bottles`.
    op.create_table(
        "__wbp__bottle_movements",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("bottles", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        # Lent counts up; what came back, or was lost and paid, counts down.
        sa.CheckConstraint(
            "case kind when 'lent' then bottles > 0 when 'returned' then bottles < 0"
            " when 'paid' then bottles < 0 when 'corrected' then bottles <> 0 else false end",
            name="__wbp__bottle_movements_kind_check",
        ),
        sa.CheckConstraint(
            "kind <> 'corrected' or note <> ''", name="__wbp__bottle_movements_note_check"
        ),
        sa.CheckConstraint("changed_by <> ''", name="__wbp__bottle_movements_changed_by_check"),
        # A debt does not vanish with the customer's row or the product's.
        _customer("bottle_movements"),
        _product("bottle_movements"),
        _order("bottle_movements"),
        sa.PrimaryKeyConstraint("id", name="__wbp__bottle_movements_pkey"),
        schema="tenant",
    )
    op.create_index(
        "__wbp__bottle_movements_customer_ix",
        "__wbp__bottle_movements",
        ["customer_id", "product_id"],
        schema="tenant",
    )
    # The same delivery is entered once.
    op.create_index(
        "__wbp__bottle_movements_order_key",
        "__wbp__bottle_movements",
        ["order_id", "product_id", "kind"],
        unique=True,
        schema="tenant",
        postgresql_where=sa.text("order_id is not null and kind <> 'corrected'"),
    )


def _customer(table: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["customer_id"],
        ["tenant.__wbp__customers.id"],
        name=f"__wbp__{table}_customer_id_fkey",
        ondelete=ondelete,
    )


def _product(table: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["product_id"],
        ["tenant.__wbp__products.id"],
        name=f"__wbp__{table}_product_id_fkey",
        ondelete=ondelete,
    )


def _order(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["order_id"],
        ["tenant.__wbp__orders.id"],
        name=f"__wbp__{table}_order_id_fkey",
        ondelete="SET NULL",
    )
