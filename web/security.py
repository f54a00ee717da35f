"""What every request and answer gets, whoever asks: headers, sizes, rates, cross-site checks, strict JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from flask import Flask, Response, current_app, request
from flask.json.provider import DefaultJSONProvider
from flask_babel import gettext
from flask_limiter import Limiter
from flask_login import current_user
from werkzeug.exceptions import RequestEntityTooLarge

from web.errors import Refused
from web.server import PatientSocket
from workflow.errors import BadInput
from workflow.settings import Settings

View = TypeVar("View", bound=Callable[..., Any])

JSON_BYTES = 1 << 20
CUES_BYTES = 8 << 20  # a whole draft: 10 000 cues with their uids
FORM_BYTES = 6 << 20  # one subtitle file of at most 5 MiB and its fields
JSON_DEPTH = 20
UPLOAD_TYPE = "application/offset+octet-stream"
IDLE_SECONDS = 60  # nothing read or sent for this long: the connection is given up
UPLOAD_IDLE_SECONDS = 120

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",  # libass in the browser is WebAssembly
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "X-Frame-Options": "DENY",
}


def _who() -> str:
    """What a rate counts: the person, or the address of someone who has not signed in."""
    return current_user.id if current_user.is_authenticated else (request.remote_addr or "")


def _account_named() -> str:
    """The account that a sign-in names, in whichever form it comes."""
    body: Any = request.get_json(silent=True) if request.is_json else request.form
    email = body.get("email") if hasattr(body, "get") else ""
    return str(email).strip().lower()[:254]


def _failed(response: Response) -> bool:
    return response.status_code >= 400


# Counted in the broker's server when it is there, else in this process: never "off" and never a failure.
limiter = Limiter(key_func=_who, in_memory_fallback_enabled=True, headers_enabled=False)


def sign_in_limits(view: View) -> View:
    """Failed sign-ins: 5 a minute for an address and account, 20 an hour for an account, 100 for an address."""
    for rate, key in (
        ("5/minute", lambda: f"{request.remote_addr}|{_account_named()}"),
        ("20/hour", _account_named),
        ("100/hour", lambda: request.remote_addr or ""),
    ):
        limit: Any = limiter.shared_limit(
            rate, scope="sign-in", key_func=key, methods=["POST"], deduct_when=_failed
        )
        view = limit(view)
    return view


def install(app: Flask, settings: Settings) -> None:
    app.config.update(
        MAX_FORM_MEMORY_SIZE=FORM_BYTES,
        MAX_FORM_PARTS=50,
        RATELIMIT_STORAGE_URI=_counter_uri(settings.redis_url),
        RATELIMIT_STRATEGY="moving-window",  # a fixed one lets twice as many pass at its end
    )
    app.before_request(_bound_the_request)
    app.before_request(_refuse_other_sites)
    app.after_request(_add_headers)
    if settings.secure_cookies:
        app.after_request(_stay_on_tls)


def _counter_uri(redis_url: str) -> str:
    """Celery's name for a Redis on a socket, in the words of `limits`."""
    return re.sub(r"^redis\+socket://", "redis+unix://", redis_url) or "memory://"


def _bound_the_request() -> None:
    """Sizes by kind of route (a view's `most_bytes`, None for uploads), and an end to waiting."""
    view = current_app.view_functions.get(request.endpoint or "")
    streams = getattr(view, "streams_body", False) and request.mimetype == UPLOAD_TYPE
    if not streams:
        is_form = request.mimetype == "multipart/form-data"
        request.max_content_length = getattr(
            view, "most_bytes", FORM_BYTES if is_form else JSON_BYTES
        )
    connection = request.environ.get("gunicorn.socket")
    if isinstance(connection, PatientSocket):
        connection.wait_at_most(UPLOAD_IDLE_SECONDS if streams else IDLE_SECONDS)
    _refuse_nul(streams)
    if request.is_json and not streams:
        most = request.max_content_length or 0
        if request.content_length is None and len(request.get_data()) >= most:
            raise RequestEntityTooLarge  # werkzeug stops reading at the limit without a word
        request.get_json()  # refuses what is not strict JSON before any view reads it


def _refuse_nul(streams: bool) -> None:
    """No name of anything holds a NUL character, and PostgreSQL fails over one."""
    texts = [request.path, *(v for values in request.args.lists() for v in values[1])]
    if not streams:
        texts += [v for values in request.form.lists() for v in values[1]]
    if any("\0" in text for text in texts):
        raise Refused(400, "BAD_REQUEST", gettext("The request cannot be understood."))


def takes(most_bytes: int) -> Callable[[View], View]:
    """A route whose body may be larger than others'."""

    def mark(view: View) -> View:
        view.most_bytes = most_bytes  # type: ignore[attr-defined]
        return view

    return mark


def streams_body(view: View) -> View:
    """A route that reads its body itself, piece by piece, and sets its own bounds."""
    view.streams_body = True  # type: ignore[attr-defined]
    return view


def with_microphone(view: View) -> View:
    """A page that may ask for the microphone; no other may."""
    view.with_microphone = True  # type: ignore[attr-defined]
    return view


def _refuse_other_sites() -> None:
    """Nothing of ours is changed, shown or played inside another site's page; a link to us may be followed."""
    site = request.headers.get("Sec-Fetch-Site", "")
    reading = request.method in {"GET", "HEAD", "OPTIONS"}
    if site in {"same-origin", "none"}:
        return
    if site:
        followed = (
            reading
            and request.headers.get("Sec-Fetch-Mode") == "navigate"
            and request.headers.get("Sec-Fetch-Dest") == "document"
        )
        refused = not followed
    else:  # an old browser, plain http on a local network, or no browser
        # "null" is what our own forms send there, because we send no Referer; their CSRF token decides.
        ours = {"null", request.host_url.rstrip("/")}
        refused = not reading and request.headers.get("Origin", "null") not in ours
    if refused:
        raise Refused(403, "OTHER_SITE", gettext("This request comes from another site."))


def _add_headers(response: Response) -> Response:
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "with_microphone", False):
        allowed = HEADERS["Permissions-Policy"].replace("microphone=()", "microphone=(self)")
        response.headers["Permissions-Policy"] = allowed
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    response.headers.pop("Server", None)
    return response


def _stay_on_tls(response: Response) -> Response:
    response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return response


class StrictJson(DefaultJSONProvider):
    """JSON as RFC 8259 and nothing looser: what two readers could read differently is refused.

    No NaN or infinities, no key twice, no depth beyond 20, no NUL and no half of a surrogate pair
    (no database and no UTF-8 file takes them).
    """

    sort_keys = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        try:
            value = json.loads(
                s,
                parse_constant=_not_a_number,
                parse_float=_finite,
                object_pairs_hook=_keys_once,
                **kwargs,
            )
            _check_tree(value, JSON_DEPTH)
        except (ValueError, RecursionError) as error:
            raise BadInput(
                "BAD_JSON",
                gettext("The body is not JSON that can be taken."),
                where=str(error)[:120] if isinstance(error, ValueError) else "nesting",
            ) from error
        return value


def _not_a_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _keys_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    body = dict(pairs)
    if len(body) != len(pairs):
        raise ValueError("a key occurs twice")
    return body


def _check_tree(value: Any, depth: int) -> None:
    if depth < 0:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("a text holds a NUL character")
        if not value.isascii():
            value.encode()  # UnicodeEncodeError, a ValueError, on half a surrogate pair
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check_tree(key, depth)
            _check_tree(inner, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            _check_tree(inner, depth - 1)
    elif isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        raise ValueError("a number is too large")
