"""Garments and services, tickets with their pieces, and reminders."""

import sqlalchemy as sa
from alembic import op

revision = "tintoreria_0001"
down_revision = None
branch_labels = None
depends_on = ("base_0001",)
kind = "expand"

NOW = sa.text("now()")
MOMENT = sa.DateTime(timezone=True)
STATES = "('received', 'in_process', 'ready', 'delivered', 'cancelled')"


def upgrade() -> None:
    _garments_and_services()
    _tickets()
    _ticket_pieces()
    _ticket_reminders()


def _garments_and_services() -> None:
    op.create_table(
        "__wbp__garments",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), server_default="0", nullable=False),
        _code_check("garments"),
        sa.CheckConstraint("label <> ''", name="__wbp__garments_label_check"),
        sa.PrimaryKeyConstraint("code", name="__wbp__garments_pkey"),
        schema="tenant",
    )
    op.create_table(
        "__wbp__services",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        # Working days until the clothes are promised back; 0 is the same day.
        sa.Column("turnaround_days", sa.SmallInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), server_default="0", nullable=False),
        _code_check("services"),
        sa.CheckConstraint("label <> ''", name="__wbp__services_label_check"),
        sa.CheckConstraint(
            "turnaround_days between 0 and 90", name="__wbp__services_turnaround_check"
        ),
        sa.PrimaryKeyConstraint("code", name="__wbp__services_pkey"),
        schema="tenant",
    )
    # What a product of the catalogue is: which service to which garment.
    op.create_table(
        "__wbp__garment_services",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("garment_code", sa.Text(), nullable=False),
        sa.Column("service_code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["tenant.__wbp__products.id"],
            name="__wbp__garment_services_product_id_fkey",
            ondelete="CASCADE",
        ),
        _garment("garment_services"),
        _service("garment_services"),
        sa.PrimaryKeyConstraint("product_id", name="__wbp__garment_services_pkey"),
        sa.UniqueConstraint(
            "garment_code", "service_code", name="__wbp__garment_services_garment_service_key"
        ),
        schema="tenant",
    )


def _tickets() -> None:
    op.create_table(
        "__wbp__tickets",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True, start=1001), nullable=False),
        sa.Column(
            "ticket_code",
            sa.Text(),
            sa.Computed("'T-' || number::text", persisted=True),
            nullable=False,
        ),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), server_default="received", nullable=False),
        # A day of the shop: in its own time zone, not in the server's.
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("promised_on", sa.Date(), nullable=False),
        sa.Column("ready_at", MOMENT, nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("notes", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.CheckConstraint(f"state in {STATES}", name="__wbp__tickets_state_check"),
        sa.CheckConstraint("promised_on >= received_on", name="__wbp__tickets_promised_check"),
        sa.CheckConstraint(
            "ready_at is not null or state not in ('ready', 'delivered')",
            name="__wbp__tickets_ready_check",
        ),
        sa.CheckConstraint(
            "(closed_at is not null) = (state in ('delivered', 'cancelled'))",
            name="__wbp__tickets_closed_check",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["tenant.__wbp__customers.id"], name="__wbp__tickets_customer_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["tenant.__wbp__orders.id"],
            name="__wbp__tickets_order_id_fkey",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name="__wbp__tickets_pkey"),
        sa.UniqueConstraint("number", name="__wbp__tickets_number_key"),
        sa.UniqueConstraint("ticket_code", name="__wbp__tickets_ticket_code_key"),
        sa.UniqueConstraint("order_id", name="__wbp__tickets_order_id_key"),
        schema="tenant",
    )
    op.create_index(
        "__wbp__tickets_customer_ix",
        "__wbp__tickets",
        ["customer_id", "created_at"],
        schema="tenant",
    )
    op.create_index(
        "__wbp__tickets_open_ix",
        "__wbp__tickets",
        ["promised_on"],
        schema="tenant",
        postgresql_where=sa.text("closed_at is null"),
    )


def _ticket_pieces() -> None:
    op.create_table(
        "__wbp__ticket_pieces",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("garment_code", sa.Text(), nullable=False),
        sa.Column("service_code", sa.Text(), nullable=False),
        sa.Column("price", sa.Numeric(precision=12, scale=2), nullable=False),
        # Stains, missing buttons, what the customer asked for.
        sa.Column("notes", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="received", nullable=False),
        sa.CheckConstraint("position > 0", name="__wbp__ticket_pieces_position_check"),
        sa.CheckConstraint("price >= 0", name="__wbp__ticket_pieces_price_check"),
        sa.CheckConstraint(f"state in {STATES}", name="__wbp__ticket_pieces_state_check"),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tenant.__wbp__tickets.id"],
            name="__wbp__ticket_pieces_ticket_id_fkey",
            ondelete="CASCADE",
        ),
        _garment("ticket_pieces"),
        _service("ticket_pieces"),
        sa.PrimaryKeyConstraint("ticket_id", "position", name="__wbp__ticket_pieces_pkey"),
        schema="tenant",
    )


def _ticket_reminders() -> None:
    # Planned once, sent once: `number` counts the reminders of a kind for a ticket.
    op.create_table(
        "__wbp__ticket_reminders",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("cancelled_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "kind in ('ready', 'uncollected', 'late')", name="__wbp__ticket_reminders_kind_check"
        ),
        sa.CheckConstraint("number between 1 and 20", name="__wbp__ticket_reminders_number_check"),
        sa.CheckConstraint(
            "sent_at is null or cancelled_at is null", name="__wbp__ticket_reminders_end_check"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tenant.__wbp__tickets.id"],
            name="__wbp__ticket_reminders_ticket_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("ticket_id", "kind", "number", name="__wbp__ticket_reminders_pkey"),
        schema="tenant",
    )
    op.create_index(
        "__wbp__ticket_reminders_due_ix",
        "__wbp__ticket_reminders",
        ["due_at"],
        schema="tenant",
        postgresql_where=sa.text("sent_at is null and cancelled_at is null"),
    )


def _code_check(table: str) -> sa.CheckConstraint:
    return sa.CheckConstraint("code ~ '^[a-z][a-z0-9_]{0,29}$'", name=f"__wbp__{table}_code_check")


def _garment(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["garment_code"], ["tenant.__wbp__garments.code"], name=f"__wbp__{table}_garment_code_fkey"
    )


def _service(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["service_code"], ["tenant.__wbp__services.code"], name=f"__wbp__{table}_service_code_fkey"
    )
