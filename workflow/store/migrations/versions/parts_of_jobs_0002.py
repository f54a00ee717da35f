"""Jobs made of parts, the order in which jobs are taken, and whether the queues are alive."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("job", sa.Column("rank", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("job", sa.Column("since", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("job", sa.Column("parts_left", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE job SET since = created_at")
    op.execute("UPDATE job SET rank = 0 WHERE kind IN ('build', 'render')")
    op.create_index(
        "job_in_line",
        "job",
        ["queue", "project_id", "rank", "since"],
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index("job_last_begun", "job", ["project_id", "queue", "started_at"])
    op.create_table(
        "job_part",
        sa.Column("parent_id", sa.String(length=36), nullable=False),
        sa.Column("part_id", sa.String(length=36), nullable=False),
        sa.Column("frames", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["job.id"]),
        sa.ForeignKeyConstraint(["part_id"], ["job.id"]),
        sa.PrimaryKeyConstraint("parent_id", "part_id"),
    )
    op.create_index(op.f("ix_job_part_part_id"), "job_part", ["part_id"], unique=False)
    op.create_table(
        "pulse",
        sa.Column("queue", sa.String(length=10), nullable=False),
        sa.Column("asked_at", sa.Float(), nullable=False),
        sa.Column("heard_at", sa.Float(), nullable=False),
        sa.Column("heard_from", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("queue"),
    )
