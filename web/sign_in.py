"""The door: the sign-in page and signing out.

`sign_in.html` gets `email`, `next` and `problem` (text or None); its form posts
`email`, `password`, `next` and `csrf_token` to this same address.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from web import auth as who
from web.errors import Refused
from web.guard import house, public, signed_in, signed_in_only
from web.security import sign_in_limits

auth = Blueprint("auth", __name__)


@auth.route("/sign-in", methods=["GET", "POST"])
@public
@sign_in_limits
def sign_in() -> Response:
    back = safe_next(request.values.get("next", ""))
    if request.method == "GET":
        if signed_in():
            return make_response(redirect(back))
        return _page(back)
    email = request.form.get("email", "")
    try:
        person = who.check_password(
            house(), email, request.form.get("password", ""), ip=request.remote_addr or ""
        )
    except Refused as error:
        return _page(back, email=email[:254], problem=error)
    who.start_session(person)
    return make_response(redirect(back, 303))


@auth.post("/sign-out")
@signed_in_only
def sign_out() -> Response:
    person = signed_in()
    assert person is not None  # noqa: S101  the guard saw to it
    who.end_session(house(), person, ip=request.remote_addr or "")
    response = make_response(redirect(url_for("auth.sign_in"), 303))
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def safe_next(target: str) -> str:
    """*target* if it is a page of ours, else the start page: nobody is sent elsewhere after signing in.

    Browsers read "\\\\" as "/" and drop tabs and line ends, so anything but a plain path is no path.
    """
    parts = urlsplit(target)
    ours = (
        target.startswith("/")
        and not target.startswith("//")
        and "\\" not in target
        and target.isprintable()
        and not parts.scheme
        and not parts.netloc
        and parts.path != url_for("auth.sign_in")
    )
    return target if ours else "/"


def _page(back: str, *, email: str = "", problem: Refused | None = None) -> Response:
    response = make_response(
        render_template(
            "sign_in.html",
            email=email,
            next=back,
            problem=f"{problem.message} {problem.advice}" if problem else None,
        )
    )
    response.status_code = problem.status if problem else 200
    return response
