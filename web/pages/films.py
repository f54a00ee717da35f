"""The page of one film: what is known of it, what ingest changed, and its tracks."""

from __future__ import annotations

from flask import Response

from web.guard import actor, guarded, house, project_id
from web.pages import pages
from web.pages.frame import page
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
    )
