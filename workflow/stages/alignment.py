"""Alignment: the job that looks for new times, and the proposal that a person accepts or rejects."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from workflow.align import align_to_subtitles
from workflow.align.speech import Speech
from workflow.align.to_speech import align_to_speech
from workflow.errors import BadInput, Conflict
from workflow.people import Actor
from workflow.progress import Watch
from workflow.stages import show
from workflow.stages.documents import DOCUMENT_TYPE, load_cues
from workflow.stages.drafts import draft, draft_row, save_as
from workflow.stages.films import known_film
from workflow.stages.running import Settle
from workflow.stages.versions import locked_track
from workflow.stages.views import DraftView, JobView, ProposalView
from workflow.store import audit, ledger
from workflow.store.database import in_whole, rows_changed
from workflow.store.house import House, remember_blob
from workflow.store.ledger import Claimed
from workflow.store.tables import Film, FilmFile, Proposal, Track, now_ms
from workflow.tracks.cues import Cue, canonical

ALIGN_VERSION = "align/1"


@in_whole
def start_alignment(
    house: House, actor: Actor, track_id: str, *, reference_track: str | None, speech: bool
) -> JobView:
    """Work out new times for the draft, by another track of the film or by the film's own speech.

    The same request again is the same job, and opens its proposal anew if that was rejected.
    Raises BadInput REFERENCE, NO_SOUND; Conflict FILM_NOT_READY.
    """
    if (reference_track is None) == (not speech):
        raise BadInput("REFERENCE", "Choose one: another track of the film, or the film's speech.")
    with house.write() as session:
        track = locked_track(session, track_id)
        film = show.row(session, Film, track.film_id)
        known_film(session, film)
        document = draft_row(session, track_id).document
        params: dict[str, Any] = {"document": document}
        if reference_track is not None:
            other = session.get(Track, reference_track)
            if other is None or other.film_id != track.film_id or other.id == track_id:
                raise BadInput("REFERENCE", "The reference is not another track of this film.")
            params["reference"] = {"track": other.id, "title": other.title}
            params["reference_document"] = draft_row(session, other.id).document
        else:
            heard = session.get(FilmFile, {"film_id": film.id, "role": "speech"})
            if heard is None:
                raise BadInput(
                    "NO_SOUND",
                    "The film has no sound to align to.",
                    advice="Align to another track of the film instead.",
                )
            params["reference"] = {"speech": True}
            params["speech"] = heard.sha256
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
            _close_proposals(session, track_id, actor.user_id)
            session.execute(
                update(Proposal)
                .where(Proposal.job_id == job.id)
                .values(state="open", decided_by=None, decided_at=None)
            )
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
    if "speech" in params:
        found = align_to_speech(
            cues,
            Speech.from_bytes(house.blobs.read(params["speech"])),
            grid=film.grid,
            film_duration=film.duration,
            shots=shots,
            watch=watch,
        )
    else:
        found = align_to_subtitles(
            cues,
            load_cues(house, params["reference_document"]),
            grid=film.grid,
            film_duration=film.duration,
            shots=shots,
            watch=watch,
        )
    sha256, size = house.blobs.put_bytes(canonical(found.to_json()))

    def settle(session: Session) -> str:
        remember_blob(session, sha256, size, DOCUMENT_TYPE)
        _close_proposals(session, claimed.subject, None)
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


def _close_proposals(session: Session, track_id: str, person_id: str | None) -> None:
    """An open suggestion gives way to a newer one."""
    session.execute(
        update(Proposal)
        .where(Proposal.track_id == track_id, Proposal.state == "open")
        .values(state="rejected", decided_by=person_id, decided_at=now_ms())
    )


def proposal_view(house: House, proposal_id: str) -> ProposalView:
    with house.read() as session:
        return proposal_in(house, session, show.row(session, Proposal, proposal_id))


def proposal_in(house: House, session: Session, proposal: Proposal) -> ProposalView:
    body = json.loads(house.blobs.read(proposal.alignment))
    base = {cue.uid: cue for cue in load_cues(house, proposal.base_document)}
    cues = [
        retimed
        | {
            "text": base[retimed["uid"]].text,
            "old_start": base[retimed["uid"]].start,
            "old_end": base[retimed["uid"]].end,
            "changed": (base[retimed["uid"]].start, base[retimed["uid"]].end)
            != (retimed["start"], retimed["end"]),
        }
        for retimed in body["cues"]
    ]
    return ProposalView(
        id=proposal.id,
        track_id=proposal.track_id,
        state=proposal.state,
        reference=proposal.reference,
        draft_moved=draft_row(session, proposal.track_id).document != proposal.base_document,
        confidence=body["confidence"],
        related=body["related"],
        method=body["method"],
        segments=body["segments"],
        statistics={
            "marked": body["marked"],
            "before": body["before"],
            "after": body["after"],
            "changed": sum(cue["changed"] for cue in cues),
            "cues": len(cues),
        },
        cues=cues,
        created_at=proposal.created_at,
    )


def accept_proposal(
    house: House, actor: Actor, proposal_id: str, uids: str | Sequence[str]
) -> DraftView:
    """Take the new times, of "all" cues or of those named, into the draft; texts stay as they are now.

    Raises Conflict PROPOSAL_DECIDED, BadInput NO_SUCH_CUES.
    """
    proposal = proposal_view(house, proposal_id)
    times = {
        cue["uid"]: (cue["start"], cue["end"])
        for cue in proposal.cues
        if uids == "all" or cue["uid"] in uids
    }
    if not times:
        raise BadInput("NO_SUCH_CUES", "None of the cues that were named is in the proposal.")

    def change(current: tuple[Cue, ...], _etag: str) -> tuple[tuple[Cue, ...], str, int]:
        retimed = tuple(
            replace(cue, start=times[cue.uid][0], end=times[cue.uid][1])
            if cue.uid in times
            else cue
            for cue in current
        )
        return retimed, "align", 0

    def decide(session: Session) -> None:
        _decide(session, actor, proposal_id, "accepted", cues=len(times))

    save_as(house, actor, proposal.track_id, change, also=decide, always=True)
    return draft(house, proposal.track_id)


@in_whole
def reject_proposal(house: House, actor: Actor, proposal_id: str) -> ProposalView:
    """The times stay as they were. Raises Conflict PROPOSAL_DECIDED."""
    with house.write() as session:
        _decide(session, actor, proposal_id, "rejected")
        return proposal_in(house, session, show.row(session, Proposal, proposal_id))


def _decide(session: Session, actor: Actor, proposal_id: str, state: str, **told: Any) -> None:
    decided = rows_changed(
        session,
        update(Proposal)
        .where(Proposal.id == proposal_id, Proposal.state == "open")
        .values(state=state, decided_by=actor.user_id, decided_at=now_ms()),
    )
    if not decided:
        now = show.row(session, Proposal, proposal_id).state
        raise Conflict(
            "PROPOSAL_DECIDED", f"The proposal is {now} already.", details={"state": now}
        )
    audit.note(session, actor.user_id, f"proposal.{state}", "proposal", proposal_id, **told)


def open_proposal(session: Session, track_id: str) -> Proposal | None:
    return session.scalars(
        select(Proposal)
        .where(Proposal.track_id == track_id, Proposal.state == "open")
        .order_by(Proposal.created_at.desc())
        .limit(1)
    ).first()
