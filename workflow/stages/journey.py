"""Where a track stands on its way from upload to delivery, and what comes next. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import column, func, select, table
from sqlalchemy.orm import Session

from workflow.stages import show
from workflow.stages.views import Station, TrackSummary
from workflow.store.tables import (
    Assignment,
    Build,
    Draft,
    DraftSave,
    Film,
    Job,
    Proposal,
    Render,
    Track,
    Verdict,
)


def assignment_states(session: Session, track_ids: Iterable[str]) -> dict[str, str]:
    """The derived state of each track's assignment, as the database's own view tells it."""
    wanted = list(track_ids)
    if not wanted:
        return {}
    view = table("assignment_state", column("track_id"), column("state"))
    rows = session.execute(select(view.c.track_id, view.c.state).where(view.c.track_id.in_(wanted)))
    return {track_id: state for track_id, state in rows}  # noqa: C416  rows are not pairs to mypy


def track_summaries(session: Session, tracks: Sequence[Track]) -> list[TrackSummary]:
    states = assignment_states(session, [track.id for track in tracks])
    return [_summary(session, track, states[track.id]) for track in tracks]


def track_summary(session: Session, track: Track) -> TrackSummary:
    return track_summaries(session, [track])[0]


def _summary(session: Session, track: Track, state: str) -> TrackSummary:
    journey = _Journey(session, track)
    assignment = session.scalars(select(Assignment).where(Assignment.track_id == track.id)).first()
    held = state in ("on_hold", "cancelled") or track.kind == "reference"
    return TrackSummary(
        id=track.id,
        project_id=track.project_id,
        film_id=track.film_id,
        kind=track.kind,
        language=track.language,
        title=track.title,
        cue_count=journey.cue_count,
        assignment_state=state,
        stations=journey.stations() if track.kind != "reference" else journey.stations()[:1],
        latest_version=journey.latest.number if journey.latest else None,
        translator=show.name_of(session, assignment.translator_id) if assignment else "",
        reviewer=show.name_of(session, assignment.reviewer_id) if assignment else "",
        next_step="none" if held else journey.next_step(),
    )


class _Journey:
    """Where a track stands on its way, and what comes next."""

    def __init__(self, session: Session, track: Track) -> None:
        self.session, self.track = session, track
        self.film = show.row(session, Film, track.film_id)
        self.draft = session.get(Draft, track.id)
        self.save = (
            session.get(DraftSave, {"track_id": track.id, "revision": self.draft.revision})
            if self.draft
            else None
        )
        self.cue_count = self.save.cue_count if self.save else 0
        self.latest = show.latest_version(session, track.id)
        self.edited = bool(self.draft) and (
            self.latest is None
            or self.latest.document != (self.draft.document if self.draft else "")
        )
        self.proposal = session.scalars(
            select(Proposal).where(Proposal.track_id == track.id, Proposal.state == "open").limit(1)
        ).first()
        self.aligned = session.scalars(
            select(DraftSave)
            .where(DraftSave.track_id == track.id, DraftSave.what == "align")
            .order_by(DraftSave.revision.desc())
            .limit(1)
        ).first()
        self.touched = session.scalar(
            select(func.count()).where(
                DraftSave.track_id == track.id, DraftSave.what.in_(("edit", "merge"))
            )
        )
        self.alignment = show.latest_job(session, "align", track.id)
        self.build = self._newest(Build)
        self.render = self._newest(Render)

    def _newest(self, kind: Any) -> Any:
        if self.latest is None:
            return None
        return self.session.scalars(
            select(kind)
            .where(kind.version_id == self.latest.id)
            .order_by(kind.created_at.desc(), kind.id)
            .limit(1)
        ).first()

    def stations(self) -> list[Station]:
        return [
            self._upload(),
            self._align(),
            self._edit(),
            self._review(),
            self._render(),
            self._deliver(),
        ]

    def next_step(self) -> str:
        """upload | align | decide | edit | submit | build | verdict | render | download | wait | none."""
        if self.film.state == "failed" or self.draft is None:
            return "upload"
        if self.film.state == "ingesting":
            return "wait"
        if _live(self.alignment):
            return "wait"
        if self.proposal:
            return "decide"
        if self.latest is None:
            first = "edit" if self.track.kind == "dub" else "align"
            return "submit" if self.touched or self.aligned else first
        return self._step_after(self.latest.state)

    def _step_after(self, state: str) -> str:
        if state == "changes_requested":
            return "submit" if self.edited else "edit"
        if state in ("submitted", "in_review", "stale", "revoked"):
            if self.build is None or self._job(self.build).state in ("failed", "cancelled"):
                return "build"
            return "verdict" if self.build.output else "wait"
        if self.render is None or self._job(self.render).state in ("failed", "cancelled"):
            return "render"
        if self.render.output is None:
            return "wait"
        return "submit" if self.edited else "download"

    def _job(self, made: Any) -> Job:
        return show.row(self.session, Job, made.job_id)

    def _upload(self) -> Station:
        if self.film.state == "ingesting":
            job = show.latest_job(self.session, "ingest", self.film.id)
            return self._station("upload", "running", "The film is being taken in", job=job)
        if self.film.state == "failed":
            job = show.latest_job(self.session, "ingest", self.film.id)
            return self._station("upload", "failed", "The film could not be taken in", job=job)
        if self.draft is None:
            return self._station("upload", "next", "Subtitles to upload")
        return self._station(
            "upload", "done", "Uploaded", self.film.created_by, self.film.created_at
        )

    def _align(self) -> Station:
        if _live(self.alignment):
            return self._station("align", "running", "Aligning", job=self.alignment)
        if self.proposal:
            return self._station("align", "attention", "New times to decide on")
        if self.alignment and self.alignment.state == "failed":
            return self._station("align", "failed", "Alignment failed", job=self.alignment)
        if self.aligned:
            return self._station(
                "align", "done", "Aligned", self.aligned.person_id, self.aligned.created_at
            )
        if self.latest or self.track.kind == "dub":
            return self._station("align", "done", "Not needed")
        waiting = self.film.state == "ready" and self.draft is not None and not self.touched
        return self._station("align", "next" if waiting else "todo", "Not aligned yet")

    def _edit(self) -> Station:
        if self.latest and self.latest.state == "changes_requested" and not self.edited:
            return self._station("edit", "attention", "Changes were requested")
        if self.latest and self.edited:
            return self._station("edit", "next", "Edited since the last version")
        if self.latest:
            return self._station(
                "edit",
                "done",
                f"Version {self.latest.number}",
                self.latest.author_id,
                self.latest.created_at,
            )
        ready = bool(self.aligned or self.touched or self.track.kind == "dub") and not self.proposal
        return self._station("edit", "next" if ready else "todo", "Not submitted yet")

    def _review(self) -> Station:
        if self.latest is None:
            return self._station("review", "todo", "Not yet")
        state = self.latest.state
        if state in ("approved", "changes_requested"):
            verdict = self._newest(Verdict)
            word = "Approved" if state == "approved" else "Changes requested"
            return self._station(
                "review",
                "done" if state == "approved" else "attention",
                word,
                verdict.reviewer_id if verdict else None,
                verdict.created_at if verdict else None,
            )
        if state in ("stale", "revoked"):
            return self._station("review", "stale", "Approval no longer holds")
        if self.build is None:
            return self._station("review", "next", "Review build to make")
        job = self._job(self.build)
        if job.state in ("failed", "cancelled"):
            return self._station("review", "failed", "Review build failed", job=job)
        if self.build.output is None:
            return self._station("review", "running", "Making the review build", job=job)
        return self._station("review", "next", "Waiting for a verdict")

    def _render(self) -> Station:
        if self.latest is None or self.latest.state != "approved":
            return self._station("render", "todo", "After approval")
        if self.render is None:
            return self._station("render", "next", "Ready for the final render")
        job = self._job(self.render)
        if job.state in ("failed", "cancelled"):
            return self._station("render", "failed", "Final render failed", job=job)
        if self.render.output is None:
            return self._station("render", "running", "Rendering", job=job)
        return self._station("render", "done", "Rendered", self.render.created_by, job.finished_at)

    def _deliver(self) -> Station:
        if self.latest and self.latest.state == "approved" and self.render and self.render.output:
            return self._station("deliver", "done", "Ready to download")
        return self._station("deliver", "todo", "Not yet")

    def _station(
        self,
        name: str,
        state: str,
        word: str,
        who: str | None = None,
        when: int | None = None,
        job: Job | None = None,
    ) -> Station:
        return Station(
            name,
            state,
            word,
            show.name_of(self.session, who),
            when,
            show.job_view(self.session, job) if job else None,
        )


def _live(job: Job | None) -> bool:
    return job is not None and job.state in ("queued", "running")
