"""Rows become views here: what the other stages answer with. Reads only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from workflow.errors import BadInput, NotFound
from workflow.language.codes import bcp47
from workflow.stages.views import (
    BuildView,
    CommentView,
    DraftView,
    FilmSound,
    FilmView,
    JobView,
    PersonView,
    RenderView,
    VerdictView,
    VersionView,
)
from workflow.store.database import db_now
from workflow.store.ledger import PART
from workflow.store.tables import (
    Base,
    Blob,
    Build,
    Comment,
    Draft,
    DraftSave,
    Film,
    FilmFile,
    Job,
    JobPart,
    Membership,
    Person,
    Render,
    TrackVersion,
    Verdict,
)
from workflow.timebase import FrameGrid, parse_rate

_Row = TypeVar("_Row", bound=Base)


def row(session: Session, kind: type[_Row], key: str) -> _Row:
    """The row with that id. Raises NotFound."""
    found = session.get(kind, key)
    if found is None:
        raise nothing_here()
    return found


def nothing_here() -> NotFound:
    """What does not exist and what is not theirs look alike to a person."""
    return NotFound("NOT_FOUND", "There is nothing here, or nothing that you may see.")


def short_text(text: str, most: int, code: str, what: str) -> str:
    """*text* on one line, without control characters, 1 to *most* long. Raises BadInput *code*."""
    clean = one_line(text, len(text))
    if not clean or len(clean) > most:
        raise BadInput(code, f"{what} must have 1 to {most} characters; it has {len(clean)}.")
    return clean


def one_line(text: str, most: int) -> str:
    """*text* on one line, without control characters, cut after *most*."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())[:most]


def paragraph(text: str, most: int, code: str) -> str:
    """*text* with its line breaks, without other control characters. Raises BadInput *code* over *most*."""
    clean = "".join(c for c in text.strip().replace("\r\n", "\n") if c.isprintable() or c == "\n")
    if len(clean) > most:
        raise BadInput(code, f"The text has {len(clean)} characters; the most is {most}.")
    return clean


_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def language_tag(tag: str) -> str:
    """*tag* if it is one (BCP 47). Raises BadInput LANGUAGE."""
    if not _LANGUAGE.fullmatch(tag) or len(tag) > 35:
        raise BadInput(
            "LANGUAGE",
            "That is not a language tag.",
            where=tag[:40],
            advice="Use a tag such as tk, ru or en-GB (BCP 47).",
        )
    return tag


def name_of(session: Session, person_id: str | None) -> str:
    person = session.get(Person, person_id) if person_id else None
    return person.name if person else ""


def person_view(person: Person) -> PersonView:
    return PersonView(
        id=person.id,
        name=person.name,
        email=person.email,
        locale=person.locale,
        is_admin=person.is_admin,
        may_create_projects=person.may_create_projects,
        active=person.active,
    )


def roles_in(session: Session, project_id: str, person_id: str) -> list[str]:
    return sorted(
        session.scalars(
            select(Membership.role).where(
                Membership.project_id == project_id, Membership.person_id == person_id
            )
        )
    )


# --- jobs ---------------------------------------------------------------------------------------


#: Of a render's progress, what is encoding: the share that its parts make.
PARTS_PERMILLE = 830


def job_view(session: Session, job: Job) -> JobView:
    now = float(session.execute(select(db_now())).scalar_one())
    course = _course_of_parts(session, job, now) if job.parts_left else _course(job, now)
    return JobView(
        id=job.id,
        kind=job.kind,
        project_id=job.project_id,
        state=course.state,
        permille=course.permille,
        doing=job.doing,
        attempt=job.attempt,
        max_attempts=job.max_attempts,
        seconds_left=course.seconds_left,
        last_heard=None if course.heard_at is None else max(0, round(now - course.heard_at)),
        position=_position(session, job) if course.state == "queued" else None,
        cancel_requested=job.cancel_requested,
        error=(job.error | {"reference": job.error_ref or ""}) if job.error else None,
        output=job.output,
        created_at=job.created_at,
        finished_at=job.finished_at,
        created_by=name_of(session, job.created_by),
    )


@dataclass(frozen=True)
class _Course:
    """How far a job is, by the clock of the database."""

    state: str
    permille: int
    seconds_left: int | None
    heard_at: float | None


def _course(job: Job, now: float) -> _Course:
    """From the speed of this attempt; unknown before it has come a little way."""
    running, done = job.state == "running", job.progress_permille
    left = None
    if running and job.started_at is not None and done >= 20:
        left = round((now - job.started_at) * (1000 - done) / done)
    return _Course(job.state, done, left, job.heartbeat_at if running else None)


def _course_of_parts(session: Session, job: Job, now: float) -> _Course:
    """Of a job that waits for its parts: it runs when one of them has begun.

    The time left comes from the frames a second that all its parts together have made so far.
    """
    rows = session.execute(
        select(JobPart.frames, Job.state, Job.progress_permille, Job.started_at, Job.heartbeat_at)
        .join(Job, Job.id == JobPart.part_id)
        .where(JobPart.parent_id == job.id)
    ).all()
    wanted = max(1, sum(row.frames for row in rows))
    made = sum(row.frames * row.progress_permille for row in rows) / 1000
    begun = min((row.started_at for row in rows if row.started_at is not None), default=None)
    left = None
    if begun is not None and made * 50 > wanted:
        left = round((now - begun) * (wanted - made) / made)
    heard = [row.heartbeat_at for row in rows if row.state == "running" and row.heartbeat_at]
    return _Course(
        "queued" if begun is None else "running",
        max(job.progress_permille, int(PARTS_PERMILLE * made / wanted)),
        left,
        max(heard, default=None),
    )


def _position(session: Session, job: Job) -> int:
    """Jobs of its queue that were asked for before it and wait as well."""
    before = or_(Job.rank < job.rank, and_(Job.rank == job.rank, Job.since < job.since))
    waits = and_(Job.queue == job.queue, Job.state == "queued", Job.parts_left == 0)
    count = select(func.count()).where(waits, Job.kind != PART, before)
    return session.scalar(count) or 0


def latest_job(session: Session, kind: str, subject: str) -> Job | None:
    return session.scalars(
        select(Job)
        .where(Job.kind == kind, Job.subject == subject)
        .order_by(Job.created_at.desc(), Job.id)
        .limit(1)
    ).first()


# --- films --------------------------------------------------------------------------------------

#: Files of a film that a browser may ask for.
PUBLIC_ROLES = ("proxy240", "proxy480", "poster", "thumbs", "thumbs-index", "peaks")


def film_view(session: Session, film: Film) -> FilmView:
    roles = session.scalars(
        select(FilmFile.role)
        .join(Blob, Blob.sha256 == FilmFile.sha256)
        .where(FilmFile.film_id == film.id, Blob.state == "present")
    ).all()
    job = latest_job(session, "ingest" if film.state != "ready" else "sound", film.id)
    if job is not None and film.state == "ready" and job.state in ("done", "cancelled"):
        job = None
    rate = rate_of(film)
    return FilmView(
        id=film.id,
        project_id=film.project_id,
        name=film.name,
        hash=film.original,
        state=film.state,
        error=film.error,
        facts=_public_facts(film.facts),
        duration=FrameGrid(rate).time_of(film.frames) if rate and film.frames else None,
        rate=[rate.numerator, rate.denominator] if rate else None,
        frames=film.frames,
        width=film.width,
        height=film.height,
        has_sound=film.has_sound,
        sounds=sounds_of(film.facts),
        shots=film.shots or [],
        files=[role for role in PUBLIC_ROLES if role in roles],
        job=job_view(session, job) if job else None,
        created_at=film.created_at,
        created_by=name_of(session, film.created_by),
    )


def _public_facts(facts: dict[str, Any] | None) -> dict[str, Any] | None:
    """Without what only renders need: where a long film can be cut is thousands of numbers."""
    return {key: value for key, value in facts.items() if key != "mezzanine"} if facts else facts


def sounds_of(facts: dict[str, Any] | None) -> list[FilmSound]:
    """The sounds that a film came with, in the order of the file; of a file without facts none."""
    facts = facts or {}
    streams = [s for s in facts.get("streams", []) if s["type"] == "audio" and s["channels"]]
    used = facts.get("mezzanine", {}).get("sound")
    return [
        FilmSound(
            number=number,
            language=stream["language"] and bcp47(stream["language"]),
            title=stream.get("title"),
            codec=stream["codec"],
            channels=stream["channels"],
            used=number == used,
        )
        for number, stream in enumerate(sorted(streams, key=lambda s: s.get("index") or 0))
    ]


def rate_of(film: Film) -> Fraction | None:
    """The mezzanine's rate; None before ingest is done."""
    return Fraction(film.rate_num, film.rate_den) if film.rate_num and film.rate_den else None


def written_rate(text: str | None) -> Fraction | None:
    """A frame rate that somebody wrote; None where nothing was. Raises BadInput FRAME_RATE."""
    if not text:
        return None
    try:
        return parse_rate(text)
    except ValueError:
        raise BadInput(
            "FRAME_RATE",
            f"{text[:40]!r} is not a frame rate.",
            advice="Write 25, 23.976 or 30000/1001.",
        ) from None


# --- versions, builds, verdicts, renders --------------------------------------------------------


def version_view(session: Session, version: TrackVersion) -> VersionView:
    builds = session.scalars(
        select(Build).where(Build.version_id == version.id).order_by(Build.height)
    )
    verdicts = session.scalars(
        select(Verdict)
        .where(Verdict.version_id == version.id)
        .order_by(Verdict.created_at.desc(), Verdict.id)
    )
    renders = session.scalars(
        select(Render)
        .where(Render.version_id == version.id)
        .order_by(Render.created_at.desc(), Render.id)
    )
    return VersionView(
        id=version.id,
        track_id=version.track_id,
        number=version.number,
        track_hash=version.track_hash,
        state=version.state,
        note=version.note,
        cue_count=version.cue_count,
        author=name_of(session, version.author_id),
        author_id=version.author_id,
        created_at=version.created_at,
        builds=[build_view(session, build) for build in builds],
        verdicts=[verdict_view(session, verdict) for verdict in verdicts],
        renders=[render_view(session, render) for render in renders],
    )


def build_view(session: Session, build: Build) -> BuildView:
    return BuildView(
        id=build.id,
        version_id=build.version_id,
        height=build.height,
        recipe_hash=build.recipe_hash,
        build_hash=build.output,
        job=job_view(session, row(session, Job, build.job_id)),
        report=build.report,
        created_at=build.created_at,
    )


def verdict_view(session: Session, verdict: Verdict) -> VerdictView:
    return VerdictView(
        id=verdict.id,
        verdict=verdict.verdict,
        reason=verdict.reason,
        reviewer=name_of(session, verdict.reviewer_id),
        track_hash=verdict.track_hash,
        build_hash=verdict.build_hash,
        created_at=verdict.created_at,
    )


def render_view(session: Session, render: Render) -> RenderView:
    blob = session.get(Blob, render.output) if render.output else None
    return RenderView(
        id=render.id,
        version_id=render.version_id,
        form=str(render.recipe["form"]),
        file_name=render.file_name,
        size=blob.size if blob else None,
        sha256=render.output,
        job=job_view(session, row(session, Job, render.job_id)),
        report=render.report,
        created_at=render.created_at,
        created_by=name_of(session, render.created_by),
    )


def comment_view(session: Session, comment: Comment, place: str) -> CommentView:
    version = row(session, TrackVersion, comment.version_id)
    return CommentView(
        id=comment.id,
        track_id=comment.track_id,
        version_number=version.number,
        reply_to=comment.reply_to,
        anchor=comment.anchor,
        place=place,
        text=comment.text,
        author=name_of(session, comment.author_id),
        author_id=comment.author_id,
        resolved_by=name_of(session, comment.resolved_by) or None,
        resolved_at=comment.resolved_at,
        created_at=comment.created_at,
    )


def draft_view(
    session: Session, draft: Draft, cues: list[dict[str, Any]], latest: TrackVersion | None
) -> DraftView:
    base = session.get(TrackVersion, draft.base_version_id) if draft.base_version_id else None
    report = session.scalars(
        select(DraftSave.report)
        .where(DraftSave.track_id == draft.track_id, DraftSave.what == "import")
        .order_by(DraftSave.revision.desc())
        .limit(1)
    ).first()
    return DraftView(
        etag=draft.document,
        revision=draft.revision,
        cues=cues,
        base_version=base.number if base else None,
        differs_from_latest=latest is None or latest.document != draft.document,
        updated_by=name_of(session, draft.updated_by),
        updated_at=draft.updated_at,
        import_report=report,
    )


def latest_version(session: Session, track_id: str) -> TrackVersion | None:
    """The tip that verdicts are about: the newest version not taken back and not replaced."""
    return session.scalars(
        select(TrackVersion)
        .where(
            TrackVersion.track_id == track_id,
            TrackVersion.state.not_in(("withdrawn", "superseded")),
        )
        .order_by(TrackVersion.number.desc())
        .limit(1)
    ).first()


def approved_before(session: Session, version: TrackVersion) -> TrackVersion | None:
    """The last version before this one whose approval was not taken back: what a reviewer has seen."""
    return approved_in(session, version.track_id, below=version.number)


def approved_in(session: Session, track_id: str, *, below: int = 1 << 31) -> TrackVersion | None:
    """The last approved version of a track, stale or not, among those numbered *below*."""
    approved = select(Verdict.version_id).where(Verdict.verdict == "approved")
    return session.scalars(
        select(TrackVersion)
        .where(
            TrackVersion.track_id == track_id,
            TrackVersion.number < below,
            TrackVersion.revoked_at.is_(None),
            TrackVersion.id.in_(approved),
        )
        .order_by(TrackVersion.number.desc())
        .limit(1)
    ).first()


def versions_of(session: Session, track_id: str) -> Sequence[TrackVersion]:
    """All of them, newest first."""
    return session.scalars(
        select(TrackVersion)
        .where(TrackVersion.track_id == track_id)
        .order_by(TrackVersion.number.desc())
    ).all()
