"""Which line of a dub a line went into when the two were merged: its takes stay listed there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("dub", sa.Column("merged", sa.JSON(), nullable=False, server_default="{}"))
