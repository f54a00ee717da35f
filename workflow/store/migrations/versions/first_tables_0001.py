"""The first tables, the derived state of an assignment, and what the database itself refuses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:  # noqa: PLR0915  a list, not a thought
    op.create_table(
        "audit",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=True),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("object_kind", sa.String(length=20), nullable=False),
        sa.Column("object_id", sa.String(length=64), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("row_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("row_hash"),
    )
    op.create_table(
        "blob",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_table(
        "lease",
        sa.Column("duty", sa.String(length=20), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("duty"),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("password", sa.String(length=255), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("fs_uniquifier", sa.String(length=64), nullable=False),
        sa.Column("locale", sa.String(length=12), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("may_create_projects", sa.Boolean(), nullable=False),
        sa.Column("failed_sign_ins", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
        sa.UniqueConstraint("fs_uniquifier"),
    )
    op.create_table(
        "project",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("source_language", sa.String(length=35), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("archived_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_project_created_by"), "project", ["created_by"], unique=False)
    op.create_table(
        "segment",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sha256"],
            ["blob.sha256"],
        ),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index(op.f("ix_segment_sha256"), "segment", ["sha256"], unique=False)
    op.create_table(
        "film",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("original", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=True),
        sa.Column("rate_num", sa.BigInteger(), nullable=True),
        sa.Column("rate_den", sa.BigInteger(), nullable=True),
        sa.Column("frames", sa.BigInteger(), nullable=True),
        sa.Column("width", sa.BigInteger(), nullable=True),
        sa.Column("height", sa.BigInteger(), nullable=True),
        sa.Column("has_sound", sa.Boolean(), nullable=True),
        sa.Column("shots", sa.JSON(), nullable=True),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["original"],
            ["blob.sha256"],
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["project.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_film_created_by"), "film", ["created_by"], unique=False)
    op.create_index(op.f("ix_film_original"), "film", ["original"], unique=False)
    op.create_index(op.f("ix_film_project_id"), "film", ["project_id"], unique=False)
    op.create_table(
        "job",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("queue", sa.String(length=10), nullable=False),
        sa.Column("content_key", sa.String(length=64), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("subject", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(length=120), nullable=True),
        sa.Column("lease_until", sa.Float(), nullable=True),
        sa.Column("heartbeat_at", sa.Float(), nullable=True),
        sa.Column("progressed_at", sa.Float(), nullable=True),
        sa.Column("started_at", sa.Float(), nullable=True),
        sa.Column("progress_permille", sa.Integer(), nullable=False),
        sa.Column("doing", sa.String(length=120), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("error_ref", sa.String(length=16), nullable=True),
        sa.Column("output", sa.String(length=64), nullable=True),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('queued','running','done','failed','cancelled')"),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["project.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_job_created_by"), "job", ["created_by"], unique=False)
    op.create_index(op.f("ix_job_project_id"), "job", ["project_id"], unique=False)
    op.create_index(op.f("ix_job_state"), "job", ["state"], unique=False)
    op.create_index(op.f("ix_job_subject"), "job", ["subject"], unique=False)
    op.create_index(
        "job_one_live_or_done",
        "job",
        ["kind", "content_key"],
        unique=True,
        sqlite_where=sa.text("state IN ('queued','running','done')"),
        postgresql_where=sa.text("state IN ('queued','running','done')"),
    )
    op.create_table(
        "membership",
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["project.id"],
        ),
        sa.PrimaryKeyConstraint("project_id", "person_id", "role"),
    )
    op.create_table(
        "film_file",
        sa.Column("film_id", sa.String(length=36), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["film_id"],
            ["film.id"],
        ),
        sa.ForeignKeyConstraint(
            ["sha256"],
            ["blob.sha256"],
        ),
        sa.PrimaryKeyConstraint("film_id", "role"),
    )
    op.create_index(op.f("ix_film_file_sha256"), "film_file", ["sha256"], unique=False)
    op.create_table(
        "outbox",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("queue", sa.String(length=10), nullable=False),
        sa.Column("job_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("published_at", sa.Float(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["job.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_outbox_job_id"), "outbox", ["job_id"], unique=False)
    op.create_index(op.f("ix_outbox_published_at"), "outbox", ["published_at"], unique=False)
    op.create_table(
        "track",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("film_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["film_id"],
            ["film.id"],
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["project.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_track_created_by"), "track", ["created_by"], unique=False)
    op.create_index(op.f("ix_track_film_id"), "track", ["film_id"], unique=False)
    op.create_index(op.f("ix_track_project_id"), "track", ["project_id"], unique=False)
    op.create_table(
        "upload",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("metadata_header", sa.Text(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("film_id", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["film_id"],
            ["film.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["project.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_upload_film_id"), "upload", ["film_id"], unique=False)
    op.create_index(op.f("ix_upload_person_id"), "upload", ["person_id"], unique=False)
    op.create_index(op.f("ix_upload_project_id"), "upload", ["project_id"], unique=False)
    op.create_table(
        "assignment",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("track_id", sa.String(length=36), nullable=False),
        sa.Column("translator_id", sa.String(length=64), nullable=True),
        sa.Column("reviewer_id", sa.String(length=64), nullable=True),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reviewer_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["track_id"],
            ["track.id"],
        ),
        sa.ForeignKeyConstraint(
            ["translator_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("track_id"),
    )
    op.create_index(op.f("ix_assignment_reviewer_id"), "assignment", ["reviewer_id"], unique=False)
    op.create_index(
        op.f("ix_assignment_translator_id"), "assignment", ["translator_id"], unique=False
    )
    op.create_table(
        "cue_author",
        sa.Column("track_id", sa.String(length=36), nullable=False),
        sa.Column("cue_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["track_id"],
            ["track.id"],
        ),
        sa.PrimaryKeyConstraint("track_id", "cue_hash", "person_id"),
    )
    op.create_table(
        "draft_save",
        sa.Column("track_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("document", sa.String(length=64), nullable=False),
        sa.Column("cue_count", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("report", sa.JSON(), nullable=True),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document"],
            ["blob.sha256"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["track_id"],
            ["track.id"],
        ),
        sa.PrimaryKeyConstraint("track_id", "revision"),
    )
    op.create_index(op.f("ix_draft_save_document"), "draft_save", ["document"], unique=False)
    op.create_index(op.f("ix_draft_save_person_id"), "draft_save", ["person_id"], unique=False)
    op.create_table(
        "proposal",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("track_id", sa.String(length=64), nullable=False),
        sa.Column("job_id", sa.String(length=64), nullable=False),
        sa.Column("base_document", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.JSON(), nullable=False),
        sa.Column("alignment", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alignment"],
            ["blob.sha256"],
        ),
        sa.ForeignKeyConstraint(
            ["base_document"],
            ["blob.sha256"],
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["job.id"],
        ),
        sa.ForeignKeyConstraint(
            ["track_id"],
            ["track.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_proposal_alignment"), "proposal", ["alignment"], unique=False)
    op.create_index(op.f("ix_proposal_base_document"), "proposal", ["base_document"], unique=False)
    op.create_index(op.f("ix_proposal_decided_by"), "proposal", ["decided_by"], unique=False)
    op.create_index(op.f("ix_proposal_job_id"), "proposal", ["job_id"], unique=False)
    op.create_index(op.f("ix_proposal_track_id"), "proposal", ["track_id"], unique=False)
    op.create_table(
        "track_version",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("track_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("parent_id", sa.String(length=64), nullable=True),
        sa.Column("track_hash", sa.String(length=64), nullable=False),
        sa.Column("document", sa.String(length=64), nullable=False),
        sa.Column("cue_count", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("author_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('submitted','in_review','changes_requested','approved','stale','revoked','withdrawn','superseded')"
        ),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["document"],
            ["blob.sha256"],
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["track_version.id"],
        ),
        sa.ForeignKeyConstraint(
            ["track_id"],
            ["track.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("track_id", "number"),
    )
    op.create_index(
        op.f("ix_track_version_author_id"), "track_version", ["author_id"], unique=False
    )
    op.create_index(op.f("ix_track_version_document"), "track_version", ["document"], unique=False)
    op.create_index(
        op.f("ix_track_version_parent_id"), "track_version", ["parent_id"], unique=False
    )
    op.create_index(
        op.f("ix_track_version_track_hash"), "track_version", ["track_hash"], unique=False
    )
    op.create_index(op.f("ix_track_version_track_id"), "track_version", ["track_id"], unique=False)
    op.create_table(
        "build",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version_id", sa.String(length=64), nullable=False),
        sa.Column("job_id", sa.String(length=64), nullable=False),
        sa.Column("height", sa.BigInteger(), nullable=False),
        sa.Column("recipe", sa.JSON(), nullable=False),
        sa.Column("recipe_hash", sa.String(length=64), nullable=False),
        sa.Column("output", sa.String(length=64), nullable=True),
        sa.Column("report", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["job.id"],
        ),
        sa.ForeignKeyConstraint(
            ["output"],
            ["blob.sha256"],
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["track_version.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_build_job_id"), "build", ["job_id"], unique=False)
    op.create_index(op.f("ix_build_output"), "build", ["output"], unique=False)
    op.create_index(op.f("ix_build_version_id"), "build", ["version_id"], unique=False)
    op.create_table(
        "comment",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("track_id", sa.String(length=64), nullable=False),
        sa.Column("version_id", sa.String(length=64), nullable=False),
        sa.Column("reply_to", sa.String(length=64), nullable=True),
        sa.Column("anchor", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author_id", sa.String(length=64), nullable=False),
        sa.Column("resolved_by", sa.String(length=64), nullable=True),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["reply_to"],
            ["comment.id"],
        ),
        sa.ForeignKeyConstraint(
            ["resolved_by"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["track_id"],
            ["track.id"],
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["track_version.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_comment_author_id"), "comment", ["author_id"], unique=False)
    op.create_index(op.f("ix_comment_reply_to"), "comment", ["reply_to"], unique=False)
    op.create_index(op.f("ix_comment_resolved_by"), "comment", ["resolved_by"], unique=False)
    op.create_index(op.f("ix_comment_track_id"), "comment", ["track_id"], unique=False)
    op.create_index(op.f("ix_comment_version_id"), "comment", ["version_id"], unique=False)
    op.create_table(
        "draft",
        sa.Column("track_id", sa.String(length=36), nullable=False),
        sa.Column("base_version_id", sa.String(length=64), nullable=True),
        sa.Column("document", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.String(length=64), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["base_version_id"],
            ["track_version.id"],
        ),
        sa.ForeignKeyConstraint(
            ["document"],
            ["blob.sha256"],
        ),
        sa.ForeignKeyConstraint(
            ["track_id"],
            ["track.id"],
        ),
        sa.ForeignKeyConstraint(
            ["updated_by"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("track_id"),
    )
    op.create_index(op.f("ix_draft_base_version_id"), "draft", ["base_version_id"], unique=False)
    op.create_index(op.f("ix_draft_document"), "draft", ["document"], unique=False)
    op.create_index(op.f("ix_draft_updated_by"), "draft", ["updated_by"], unique=False)
    op.create_table(
        "version_cue_change",
        sa.Column("version_id", sa.String(length=36), nullable=False),
        sa.Column("cue_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["track_version.id"],
        ),
        sa.PrimaryKeyConstraint("version_id", "cue_hash", "person_id"),
    )
    op.create_table(
        "verdict",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version_id", sa.String(length=64), nullable=False),
        sa.Column("build_id", sa.String(length=64), nullable=False),
        sa.Column("track_hash", sa.String(length=64), nullable=False),
        sa.Column("film_hash", sa.String(length=64), nullable=False),
        sa.Column("recipe_hash", sa.String(length=64), nullable=False),
        sa.Column("build_hash", sa.String(length=64), nullable=False),
        sa.Column("reviewer_id", sa.String(length=64), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("watched_permille", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("verdict IN ('approved','changes_requested')"),
        sa.ForeignKeyConstraint(
            ["build_id"],
            ["build.id"],
        ),
        sa.ForeignKeyConstraint(
            ["reviewer_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["track_version.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("reviewer_id", "idempotency_key"),
    )
    op.create_index(op.f("ix_verdict_build_id"), "verdict", ["build_id"], unique=False)
    op.create_index(op.f("ix_verdict_reviewer_id"), "verdict", ["reviewer_id"], unique=False)
    op.create_index(op.f("ix_verdict_version_id"), "verdict", ["version_id"], unique=False)
    op.create_table(
        "render",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version_id", sa.String(length=64), nullable=False),
        sa.Column("verdict_id", sa.String(length=64), nullable=False),
        sa.Column("job_id", sa.String(length=64), nullable=False),
        sa.Column("recipe", sa.JSON(), nullable=False),
        sa.Column("recipe_hash", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("output", sa.String(length=64), nullable=True),
        sa.Column("manifest", sa.String(length=64), nullable=True),
        sa.Column("report", sa.JSON(), nullable=True),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["job.id"],
        ),
        sa.ForeignKeyConstraint(
            ["manifest"],
            ["blob.sha256"],
        ),
        sa.ForeignKeyConstraint(
            ["output"],
            ["blob.sha256"],
        ),
        sa.ForeignKeyConstraint(
            ["verdict_id"],
            ["verdict.id"],
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["track_version.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_render_created_by"), "render", ["created_by"], unique=False)
    op.create_index(op.f("ix_render_job_id"), "render", ["job_id"], unique=False)
    op.create_index(op.f("ix_render_manifest"), "render", ["manifest"], unique=False)
    op.create_index(op.f("ix_render_output"), "render", ["output"], unique=False)
    op.create_index(op.f("ix_render_verdict_id"), "render", ["verdict_id"], unique=False)
    op.create_index(op.f("ix_render_version_id"), "render", ["version_id"], unique=False)
    op.execute(ASSIGNMENT_STATE)
    for statement in refusals(op.get_bind().dialect.name):
        op.execute(sa.text(statement))


#: Which state of a version may follow which (docs: reliability-and-security.md 3).
MOVES = (
    ("submitted", "in_review"),
    ("submitted", "withdrawn"),
    ("submitted", "superseded"),
    ("in_review", "approved"),
    ("in_review", "changes_requested"),
    ("in_review", "withdrawn"),
    ("in_review", "superseded"),
    ("changes_requested", "superseded"),
    ("approved", "stale"),
    ("approved", "revoked"),
    ("approved", "superseded"),
    ("stale", "in_review"),
    ("stale", "superseded"),
    ("revoked", "in_review"),
    ("revoked", "superseded"),
)

#: (trigger, "INSERT ON verdict", condition under which it refuses, what it says). One condition in
#: SQL that both databases read alike; NEW and OLD are the rows.
RULES = (
    ("audit_no_update", "UPDATE ON audit", "TRUE", "APPEND_ONLY audit"),
    ("audit_no_delete", "DELETE ON audit", "TRUE", "APPEND_ONLY audit"),
    ("verdict_no_update", "UPDATE ON verdict", "TRUE", "APPEND_ONLY verdict"),
    ("verdict_no_delete", "DELETE ON verdict", "TRUE", "APPEND_ONLY verdict"),
    ("change_no_update", "UPDATE ON version_cue_change", "TRUE", "APPEND_ONLY version_cue_change"),
    ("change_no_delete", "DELETE ON version_cue_change", "TRUE", "APPEND_ONLY version_cue_change"),
    ("version_no_delete", "DELETE ON track_version", "TRUE", "APPEND_ONLY track_version"),
    (
        "version_is_immutable",
        "UPDATE ON track_version",
        """NEW.track_hash <> OLD.track_hash OR NEW.document <> OLD.document OR NEW.number <> OLD.number
        OR NEW.track_id <> OLD.track_id OR NEW.author_id <> OLD.author_id""",
        "IMMUTABLE track_version",
    ),
    (
        "version_moves",
        "UPDATE ON track_version",
        "NEW.state <> OLD.state AND (OLD.state || '>' || NEW.state) NOT IN ("
        + ", ".join(f"'{old}>{new}'" for old, new in MOVES)
        + ")",
        "WRONG_STATE track_version",
    ),
    (
        "approved_has_verdict",
        "UPDATE ON track_version",
        """NEW.state = 'approved' AND OLD.state <> 'approved' AND NOT EXISTS (
        SELECT 1 FROM verdict WHERE verdict.version_id = NEW.id AND verdict.verdict = 'approved'
        AND verdict.track_hash = NEW.track_hash)""",
        "NO_VERDICT track_version",
    ),
    (
        "two_persons",
        "INSERT ON verdict",
        """NEW.verdict = 'approved' AND EXISTS (
        SELECT 1 FROM version_cue_change WHERE version_cue_change.version_id = NEW.version_id
        AND version_cue_change.person_id = NEW.reviewer_id)""",
        "OWN_CUES verdict",
    ),
    (
        "only_approved_is_rendered",
        "INSERT ON render",
        """NOT EXISTS (SELECT 1 FROM track_version JOIN verdict ON verdict.version_id = track_version.id
        WHERE track_version.id = NEW.version_id AND track_version.state = 'approved'
        AND verdict.id = NEW.verdict_id AND verdict.verdict = 'approved'
        AND verdict.track_hash = track_version.track_hash)""",
        "NOT_APPROVED render",
    ),
)

#: The state of a track's assignment is never set by hand: it follows from its versions and renders.
ASSIGNMENT_STATE = """
CREATE VIEW assignment_state AS
SELECT t.id AS track_id,
  CASE
    WHEN a.cancelled THEN 'cancelled'
    WHEN a.held THEN 'on_hold'
    WHEN v.state IN ('submitted', 'in_review', 'stale', 'revoked') THEN 'in_review'
    WHEN v.state = 'changes_requested' AND d.document <> v.document THEN 'in_progress'
    WHEN v.state = 'changes_requested' THEN 'changes_requested'
    WHEN v.state = 'approved' AND EXISTS (
      SELECT 1 FROM render r WHERE r.version_id = v.id AND r.output IS NOT NULL) THEN 'delivered'
    WHEN v.state = 'approved' AND EXISTS (
      SELECT 1 FROM render r JOIN job j ON j.id = r.job_id
      WHERE r.version_id = v.id AND j.state IN ('queued', 'running')) THEN 'rendering'
    WHEN v.state = 'approved' THEN 'approved'
    WHEN d.track_id IS NOT NULL THEN 'in_progress'
    WHEN a.translator_id IS NOT NULL THEN 'assigned'
    ELSE 'open'
  END AS state
FROM track t
LEFT JOIN assignment a ON a.track_id = t.id
LEFT JOIN draft d ON d.track_id = t.id
LEFT JOIN track_version v ON v.track_id = t.id AND v.number = (
  SELECT MAX(w.number) FROM track_version w
  WHERE w.track_id = t.id AND w.state NOT IN ('withdrawn', 'superseded'))
"""


def refusals(dialect: str) -> list[str]:
    """The rules as triggers of *dialect*."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {name} BEFORE {event} WHEN {condition}"
            f" BEGIN SELECT RAISE(ABORT, '{words}'); END"
            for name, event, condition, words in RULES
        ]
    statements = []
    for name, event, condition, words in RULES:
        row = "OLD" if event.startswith("DELETE") else "NEW"
        statements += [
            f"CREATE FUNCTION {name}() RETURNS trigger AS $rule$ BEGIN"
            f" IF {condition} THEN RAISE EXCEPTION '{words}' USING ERRCODE = 'raise_exception'; END IF;"
            f" RETURN {row}; END $rule$ LANGUAGE plpgsql",
            f"CREATE TRIGGER {name} BEFORE {event} FOR EACH ROW EXECUTE FUNCTION {name}()",
        ]
    return [
        *statements,
        *(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION audit_no_delete()"
            for table in ("audit", "verdict", "track_version")
        ),
    ]
