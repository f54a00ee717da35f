"""Stored files sent by range: films, builds, renders. The guard has admitted the person; here bytes go out.

A file is named by its SHA-256, which is its strong ETag, so a download resumes
and a player seeks (RFC 9110 14). One range is answered; more than one, or one
that makes no sense, gets the whole file, and one beyond the end gets 416.
Behind nginx only the headers are ours: X-Accel-Redirect names the blob. Blobs in S3
are streamed through, or, if the settings say so, saved from there by a link.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable
from typing import Literal

from flask import Response, request
from werkzeug.http import quote_etag, unquote_etag

from web.guard import actor, house
from workflow.media.names import attachment_header
from workflow.stages import Archive
from workflow.stages.views import FileView
from workflow.store.accounts import note_event
from workflow.store.blobs import blob_missing

KEPT_SECONDS = 3600  # by the browser; the bytes under an address never change
NOTED_EVERY_SECONDS = 600  # one audit row per person and file, not one per range of a player

#: A film opened by itself is a file, not a page of ours: it may show itself and nothing else.
FILE_POLICY = (
    "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'; sandbox"
)

_RANGE = re.compile(r"bytes=\s*(\d*)-(\d*)\s*")


def send(file: FileView, *, kind: str, object_id: str, attach: bool = False) -> Response:
    """*file* as this request asks for it: whole, a range of it, its headers, or 304.

    attach    offer it for saving under its name; otherwise it is for a player or a page
    """
    _note(file, kind, object_id, "download" if attach else "view")
    headers = _headers(file, attach=attach)
    if _client_has(file.sha256):
        return Response(status=304, headers=headers)
    settings, blobs, sha = house().settings, house().blobs, file.sha256
    if settings.accel_redirect and settings.blob_dir is not None:
        headers["X-Accel-Redirect"] = f"/_blobs/{sha[:2]}/{sha[2:4]}/{sha}"
        return Response(status=200, headers=headers)
    if settings.s3_redirect and attach and request.method == "GET":
        link = blobs.link(sha, name=file.name, media_type=file.media_type)
        if link is not None:
            # For whoever saves it: a player of ours plays from this server alone (its page says so).
            return Response(status=307, headers={"Location": link, "Cache-Control": "no-store"})
    if blobs.lacks(sha):
        raise blob_missing(sha)
    return _by_range(file, headers, lambda start, end: blobs.stream(sha, start, end))


def send_archive(archive: Archive, *, kind: str, object_id: str) -> Response:
    """A package, put together while it is sent: the range that was asked for and nothing before it.

    It has no file behind it, so this server sends it also where nginx sends files.
    """
    file = FileView(archive.sha256, archive.size, "application/zip", archive.name)
    _note(file, kind, object_id, "download")
    headers = _headers(file, attach=True)
    if _client_has(file.sha256):
        return Response(status=304, headers=headers)
    here = house()
    return _by_range(file, headers, lambda start, end: archive.blocks(here, start, end))


def _headers(file: FileView, *, attach: bool) -> dict[str, str]:
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": quote_etag(file.sha256),
        "Cache-Control": f"private, max-age={KEPT_SECONDS}",
        "Content-Security-Policy": FILE_POLICY,
        "Content-Type": file.media_type,
    }
    if attach:
        headers["Content-Disposition"] = attachment_header(file.name)
    return headers


def _by_range(
    file: FileView, headers: dict[str, str], blocks: Callable[[int, int], Iterable[bytes]]
) -> Response:
    """The answer with the bytes that were asked for; *blocks* gives those of [start, end)."""
    wanted = _wanted_range(file)
    if wanted == "beyond":
        return Response(status=416, headers={"Content-Range": f"bytes */{file.size}"})
    start, end = wanted or (0, file.size)
    headers["Content-Length"] = str(end - start)
    if wanted:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    body = () if request.method == "HEAD" else blocks(start, end)
    response = Response(body, status=206 if wanted else 200, headers=headers)
    response.automatically_set_content_length = False
    return response


def _client_has(sha256: str) -> bool:
    """If-None-Match compares weakly (RFC 9110 13.1.2)."""
    return request.if_none_match.contains_weak(sha256)


def _wanted_range(file: FileView) -> tuple[int, int] | Literal["beyond"] | None:
    """[start, end) that was asked for; None for the whole file."""
    header = request.headers.get("Range")
    if header is None or request.method != "GET" or not _if_range_holds(file.sha256):
        return None
    found = _RANGE.fullmatch(header) if len(header) < 100 else None
    if found is None or found.groups() == ("", ""):
        return None  # several ranges, another unit, nonsense: allowed to be ignored, and is
    first, last = found.groups()
    if not first:  # the last N bytes
        wanted = int(last)
        return (max(0, file.size - wanted), file.size) if wanted and file.size else "beyond"
    start, end = int(first), int(last) + 1 if last else file.size
    if last and end <= start:
        return None
    return (start, min(end, file.size)) if start < file.size else "beyond"


def _if_range_holds(sha256: str) -> bool:
    """If-Range compares strongly; a date never holds, as files here have hashes and no dates."""
    header = request.headers.get("If-Range")
    if header is None:
        return True
    etag, weak = unquote_etag(header)
    return etag == sha256 and not weak


class _Recently:
    """What was noted lately, in this process: a player asks for a film in hundreds of ranges."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at: dict[tuple[str, ...], float] = {}

    def first(self, *key: str) -> bool:
        now = time.monotonic()
        with self._lock:
            if now - self._at.get(key, -NOTED_EVERY_SECONDS) < NOTED_EVERY_SECONDS:
                return False
            if len(self._at) > 10_000:
                self._at = {k: t for k, t in self._at.items() if now - t < NOTED_EVERY_SECONDS}
            self._at[key] = now
            return True


_recently = _Recently()


def _note(file: FileView, kind: str, object_id: str, what: str) -> None:
    person = actor().user_id
    if request.method == "GET" and _recently.first(person, what, kind, object_id, file.sha256):
        note_event(
            house(), person, f"media.{what}", kind, object_id, sha256=file.sha256, file=file.name
        )
