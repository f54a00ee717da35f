"""The whole web server as a value: `create_app(settings)`."""

from __future__ import annotations

import mimetypes

from flask import Flask, Response, g, request
from flask_babel import Babel
from werkzeug.middleware.proxy_fix import ProxyFix

from web import auth, compress, errors, guard, security
from web.api import api
from web.api.description import DescribedFlask, describe
from web.pages import pages
from web.sign_in import auth as door
from workflow.settings import Settings
from workflow.store.house import House, open_house

LANGUAGES = ("en", "tk", "ru")

# Debian's and Python's own tables differ; with nosniff the browser believes what we say.
for _type, _suffix in (
    ("text/javascript", ".js"),
    ("text/javascript", ".mjs"),
    ("application/wasm", ".wasm"),
    ("font/woff2", ".woff2"),
    ("text/vtt", ".vtt"),
):
    mimetypes.add_type(_type, _suffix)


def create_app(settings: Settings, house: House | None = None) -> Flask:
    """The server for *house*, which is opened from *settings* unless given.

    Raises RuntimeError if a route does not say who may use it.
    """
    app = DescribedFlask(
        "web",
        title="Terjime",
        version="1",
        spec_path=None,
        docs_path=None,
        json_errors=False,
    )
    if settings.accel_redirect:  # nginx is in front, and it alone: one hop is believed
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]
    app.extensions["terjime_house"] = house or open_house(settings)
    compress.install(app)  # first in, so last to see an answer
    security.install(app, settings)
    errors.install(app)
    Babel(app, locale_selector=choose_language, default_locale="en")
    auth.install(app, settings, guard.house_of(app))
    guard.install(app)
    security.limiter.init_app(app)
    app.register_blueprint(door)
    app.register_blueprint(api)
    app.register_blueprint(pages)
    app.add_url_rule(
        "/healthz", "healthz", app.doc(hide=True)(guard.public_without_session(_healthz))
    )
    guard.public(app.view_functions["static"])
    describe(app)
    guard.check_declarations(app)
    return app


def choose_language() -> str:
    """The person's own language; before sign-in the browser's, as far as we speak it."""
    person = g.get("_login_user")  # never looked up here: this also runs while an error is told
    if person is not None and getattr(person, "locale", None) in LANGUAGES:
        return str(person.locale)
    return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]


def _healthz() -> Response:
    return Response("ok", mimetype="text/plain")
