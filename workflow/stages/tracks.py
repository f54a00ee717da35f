"""A track at a glance."""

from __future__ import annotations

from sqlalchemy import select

from workflow.people import Actor
from workflow.stages import show
from workflow.stages.drafts import draft_view
from workflow.stages.proposals import open_proposal, proposal_in
from workflow.stages.views import TrackView
from workflow.store.house import House
from workflow.store.tables import Film, Project, Track


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
            summary=show.track_summary(session, track),
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
