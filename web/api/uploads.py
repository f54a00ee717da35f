"""Resumable uploads: a tus 1.0.0 server with creation, creation-with-upload, termination, expiration, checksum.

Bytes are appended to `uploads/<id>` as they arrive, so a cut keeps what came.
How far an upload is, is said by the database, and that is written only after
the bytes are on the disk: after a crash the tail beyond it is cut off.

One request at a time works on an upload. A second one (the client noticed the
broken link before we did) makes the first stop, keep its bytes and let go; only
when it does not within 5 seconds is the answer 423.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import errno
import fcntl
import hashlib
import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apiflask import Schema, fields
from flask import Response, make_response, request, url_for
from flask_babel import gettext
from werkzeug.exceptions import ClientDisconnected
from werkzeug.http import http_date

from web.api import api
from web.api.schemas import responses
from web.errors import Refused
from web.guard import actor, guarded, house, public_without_session
from web.security import UPLOAD_TYPE, limiter, streams_body
from workflow import stages
from workflow.media.limits import FILM_BYTES
from workflow.people import Action
from workflow.stages.views import UploadView
from workflow.store.tables import now_ms

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,expiration,checksum"
CHECKSUMS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}
PIECE = 16 << 10  # what a broken connection can lose at most
COMMIT_EVERY = 8 << 20
LOOK_AT_DISK_EVERY = 64 << 20
RESERVE = 1 << 30  # the disk keeps this much, or a twentieth of it, for texts and verdicts
LONGEST_METADATA = 8 << 10
TAKEOVER_SECONDS = 5.0


class UploadState(Schema):
    """How an upload is doing, and what became of it."""

    state = fields.String(required=True, metadata={"description": "open | done | refused | gone"})
    offset = fields.Integer(required=True)
    length = fields.Integer(required=True)
    film_id = fields.String(required=True, allow_none=True)
    error = fields.Dict(required=True, allow_none=True)


@api.after_request
def _say_version(response: Response) -> Response:
    if request.path.endswith("/uploads") or "/uploads/" in request.path:
        response.headers["Tus-Resumable"] = VERSION
        if response.status_code == 412:
            response.headers["Tus-Version"] = VERSION
    return response


@api.route("/projects/<project_id>/uploads", methods=["OPTIONS"], provide_automatic_options=False)
@api.route("/uploads/<upload_id>", methods=["OPTIONS"], provide_automatic_options=False)
@public_without_session
@api.doc(hide=True)
def upload_options(**_: str) -> Response:
    response = make_response("", 204)
    response.headers.update(
        {
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(FILM_BYTES),
            "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
        }
    )
    return response


@api.post("/projects/<project_id>/uploads", provide_automatic_options=False)
@guarded(Action.UPLOAD, "project")
@limiter.limit("30/hour")
@api.doc(
    summary="Begin the upload of a film (tus 1.0.0 creation)",
    responses=responses({201: "Begun; `Location` is where its bytes go", 413: "Too long"}),
)
@streams_body
def begin_upload(project_id: str) -> Response:
    """`Upload-Metadata`: `filename`, and `sha256` (of the whole file, as hex text) to have it checked.
    `purpose` "recording" or "stem" with the `track` of a dub: sound for it, sent by who edits it."""
    _expect_version()
    length = _length_header()
    raw_metadata = request.headers.get("Upload-Metadata", "")
    metadata = parse_metadata(raw_metadata)
    upload = stages.open_upload(
        house(),
        actor(),
        project_id,
        name=metadata.get("filename") or metadata.get("name") or "",
        length=length,
        sha256=_sha256_of(metadata),
        metadata_header=raw_metadata,
        purpose=metadata.get("purpose", "film"),
        track_id=metadata.get("track", ""),
    )
    offset = 0
    with_body = request.mimetype == UPLOAD_TYPE
    if with_body:
        with _holders.take(upload.id, _connection()) as hold:
            offset = _receive(upload, 0, hold)
            _finish_if_whole(upload, offset)
    response = make_response("", 201)
    response.headers["Location"] = url_for("api.continue_upload", upload_id=upload.id)
    if with_body:
        response.headers["Upload-Offset"] = str(offset)
    _say_expiry(response, upload)
    return response


@api.route("/uploads/<upload_id>", methods=["GET"], provide_automatic_options=False)
@guarded(Action.UPLOAD, "upload")
@api.output(UploadState)
@api.doc(summary="How an upload is doing (HEAD: tus 1.0.0 offset)")
def upload_state(upload_id: str) -> Any:
    if request.method == "HEAD":
        return _head(upload_id)
    upload = stages.upload_view(house(), upload_id)
    return {
        "state": "gone" if _is_expired(upload) else upload.state,
        "offset": upload.offset,
        "length": upload.length,
        "film_id": upload.film_id,
        "error": upload.error,
    }


def _head(upload_id: str) -> Response:
    _expect_version()
    with _holders.take(upload_id, None):
        upload = _present(upload_id)
        offset = upload.length if upload.state == "done" else _settle(upload)
        if upload.state == "open":
            _finish_if_whole(upload, offset)  # its last PATCH may have died before it got to that
    response = make_response("", 200)
    response.headers["Upload-Offset"] = str(offset)
    response.headers["Upload-Length"] = str(upload.length)
    response.headers["Cache-Control"] = "no-store"
    if upload.metadata_header:
        response.headers["Upload-Metadata"] = upload.metadata_header
    _say_expiry(response, upload)
    return response


@api.patch("/uploads/<upload_id>", provide_automatic_options=False)
@guarded(Action.UPLOAD, "upload")
@api.doc(
    summary="Send more bytes of an upload (tus 1.0.0)",
    responses=responses(
        {
            204: "Stored; `Upload-Offset` says how far it is",
            409: "Another offset is next",
            415: "Not application/offset+octet-stream",
            460: "The checksum differs; nothing was stored",
        }
    ),
)
@streams_body
def continue_upload(upload_id: str) -> Response:
    """The last PATCH answers when the whole file has been checked; the film is then being taken in."""
    return _patch(upload_id)


@api.delete("/uploads/<upload_id>", provide_automatic_options=False)
@guarded(Action.UPLOAD, "upload")
@api.doc(summary="Give an upload up (tus 1.0.0 termination)", responses=responses({204: "Gone"}))
@streams_body
def end_upload(upload_id: str) -> Response:
    return _delete(upload_id)


@api.post("/uploads/<upload_id>", provide_automatic_options=False)
@guarded(Action.UPLOAD, "upload")
@api.doc(hide=True)
@streams_body
def upload_by_post(upload_id: str) -> Response:
    """For networks that let only GET and POST through: `X-HTTP-Method-Override` says what is meant."""
    meant = request.headers.get("X-HTTP-Method-Override", "").upper()
    if meant == "PATCH":
        return _patch(upload_id)
    if meant == "DELETE":
        return _delete(upload_id)
    raise Refused(
        405,
        "METHOD_NOT_ALLOWED",
        gettext("This address does not do that."),
        headers={"Allow": "GET, HEAD, PATCH, DELETE, OPTIONS"},
    )


def _patch(upload_id: str) -> Response:
    _expect_version()
    if request.mimetype != UPLOAD_TYPE:
        raise Refused(
            415, "WRONG_TYPE", gettext("The content type must be %(type)s.", type=UPLOAD_TYPE)
        )
    claimed = _number_header("Upload-Offset")
    with _holders.take(upload_id, _connection()) as hold:
        upload = _present(upload_id)
        offset = upload.length if upload.state == "done" else _settle(upload)
        if claimed != offset:
            raise Refused(
                409,
                "OFFSET",
                gettext("Byte %(next)s is next, not %(sent)s.", next=offset, sent=claimed),
                headers={"Upload-Offset": str(offset)},
            )
        if upload.state == "open" or request.content_length:
            offset = _receive(upload, offset, hold)
        if upload.state == "open":
            _finish_if_whole(upload, offset)
    response = make_response("", 204)
    response.headers["Upload-Offset"] = str(offset)
    _say_expiry(response, upload)
    if hold.stopped:
        response.headers["Connection"] = "close"
    return response


def _delete(upload_id: str) -> Response:
    _expect_version()
    with _holders.take(upload_id, None):
        _present(upload_id)
        stages.drop_upload(house(), actor(), upload_id)
    return make_response("", 204)


# --- bytes ---------------------------------------------------------------------------------------


def _path(upload_id: str) -> Path:
    return house().settings.upload_dir / upload_id


def _settle(upload: UploadView) -> int:
    """How far *upload* is: what both the database and the disk have; what only one of them has goes."""
    path = _path(upload.id)
    on_disk = path.stat().st_size if path.exists() else 0
    offset = min(upload.offset, on_disk)
    if on_disk > offset:
        os.truncate(path, offset)
    if upload.offset > offset:
        stages.commit_offset(house(), upload.id, offset)
    return int(offset)


def _receive(upload: UploadView, offset: int, hold: _Hold) -> int:
    """Append this request's body at *offset*. Returns the new offset.

    A body that ends early (cut off, idle, or taken over) is kept as far as it came. Raises Refused 413
    beyond the declared length, 400 and 460 for checksums, 507 on a full disk.
    """
    room = upload.length - offset
    if (request.content_length or 0) > room:
        raise _beyond(upload.length)
    expected = _checksum_header()
    if expected is None:
        with _open(_path(upload.id)) as descriptor:
            return _append(upload, descriptor, offset, hold)
    return _append_checked(upload, offset, hold, *expected)


def _append(upload: UploadView, descriptor: int, offset: int, hold: _Hold) -> int:
    start = committed = looked = offset
    try:
        for piece in _pieces(hold):
            if offset + len(piece) > upload.length:
                os.ftruncate(descriptor, start)
                offset = start
                raise _beyond(upload.length)
            _write(descriptor, piece, offset)
            offset += len(piece)
            if offset - committed >= COMMIT_EVERY:
                os.fsync(descriptor)
                stages.commit_offset(house(), upload.id, offset)
                committed = offset
            if offset - looked >= LOOK_AT_DISK_EVERY:
                _refuse_full_disk()
                looked = offset
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise _disk_low() from error
    finally:
        os.fsync(descriptor)
        stages.commit_offset(house(), upload.id, offset)
    return offset


def _append_checked(
    upload: UploadView, offset: int, hold: _Hold, algorithm: str, expected: bytes
) -> int:
    """The body goes to a side file first: only bytes that are right are appended."""
    side = _path(f"{upload.id}.chunk")
    digest = CHECKSUMS[algorithm]()
    got = 0
    try:
        with side.open("wb") as file:
            for piece in _pieces(hold):
                got += len(piece)
                if offset + got > upload.length:
                    raise _beyond(upload.length)
                digest.update(piece)
                file.write(piece)
        if digest.digest() != expected:
            raise Refused(
                460, "CHECKSUM", gettext("These bytes changed on their way; they were not kept.")
            )
        with side.open("rb") as source, _open(_path(upload.id)) as descriptor:
            at = offset
            while piece := source.read(1 << 20):
                _write(descriptor, piece, at)
                at += len(piece)
            os.fsync(descriptor)
        stages.commit_offset(house(), upload.id, at)
        return at
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise _disk_low() from error
    finally:
        side.unlink(missing_ok=True)


def _pieces(hold: _Hold) -> Iterator[bytes]:
    """The body as it arrives. Ends where the connection does: that is no error of the bytes before."""
    stream = request.stream
    while not hold.stopped:
        try:
            piece = stream.read(PIECE)
        except (ClientDisconnected, OSError):
            return
        if not piece:
            return
        yield piece


@contextlib.contextmanager
def _open(path: Path) -> Iterator[int]:
    """The upload's file, locked against other processes of this house too."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
    try:
        _lock(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    deadline = time.monotonic() + TAKEOVER_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise _busy() from None
            time.sleep(0.05)


def _write(descriptor: int, piece: bytes, offset: int) -> None:
    rest = memoryview(piece)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[written:], offset + written


def _finish_if_whole(upload: UploadView, offset: int) -> None:
    if offset < upload.length:
        return
    metadata = parse_metadata(upload.metadata_header)
    purpose = metadata.get("purpose", "film")
    if purpose == "film":
        stages.finish_upload(house(), actor(), upload.id)
    else:
        stages.finish_sound_upload(house(), actor(), upload.id, purpose, metadata.get("track", ""))


def _refuse_full_disk() -> None:
    """A begun upload may use what a new one may not, but never the last of it."""
    disk = shutil.disk_usage(house().settings.upload_dir)
    if disk.free < min(RESERVE, disk.total // 20):
        raise _disk_low()


# --- one request at a time -----------------------------------------------------------------------


@dataclass
class _Hold:
    """One request's hold on an upload. `connection` is there while it reads a body from it."""

    connection: socket.socket | None
    stopped: bool = False

    def stop(self) -> None:
        self.stopped = True
        if self.connection is not None:
            # Wakes a read that would wait for a dead link; what arrived before is still read.
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RD)


@dataclass
class _Holders:
    changed: threading.Condition = field(default_factory=threading.Condition)
    held: dict[str, _Hold] = field(default_factory=dict)

    @contextlib.contextmanager
    def take(self, upload_id: str, connection: socket.socket | None) -> Iterator[_Hold]:
        """Hold *upload_id*; whoever holds it is asked to let go. Raises Refused 423 if it does not."""
        deadline = time.monotonic() + TAKEOVER_SECONDS
        hold = _Hold(connection)
        with self.changed:
            while (other := self.held.get(upload_id)) is not None:
                other.stop()
                if not self.changed.wait(deadline - time.monotonic()):
                    raise _busy()
            self.held[upload_id] = hold
        try:
            yield hold
        finally:
            with self.changed:
                del self.held[upload_id]
                self.changed.notify_all()


_holders = _Holders()


def _connection() -> socket.socket | None:
    found = request.environ.get("gunicorn.socket") or request.environ.get("werkzeug.socket")
    return found if isinstance(found, socket.socket) else None


# --- headers -------------------------------------------------------------------------------------


def parse_metadata(header: str) -> dict[str, str]:
    """`Upload-Metadata`: keys with base64 values, "filename ZmlsbS5tcDQ=,is_final". Raises Refused 400.

    A missing and an empty header are both no metadata (tuspy sends an empty one).
    """
    if len(header) > LONGEST_METADATA:
        raise _bad_header("Upload-Metadata", "is too long")
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        key, _, value = pair.partition(" ")
        if not re.fullmatch(r"[!-+\--~]+", key):
            raise _bad_header("Upload-Metadata", "has a key that is not ASCII")
        if key in found:
            raise _bad_header("Upload-Metadata", "has a key twice")
        try:
            found[key] = base64.b64decode(value, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError) as error:
            raise _bad_header("Upload-Metadata", "has a value that is not base64") from error
    return found


def _sha256_of(metadata: dict[str, str]) -> str | None:
    value = metadata.get("sha256")
    if value is None:
        return None
    if not re.fullmatch(r"[0-9a-fA-F]{64}", value):
        raise _bad_header("Upload-Metadata", "has a sha256 that is not 64 hexadecimal digits")
    return value.lower()


def _expect_version() -> None:
    if request.headers.get("Tus-Resumable") != VERSION:
        raise Refused(
            412, "TUS_VERSION", gettext("The header Tus-Resumable must be %(v)s.", v=VERSION)
        )


def _number_header(name: str) -> int:
    value = request.headers.get(name, "")
    if not re.fullmatch(r"[0-9]{1,18}", value):
        raise _bad_header(name, "must be a whole number, 0 or more")
    return int(value)


def _length_header() -> int:
    if "Upload-Defer-Length" in request.headers:
        raise _bad_header("Upload-Defer-Length", "is not offered: say Upload-Length")
    length = _number_header("Upload-Length")
    if length > FILM_BYTES:
        raise Refused(
            413,
            "TOO_LARGE",
            gettext(
                "The file has %(size)s bytes; the most is %(most)s.", size=length, most=FILM_BYTES
            ),
        )
    return length


def _checksum_header() -> tuple[str, bytes] | None:
    header = request.headers.get("Upload-Checksum")
    if header is None:
        return None
    algorithm, _, value = header.partition(" ")
    if algorithm not in CHECKSUMS:
        raise _bad_header("Upload-Checksum", f"must be one of {', '.join(CHECKSUMS)}")
    try:
        digest = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _bad_header("Upload-Checksum", "is not base64") from error
    return algorithm, digest


def _say_expiry(response: Response, upload: UploadView) -> None:
    if upload.state == "open":
        response.headers["Upload-Expires"] = http_date(upload.expires_at / 1000)


# --- refusals ------------------------------------------------------------------------------------


def _present(upload_id: str) -> Any:
    """The upload, if one can still do something with it. Raises Refused 410 when it is over."""
    upload = stages.upload_view(house(), upload_id)
    if upload.state in {"gone", "refused"} or _is_expired(upload):
        raise Refused(
            410,
            "UPLOAD_OVER",
            gettext("This upload is over."),
            advice=gettext("Begin a new one."),
            details={"error": upload.error} if upload.error else None,
        )
    return upload


def _is_expired(upload: UploadView) -> bool:
    return bool(upload.state == "open" and upload.expires_at < now_ms())


def _bad_header(name: str, problem: str) -> Refused:
    return Refused(400, "BAD_HEADER", f"{name} {problem}.", where=name)


def _beyond(length: int) -> Refused:
    return Refused(
        413, "BEYOND_LENGTH", gettext("The upload was declared to have %(n)s bytes.", n=length)
    )


def _busy() -> Refused:
    return Refused(
        423,
        "UPLOAD_BUSY",
        gettext("Another request is working on this upload."),
        advice=gettext("Wait a few seconds; what has arrived is kept."),
        headers={"Retry-After": "5"},
    )


def _disk_low() -> Refused:
    return Refused(
        507,
        "DISK_LOW",
        gettext("The server has too little room for this film."),
        advice=gettext("What has arrived is kept. Ask an operator to make room, then go on."),
    )
