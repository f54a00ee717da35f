"""A project's rules, words, terms and memory; files that wait for a decision; findings set aside."""

from __future__ import annotations

import time
import uuid

import sqlalchemy as sa
from alembic import op

from workflow.language.glossary import seed

revision = "0003"
down_revision = "0002"


def _to(column: str, name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=64), sa.ForeignKey(column), nullable=null)


def upgrade() -> None:
    op.create_table(
        "project_rules",
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("profile", sa.JSON(), nullable=False),
        sa.Column("may_ignore", sa.String(length=8), nullable=False),
        sa.Column("shares_memory", sa.Boolean(), nullable=False),
        _to("person.id", "changed_by"),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"]),
        sa.PrimaryKeyConstraint("project_id"),
    )
    op.create_table(
        "word",
        sa.Column("id", sa.String(length=36), nullable=False),
        _to("project.id", "project_id", null=True),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("text", sa.String(length=120), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        _to("person.id", "created_by"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    terms = op.create_table(
        "glossary_term",
        sa.Column("id", sa.String(length=36), nullable=False),
        _to("project.id", "project_id", null=True),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("en", "ru", "tk", "forbidden")),
        sa.Column("confidence", sa.String(length=1), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        _to("person.id", "changed_by", null=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "memory_unit",
        sa.Column("id", sa.String(length=36), nullable=False),
        _to("project.id", "project_id", null=True),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("source_language", sa.String(length=35), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("speaker", sa.String(length=200), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(length=255), nullable=False),
        _to("track.id", "track_id", null=True),
        sa.Column("cue_uid", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_table(
        "received_file",
        sa.Column("id", sa.String(length=36), nullable=False),
        _to("project.id", "project_id"),
        _to("film.id", "film_id"),
        _to("track.id", "track_id", null=True),
        _to("person.id", "person_id"),
        sa.Column("name", sa.String(length=255), nullable=False),
        _to("blob.sha256", "sha256"),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "ignored_finding",
        sa.Column("track_id", sa.String(length=36), nullable=False),
        sa.Column("look", sa.String(length=64), nullable=False),
        sa.Column("rule", sa.String(length=8), nullable=False),
        sa.Column("cue_uid", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        _to("person.id", "person_id"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["track_id"], ["track.id"]),
        sa.PrimaryKeyConstraint("track_id", "look"),
    )
    for table, column in (
        ("project_rules", "changed_by"),
        ("word", "project_id"),
        ("word", "created_by"),
        ("glossary_term", "project_id"),
        ("glossary_term", "changed_by"),
        ("memory_unit", "project_id"),
        ("memory_unit", "track_id"),
        ("received_file", "project_id"),
        ("received_file", "film_id"),
        ("received_file", "track_id"),
        ("received_file", "person_id"),
        ("received_file", "sha256"),
        ("ignored_finding", "person_id"),
    ):
        op.create_index(f"ix_{table}_{column}", table, [column])
    now = time.time_ns() // 1_000_000
    op.bulk_insert(
        terms,
        [
            {
                "id": str(uuid.uuid4()),
                "project_id": None,
                "en": list(term.en),
                "ru": list(term.ru),
                "tk": list(term.tk),
                "forbidden": list(term.forbidden),
                "confidence": term.confidence,
                "status": term.status,
                "owner": term.owner[:120],
                "evidence": term.evidence,
                "note": term.note,
                "changed_by": None,
                "changed_at": now,
            }
            for term in seed().terms
        ],
    )
