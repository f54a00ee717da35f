"""The dub studio, the list of takes to confirm, and the sheet that is printed for the speaker."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from flask import Response, request, url_for
from flask_babel import lazy_gettext

from web.error_words import all_told
from web.guard import actor, guarded, house, project_id, signed_in
from web.pages import pages
from web.pages.desk import player_props, submitted
from web.pages.frame import (
    api,
    can,
    film_file,
    is_live,
    page,
    poster,
    proxies,
    see,
)
from web.security import with_microphone
from workflow import stages
from workflow.errors import NotFound, TerjimeError
from workflow.people import Action

MODES = (
    ("voice-over", lazy_gettext("Voice-over: the original is heard under it")),
    ("full", lazy_gettext("Full dub on the music and effects")),
)
STYLES = (
    ("un", lazy_gettext("Calm: the original is heard alone first (UN style)")),
    ("lector", lazy_gettext("Lector: the original stays louder, little is heard alone")),
    ("tight", lazy_gettext("Tight: the voice begins with the original")),
)
LOUDNESSES = (
    ("ebu-r128", lazy_gettext("Television, −23 LUFS (EBU R 128)")),
    ("streaming", lazy_gettext("Web, −16 LUFS")),
    ("netflix", lazy_gettext("Netflix, −27 LUFS where lines are spoken")),
)


@pages.get("/tracks/<track_id>/studio")
@guarded(Action.VIEW, "track")
@with_microphone
def studio(track_id: str) -> Response:
    return _studio(track_id)


def _studio(track_id: str, problem: TerjimeError | None = None, sent_note: str = "") -> Response:
    dub = stages.dub_view(house(), track_id)
    view = stages.track_view(house(), track_id, actor())
    details = problem.details if problem else {}
    running = any(station.state == "running" for station in view.summary.stations)
    return page(
        "studio.html",
        problem=problem,
        problem_findings=details.get("findings", []),
        may_acknowledge=problem is not None and problem.code == "FINDINGS_NOT_ACKNOWLEDGED",
        sent_note=sent_note,
        view=view,
        dub=dub,
        can_edit=can(Action.EDIT_TRACK),
        running=running,
        to_confirm=_to_confirm(dub),
        sources=proxies(view.film),
        poster=poster(view.film),
        MODES=MODES,
        STYLES=STYLES,
        LOUDNESSES=LOUDNESSES,
        props=_props(view, dub),
    )


def _props(view: Any, dub: Any) -> dict[str, Any]:
    person = signed_in()
    return {
        **player_props(view.film),
        "track": dub.track,
        "person": person.id if person else "",
        "language": dub.language,
        "canEdit": can(Action.EDIT_TRACK),
        "address": api("tracks", dub.track),
        "studio": url_for("pages.studio", track_id=dub.track),
        "peaks": film_file(view.film.id, "peaks") if "peaks" in view.film.files else None,
        "dub": dub,
    }


def _to_confirm(dub: Any) -> int:
    """Lines that have takes nobody heard yet, and none to be heard with."""
    return sum(line.status == "to_confirm" for line in dub.lines)


@pages.post("/tracks/<track_id>/studio/submit")
@guarded(Action.EDIT_TRACK, "track")
@with_microphone
def submit_dub(track_id: str) -> Response:
    return submitted(track_id, _studio)


@pages.post("/films/<film_id>/dub")
@guarded(Action.EDIT_TRACK, "film")
def make_dub(film_id: str) -> Response:
    """A dub of the lines of a subtitle track; its studio is where one goes on."""
    form = request.form
    made = stages.create_dub(
        house(),
        actor(),
        film_id,
        form.get("track", ""),
        merge=form.get("merge") == "1",
        settings={"mode": "voice-over", "style": form.get("style") or "un"},
    )
    return see(url_for("pages.studio", track_id=made.track))


@pages.get("/tracks/<track_id>/confirm")
@guarded(Action.VIEW, "track")
def confirm(track_id: str) -> Response:
    dub = stages.dub_view(house(), track_id)
    view = stages.track_view(house(), track_id, actor())
    return page(
        "confirm.html",
        view=view,
        dub=dub,
        can_edit=can(Action.EDIT_TRACK),
        may_upload=can(Action.UPLOAD_FILM) or can(Action.EDIT_TRACK),
        props=_props(view, dub),
        errors_told=all_told(),
    )


@pages.get("/tracks/<track_id>/sheet")
@guarded(Action.VIEW, "track")
def sheet(track_id: str) -> Response:
    """All lines, or those of one speaker (`?speaker=`)."""
    dub = stages.dub_view(house(), track_id)
    recorded = {line.uid for line in dub.lines if line.take and not dub.takes[line.take]["guide"]}
    speaker = request.args.get("speaker")
    return page(
        "sheet.html",
        view=stages.track_view(house(), track_id, actor()),
        dub=dub,
        cast=_cast(dub.lines, recorded),
        recorded=recorded,
        speaker=speaker,
        lines=[line for line in dub.lines if speaker is None or line.speaker == speaker],
    )


def _cast(lines: Iterable[Any], recorded: Collection[str]) -> list[dict[str, Any]]:
    """Speakers by how much they say, with what a person has recorded of it."""
    cast: dict[str, dict[str, Any]] = {}
    for line in lines:
        one = cast.setdefault(
            line.speaker,
            {"speaker": line.speaker, "lines": 0, "syllables": 0, "time": 0, "recorded": 0},
        )
        one["lines"] += 1
        one["syllables"] += line.syllables
        one["time"] += line.end - line.start
        one["recorded"] += line.uid in recorded
    return sorted(cast.values(), key=lambda one: (-one["syllables"], one["speaker"]))


@pages.get("/renders/<render_id>/stems")
@guarded(Action.DOWNLOAD_FINAL, "render")
def stems(render_id: str) -> Response:
    """The stems of a final dub: how they are made, then where they are."""
    try:
        made = stages.stems_file(house(), render_id)
    except NotFound:
        made = None
    render = stages.render_view(house(), render_id)
    return page(
        "stems.html",
        render=render,
        track_id=stages.review_view(house(), render.version_id, actor()).track.id,
        stems=made,
        job=_stems_job(request.args.get("job", "")),
        is_live=is_live,
    )


def _stems_job(job_id: str) -> Any:
    """The job that the address names, if it is one of this project; else None."""
    try:
        job = stages.job_view(house(), job_id) if job_id else None
    except NotFound:
        return None
    return job if job and (job.kind, job.project_id) == ("stems", project_id()) else None


@pages.post("/renders/<render_id>/stems")
@guarded(Action.RENDER_FINAL, "render")
def make_stems(render_id: str) -> Response:
    job = stages.start_stems(house(), actor(), render_id)
    return see(url_for("pages.stems", render_id=render_id, job=job.id))
