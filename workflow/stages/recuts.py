"""A film cut anew: the track of the old cut becomes a track of the new one, and what changed is named.

The sound of both films is compared (`align.recut`), so it makes no difference what language is spoken, or whether
anybody speaks. The old track stays as it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from workflow.align.fingerprint import fingerprint
from workflow.align.recut import Recut, pieces_kept, recut
from workflow.errors import BadInput
from workflow.media.ffmpeg import DEMUXERS
from workflow.people import Actor
from workflow.progress import Watch, part
from workflow.stages import show
from workflow.stages.documents import DOCUMENT_TYPE, load_cues
from workflow.stages.drafts import document_of, draft_row, known_authors
from workflow.stages.dubs import carry_dub
from workflow.stages.films import known_film
from workflow.stages.running import Settle
from workflow.stages.versions import locked_track
from workflow.stages.views import JobView
from workflow.store import audit, ledger
from workflow.store.database import in_whole
from workflow.store.house import House, remember_blob
from workflow.store.ledger import Claimed
from workflow.store.tables import Assignment, CueAuthor, Draft, DraftSave, Film, FilmFile, Track
from workflow.tracks.cues import Cue, cue_hash

RECUT_VERSION = "recut/1"


@in_whole
def start_recut(house: House, actor: Actor, track_id: str, film_id: str) -> JobView:
    """Lay the track on another cut of its film: the approved version, or else the draft.

    The job's output is the new track. The same request again is the same job. Raises BadInput NOT_ANOTHER_CUT,
    NO_SOUND; Conflict FILM_NOT_READY.
    """
    with house.write() as session:
        track = locked_track(session, track_id)
        old, new = show.row(session, Film, track.film_id), session.get(Film, film_id)
        if new is None or new.project_id != track.project_id or new.id == old.id:
            raise BadInput("NOT_ANOTHER_CUT", "That is not another film of this project.")
        for film in (old, new):
            known_film(session, film)
        approved = show.approved_in(session, track_id)
        params: dict[str, Any] = {
            "document": approved.document if approved else draft_row(session, track_id).document,
            "version": approved.number if approved else None,
            "film": new.id,
            "person": actor.user_id,
            "sounds": [_sound_of(session, film) for film in (old, new)],
        }
        job = ledger.create(
            session,
            kind="recut",
            queue="fast",
            key=[RECUT_VERSION, track_id, params["document"], new.id],
            params=params,
            subject=track_id,
            project_id=track.project_id,
            created_by=actor.user_id,
        )
        audit.note(
            session, actor.user_id, "track.recut", "track", track_id, job=job.id, film=new.id
        )
        return show.job_view(session, job)


def _sound_of(session: Session, film: Film) -> str:
    kept = session.get(FilmFile, {"film_id": film.id, "role": "sound"})
    if kept is None:
        raise BadInput(
            "NO_SOUND",
            f"{film.name} has no sound, and cuts are compared by sound.",
            advice="Import the subtitles into the new film and align them instead.",
        )
    return kept.sha256


def run_recut(house: House, claimed: Claimed, watch: Watch, work: Path) -> Settle:
    """The track of the new cut."""
    params = claimed.params
    with house.read() as session:
        row = show.row(session, Film, params["film"])
        film, shown = known_film(session, row), row.original
        track = show.row(session, Track, claimed.subject)
        language = track.language
    house.blobs.fetch(params["sounds"])
    heard = [
        fingerprint(
            house.blobs.existing(sound),
            watch=part(watch, 450 * i, 450 * (i + 1)),
            demuxer=DEMUXERS["flac"],
        )
        for i, sound in enumerate(params["sounds"])
    ]
    before = load_cues(house, params["document"])
    found = recut(before, pieces_kept(*heard), grid=film.grid, duration=film.duration)
    watch(950, "Laying the cues")
    document = document_of(language, shown, found.cues)
    sha256, size = house.blobs.put_bytes(document)

    def settle(session: Session) -> str:
        remember_blob(session, sha256, size, DOCUMENT_TYPE)
        return _record(session, claimed, sha256, before, found)

    return settle


def _record(
    session: Session, claimed: Claimed, document: str, before: tuple[Cue, ...], found: Recut
) -> str:
    """The new track, its people and the authors of its cues those of the old one."""
    params = claimed.params
    old = show.row(session, Track, claimed.subject)
    old_film = show.row(session, Film, old.film_id).original
    new_film = show.row(session, Film, params["film"]).original
    track = Track(
        project_id=old.project_id,
        film_id=params["film"],
        kind=old.kind,
        language=old.language,
        title=old.title,
        created_by=params["person"],
    )
    session.add(track)
    session.flush()
    if people := session.query(Assignment).filter_by(track_id=old.id).one_or_none():
        session.add(
            Assignment(
                track_id=track.id,
                translator_id=people.translator_id,
                reviewer_id=people.reviewer_id,
            )
        )
    if old.kind == "dub":
        carry_dub(session, old.id, track.id)
    session.add(Draft(track_id=track.id, document=document, updated_by=params["person"]))
    session.add(
        DraftSave(
            track_id=track.id,
            revision=1,
            document=document,
            cue_count=len(found.cues),
            what="recut",
            report=_report(old.id, params["version"], before, found),
            person_id=params["person"],
        )
    )
    authors = known_authors(session, old.id)
    hashes = {cue.uid: cue_hash(old_film, cue) for cue in before}
    session.add_all(
        CueAuthor(track_id=track.id, cue_hash=named, person_id=person)
        for named, persons in {
            cue_hash(new_film, cue): authors.get(hashes[cue.uid], frozenset({params["person"]}))
            for cue in found.cues
        }.items()
        for person in persons
    )
    session.flush()
    return track.id


def _report(
    track_id: str, version: int | None, before: tuple[Cue, ...], found: Recut
) -> dict[str, Any]:
    """What a person looks at: cues that a cut goes through, and those that are no longer in the film."""
    return {
        "track": track_id,
        "version": version,
        "torn": sorted(found.torn),
        "gone": [cue.to_json() for cue in before if cue.uid in found.gone],
        "pieces": [
            {"from": piece.start, "to": piece.end, "offset": piece.offset} for piece in found.pieces
        ],
    }
