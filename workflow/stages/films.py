"""Films: ingest makes everything that others work with, and here it is found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from workflow.align.speech import detect_speech
from workflow.errors import BadInput, Conflict, NotFound
from workflow.media.facts import Film as FilmFacts
from workflow.media.facts import Finding
from workflow.media.index import index_film
from workflow.media.ingest import SOUND_CHANGES, Ingested, choose_sound, ingest
from workflow.people import Actor
from workflow.progress import Watch, part
from workflow.stages import show
from workflow.stages.running import Published, Settle, publish
from workflow.stages.views import FileView, FilmView
from workflow.store import audit, ledger
from workflow.store.database import in_whole
from workflow.store.house import House, remember_blob
from workflow.store.ledger import Claimed
from workflow.store.tables import (
    Blob,
    Film,
    FilmFile,
    Project,
    Track,
    TrackVersion,
    new_id,
)

# Part of every ingest job's key: raise it when ingest makes other bytes.
INGEST_VERSION = "ingest/2"

MEDIA_TYPES = {
    "original": "application/octet-stream",
    "mezzanine": "video/mp4",
    "proxy240": "video/mp4",
    "proxy480": "video/mp4",
    "sound": "audio/flac",
    "poster": "image/jpeg",
    "thumbs": "image/jpeg",
    "thumbs-index": "text/vtt",
    "peaks": "application/octet-stream",
    "joined": "video/mp2t",
    "speech": "application/octet-stream",
    "index": "application/json",
}
_SUFFIXES = {
    "video/mp4": ".mp4",
    "video/mp2t": ".ts",
    "audio/flac": ".flac",
    "image/jpeg": ".jpg",
    "text/vtt": ".vtt",
}


def film_view(house: House, film_id: str) -> FilmView:
    with house.read() as session:
        return show.film_view(session, show.row(session, Film, film_id))


def film_file(house: House, film_id: str, role: str) -> FileView:
    """A file of the film: "original" or what ingest made. Raises NotFound."""
    with house.read() as session:
        film = show.row(session, Film, film_id)
        if role == "original":
            return file_view(session, film.original, film.name)
        found = session.get(FilmFile, {"film_id": film_id, "role": role})
        if found is None:
            raise NotFound("NOT_FOUND", "The film has no such file.")
        stem = film.name.rpartition(".")[0] or film.name
        suffix = _SUFFIXES.get(MEDIA_TYPES[role], "")
        return file_view(session, found.sha256, f"{stem}.{role}{suffix}")


def file_view(session: Session, sha256: str | None, name: str) -> FileView:
    """The blob as a file to send. Raises NotFound; BLOB_MISSING when the store lost or damaged it."""
    blob = session.get(Blob, sha256) if sha256 else None
    if blob is None:
        raise NotFound("NOT_FOUND", "The file is not made yet.")
    if blob.state != "present":
        raise NotFound(
            "BLOB_MISSING",
            f"The stored file is {blob.state}.",
            where=blob.sha256[:12],
            advice="An operator can restore it from the backup.",
        )
    return FileView(blob.sha256, blob.size, blob.media_type, name)


def known_film(session: Session, film: Film) -> FilmFacts:
    """An ingested film as alignment, checks and rendering see it. Raises Conflict FILM_NOT_READY."""
    mezzanine = session.get(FilmFile, {"film_id": film.id, "role": "mezzanine"})
    rate = show.rate_of(film)
    if film.state != "ready" or mezzanine is None or rate is None:
        raise Conflict(
            "FILM_NOT_READY",
            "The film is still being taken in."
            if film.state == "ingesting"
            else "The film could not be taken in.",
            advice="Wait until it is ready." if film.state == "ingesting" else "Upload it again.",
            details={"state": film.state},
        )
    return FilmFacts(
        hash=film.original,
        mezzanine=mezzanine.sha256,
        rate=rate,
        frames=film.frames or 0,
        width=film.width or 0,
        height=film.height or 0,
        has_sound=bool(film.has_sound),
        starts=tuple(_made(film).get("starts", ())),
        sound=_made(film).get("sound"),
        mended=_made(film).get("mended", False),
        joined=_made(film).get("joined", ""),
    )


def _made(film: Film) -> dict[str, Any]:
    """How the mezzanine came to be: "starts", "sound" and "mended" as in `FilmFacts`."""
    made: dict[str, Any] = (film.facts or {}).get("mezzanine", {})
    return made


@in_whole
def start_choosing_sound(house: House, actor: Actor, film_id: str, number: int) -> FilmView:
    """Queue the making of the film's sound from another of its sound tracks, counted from 0.

    What is being reviewed or was approved was watched with the sound there is, so it is refused then.
    Raises Conflict FILM_NOT_READY, SOUND_IN_USE, SOUND_BUSY; BadInput SOUND_NUMBER.
    """
    with house.write() as session:
        film = session.scalars(select(Film).where(Film.id == film_id).with_for_update()).one()
        known = known_film(session, film)
        _refuse_wrong_sound(session, film, number)
        if known.sound != number:
            ledger.create(
                session,
                kind="sound",
                queue="render",
                key=[film.id, number, new_id()],
                params={"number": number, "name": film.name},
                subject=film.id,
                project_id=film.project_id,
                created_by=actor.user_id,
            )
            audit.note(session, actor.user_id, "film.sound", "film", film.id, number=number)
        return show.film_view(session, film)


def _refuse_wrong_sound(session: Session, film: Film, number: int) -> None:
    count = len(show.sounds_of(film.facts))
    if not 0 <= number < count:
        raise BadInput(
            "SOUND_NUMBER",
            f"The film has no sound number {number}: it has {count}.",
            where="sound",
            advice="They are counted from 0.",
        )
    job = show.latest_job(session, "sound", film.id)
    if job is not None and job.state in ledger.LIVE:
        raise Conflict(
            "SOUND_BUSY",
            "Another sound is being taken over at the moment.",
            advice="Wait until that is done, or cancel it.",
        )
    _refuse_sound_in_use(session, film.id)


def _refuse_sound_in_use(session: Session, film_id: str) -> None:
    using = session.scalars(
        select(TrackVersion)
        .join(Track, Track.id == TrackVersion.track_id)
        .where(Track.film_id == film_id, TrackVersion.state.not_in(("withdrawn", "superseded")))
    ).first()
    if using is not None:
        raise Conflict(
            "SOUND_IN_USE",
            f"Version {using.number} of a track was submitted with the sound there is.",
            advice="Withdraw it first; what was watched must be what is delivered.",
            details={"version": using.id, "state": using.state},
        )


# --- the work -----------------------------------------------------------------------------------


def run_ingest(house: House, claimed: Claimed, watch: Watch, work: Path) -> Settle:
    """Make the film's files, and find where its people speak."""
    with house.read() as session:
        film = show.row(session, Film, claimed.subject)
        original = film.original
        language = show.row(session, Project, film.project_id).source_language
    out = work / "film"
    out.mkdir()
    made = ingest(
        house.blobs.existing(original),
        out,
        watch=part(watch, 0, 900),
        ffmpeg=house.settings.ffmpeg,
        name=claimed.params["name"],
        language=language,
    )
    kept = _publish_all(house, made, out, watch)

    def settle(session: Session) -> str:
        _keep(session, claimed.subject, kept)
        session.execute(
            update(Film)
            .where(Film.id == claimed.subject)
            .values(
                state="ready",
                error=None,
                facts=_facts(made, made.changes),
                rate_num=made.film.rate.numerator,
                rate_den=made.film.rate.denominator,
                frames=made.film.frames,
                width=made.film.width,
                height=made.film.height,
                has_sound=made.film.has_sound,
                shots=list(made.shots),
            )
        )
        audit.note(session, None, "film.ready", "film", claimed.subject)
        return claimed.subject

    return settle


def run_sound(house: House, claimed: Claimed, watch: Watch, work: Path) -> Settle:
    """Take another of the upload's sounds: sound, wave, proxies and speech; the picture stays."""
    with house.read() as session:
        film = show.row(session, Film, claimed.subject)
        known = known_film(session, film)
        proxies = session.execute(
            select(FilmFile.role, FilmFile.sha256).where(
                FilmFile.film_id == film.id, FilmFile.role.in_(("proxy240", "proxy480"))
            )
        ).all()
    out = work / "sound"
    out.mkdir()
    made = choose_sound(
        house.blobs.existing(known.packets),
        out,
        known,
        {role: house.blobs.existing(sha256) for role, sha256 in proxies},
        claimed.params["number"],
        watch=part(watch, 0, 900),
        ffmpeg=house.settings.ffmpeg,
        name=claimed.params["name"],
    )
    kept = _publish_all(house, made, out, watch)

    def settle(session: Session) -> str:
        _refuse_sound_in_use(session, claimed.subject)
        _keep(session, claimed.subject, kept)
        film = show.row(session, Film, claimed.subject)
        before = [Finding(**change) for change in (film.facts or {}).get("changes", [])]
        picture = [change for change in before if change.code not in SOUND_CHANGES]
        film.facts = _facts(made, (*picture, *made.changes))
        film.has_sound = True
        audit.note(session, None, "film.sound_ready", "film", claimed.subject)
        return claimed.subject

    return settle


def _publish_all(house: House, made: Ingested, out: Path, watch: Watch) -> dict[str, Published]:
    """All files in the blob store, with where people speak among them."""
    files = dict(made.files)
    if mezzanine := files.get("mezzanine"):
        files["index"] = out / "index.json"
        files["index"].write_bytes(index_film(mezzanine).to_bytes())
    if sound := files.get("sound"):
        speech = detect_speech(sound, watch=part(watch, 900, 990))
        files["speech"] = out / "speech.bin"
        files["speech"].write_bytes(speech.to_bytes())
    watch(990, "Storing")
    return {role: publish(house, file, MEDIA_TYPES[role]) for role, file in files.items()}


def _keep(session: Session, film_id: str, kept: dict[str, Published]) -> None:
    for role, blob in kept.items():
        remember_blob(session, blob.sha256, blob.size, blob.media_type)
        session.merge(FilmFile(film_id=film_id, role=role, sha256=blob.sha256))


def _facts(made: Ingested, changes: Iterable[Finding]) -> dict[str, Any]:
    """What the film's row keeps: of the upload, of what was changed, and of the mezzanine."""
    return made.facts.to_json() | {
        "changes": [asdict(change) for change in changes],
        "mezzanine": {
            "starts": list(made.film.starts),
            "sound": made.film.sound,
            "mended": made.film.mended,
            "joined": made.film.joined,
        },
    }
