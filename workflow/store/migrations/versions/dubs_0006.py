"""Dubs: what they were made from and how they are mixed; recordings, takes, and what people said of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def _id() -> sa.Column[str]:
    return sa.Column("id", sa.String(length=36), primary_key=True)


def _to(column: str, name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=64), sa.ForeignKey(column), nullable=null, index=True)


def _by() -> tuple[sa.Column[str], sa.Column[int]]:
    return (
        _to("person.id", "created_by"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )


def upgrade() -> None:
    op.create_table(
        "dub",
        sa.Column("track_id", sa.String(length=36), sa.ForeignKey("track.id"), primary_key=True),
        _to("track.id", "source_track_id"),
        _to("blob.sha256", "source_document"),
        sa.Column("settings", sa.JSON(), nullable=False),
        _to("blob.sha256", "stem", null=True),
    )
    op.create_table(
        "recording",
        _id(),
        _to("track.id", "track_id"),
        _to("blob.sha256", "sha256"),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("line_uid", sa.String(length=64)),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        _to("job.id", "job_id", null=True),
        sa.Column("error", sa.JSON()),
        *_by(),
    )
    op.create_table(
        "take",
        _id(),
        _to("track.id", "track_id"),
        sa.Column("line_uid", sa.String(length=64), nullable=False, index=True),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        _to("recording.id", "recording_id"),
        _to("blob.sha256", "sha256"),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("confidence", sa.Float()),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("evidence", sa.JSON()),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("missing_samples", sa.BigInteger(), nullable=False),
        sa.Column("latency_samples", sa.BigInteger(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        *_by(),
        sa.CheckConstraint("state IN ('to_confirm','accepted','rejected')"),
    )
    op.create_table(
        "take_label",
        _id(),
        _to("take.id", "take_id"),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        _to("person.id", "person_id"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
