"""Who may use which route: every route says it, here it is checked, and nowhere else.

    @pages.get("/tracks/<track_id>")
    @guarded(Action.VIEW, "track")
    def desk(track_id: str) -> str: ...

`guarded` reads the id from the address (`track_id` for the kind "track") and
asks `stages.admit`. What one may not see is 404, what one's role may not do is
403, and who has not signed in gets 401 or the sign-in page. A server with a
route that says nothing does not start. Non-GET requests of a session also need
their CSRF token (form field `csrf_token` or header `X-CSRFToken`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, make_response, redirect, request, url_for
from flask_babel import gettext
from flask_login import current_user
from flask_wtf import CSRFProtect
from werkzeug.routing import Rule

from web.auth import SignedIn, by_token
from web.errors import Refused, wants_json
from workflow import stages
from workflow.errors import NotAllowed, NotFound
from workflow.people import Action, Actor
from workflow.store.house import House

View = TypeVar("View", bound=Callable[..., Any])

csrf = CSRFProtect()

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Need:
    """What a route asks of whoever uses it.

    who       public | signed_in | admin | member
    action    for "member": what they must be allowed to do …
    kind      … with which kind of object, whose id is `<kind>_id` in the address
    csrf      false where there is no session to ride on
    """

    who: str
    action: Action | None = None
    kind: str = ""
    csrf: bool = True

    @property
    def argument(self) -> str:
        return f"{self.kind}_id"


def guarded(action: Action, kind: str) -> Callable[[View], View]:
    """For those who may do *action* in the project of the object that the address names."""
    return _declare(Need("member", action, kind))


def signed_in_only(view: View) -> View:
    """For everybody who has signed in; the stage decides what they get to see."""
    return _declare(Need("signed_in"))(view)


def admin_only(view: View) -> View:
    return _declare(Need("admin"))(view)


def public(view: View) -> View:
    """For everybody. There are few: sign-in, static files, the health check."""
    return _declare(Need("public"))(view)


def public_without_session(view: View) -> View:
    """For everybody, and it neither reads nor makes a session: a script's sign-in, tus OPTIONS."""
    return _declare(Need("public", csrf=False))(view)


def actor() -> Actor:
    """Who is asking, with their roles in the project at hand."""
    value: Actor = g.actor
    return value


def project_id() -> str:
    """The project of the object that the address names."""
    value: str = g.project_id
    return value


def house() -> House:
    """The house that this server serves."""
    return house_of(current_app)


def house_of(app: Flask) -> House:
    value: House = app.extensions["terjime_house"]
    return value


def signed_in() -> SignedIn | None:
    """The person behind the request, or None."""
    return current_user._get_current_object() if current_user.is_authenticated else None


def need_of(app: Flask, rule: Rule) -> Need | None:
    """What the route *rule* declared."""
    return getattr(app.view_functions[rule.endpoint], "need", None)


def install(app: Flask) -> None:
    csrf.init_app(app)
    app.before_request(_admit)


def check_declarations(app: Flask) -> None:
    """Every route says who may use it. Raises at start-up if one does not, or names an id it does not have."""
    for problem in _undeclared(app):
        raise RuntimeError(problem)


def _undeclared(app: Flask) -> Iterator[str]:
    for rule in app.url_map.iter_rules():
        need = need_of(app, rule)
        if need is None:
            yield f"{rule.rule} ({rule.endpoint}) does not say who may use it: see web/guard.py"
        elif need.who == "member" and need.argument not in rule.arguments:
            yield f"{rule.rule} ({rule.endpoint}) is guarded by {need.argument}, which its address lacks"


def _declare(need: Need) -> Callable[[View], View]:
    def declare(view: View) -> View:
        view.need = need  # type: ignore[attr-defined]
        return view

    return declare


def _admit() -> Response | None:
    """Before every request: sign-in, CSRF, rights, in this order."""
    if request.url_rule is None:
        return None  # no such address: 404 or 405 follows
    need = need_of(current_app, request.url_rule)
    assert need is not None  # noqa: S101  check_declarations saw to it
    if need.who == "public":
        if need.csrf and request.method not in _READING:
            csrf.protect()
        return None
    person = signed_in()
    if person is None:
        return _ask_to_sign_in()
    if request.method not in _READING and not by_token():
        csrf.protect()
    g.actor = person.actor()
    if need.who == "admin" and not person.is_admin:
        raise NotAllowed("NOT_ALLOWED", gettext("Only an administrator may do this."))
    if need.who == "member":
        _admit_member(need, person)
    return None


def _admit_member(need: Need, person: SignedIn) -> None:
    assert need.action is not None and request.view_args is not None  # noqa: S101, PT018
    object_id = str(request.view_args[need.argument])
    if not _ID.fullmatch(object_id):
        raise NotFound("NOT_FOUND", gettext("There is nothing here, or it is not for you."))
    admitted = stages.admit(house(), person.id, need.action, need.kind, object_id)
    g.actor, g.project_id = admitted.actor, admitted.project_id


def _ask_to_sign_in() -> Response:
    """401 for scripts and page pieces; a person is taken to the sign-in page and back again."""
    if wants_json() or request.method not in _READING:
        raise Refused(
            401,
            "NOT_SIGNED_IN",
            gettext("Sign in first."),
            advice=gettext("What you typed is kept on this computer."),
        )
    if request.headers.get("HX-Request") == "true":
        response = make_response("", 401)
        response.headers["HX-Redirect"] = url_for("auth.sign_in")
        return response
    back = request.full_path if request.query_string else request.path
    return make_response(redirect(url_for("auth.sign_in", next=back)))
