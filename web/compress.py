"""Smaller answers for slow links: text is sent as gzip, and built assets are kept by the browser for good.

Stored media is not touched: it is compressed already, and its ranges count its own bytes.
Pages carry a CSRF token beside words that others wrote (BREACH), which would matter if another
site could make a signed-in browser ask for them: `security` refuses that by Sec-Fetch-Site.
"""

from __future__ import annotations

import gzip
import threading

from flask import Flask, Response, request

TYPES = {
    "text/html",
    "text/css",
    "text/javascript",
    "text/vtt",
    "application/json",
    "application/x-subrip",
    "application/wasm",
    "image/svg+xml",
}
LEAST = 1024  # bytes; smaller ones fit one packet anyway
MOST = 16 << 20
LEVEL = 5

_kept: dict[str, bytes] = {}  # static files, by their ETag
_lock = threading.Lock()


def install(app: Flask) -> None:
    app.after_request(_compress)
    app.after_request(_keep_built_assets)


def _keep_built_assets(response: Response) -> Response:
    """Names of built assets carry a hash of their content: what has the name never changes."""
    if request.endpoint == "static" and request.path.startswith("/static/built/assets/"):
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def _compress(response: Response) -> Response:
    if response.mimetype not in TYPES or response.status_code not in {200, 201, 409, 422}:
        return response
    response.vary.add("Accept-Encoding")
    length = response.content_length or 0
    if (
        not LEAST <= length <= MOST
        or "Content-Encoding" in response.headers
        or "Range" in request.headers
        or not request.accept_encodings.quality("gzip")
    ):
        return response
    response.direct_passthrough = False
    response.set_data(_packed(response))
    response.headers["Content-Encoding"] = "gzip"
    return response


def _packed(response: Response) -> bytes:
    plain = response.get_data()  # read in any case: that is what closes a static file
    etag, _ = response.get_etag()
    if request.endpoint != "static" or etag is None:
        return gzip.compress(plain, LEVEL, mtime=0)
    response.set_etag(etag, weak=True)  # the same file, other bytes
    with _lock:
        if etag not in _kept:
            if len(_kept) > 200:
                _kept.clear()
            _kept[etag] = gzip.compress(plain, 9, mtime=0)
        return _kept[etag]
