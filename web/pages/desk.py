"""The desk of one track, and the proposal of new times for it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, Literal

from flask import Response, request, url_for
from flask_babel import lazy_gettext

from web.guard import actor, guarded, house, signed_in
from web.pages import pages
from web.pages.files import next_of, uploaded
from web.pages.frame import (
    SHOWN_IN_PLACE,
    api,
    can,
    film_file,
    is_live,
    page,
    poster,
    proxies,
    see,
)
from web.pages.lanes import draw_lanes, segment_rows
from web.pages.remark_words import grouped
from web.pages.sentences import finding_words
from web.pages.words import said
from workflow import stages
from workflow.errors import BadInput, NotFound, TerjimeError
from workflow.people import Action
from workflow.qc import RULES

SAVES = {
    "import": lazy_gettext("A file was read in"),
    "recut": lazy_gettext("Laid on a new cut of the film"),
    "edit": lazy_gettext("Edited"),
    "merge": lazy_gettext("Edits of two people joined"),
    "align": lazy_gettext("New times accepted"),
    "reject": lazy_gettext("New times left"),
    "undo": lazy_gettext("A decision on new times taken back"),
    "restore": lazy_gettext("Gone back to an earlier save"),
}
HISTORY_SHOWN = 50


@pages.get("/tracks/<track_id>")
@guarded(Action.VIEW, "track")
def desk(track_id: str) -> Response:
    if stages.track_view(house(), track_id, actor()).summary.kind == "dub":
        return see(url_for("pages.studio", track_id=track_id))
    return _desk(track_id)


def _desk(track_id: str, problem: TerjimeError | None = None, sent_note: str = "") -> Response:
    view = stages.track_view(house(), track_id, actor())
    can_edit = can(Action.EDIT_TRACK)
    details = problem.details if problem else {}
    running = is_live(view.alignment_job) or any(
        station.state == "running" for station in view.summary.stations
    )
    return page(
        "desk.html",
        problem=problem,
        problem_findings=details.get("findings", []),
        may_acknowledge=problem is not None and problem.code == "FINDINGS_NOT_ACKNOWLEDGED",
        sent_note=sent_note,
        view=view,
        can_edit=can_edit,
        report=grouped(
            (view.draft.import_report or {}).get("repairs", [])
            + (view.draft.import_report or {}).get("losses", [])
        )
        if view.draft
        else [],
        history=stages.draft_history(house(), track_id)[:HISTORY_SHOWN] if can_edit else [],
        SAVES=SAVES,
        cuts=_other_cuts(view) if can_edit else [],
        sources=proxies(view.film),
        poster=poster(view.film),
        running=running,
        props=_desk_props(view, can_edit),
    )


def _other_cuts(view: Any) -> list[Any]:
    """Films of the project that the track can be laid on."""
    project = stages.project_view(house(), view.summary.project_id, actor())
    return [film for film in project.films if film.id != view.film.id and film.state == "ready"]


def _desk_props(view: Any, can_edit: bool) -> dict[str, Any]:
    person = signed_in()
    return {
        **player_props(view.film),
        "track": view.summary.id,
        "person": person.id if person else "",
        "language": view.summary.language,
        "canEdit": can_edit,
        "draft": {"etag": view.draft.etag, "cues": view.draft.cues} if view.draft else None,
        "draftAddress": api("tracks", view.summary.id, "draft"),
        "findingsAddress": api("tracks", view.summary.id, "findings"),
        "address": api("tracks", view.summary.id),
        "rules": {rule.id: said(rule.title) for rule in RULES.values()},
        "sentences": finding_words(),
        "wordsAddress": api("projects", view.summary.project_id, "words")
        if can(Action.EDIT_WORDS)
        else "",
        "peaks": film_file(view.film.id, "peaks") if "peaks" in view.film.files else None,
        "shots": view.film.shots,
    }


def player_props(film: Any) -> dict[str, Any]:
    """What the player must know of a film: its exact rate and its frames."""
    return {
        "rate": film.rate,
        "frames": film.frames,
        "duration": film.duration,
        "width": film.width,
        "height": film.height,
    }


@pages.get("/tracks/<track_id>/next")
@guarded(Action.VIEW, "track")
def next_step(track_id: str) -> Response:
    """The page where the track's next step is done."""
    view = stages.track_view(house(), track_id, actor())
    step = view.summary.next_step
    if step == "decide" and view.proposal:
        return see(url_for("pages.proposal", proposal_id=view.proposal.id))
    if step in ("build", "verdict") and view.versions:
        return see(url_for("pages.review", version_id=view.versions[0].id))
    if step in ("render", "download"):
        return see(url_for("pages.delivery", track_id=track_id))
    return see(url_for("pages.desk", track_id=track_id))


@pages.get("/tracks/<track_id>/versions/<int:number>")
@guarded(Action.VIEW, "track")
def version_by_number(track_id: str, number: int) -> Response:
    for version in stages.track_view(house(), track_id, actor()).versions:
        if version.number == number:
            return see(url_for("pages.review", version_id=version.id))
    raise NotFound("NOT_FOUND", "This track has no such version.")


@pages.post("/tracks/<track_id>/import")
@guarded(Action.EDIT_TRACK, "track")
def import_file(track_id: str) -> Response:
    """The file is kept and what it would change is shown; nothing is imported yet."""
    try:
        data, name = uploaded()
        view = stages.receive_file(
            house(),
            actor(),
            data,
            name=name,
            film_id=stages.track_view(house(), track_id, actor()).film.id,
            track_id=track_id,
            encoding=request.form.get("encoding") or None,
        )
    except SHOWN_IN_PLACE as error:
        return _desk(track_id, error)
    return next_of(view)


@pages.post("/tracks/<track_id>/restore")
@guarded(Action.EDIT_TRACK, "track")
def restore(track_id: str) -> Response:
    revision = request.form.get("revision", "")
    try:
        if not revision.isdecimal():
            raise BadInput("REVISION", "That is no save of this draft.")
        stages.restore_save(house(), actor(), track_id, int(revision))
    except SHOWN_IN_PLACE as error:
        return _desk(track_id, error)
    return see(url_for("pages.desk", track_id=track_id))


@pages.post("/tracks/<track_id>/align")
@guarded(Action.EDIT_TRACK, "track")
def align(track_id: str) -> Response:
    to = request.form.get("to", "")
    speech = to == "speech"
    try:
        if not to:
            raise BadInput("REFERENCE", "Choose what to align to.")
        stages.start_alignment(
            house(), actor(), track_id, reference_track=None if speech else to, speech=speech
        )
    except SHOWN_IN_PLACE as error:
        return _desk(track_id, error)
    return see(url_for("pages.desk", track_id=track_id))


@pages.post("/tracks/<track_id>/recut")
@guarded(Action.EDIT_TRACK, "track")
def recut(track_id: str) -> Response:
    """The new film's page is where the track will be."""
    film = request.form.get("film", "")
    try:
        stages.start_recut(house(), actor(), track_id, film)
    except SHOWN_IN_PLACE as error:
        return _desk(track_id, error)
    return see(url_for("pages.film", film_id=film))


@pages.post("/tracks/<track_id>/submit")
@guarded(Action.EDIT_TRACK, "track")
def submit(track_id: str) -> Response:
    return submitted(track_id, _desk)


def submitted(track_id: str, shown_again: Callable[[str, TerjimeError, str], Response]) -> Response:
    """Submit by a page's form; the page is *shown_again* with what is wrong and the note that was typed."""
    note = request.form.get("note", "")
    try:
        made = stages.submit(
            house(),
            actor(),
            track_id,
            etag=request.form.get("etag", ""),
            note=note,
            acknowledge=request.form.get("acknowledge") == "1",
        )
    except SHOWN_IN_PLACE as error:
        return shown_again(track_id, error, note)
    return see(url_for("pages.review", version_id=made.id))


@pages.get("/proposals/<proposal_id>")
@guarded(Action.VIEW, "proposal")
def proposal(proposal_id: str) -> Response:
    return _proposal(proposal_id)


def _proposal(proposal_id: str, problem: TerjimeError | None = None) -> Response:
    view = stages.proposal_view(house(), proposal_id)
    track = stages.track_view(house(), view.track_id, actor())
    return page(
        "proposal.html",
        problem=problem,
        proposal=view,
        track=track,
        can_edit=can(Action.EDIT_TRACK),
        sources=proxies(track.film),
        poster=poster(track.film),
        lanes=draw_lanes(view.cues, view.segments),
        segments=segment_rows(view.segments, view.cues),
        changed=sum(1 for cue in view.cues if cue["changed"]),
        props={
            **player_props(track.film),
            "cues": view.cues,
            "peaks": film_file(track.film.id, "peaks") if "peaks" in track.film.files else None,
        },
    )


@pages.post("/proposals/<proposal_id>/accept")
@guarded(Action.EDIT_TRACK, "proposal")
def accept(proposal_id: str) -> Response:
    chosen = request.form.getlist("uid")
    everything = request.form.get("what") == "all"
    try:
        if not everything and not chosen:
            raise BadInput("NO_CUES", "No cue was chosen.", advice="Choose cues, or accept all.")
        stages.decide_proposal(
            house(),
            actor(),
            proposal_id,
            "accept",
            uids="all" if everything else chosen,
            over=True,
        )
    except SHOWN_IN_PLACE as error:
        return _proposal(proposal_id, error)
    return _to_desk_of(proposal_id)


@pages.post("/proposals/<proposal_id>/decide")
@guarded(Action.EDIT_TRACK, "proposal")
def decide(proposal_id: str) -> Response:
    """By the segment ("accept:2") or by the cues that are ticked ("accept"); one stays on the page."""
    verdict, _, segment = request.form.get("decision", "").partition(":")
    chosen = request.form.getlist("uid")
    try:
        if verdict not in ("accept", "reject") or (segment and not segment.isdecimal()):
            raise BadInput("BAD_REQUEST", "That is no decision on new times.")
        if segment:
            stages.decide_proposal(
                house(), actor(), proposal_id, _verdict(verdict), segments=[int(segment)]
            )
        elif chosen:
            stages.decide_proposal(house(), actor(), proposal_id, _verdict(verdict), uids=chosen)
        else:
            raise BadInput("NO_CUES", "No cue was chosen.", advice="Choose cues, or accept all.")
    except SHOWN_IN_PLACE as error:
        return _proposal(proposal_id, error)
    place = f"segment-{segment}" if segment else "cues-title"
    return see(url_for("pages.proposal", proposal_id=proposal_id, _anchor=place))


def _verdict(word: str) -> Literal["accept", "reject"]:
    return "accept" if word == "accept" else "reject"


@pages.post("/proposals/<proposal_id>/undo")
@guarded(Action.EDIT_TRACK, "proposal")
def undo(proposal_id: str) -> Response:
    try:
        stages.undo_decision(house(), actor(), proposal_id)
    except SHOWN_IN_PLACE as error:
        return _proposal(proposal_id, error)
    return see(url_for("pages.proposal", proposal_id=proposal_id))


@pages.post("/proposals/<proposal_id>/reject")
@guarded(Action.EDIT_TRACK, "proposal")
def reject(proposal_id: str) -> Response:
    try:
        stages.reject_proposal(house(), actor(), proposal_id)
    except SHOWN_IN_PLACE as error:
        return _proposal(proposal_id, error)
    return _to_desk_of(proposal_id)


def _to_desk_of(proposal_id: str) -> Response:
    view = stages.proposal_view(house(), proposal_id)
    return see(url_for("pages.desk", track_id=view.track_id))


def new_key() -> str:
    """Names one sending of a form, so that sending it twice does it once."""
    return str(uuid.uuid4())
