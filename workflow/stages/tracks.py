"""A track: made, with its first draft and its people, and at a glance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow.people import Actor, Role
from workflow.stages import journey, show
from workflow.stages.documents import DOCUMENT_TYPE
from workflow.stages.drafts import draft_view, note_authors
from workflow.stages.proposals import open_proposal, proposal_in
from workflow.stages.views import TrackView
from workflow.store import audit
from workflow.store.database import in_whole
from workflow.store.house import House, remember_blob
from workflow.store.tables import Assignment, Draft, DraftSave, Film, Membership, Project, Track
from workflow.tracks.cues import Cue


def track_view(house: House, track_id: str, actor: Actor) -> TrackView:
    with house.read() as session:
        track = show.row(session, Track, track_id)
        film = show.row(session, Film, track.film_id)
        proposal = open_proposal(session, track_id)
        job = show.latest_job(session, "align", track_id)
        references = session.scalars(
            select(Track)
            .where(Track.film_id == track.film_id, Track.id != track_id)
            .order_by(Track.kind != "reference", Track.created_at)
        )
        return TrackView(
            summary=journey.track_summary(session, track),
            film=show.film_view(session, film),
            project_title=show.row(session, Project, track.project_id).title,
            draft=draft_view(house, session, track_id),
            versions=[show.version_view(session, v) for v in show.versions_of(session, track_id)],
            proposal=proposal_in(house, session, proposal) if proposal else None,
            alignment_job=(
                show.job_view(session, job)
                if job and job.state in ("queued", "running", "failed")
                else None
            ),
            references=[
                {"id": other.id, "title": other.title, "language": other.language}
                for other in references
            ],
            my_roles=show.roles_in(session, track.project_id, actor.user_id),
        )


@in_whole
def record_track(
    house: House,
    actor: Actor,
    film_id: str,
    wanted: Track,
    blob: tuple[str, int],
    cues: tuple[Cue, ...],
    report: dict[str, Any],
    *,
    also: Callable[[Session], None] | None = None,
) -> str:
    """A new track with its first save and its people. *also* runs in the same transaction."""
    with house.write() as session:
        film = show.row(session, Film, film_id)
        track = Track(
            id=wanted.id,
            project_id=film.project_id,
            film_id=film_id,
            kind=wanted.kind,
            language=wanted.language,
            title=wanted.title,
            created_by=wanted.created_by,
        )
        session.add(track)
        remember_blob(session, *blob, DOCUMENT_TYPE)
        session.flush()
        if also:
            also(session)
        if track.kind != "reference":
            translator = actor.user_id if Role.TRANSLATOR in actor.roles else None
            session.add(
                Assignment(
                    track_id=track.id,
                    translator_id=translator or _only(session, film.project_id, Role.TRANSLATOR),
                    reviewer_id=_only(session, film.project_id, Role.REVIEWER),
                )
            )
        session.add(Draft(track_id=track.id, document=blob[0], updated_by=actor.user_id))
        session.add(
            DraftSave(
                track_id=track.id,
                revision=1,
                document=blob[0],
                cue_count=len(cues),
                what="import",
                report=report,
                person_id=actor.user_id,
            )
        )
        session.flush()
        note_authors(house, session, track, film.original, (), cues, actor.user_id)
        audit.note(session, actor.user_id, "track.import", "track", track.id, document=blob[0])
        return track.id


def _only(session: Session, project_id: str, role: Role) -> str | None:
    """The project's longest-standing person with that role."""
    return session.scalars(
        select(Membership.person_id)
        .where(Membership.project_id == project_id, Membership.role == role.value)
        .order_by(Membership.created_at)
        .limit(1)
    ).first()
