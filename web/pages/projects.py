"""Projects: their list, a new one, and the page of one with its films, tracks and people."""

from __future__ import annotations

from flask import Response, request, url_for

from web.guard import actor, guarded, house, signed_in_only
from web.pages import pages
from web.pages.files import next_of, uploaded
from web.pages.frame import SHOWN_IN_PLACE, can, page, see
from workflow import stages
from workflow.errors import TerjimeError
from workflow.people import Action

RECENT_JOBS = 8


@pages.get("/projects")
@signed_in_only
def projects() -> Response:
    return page(
        "projects.html",
        projects=stages.projects_of(house(), actor()),
        may_create=actor().is_admin or actor().may_create_projects,
    )


@pages.route("/projects/new", methods=["GET", "POST"])
@signed_in_only
def new_project() -> Response:
    if request.method == "GET":
        return page("project_new.html")
    title = request.form.get("title", "")
    language = request.form.get("source_language", "en")
    try:
        made = stages.create_project(house(), actor(), title, language)
    except SHOWN_IN_PLACE as error:
        return page("project_new.html", problem=error, title=title, source_language=language)
    return see(url_for("pages.project", project_id=made.id))


@pages.get("/projects/<project_id>")
@guarded(Action.VIEW, "project")
def project(project_id: str) -> Response:
    return _project(project_id)


def _project(
    project_id: str, problem: TerjimeError | None = None, problem_place: str = ""
) -> Response:
    view = stages.project_view(house(), project_id, actor())
    return page(
        "project.html",
        problem=problem,
        problem_place=problem_place,
        project=view,
        film_names={film.id: film.name for film in view.films},
        running_tracks=[
            track
            for track in view.tracks
            if any(station.state == "running" for station in track.stations)
        ],
        waiting=stages.waiting_files(house(), actor(), project_id)
        if can(Action.EDIT_TRACK)
        else [],
        jobs=stages.jobs_of_project(house(), project_id)[:RECENT_JOBS],
        may_manage=can(Action.MANAGE_PROJECT),
        may_upload=can(Action.UPLOAD_FILM),
        may_edit=can(Action.EDIT_TRACK),
    )


@pages.post("/projects/<project_id>/members")
@guarded(Action.MANAGE_PROJECT, "project")
def add_member(project_id: str) -> Response:
    try:
        stages.add_member(
            house(),
            actor(),
            project_id,
            request.form.get("email", ""),
            request.form.get("role", ""),
        )
    except TerjimeError as error:
        return _project(project_id, error, "members")
    return see(url_for("pages.project", project_id=project_id))


@pages.post("/projects/<project_id>/members/remove")
@guarded(Action.MANAGE_PROJECT, "project")
def remove_member(project_id: str) -> Response:
    try:
        stages.remove_member(
            house(),
            actor(),
            project_id,
            request.form.get("person_id", ""),
            request.form.get("role", ""),
        )
    except SHOWN_IN_PLACE as error:
        return _project(project_id, error, "members")
    return see(url_for("pages.project", project_id=project_id))


@pages.post("/projects/<project_id>/tracks")
@guarded(Action.EDIT_TRACK, "project")
def add_track(project_id: str) -> Response:
    """A subtitle file becomes a track of one of the project's films."""
    form = request.form
    try:
        data, name = uploaded()
        stages.admit(house(), actor().user_id, Action.EDIT_TRACK, "film", form.get("film_id", ""))
        view = stages.receive_file(
            house(),
            actor(),
            data,
            name=name,
            film_id=form.get("film_id", ""),
            language=form.get("language", "tk"),
            kind=form.get("kind", "subtitle"),
            title=form.get("title", ""),
            encoding=form.get("encoding") or None,
        )
    except SHOWN_IN_PLACE as error:
        return _project(project_id, error, "add-track")
    return next_of(view)
