"""Alignment: the job that looks for new times. What becomes of them is in proposals.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from workflow.align import Speech, align
from workflow.align.place import GAP_FRAMES
from workflow.errors import BadInput
from workflow.people import Actor
from workflow.progress import Watch
from workflow.stages import show
from workflow.stages.checks import profile_in_force
from workflow.stages.documents import DOCUMENT_TYPE, load_cues
from workflow.stages.drafts import draft_row
from workflow.stages.films import known_film
from workflow.stages.proposals import begin_afresh, close_proposals
from workflow.stages.running import Settle
from workflow.stages.versions import locked_track
from workflow.stages.views import JobView
from workflow.store import audit, ledger
from workflow.store.database import in_whole
from workflow.store.house import House, remember_blob
from workflow.store.ledger import Claimed
from workflow.store.tables import Film, FilmFile, Proposal, Track
from workflow.tracks.cues import canonical

ALIGN_VERSION = "align/2"


@in_whole
def start_alignment(
    house: House, actor: Actor, track_id: str, *, reference_track: str | None, speech: bool
) -> JobView:
    """Work out new times for the draft, by another track of the film, by the film's own speech, or by both.

    Where the film's speech is known it has a say beside another track too: whichever explains more. The same
    request again is the same job, and opens its proposal anew if that was decided on.
    Raises BadInput REFERENCE, NO_SOUND; Conflict FILM_NOT_READY.
    """
    if reference_track is None and not speech:
        raise BadInput("REFERENCE", "Choose another track of the film, or the film's speech.")
    with house.write() as session:
        track = locked_track(session, track_id)
        film = show.row(session, Film, track.film_id)
        known_film(session, film)
        document = draft_row(session, track_id).document
        heard = session.get(FilmFile, {"film_id": film.id, "role": "speech"})
        if speech and heard is None:
            raise BadInput(
                "NO_SOUND",
                "The film has no sound to align to.",
                advice="Align to another track of the film instead.",
            )
        reference: dict[str, Any] = {"speech": True} if speech else {}
        least_gap = profile_in_force(session, track.project_id).min_gap_frames or 0
        params: dict[str, Any] = {
            "document": document,
            "reference": reference,
            "gap_frames": least_gap,
        }
        if heard is not None:
            params["speech"] = heard.sha256
        if reference_track is not None:
            other = session.get(Track, reference_track)
            if other is None or other.film_id != track.film_id or other.id == track_id:
                raise BadInput("REFERENCE", "The reference is not another track of this film.")
            reference |= {"track": other.id, "title": other.title}
            params["reference_document"] = draft_row(session, other.id).document
        job = ledger.create(
            session,
            kind="align",
            queue="fast",
            key=[ALIGN_VERSION, track_id, film.original, params],
            params=params,
            subject=track_id,
            project_id=track.project_id,
            created_by=actor.user_id,
        )
        if job.state == "done":
            close_proposals(session, track_id, actor.user_id)
            session.execute(
                update(Proposal)
                .where(Proposal.job_id == job.id)
                .values(state="open", decided_by=None, decided_at=None)
            )
            begin_afresh(session, actor, track_id, job.output)
        audit.note(session, actor.user_id, "track.align", "track", track_id, job=job.id)
        return show.job_view(session, job)


def run_align(house: House, claimed: Claimed, watch: Watch, work: Path) -> Settle:
    """The proposal for one draft."""
    params = claimed.params
    with house.read() as session:
        track = show.row(session, Track, claimed.subject)
        film_row = show.row(session, Film, track.film_id)
        film = known_film(session, film_row)
        shots = tuple(film_row.shots or ())
    cues = load_cues(house, params["document"])
    found = align(
        cues,
        load_cues(house, params["reference_document"]) if "reference_document" in params else None,
        Speech.from_bytes(house.blobs.read(params["speech"])) if "speech" in params else None,
        grid=film.grid,
        film_duration=film.duration,
        shots=shots,
        gap_frames=params.get("gap_frames", GAP_FRAMES),
        watch=watch,
    )
    sha256, size = house.blobs.put_bytes(canonical(found.to_json()))

    def settle(session: Session) -> str:
        remember_blob(session, sha256, size, DOCUMENT_TYPE)
        close_proposals(session, claimed.subject, None)
        proposal = Proposal(
            track_id=claimed.subject,
            job_id=claimed.id,
            base_document=params["document"],
            reference=params["reference"],
            alignment=sha256,
        )
        session.add(proposal)
        session.flush()
        return proposal.id

    return settle
