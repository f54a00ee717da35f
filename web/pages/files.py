"""Subtitle files on their way in and out: what is asked of a file, what it would change, what a format loses."""

from __future__ import annotations

from flask import Response, request, url_for

from web.guard import actor, guarded, house
from web.pages import pages
from web.pages.changes import KINDS, change_rows
from web.pages.frame import SHOWN_IN_PLACE, page, see
from workflow import stages
from workflow.errors import BadInput, Conflict, TerjimeError
from workflow.people import Action
from workflow.stages.received import ReceivedView
from workflow.tracks import limits
from workflow.tracks.table_heads import ROLES

FRAME_RATES = ("24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001", "60")
SHOWN_CHANGES = 400
ENCODING_NAMES = {
    "cp1250": "Windows-1250",
    "cp1251": "Windows-1251",
    "cp1252": "Windows-1252",
    "cp1254": "Windows-1254",
    "cp852": "DOS 852",
    "cp866": "DOS 866",
    "iso8859-2": "ISO 8859-2",
    "koi8-r": "KOI8-R",
    "ptcp154": "PTCP154",
}


def next_of(view: ReceivedView) -> Response:
    """Where a file that was received goes on: a clean one for a new track needs no question."""
    if not view.question and view.track_id is None:
        made = stages.take_received(house(), actor(), view.id)
        return see(url_for("pages.desk", track_id=made.summary.id))
    return see(url_for("pages.received", received_id=view.id))


def uploaded() -> tuple[bytes, str]:
    """Bytes and name of the form's file. Raises BadInput NO_FILE."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise BadInput("NO_FILE", "Choose a subtitle file first.")
    return file.stream.read(limits.MAX_BYTES + 1), file.filename


@pages.get("/received/<received_id>")
@guarded(Action.EDIT_TRACK, "received")
def received(received_id: str) -> Response:
    return _received(received_id)


def _received(received_id: str, problem: TerjimeError | None = None) -> Response:
    try:
        view = stages.received_view(house(), received_id)
    except Conflict as error:
        if track_id := error.details.get("track"):
            return see(url_for("pages.desk", track_id=track_id))
        raise
    found = view.difference
    return page(
        "received.html",
        problem=problem,
        file=view,
        ROLES=ROLES,
        FRAME_RATES=FRAME_RATES,
        CHANGE_KINDS=KINDS,
        rows=change_rows(found.changes[:SHOWN_CHANGES], [cue.to_json() for cue in found.cues])
        if found
        else [],
        more=max(0, len(found.changes) - SHOWN_CHANGES) if found else 0,
        ENCODING_NAMES=ENCODING_NAMES,
    )


@pages.post("/received/<received_id>/say")
@guarded(Action.EDIT_TRACK, "received")
def say_of_received(received_id: str) -> Response:
    form = request.form
    columns = form.getlist("column")
    try:
        view = stages.say_of_received(
            house(),
            actor(),
            received_id,
            {
                "encoding": form.get("other") or form.get("encoding"),
                "frame_rate": form.get("frame_rate"),
                "columns": columns if any(columns) and "as_found" not in form else None,
                "columns_as_found": "as_found" in form,
            },
        )
    except SHOWN_IN_PLACE as error:
        return _received(received_id, error)
    return next_of(view)


@pages.post("/received/<received_id>/take")
@guarded(Action.EDIT_TRACK, "received")
def take_received(received_id: str) -> Response:
    try:
        made = stages.take_received(
            house(),
            actor(),
            received_id,
            etag=request.form.get("etag", ""),
            clashes=request.form.get("clashes", "draft"),
        )
    except SHOWN_IN_PLACE as error:
        return _received(received_id, error)
    return see(url_for("pages.desk", track_id=made.summary.id))


@pages.post("/received/<received_id>/drop")
@guarded(Action.EDIT_TRACK, "received")
def drop_received(received_id: str) -> Response:
    view = stages.received_view(house(), received_id)
    stages.drop_received(house(), actor(), received_id)
    if view.track_id:
        return see(url_for("pages.desk", track_id=view.track_id))
    return see(url_for("pages.project", project_id=view.project_id))


@pages.get("/tracks/<track_id>/export")
@guarded(Action.VIEW, "track")
def export(track_id: str) -> Response:
    """Every format, and of the chosen one what it loses before anything is downloaded."""
    form, rate = request.args.get("format", ""), request.args.get("frame_rate", "")
    made, problem = None, None
    if form:
        try:
            made, _ = stages.export(house(), track_id, form, frame_rate=rate or None)
        except BadInput as error:
            problem = error
    track = stages.track_view(house(), track_id, actor())
    return page(
        "export.html",
        problem=problem,
        track=track,
        formats=stages.formats(),
        chosen=form,
        made=made,
        frame_rate=rate,
        FRAME_RATES=FRAME_RATES,
    )
