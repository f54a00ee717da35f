"""Every table, and what each row means. Rows stay in `store`; values come out.

Ids are UUIDv4 in text. Instants are whole milliseconds since 1970 UTC, except
in `job` and `lease`, which count seconds on the database's own clock so that
no worker's clock can expire another's lease. Media times are flicks.
"""

from __future__ import annotations

import time
import uuid
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


def new_id() -> str:
    return str(uuid.uuid4())


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Base(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        dict[str, Any]: JSON,
        list[Any]: JSON,
        int: BigInteger,
    }


def _id() -> Mapped[str]:
    return mapped_column(String(36), primary_key=True, default=new_id)


def _created() -> Mapped[int]:
    return mapped_column(BigInteger, default=now_ms)


def _to(column: str, *, null: bool = False, index: bool = True) -> Mapped[Any]:
    return mapped_column(String(64), ForeignKey(column), nullable=null, index=index)


class Person(Base):
    __tablename__ = "person"
    id: Mapped[str] = _id()
    email: Mapped[str] = mapped_column(String(254), unique=True)  # lower case
    name: Mapped[str] = mapped_column(String(120))
    password: Mapped[str | None] = mapped_column(String(255))  # argon2
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)  # changes end every session
    locale: Mapped[str] = mapped_column(String(12), default="en")
    is_admin: Mapped[bool] = mapped_column(default=False)
    may_create_projects: Mapped[bool] = mapped_column(default=False)
    failed_sign_ins: Mapped[int] = mapped_column(Integer, default=0)
    locked_until: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[int] = _created()


class Project(Base):
    __tablename__ = "project"
    id: Mapped[str] = _id()
    title: Mapped[str] = mapped_column(String(120))
    source_language: Mapped[str] = mapped_column(String(35), default="en")
    created_by: Mapped[str] = _to("person.id")
    created_at: Mapped[int] = _created()
    archived_at: Mapped[int | None]


class Membership(Base):
    __tablename__ = "membership"
    project_id: Mapped[str] = mapped_column(ForeignKey("project.id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(12), primary_key=True)
    created_at: Mapped[int] = _created()


class Blob(Base):
    """An immutable file; this row is what makes it visible."""

    __tablename__ = "blob"
    __table_args__ = (
        Index(
            "blob_condemned",
            "condemned_at",
            sqlite_where=text("condemned_at IS NOT NULL"),
            postgresql_where=text("condemned_at IS NOT NULL"),
        ),
    )
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int]
    media_type: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(
        String(12), default="present"
    )  # present | missing | damaged | removing
    created_at: Mapped[int] = _created()
    condemned_at: Mapped[int | None]  # since when nobody needs it, as `collect` saw it


class Upload(Base):
    """A resumable upload (tus 1.0.0) and, when complete, what it became."""

    __tablename__ = "upload"
    id: Mapped[str] = _id()
    project_id: Mapped[str] = _to("project.id")
    person_id: Mapped[str] = _to("person.id")
    name: Mapped[str] = mapped_column(String(255))  # cleaned for display
    metadata_header: Mapped[str] = mapped_column(Text, default="")  # as sent, echoed on HEAD
    length: Mapped[int]
    offset: Mapped[int] = mapped_column(default=0)
    sha256: Mapped[str | None] = mapped_column(String(64))  # what the client says the whole is
    state: Mapped[str] = mapped_column(String(12), default="open")  # open | done | refused | gone
    error: Mapped[dict[str, Any] | None]
    film_id: Mapped[str | None] = _to("film.id", null=True)
    created_at: Mapped[int] = _created()
    expires_at: Mapped[int]


class Film(Base):
    """One uploaded film file, immutable. The measures are the mezzanine's and null until ingest is done."""

    __tablename__ = "film"
    id: Mapped[str] = _id()
    project_id: Mapped[str] = _to("project.id")
    name: Mapped[str] = mapped_column(String(255))
    original: Mapped[str] = _to("blob.sha256")  # also the film's hash
    state: Mapped[str] = mapped_column(
        String(12), default="ingesting"
    )  # ingesting | ready | failed
    error: Mapped[dict[str, Any] | None]
    facts: Mapped[dict[str, Any] | None]  # MediaFacts of the original, with what ingest changed
    rate_num: Mapped[int | None]
    rate_den: Mapped[int | None]
    frames: Mapped[int | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    has_sound: Mapped[bool | None]
    shots: Mapped[list[Any] | None]  # flicks
    created_by: Mapped[str] = _to("person.id")
    created_at: Mapped[int] = _created()


class FilmFile(Base):
    """What ingest made of a film: mezzanine, sound, proxy240, proxy480, poster, peaks, speech, index."""

    __tablename__ = "film_file"
    film_id: Mapped[str] = mapped_column(ForeignKey("film.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(20), primary_key=True)
    sha256: Mapped[str] = _to("blob.sha256")


class Track(Base):
    """The line-up in one language on one film.

    kind "reference" is a source-language track to align to; of a "dub" the cues are lines to be heard.
    """

    __tablename__ = "track"
    id: Mapped[str] = _id()
    project_id: Mapped[str] = _to("project.id")
    film_id: Mapped[str] = _to("film.id")
    kind: Mapped[str] = mapped_column(String(12))  # reference | subtitle | dub
    language: Mapped[str] = mapped_column(String(35))
    title: Mapped[str] = mapped_column(String(120), default="")
    created_by: Mapped[str] = _to("person.id")
    created_at: Mapped[int] = _created()


class Assignment(Base):
    """Who does what: film × language × kind. Its state is the view assignment_state, never a column."""

    __tablename__ = "assignment"
    id: Mapped[str] = _id()
    track_id: Mapped[str] = mapped_column(ForeignKey("track.id"), unique=True)
    translator_id: Mapped[str | None] = _to("person.id", null=True)
    reviewer_id: Mapped[str | None] = _to("person.id", null=True)
    held: Mapped[bool] = mapped_column(default=False)
    cancelled: Mapped[bool] = mapped_column(default=False)


class TrackVersion(Base):
    """One immutable state of a track. `document` has uids and notes; `track_hash` names what a viewer sees."""

    __tablename__ = "track_version"
    __table_args__ = (
        UniqueConstraint("track_id", "number"),
        CheckConstraint(
            "state IN ('submitted','in_review','changes_requested','approved','stale','revoked',"
            "'withdrawn','superseded')"
        ),
    )
    id: Mapped[str] = _id()
    track_id: Mapped[str] = _to("track.id")
    number: Mapped[int]
    parent_id: Mapped[str | None] = _to("track_version.id", null=True)
    track_hash: Mapped[str] = mapped_column(String(64), index=True)
    document: Mapped[str] = _to("blob.sha256")
    cue_count: Mapped[int]
    note: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(20), default="submitted")
    author_id: Mapped[str] = _to("person.id")
    created_at: Mapped[int] = _created()
    changed_at: Mapped[int] = _created()
    revoked_at: Mapped[int | None]  # its approval was taken back, and not given again


class CueAuthor(Base):
    """Who had a hand in a cue's look, by cue hash within a track: the ground of the two-person rule.

    A changed cue inherits the authors of what it was made from, back to the last approved version.
    """

    __tablename__ = "cue_author"
    track_id: Mapped[str] = mapped_column(ForeignKey("track.id"), primary_key=True)
    cue_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)


class VersionCueChange(Base):
    """What a version changes since the last approved one, and by whom: written at submit, never changed.

    A trigger refuses an approval by anyone named here. A removed cue stands under its removal hash
    (`review.removal_hash`).
    """

    __tablename__ = "version_cue_change"
    version_id: Mapped[str] = mapped_column(ForeignKey("track_version.id"), primary_key=True)
    cue_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)


class Draft(Base):
    """The one draft of a track. `revision` counts saves; the ETag is its document's hash."""

    __tablename__ = "draft"
    track_id: Mapped[str] = mapped_column(ForeignKey("track.id"), primary_key=True)
    base_version_id: Mapped[str | None] = _to("track_version.id", null=True)
    document: Mapped[str] = _to("blob.sha256")
    revision: Mapped[int] = mapped_column(default=1)
    updated_by: Mapped[str] = _to("person.id")
    updated_at: Mapped[int] = _created()


class DraftSave(Base):
    """Every saved state of a draft, so that nothing typed is lost and merges have their base."""

    __tablename__ = "draft_save"
    track_id: Mapped[str] = mapped_column(ForeignKey("track.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    document: Mapped[str] = _to("blob.sha256")
    cue_count: Mapped[int]
    what: Mapped[str] = mapped_column(String(20))  # import | edit | merge | align | restore
    report: Mapped[dict[str, Any] | None]  # import report, where there is one
    person_id: Mapped[str] = _to("person.id")
    created_at: Mapped[int] = _created()


class ProjectRules(Base):
    """How one project is checked and what it shares. No row: the first profile, as it comes.

    profile          a body for `qc.profile_of`: {"base": "kids", "cps": 13, …}
    may_ignore       the gravest finding that may be set aside with a reason: error | warning | hint | none
    shares_memory    whether what it approves is offered to the house's other projects
    """

    __tablename__ = "project_rules"
    project_id: Mapped[str] = mapped_column(ForeignKey("project.id"), primary_key=True)
    profile: Mapped[dict[str, Any]]
    may_ignore: Mapped[str] = mapped_column(String(8), default="warning")
    shares_memory: Mapped[bool] = mapped_column(default=True)
    changed_by: Mapped[str] = _to("person.id")
    changed_at: Mapped[int] = _created()


class Word(Base):
    """A Turkmen word that is right, or a name with its form in the source. No project: of the house."""

    __tablename__ = "word"
    id: Mapped[str] = _id()
    project_id: Mapped[str | None] = _to("project.id", null=True)
    kind: Mapped[str] = mapped_column(String(8))  # word | name
    text: Mapped[str] = mapped_column(String(120))
    source: Mapped[str] = mapped_column(String(120), default="")  # of a name
    created_by: Mapped[str] = _to("person.id")
    created_at: Mapped[int] = _created()


class GlossaryTerm(Base):
    """One row of a glossary (`language.glossary.Term`). No project: of the house. No person: of the seed."""

    __tablename__ = "glossary_term"
    id: Mapped[str] = _id()
    project_id: Mapped[str | None] = _to("project.id", null=True)
    en: Mapped[list[Any]]
    ru: Mapped[list[Any]]
    tk: Mapped[list[Any]]
    forbidden: Mapped[list[Any]]
    confidence: Mapped[str] = mapped_column(String(1))
    status: Mapped[str] = mapped_column(String(10))
    owner: Mapped[str] = mapped_column(String(120), default="")
    evidence: Mapped[str] = mapped_column(Text, default="")
    note: Mapped[str] = mapped_column(Text, default="")
    changed_by: Mapped[str | None] = _to("person.id", null=True)
    changed_at: Mapped[int] = _created()


class MemoryUnit(Base):
    """One thing said in two languages: by an approved version, or read from a file. No project: of the house.

    key     names source, target, languages and whose it is: the same again is no second row
    """

    __tablename__ = "memory_unit"
    id: Mapped[str] = _id()
    project_id: Mapped[str | None] = _to("project.id", null=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    source_language: Mapped[str] = mapped_column(String(35))
    language: Mapped[str] = mapped_column(String(35))
    source: Mapped[str] = mapped_column(Text)
    target: Mapped[str] = mapped_column(Text)
    speaker: Mapped[str] = mapped_column(String(200), default="")
    before: Mapped[str] = mapped_column(Text, default="")
    after: Mapped[str] = mapped_column(Text, default="")
    origin: Mapped[str] = mapped_column(String(255), default="")  # the film or file, for the page
    track_id: Mapped[str | None] = _to("track.id", null=True)
    cue_uid: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[int] = _created()


class ReceivedFile(Base):
    """A subtitle file that is here and not yet a draft: a person must say how to read it, or take it.

    asked      language, kind, title and etag as they were sent with it
    choices    what was said about it since: encoding, frame_rate, column
    """

    __tablename__ = "received_file"
    id: Mapped[str] = _id()
    project_id: Mapped[str] = _to("project.id")
    film_id: Mapped[str] = _to("film.id")
    track_id: Mapped[str | None] = _to("track.id", null=True)
    person_id: Mapped[str] = _to("person.id")
    name: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = _to("blob.sha256")
    asked: Mapped[dict[str, Any]]
    choices: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(8), default="open")  # open | taken | dropped
    created_at: Mapped[int] = _created()


class IgnoredFinding(Base):
    """A finding that somebody set aside with a reason; it holds while the cue looks as it did.

    look    names the rule's words and the cue's text and times
    """

    __tablename__ = "ignored_finding"
    track_id: Mapped[str] = mapped_column(ForeignKey("track.id"), primary_key=True)
    look: Mapped[str] = mapped_column(String(64), primary_key=True)
    rule: Mapped[str] = mapped_column(String(8))
    cue_uid: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text)
    person_id: Mapped[str] = _to("person.id")
    created_at: Mapped[int] = _created()


class Proposal(Base):
    """New times that alignment suggests for a draft; a person accepts it whole, in part or not."""

    __tablename__ = "proposal"
    id: Mapped[str] = _id()
    track_id: Mapped[str] = _to("track.id")
    job_id: Mapped[str] = _to("job.id")
    base_document: Mapped[str] = _to("blob.sha256")  # the draft that was aligned
    reference: Mapped[dict[str, Any]]  # {"track": id, "title": …} or {"speech": true}
    alignment: Mapped[str] = _to("blob.sha256")  # Alignment.to_json()
    state: Mapped[str] = mapped_column(String(12), default="open")  # open | accepted | rejected
    decided_by: Mapped[str | None] = _to("person.id", null=True)
    decided_at: Mapped[int | None]
    created_at: Mapped[int] = _created()


class Build(Base):
    """A review build: the stamped, watchable render of one version."""

    __tablename__ = "build"
    id: Mapped[str] = _id()
    version_id: Mapped[str] = _to("track_version.id")
    job_id: Mapped[str] = _to("job.id")
    height: Mapped[int]
    recipe: Mapped[dict[str, Any]]
    recipe_hash: Mapped[str] = mapped_column(String(64))
    output: Mapped[str | None] = _to("blob.sha256", null=True)
    report: Mapped[dict[str, Any] | None]
    created_at: Mapped[int] = _created()


class Verdict(Base):
    """Approved or changes requested, by one reviewer, over the exact bytes they watched. Never updated."""

    __tablename__ = "verdict"
    __table_args__ = (
        UniqueConstraint("reviewer_id", "idempotency_key"),
        CheckConstraint("verdict IN ('approved','changes_requested')"),
    )
    id: Mapped[str] = _id()
    version_id: Mapped[str] = _to("track_version.id")
    build_id: Mapped[str] = _to("build.id")
    track_hash: Mapped[str] = mapped_column(String(64))
    film_hash: Mapped[str] = mapped_column(String(64))
    recipe_hash: Mapped[str] = mapped_column(String(64))
    build_hash: Mapped[str] = mapped_column(String(64))
    reviewer_id: Mapped[str] = _to("person.id")
    verdict: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text, default="")
    watched_permille: Mapped[int] = mapped_column(Integer, default=0)
    idempotency_key: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[int] = _created()


class Comment(Base):
    __tablename__ = "comment"
    id: Mapped[str] = _id()
    track_id: Mapped[str] = _to("track.id")
    version_id: Mapped[str] = _to("track_version.id")
    reply_to: Mapped[str | None] = _to("comment.id", null=True)
    anchor: Mapped[
        dict[str, Any]
    ]  # {cue_uid?, cue_hash?, frame, rate: [num, den], film_hash, track_hash}
    text: Mapped[str] = mapped_column(Text)
    author_id: Mapped[str] = _to("person.id")
    resolved_by: Mapped[str | None] = _to("person.id", null=True)
    resolved_at: Mapped[int | None]
    created_at: Mapped[int] = _created()


class Render(Base):
    """A final render of an approved version, with the manifest of everything that went in."""

    __tablename__ = "render"
    id: Mapped[str] = _id()
    version_id: Mapped[str] = _to("track_version.id")
    verdict_id: Mapped[str] = _to("verdict.id")
    job_id: Mapped[str] = _to("job.id")
    recipe: Mapped[dict[str, Any]]
    recipe_hash: Mapped[str] = mapped_column(String(64))
    file_name: Mapped[str] = mapped_column(String(255))
    output: Mapped[str | None] = _to("blob.sha256", null=True)
    manifest: Mapped[str | None] = _to("blob.sha256", null=True)
    report: Mapped[dict[str, Any] | None]
    created_by: Mapped[str] = _to("person.id")
    created_at: Mapped[int] = _created()


class Package(Base):
    """Finished films with all that belongs to them, as one archive; its bytes are put together when sent.

    choice    {"renders": [SHA-256 …], "formats": [names …]}; what was asked for
    made      the time that every file in it gets: of the approval
    sha256    of the archive
    """

    __tablename__ = "package"
    __table_args__ = (UniqueConstraint("version_id", "choice_hash"),)
    id: Mapped[str] = _id()
    version_id: Mapped[str] = _to("track_version.id")
    job_id: Mapped[str] = _to("job.id")
    kind: Mapped[str] = mapped_column(String(12))  # delivery | room
    choice: Mapped[dict[str, Any]]
    choice_hash: Mapped[str] = mapped_column(String(64))
    file_name: Mapped[str] = mapped_column(String(255))
    made: Mapped[int]
    sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    size: Mapped[int | None]
    created_by: Mapped[str] = _to("person.id")
    created_at: Mapped[int] = _created()


class PackageFile(Base):
    """One file of a package, in its place, with the CRC-32 that the archive states."""

    __tablename__ = "package_file"
    package_id: Mapped[str] = mapped_column(ForeignKey("package.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = _to("blob.sha256")
    size: Mapped[int]
    crc32: Mapped[int]


class Segment(Base):
    """An encoded stretch of a film, named by everything that went into it."""

    __tablename__ = "segment"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    sha256: Mapped[str] = _to("blob.sha256")
    used_at: Mapped[int] = mapped_column(BigInteger, default=now_ms, index=True)


class Job(Base):
    """One piece of work: the truth about it. See docs/guide/jobs.md for its life.

    content_key      SHA-256 of kind, input hashes, recipe and tool version: the same request is the same job
    fence            counts claims; every write of a worker says which claim it belongs to
    lease_until      seconds on the database's clock
    rank             0 is taken first; see `store.line`
    since            ms; what waits longer comes first: its making, or its parent's and the place in it
    parts_left       of its parts, those that are not over; it is not taken before there is none
    """

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("state IN ('queued','running','done','failed','cancelled')"),
        Index(
            "job_one_live_or_done",
            "kind",
            "content_key",
            unique=True,
            sqlite_where=text("state IN ('queued','running','done')"),
            postgresql_where=text("state IN ('queued','running','done')"),
        ),
        Index(
            "job_in_line",
            "queue",
            "project_id",
            "rank",
            "since",
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
        Index("job_last_begun", "project_id", "queue", "started_at"),
    )
    id: Mapped[str] = _id()
    kind: Mapped[str] = mapped_column(String(20))  # ingest | align | build | render | encode
    queue: Mapped[str] = mapped_column(String(10))  # fast | render
    content_key: Mapped[str] = mapped_column(String(64))
    params: Mapped[dict[str, Any]]
    subject: Mapped[str] = mapped_column(String(36), index=True)  # film, track, build or render
    project_id: Mapped[str] = _to("project.id")
    state: Mapped[str] = mapped_column(String(12), default="queued", index=True)
    rank: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    since: Mapped[int] = mapped_column(default=now_ms, server_default="0")
    parts_left: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    attempt: Mapped[int] = mapped_column(Integer, default=0)
    max_attempts: Mapped[int] = mapped_column(Integer, default=3)
    fence: Mapped[int] = mapped_column(Integer, default=0)
    lease_owner: Mapped[str | None] = mapped_column(String(120))
    lease_until: Mapped[float | None] = mapped_column(Float)
    heartbeat_at: Mapped[float | None] = mapped_column(Float)
    progressed_at: Mapped[float | None] = mapped_column(Float)
    started_at: Mapped[float | None] = mapped_column(Float)
    progress_permille: Mapped[int] = mapped_column(Integer, default=0)
    doing: Mapped[str] = mapped_column(String(120), default="")
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    error: Mapped[dict[str, Any] | None]
    error_ref: Mapped[str | None] = mapped_column(String(16))
    output: Mapped[str | None] = mapped_column(
        String(64)
    )  # id of the film, proposal, build or render it made
    created_by: Mapped[str] = _to("person.id")
    created_at: Mapped[int] = _created()
    finished_at: Mapped[int | None]


class JobPart(Base):
    """A job that others wait for. Two jobs that need the same may wait for one part."""

    __tablename__ = "job_part"
    parent_id: Mapped[str] = mapped_column(ForeignKey("job.id"), primary_key=True)
    part_id: Mapped[str] = mapped_column(ForeignKey("job.id"), primary_key=True, index=True)
    frames: Mapped[int]  # of the film, that the part makes: its share of the parent's progress


class Dub(Base):
    """What a track of kind "dub" was made from, and how it is mixed. Its lines are the track's cues."""

    __tablename__ = "dub"
    track_id: Mapped[str] = mapped_column(ForeignKey("track.id"), primary_key=True)
    source_track_id: Mapped[str] = _to("track.id")
    source_document: Mapped[str] = _to("blob.sha256")
    settings: Mapped[dict[str, Any]]  # {mode, style, loudness, stem: SHA-256 or None}
    stem: Mapped[str | None] = _to("blob.sha256", null=True)  # the M&E that the settings name
    #: uid of a line that was merged into another → the other's; it counts only while the line is gone
    merged: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")


class Recording(Base):
    """A sound file that somebody recorded or uploaded for a dub. Kept as it came, never removed."""

    __tablename__ = "recording"
    id: Mapped[str] = _id()
    track_id: Mapped[str] = _to("track.id")
    sha256: Mapped[str] = _to("blob.sha256")
    name: Mapped[str] = mapped_column(String(255))  # cleaned for display
    kind: Mapped[str] = mapped_column(String(8))  # line | long | guide
    line_uid: Mapped[str | None] = mapped_column(String(64))
    seconds: Mapped[float] = mapped_column(Float)
    findings: Mapped[list[Any]]  # Finding as JSON
    state: Mapped[str] = mapped_column(String(10))  # received | locating | located | failed
    job_id: Mapped[str | None] = _to("job.id", null=True)
    error: Mapped[dict[str, Any] | None]
    created_by: Mapped[str] = _to("person.id")
    created_at: Mapped[int] = _created()


class Take(Base):
    """One time a line was spoken. `text_hash` is of the words then: a line that says others has a stale take."""

    __tablename__ = "take"
    __table_args__ = (CheckConstraint("state IN ('to_confirm','accepted','rejected')"),)
    id: Mapped[str] = _id()
    track_id: Mapped[str] = _to("track.id")
    line_uid: Mapped[str] = mapped_column(String(64), index=True)
    text_hash: Mapped[str] = mapped_column(String(64))
    recording_id: Mapped[str] = _to("recording.id")
    sha256: Mapped[str] = _to("blob.sha256")  # its own sound: WAV, mono, 48 kHz
    start: Mapped[int]  # flicks of the recording
    end: Mapped[int]
    confidence: Mapped[float | None] = mapped_column(Float)  # of a located one
    flags: Mapped[list[Any]]
    evidence: Mapped[dict[str, Any] | None]
    state: Mapped[str] = mapped_column(String(12))
    missing_samples: Mapped[int] = mapped_column(default=0)  # that the browser knows it lost
    latency_samples: Mapped[int] = mapped_column(default=0)  # that were taken off the beginning
    comment: Mapped[str] = mapped_column(Text, default="")
    created_by: Mapped[str] = _to("person.id")
    created_at: Mapped[int] = _created()


class TakeLabel(Base):
    """What a person said of a located take: an example to refit the confidence with. Never updated."""

    __tablename__ = "take_label"
    id: Mapped[str] = _id()
    take_id: Mapped[str] = _to("take.id")
    verdict: Mapped[str] = mapped_column(String(10))  # accepted | moved | rejected
    start: Mapped[int]
    end: Mapped[int]
    person_id: Mapped[str] = _to("person.id")
    created_at: Mapped[int] = _created()


class Outbox(Base):
    """Messages to send once the transaction that caused them has committed."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    queue: Mapped[str] = mapped_column(String(10))
    job_id: Mapped[str] = _to("job.id")
    created_at: Mapped[float] = mapped_column(Float)
    published_at: Mapped[float | None] = mapped_column(Float, index=True)
    tries: Mapped[int] = mapped_column(Integer, default=0)


class Lease(Base):
    """Who leads a duty that one process at a time may do (the sweeper)."""

    __tablename__ = "lease"
    duty: Mapped[str] = mapped_column(String(20), primary_key=True)
    owner: Mapped[str] = mapped_column(String(120))
    until: Mapped[float] = mapped_column(Float)


class Pulse(Base):
    """Whether somebody listens to a queue: the sweeper asks through it, a worker answers here.

    Seconds on the database's clock; 0 and "" as long as nobody answered.
    """

    __tablename__ = "pulse"
    queue: Mapped[str] = mapped_column(String(10), primary_key=True)
    asked_at: Mapped[float] = mapped_column(Float)
    heard_at: Mapped[float] = mapped_column(Float, default=0)
    heard_from: Mapped[str] = mapped_column(String(120), default="")


class Audit(Base):
    """What happened, for ever: append-only (triggers refuse UPDATE and DELETE), chained by hash."""

    __tablename__ = "audit"
    seq: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    at: Mapped[int] = _created()
    person_id: Mapped[str | None] = mapped_column(String(36))
    action: Mapped[str] = mapped_column(String(40))
    object_kind: Mapped[str] = mapped_column(String(20))
    object_id: Mapped[str] = mapped_column(String(64))
    details: Mapped[dict[str, Any]]
    prev_hash: Mapped[str] = mapped_column(String(64))
    row_hash: Mapped[str] = mapped_column(String(64), unique=True)
