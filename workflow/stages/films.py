"""Films: a resumable upload becomes a film, and ingest makes everything that others work with."""

from __future__ import annotations

import os
import re
import shutil
import uuid
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from workflow.align.speech import detect_speech
from workflow.errors import BadInput, Conflict, NotAllowed, NotFound, TerjimeError
from workflow.media import limits
from workflow.media.container import sniff
from workflow.media.facts import Film as FilmFacts
from workflow.media.facts import Finding
from workflow.media.index import index_film
from workflow.media.ingest import SOUND_CHANGES, Ingested, choose_sound, ingest
from workflow.media.names import display_name
from workflow.people import Action, Actor, may
from workflow.progress import Watch, part
from workflow.stages import show
from workflow.stages.running import Published, Settle, publish
from workflow.stages.views import FileView, FilmView, UploadView
from workflow.store import audit, ledger
from workflow.store.database import in_whole
from workflow.store.house import House, remember_blob
from workflow.store.ledger import Claimed
from workflow.store.room import refuse_upload_without_room
from workflow.store.tables import (
    Blob,
    Film,
    FilmFile,
    Project,
    Track,
    TrackVersion,
    Upload,
    new_id,
    now_ms,
)

INGEST_VERSION = (
    "ingest/2"  # part of every ingest job's key: raise it when ingest makes other bytes
)
UPLOAD_KEPT_MS = 7 * 24 * 3600 * 1000  # since the last byte
UPLOADS_AT_ONCE = 20  # in one project, that had a byte within the hour
PROJECT_BYTES = 200 << 30
_HOUR_MS = 3600 * 1000

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


@in_whole
def open_upload(
    house: House,
    actor: Actor,
    project_id: str,
    *,
    name: str,
    length: int,
    sha256: str | None = None,
    metadata_header: str = "",
    purpose: str = "film",
    track_id: str = "",
) -> UploadView:
    """Room for *length* bytes: of a film, or of a recording or M&E stem for a dub.

    Raises BadInput EMPTY, TOO_LARGE, PURPOSE; NotAllowed; NotFound; Conflict QUOTA, TOO_MANY_UPLOADS;
    ToolFailed DISK_LOW.
    """
    _refuse_other_purpose(house, actor, project_id, purpose, track_id)
    if length <= 0:
        raise BadInput("EMPTY", "The file is empty.", advice="Choose the film file again.")
    if length > limits.FILM_BYTES:
        raise BadInput(
            "TOO_LARGE",
            f"The file has {length / (1 << 30):.1f} GiB; at most {limits.FILM_BYTES >> 30} GiB are accepted.",
        )
    whole = sha256.lower() if sha256 else None
    if whole is not None and not re.fullmatch("[0-9a-f]{64}", whole):
        raise BadInput("HASH", "The sha256 that was given is not one.", where=whole[:80])
    refuse_upload_without_room(house.settings, length)
    with house.write() as session:
        _refuse_over_quota(session, project_id, length)
        upload = Upload(
            project_id=project_id,
            person_id=actor.user_id,
            name=display_name(name),
            metadata_header=metadata_header,
            length=length,
            sha256=whole,
            expires_at=now_ms() + UPLOAD_KEPT_MS,
        )
        session.add(upload)
        session.flush()
        audit.note(
            session,
            actor.user_id,
            "upload.open",
            "upload",
            upload.id,
            name=upload.name,
            length=length,
        )
        (house.settings.upload_dir / upload.id).touch(mode=0o600)
        return _upload_view(upload)


def _refuse_other_purpose(
    house: House, actor: Actor, project_id: str, purpose: str, track_id: str
) -> None:
    if purpose not in ("film", "recording", "stem"):
        raise BadInput("PURPOSE", "An upload is a film, a recording or a stem.", where=purpose[:40])
    action = Action.UPLOAD_FILM if purpose == "film" else Action.EDIT_TRACK
    if not may(actor, action):
        raise NotAllowed(
            "NOT_ALLOWED",
            "Your roles in this project do not allow that.",
            advice="A producer of the project can give you another role.",
            details={"action": str(action), "roles": sorted(actor.roles)},
        )
    if purpose == "film":
        return
    with house.read() as session:
        track = session.get(Track, track_id)
        if track is None or (track.project_id, track.kind) != (project_id, "dub"):
            raise NotFound("NOT_FOUND", "The project has no such dub.", where=track_id[:40])


def _refuse_over_quota(session: Session, project_id: str, length: int) -> None:
    active = select(func.count()).where(
        Upload.project_id == project_id,
        Upload.state == "open",
        Upload.expires_at > now_ms() + UPLOAD_KEPT_MS - _HOUR_MS,
    )
    if (session.scalar(active) or 0) >= UPLOADS_AT_ONCE:
        raise Conflict(
            "TOO_MANY_UPLOADS",
            f"{UPLOADS_AT_ONCE} uploads are under way in this project.",
            advice="Finish or drop some of them first.",
        )
    held = session.scalar(
        select(func.sum(Blob.size))
        .select_from(Film)
        .join(Blob, Blob.sha256 == Film.original)
        .where(Film.project_id == project_id)
    )
    if (held or 0) + length > PROJECT_BYTES:
        raise Conflict(
            "QUOTA",
            f"The project would have more than {PROJECT_BYTES >> 30} GiB of films.",
            advice="An administrator can help.",
        )


def upload_view(house: House, upload_id: str) -> UploadView:
    with house.read() as session:
        return _upload_view(show.row(session, Upload, upload_id))


@in_whole
def commit_offset(house: House, upload_id: str, offset: int) -> UploadView:
    """*offset* bytes are safe on the disk. Raises NotFound, Conflict UPLOAD_CLOSED."""
    with house.write() as session:
        upload = show.row(session, Upload, upload_id)
        if upload.state != "open":
            raise Conflict("UPLOAD_CLOSED", f"The upload is {upload.state}.")
        upload.offset = offset
        upload.expires_at = now_ms() + UPLOAD_KEPT_MS
        return _upload_view(upload)


def finish_upload(house: House, actor: Actor, upload_id: str) -> FilmView:
    """All bytes are here: look at them, keep them, queue their ingest. Twice is as once.

    A file that is no film is refused here, and the upload says why. Raises BadInput HASH_MISMATCH and
    what `sniff` raises; Conflict UPLOAD_INCOMPLETE, UPLOAD_CLOSED.
    """
    upload = upload_view(house, upload_id)
    if upload.state == "done" and upload.film_id:
        return film_view(house, upload.film_id)
    file = whole_upload(house, upload)
    try:
        return _take_in(house, actor, upload.project_id, file, upload.name, upload)
    except BadInput as error:
        refuse_upload(house, actor, upload_id, error)
        raise


def whole_upload(house: House, upload: UploadView) -> Path:
    """The file of an upload that is all here. Raises Conflict UPLOAD_INCOMPLETE, UPLOAD_CLOSED."""
    if upload.state != "open":
        raise Conflict("UPLOAD_CLOSED", f"The upload is {upload.state}.")
    file = house.settings.upload_dir / upload.id
    size = file.stat().st_size if file.exists() else 0
    if upload.offset != upload.length or size != upload.length:
        raise Conflict(
            "UPLOAD_INCOMPLETE",
            f"{min(size, upload.offset)} of {upload.length} bytes are here.",
            advice="Send the rest first.",
        )
    return file


def add_film_file(house: House, actor: Actor, project_id: str, path: Path, name: str) -> FilmView:
    """A film that lies on this machine. Raises BadInput as `finish_upload` does."""
    refuse_upload_without_room(house.settings, path.stat().st_size)
    file = house.settings.upload_dir / f"copy-{uuid.uuid4().hex}"
    try:
        shutil.copyfile(path, file)
        return _take_in(house, actor, project_id, file, display_name(name), None)
    finally:
        file.unlink(missing_ok=True)


def _take_in(
    house: House, actor: Actor, project_id: str, file: Path, name: str, upload: UploadView | None
) -> FilmView:
    sniff(file, name=name)
    # A second name for the same bytes: if what follows fails, the upload is still where it was.
    staged = house.settings.work_dir / f"incoming-{uuid.uuid4().hex}"
    os.link(file, staged)
    try:
        sha256, size = house.blobs.publish(staged, expected=upload.sha256 if upload else None)
    finally:
        staged.unlink(missing_ok=True)
    film_id = _record_film(house, actor, project_id, name, (sha256, size), upload)
    file.unlink(missing_ok=True)
    return film_view(house, film_id)


@in_whole
def _record_film(
    house: House,
    actor: Actor,
    project_id: str,
    name: str,
    blob: tuple[str, int],
    upload: UploadView | None,
) -> str:
    """Blob, film, job and message in one transaction; the same film again in a project is that film."""
    sha256, size = blob
    with house.write() as session:
        remember_blob(session, sha256, size, MEDIA_TYPES["original"])
        film = session.scalars(
            select(Film).where(
                Film.project_id == project_id, Film.original == sha256, Film.state != "failed"
            )
        ).first()
        if film is None:
            film = Film(
                id=new_id(),
                project_id=project_id,
                name=name,
                original=sha256,
                created_by=actor.user_id,
            )
            session.add(film)
            session.flush()
            job = ledger.create(
                session,
                kind="ingest",
                queue="render",
                key=[INGEST_VERSION, film.id, sha256],
                params={"name": name},
                subject=film.id,
                project_id=project_id,
                created_by=actor.user_id,
            )
            audit.note(
                session, actor.user_id, "film.add", "film", film.id, sha256=sha256, job=job.id
            )
        if upload:
            session.execute(
                update(Upload)
                .where(Upload.id == upload.id, Upload.state == "open")
                .values(state="done", film_id=film.id)
            )
        return film.id


@in_whole
def refuse_upload(house: House, actor: Actor, upload_id: str, error: TerjimeError) -> None:
    with house.write() as session:
        upload = show.row(session, Upload, upload_id)
        upload.state = "refused"
        upload.error = error.to_json()
        audit.note(session, actor.user_id, "upload.refuse", "upload", upload_id, code=error.code)
    (house.settings.upload_dir / upload_id).unlink(missing_ok=True)


@in_whole
def drop_upload(house: House, actor: Actor, upload_id: str) -> None:
    """The person does not want it any more; its bytes go. Raises NotFound, Conflict UPLOAD_CLOSED."""
    with house.write() as session:
        upload = show.row(session, Upload, upload_id)
        if upload.state not in ("open", "refused"):
            raise Conflict("UPLOAD_CLOSED", f"The upload is {upload.state}.")
        upload.state = "gone"
        audit.note(session, actor.user_id, "upload.drop", "upload", upload_id)
    (house.settings.upload_dir / upload_id).unlink(missing_ok=True)


def drop_expired_uploads(house: House) -> int:
    """Uploads that had no byte for a week, and files that no open upload owns. For the sweeper."""
    with house.write() as session:
        expired = session.scalars(
            select(Upload).where(Upload.state == "open", Upload.expires_at < now_ms())
        ).all()
        for upload in expired:
            upload.state = "gone"
            audit.note(session, None, "upload.expire", "upload", upload.id)
        ids = [upload.id for upload in expired]
    for upload_id in ids:
        (house.settings.upload_dir / upload_id).unlink(missing_ok=True)
    return len(ids)


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


def _upload_view(upload: Upload) -> UploadView:
    return UploadView(
        id=upload.id,
        project_id=upload.project_id,
        person_id=upload.person_id,
        name=upload.name,
        length=upload.length,
        offset=upload.offset,
        sha256=upload.sha256,
        metadata_header=upload.metadata_header,
        state=upload.state,
        error=upload.error,
        film_id=upload.film_id,
        expires_at=upload.expires_at,
    )
