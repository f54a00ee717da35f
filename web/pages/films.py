"""The page of one film: what is known of it, what ingest changed, and its tracks."""

from __future__ import annotations

from flask import Response, request, url_for

from web.guard import actor, guarded, house, project_id
from web.pages import pages
from web.pages.frame import can, page, see
from workflow import stages
from workflow.people import Action


@pages.get("/films/<film_id>")
@guarded(Action.VIEW, "film")
def film(film_id: str) -> Response:
    project = stages.project_view(house(), project_id(), actor())
    return page(
        "film.html",
        film=stages.film_view(house(), film_id),
        project=project,
        tracks=[track for track in project.tracks if track.film_id == film_id],
        may_choose=can(Action.UPLOAD_FILM),
        may_dub=can(Action.EDIT_TRACK),
    )


@pages.post("/films/<film_id>/sound")
@guarded(Action.UPLOAD_FILM, "film")
def choose_sound(film_id: str) -> Response:
    number = request.form.get("number", type=int, default=-1)
    stages.start_choosing_sound(house(), actor(), film_id, number)
    return see(url_for("pages.film", film_id=film_id))
