"""Refusals and failures as an answer: JSON for the API, a page for a person.

Only errors of our own tree are shown in their own words. Anything else becomes
a short reference that is also in the log, with the traceback, for an operator.
The page is `error.html` with `status`, `error` (code, message, where, advice,
details) and `reference` (empty when there is none).
"""

from __future__ import annotations

import logging
import secrets
import sys
from typing import Any

from apiflask.exceptions import HTTPError
from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_babel import gettext
from flask_limiter.errors import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from markupsafe import escape
from werkzeug.exceptions import ClientDisconnected, HTTPException

from web.error_words import told
from workflow.errors import (
    BadInput,
    Cancelled,
    Conflict,
    NotAllowed,
    NotFound,
    TerjimeError,
    ToolFailed,
    ToolMissing,
)

log = logging.getLogger("terjime.web")

_STATUS_OF_KIND: tuple[tuple[type[TerjimeError], int], ...] = (
    (BadInput, 422),
    (NotAllowed, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Cancelled, 409),
    (ToolMissing, 503),
    (ToolFailed, 500),
)
_STATUS_OF_CODE = {
    "TOO_LARGE": 413,
    "FILE_TOO_LARGE": 413,
    "TOO_MANY_BYTES": 413,
    "TOO_MANY_COMMENTS": 429,
    "TOO_MANY_JOBS": 429,
    "TOO_MANY_RENDERS": 429,
    "TOO_MANY_UPLOADS": 429,
    "DISK_LOW": 507,
    "DISK_FULL": 507,
    "BAD_JSON": 400,
}


class Refused(TerjimeError):
    """A refusal of HTTP's own making: the request itself is at fault, not what it is about."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: dict[str, str] | None = None,
        **rest: Any,
    ) -> None:
        super().__init__(code, message, **rest)
        self.status = status
        self.headers = headers or {}


def status_of(error: TerjimeError) -> int:
    if isinstance(error, Refused):
        return error.status
    if error.code in _STATUS_OF_CODE:
        return _STATUS_OF_CODE[error.code]
    return next((status for kind, status in _STATUS_OF_KIND if isinstance(error, kind)), 500)


def wants_json() -> bool:
    """Scripts and the API get JSON; a browser that opens a page gets a page."""
    if request.path.startswith("/api/"):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def install(app: Flask) -> None:
    """Answer every way a request can fail."""
    _log_to_stderr()
    app.register_error_handler(TerjimeError, _ours)
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(HTTPError, _of_schema)
    app.register_error_handler(Exception, _unknown)


def answer(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    """The error *body* (`TerjimeError.to_json`, perhaps with "reference") as this client reads it."""
    if wants_json():
        response = jsonify({"error": {k: v for k, v in body.items() if k != "told" or v}})
    else:
        response = make_response(_page(status, body))
    response.status_code = status
    response.headers.update(headers or {})
    if status == 503:
        response.headers.setdefault("Retry-After", "5")
    return response


def _page(status: int, body: dict[str, Any]) -> str:
    try:
        return render_template(
            "error.html", status=status, error=body, reference=body.get("reference", "")
        )
    except Exception as error:  # the page about a failure must not be the next failure
        reference = body.get("reference") or _reference(error)
        return f"<!doctype html><title>{status}</title><h1>{status}</h1><p>{escape(body['message'])} {reference}"


def _ours(error: TerjimeError) -> Response:
    status = status_of(error)
    body = error.to_json()
    if not isinstance(error, Refused) and (own := told(error.code)):
        body["told"] = own
    if status == 500:
        body["reference"] = _reference(error)
    return answer(status, body, getattr(error, "headers", None))


def _of_http(error: HTTPException) -> Response:
    """What Flask and Werkzeug raise themselves."""
    if isinstance(error, ClientDisconnected):
        return answer(400, _body("CUT_OFF", gettext("The request ended before its body did.")))
    if isinstance(error, CSRFError):
        return answer(
            400,
            _body(
                "CSRF_FAILED",
                gettext("This page is too old to be sent."),
                gettext("Nothing was changed. Load the page again and repeat."),
            ),
        )
    if isinstance(error, RateLimitExceeded):
        return answer(
            429,
            _body(
                "TOO_MANY_REQUESTS",
                gettext("Too many tries in a short time."),
                gettext("Wait a minute, then go on."),
            ),
            {"Retry-After": "60"},
        )
    code = error.code or 500
    if 300 <= code < 400:
        return make_response(error.get_response())
    kept = {
        name: value
        for name, value in error.get_headers()
        if name in {"Allow", "Retry-After", "Content-Range"}
    }
    return answer(code, _body(*_words_of(code)), kept)


def _of_schema(error: HTTPError) -> Response:
    """A body or parameters that do not fit the schema of the route: APIFlask's own class of error."""
    details = error.detail if isinstance(error.detail, dict) else {}
    if error.status_code != 422:
        return answer(error.status_code, _body(*_words_of(error.status_code)))
    place, problem = _first_problem(details)
    body = BadInput(
        "BAD_REQUEST",
        gettext("The request does not fit: %(problem)s", problem=problem or error.message),
        where=place,
        details={"fields": details},
    ).to_json()
    return answer(422, body)


def _first_problem(details: dict[str, Any]) -> tuple[str, str]:
    """("json.cues.0.start", "Not a valid integer.") out of marshmallow's nested messages."""
    path: list[str] = []
    node: Any = details
    while isinstance(node, dict) and node:
        key = next(iter(node))
        path.append(str(key))
        node = node[key]
    problem = node[0] if isinstance(node, list) and node else ""
    return ".".join(path), str(problem)


def _unknown(error: Exception) -> Response:
    body = _body(
        "UNEXPECTED",
        gettext("Something failed that should not fail."),
        gettext("Try again; if it fails again, give an operator the reference."),
    )
    body["reference"] = _reference(error)
    return answer(500, body)


def _reference(error: BaseException) -> str:
    reference = secrets.token_hex(4)
    log.error("%s %s %s", reference, request.method, request.path, exc_info=error)
    return reference


def _body(code: str, message: str, advice: str = "") -> dict[str, Any]:
    return {"code": code, "message": message, "where": "", "advice": advice, "told": ""}


def _words_of(status: int) -> tuple[str, ...]:
    """Code, message and perhaps advice."""
    words: dict[int, tuple[str, ...]] = {
        400: ("BAD_REQUEST", gettext("The request cannot be understood.")),
        404: ("NOT_FOUND", gettext("There is nothing here, or it is not for you.")),
        405: ("METHOD_NOT_ALLOWED", gettext("This address does not do that.")),
        408: ("TOO_SLOW", gettext("The request took too long to arrive.")),
        413: (
            "TOO_LARGE",
            gettext("The request is larger than this address takes."),
            gettext("Send it smaller, or in parts."),
        ),
        415: ("WRONG_TYPE", gettext("This address takes another type of content.")),
        416: ("BAD_RANGE", gettext("The file has no such range.")),
    }
    return words.get(status, (f"HTTP_{status}", gettext("The request was refused.")))


class OneLine(logging.Formatter):
    """A record whose message stays on its line: a file name must not be able to write log lines.

    The traceback below it is ours and keeps its lines.
    """

    def format(self, record: logging.LogRecord) -> str:
        record.msg, record.args = _printable(record.getMessage()), None
        return super().format(record)


def _printable(text: str) -> str:
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode()
        for c in text
    )


def _log_to_stderr() -> None:
    if log.handlers:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine("%(asctime)s %(name)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
