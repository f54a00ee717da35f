"""People of the house, for administrators; and a person's own page."""

from __future__ import annotations

from flask import Response, request, url_for
from flask_babel import gettext

from web.guard import actor, admin_only, house, signed_in_only
from web.pages import pages
from web.pages.frame import PAGE_LANGUAGES, SHOWN_IN_PLACE, page, see
from workflow import stages
from workflow.errors import BadInput, TerjimeError
from workflow.store.passwords import hash_password

SHORTEST_PASSWORD = 12
SWITCHES = ("active", "may_create_projects")


@pages.route("/people", methods=["GET", "POST"])
@admin_only
def people() -> Response:
    if request.method == "GET":
        return _people()
    form = request.form
    password = form.get("password", "")
    locale = form.get("locale", "en")
    try:
        if len(password) < SHORTEST_PASSWORD:
            raise BadInput(
                "PASSWORD_TOO_SHORT",
                gettext("The password needs at least %(n)s characters.", n=SHORTEST_PASSWORD),
            )
        stages.create_person(
            house(),
            email=form.get("email", ""),
            name=form.get("name", ""),
            password_hash=hash_password(password),
            is_admin=form.get("is_admin") == "1",
            may_create_projects=form.get("may_create_projects") == "1",
            locale=locale if locale in dict(PAGE_LANGUAGES) else "en",
        )
    except SHOWN_IN_PLACE as error:
        return _people(error)
    return see(url_for("pages.people"))


def _people(problem: TerjimeError | None = None) -> Response:
    return page("people.html", problem=problem, people=stages.people(house()))


@pages.post("/people/<person_id>")
@admin_only
def change_person(person_id: str) -> Response:
    field = request.form.get("field", "")
    try:
        if field not in SWITCHES:
            raise BadInput("FIELD", gettext("There is nothing of that name to change."))
        stages.change_person(
            house(), actor(), person_id, **{field: request.form.get("value") == "1"}
        )
    except SHOWN_IN_PLACE as error:
        return _people(error)
    return see(url_for("pages.people"))


@pages.route("/me", methods=["GET", "POST"])
@signed_in_only
def me() -> Response:
    """A person's own name and the language of their pages."""
    if request.method == "GET":
        return page("me.html")
    locale = request.form.get("locale", "")
    try:
        if locale not in dict(PAGE_LANGUAGES):
            raise BadInput("LOCALE", gettext("The pages do not speak that language."))
        name = request.form.get("name", "")
        stages.change_person(house(), actor(), actor().user_id, name=name, locale=locale)
    except SHOWN_IN_PLACE as error:
        return page("me.html", problem=error)
    return see(url_for("pages.me"))
