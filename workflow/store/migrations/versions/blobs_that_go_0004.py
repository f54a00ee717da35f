"""When a blob was found to be needed by nobody; what is looked for when room is made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("blob", sa.Column("condemned_at", sa.BigInteger(), nullable=True))
    going = sa.text("condemned_at IS NOT NULL")
    op.create_index(
        "blob_condemned", "blob", ["condemned_at"], sqlite_where=going, postgresql_where=going
    )
    op.create_index("ix_segment_used_at", "segment", ["used_at"])
