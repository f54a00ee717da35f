"""A resumable upload becomes a film, or a file that lies on this machine does."""

from __future__ import annotations

import os
import re
import shutil
import uuid
from pathlib import Path

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from workflow.errors import BadInput, Conflict, NotAllowed, NotFound, TerjimeError
from workflow.media import limits
from workflow.media.container import sniff
from workflow.media.names import display_name
from workflow.people import Action, Actor, may
from workflow.stages import show
from workflow.stages.films import INGEST_VERSION, MEDIA_TYPES, film_view
from workflow.stages.views import FilmView, UploadView
from workflow.store import audit, ledger
from workflow.store.database import in_whole
from workflow.store.house import House, remember_blob
from workflow.store.room import refuse_upload_without_room
from workflow.store.tables import (
    Blob,
    Film,
    Track,
    Upload,
    new_id,
    now_ms,
)

UPLOAD_KEPT_MS = 7 * 24 * 3600 * 1000  # since the last byte
UPLOADS_AT_ONCE = 20  # in one project, that had a byte within the hour
PROJECT_BYTES = 200 << 30
_HOUR_MS = 3600 * 1000


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
