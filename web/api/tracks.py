"""Tracks: their draft, alignment, proposals, and submitting a version."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from apiflask import Schema, fields, validators
from flask import Response, request

from web.api import api
from web.api.conditions import seen_etag, tagged
from web.api.films import SubtitleFile, columns_of, read_subtitles
from web.api.schemas import STORED_FILE, Body, an_id, answer, responses, sha256, some_text
from web.api.words import download
from web.guard import actor, guarded, house
from web.security import CUES_BYTES, takes
from workflow import stages
from workflow.errors import BadInput
from workflow.people import Action
from workflow.stages.checks import CueHelp, MendView
from workflow.stages.exports import ExportView
from workflow.stages.views import (
    DraftSaveView,
    DraftView,
    JobView,
    ProposalView,
    TrackView,
    VersionView,
)
from workflow.tracks.document import cues_from_request


class CueShape(Schema):
    """For the description only: the values are checked by `cues_from_request`, which names the bad cue."""

    uid = fields.String(
        required=True, metadata={"description": "kept for life; yours for a new cue"}
    )
    start = fields.Integer(required=True, metadata={"description": "flicks", "example": 705600000})
    end = fields.Integer(required=True, metadata={"description": "flicks", "example": 2116800000})
    text = fields.String(required=True, metadata={"example": "Salam, dünýä!"})
    speaker = fields.String()
    note = fields.String()
    position = fields.Integer(allow_none=True, metadata={"description": "numpad place 1-9"})


class Cues(Body):
    cues = fields.List(fields.Raw(), required=True)


class SavedDraft(answer(DraftView)):  # type: ignore[misc]
    merged = fields.Integer(
        required=True, metadata={"description": "changes of others that were merged in"}
    )


class Restore(Body):
    revision = fields.Integer(required=True, strict=True, validate=validators.Range(1, 2**53))


class AlignTo(Body):
    """One of the two: a track of the same film, or the film's own speech."""

    reference_track = an_id(required=False, load_default=None)
    speech = fields.Boolean(load_default=False)


class Accept(Body):
    cues = fields.Raw(
        required=True,
        metadata={
            "description": 'the uids to take, or "all"',
            "oneOf": [
                {"type": "string", "enum": ["all"]},
                {"type": "array", "items": {"type": "string"}},
            ],
        },
    )


class OnFilm(Body):
    film = an_id()


class Decide(Body):
    decision = fields.String(required=True, validate=validators.OneOf(["accept", "reject"]))
    segments = fields.List(
        fields.Integer(), load_default=[], metadata={"description": "numbered from 1"}
    )
    cues = fields.List(fields.String(), load_default=[], metadata={"description": "their uids"})


class Submit(Body):
    note = some_text(4000, least=0, required=False, load_default="")
    acknowledge = fields.Boolean(load_default=False)


class Findings(Schema):
    findings = fields.List(fields.Dict(), required=True)


class Mending(Cues):
    """Cues as they are on a person's screen; without rules and uid all that can be mended."""

    rules = fields.List(some_text(8), load_default=None, allow_none=True)
    uid = some_text(64, required=False, load_default=None, allow_none=True)


class Aside(Body):
    look = sha256(metadata={"description": "the finding's own `look`"})
    reason = some_text(1000)


class Look(Body):
    look = sha256()


class Suggestions(Schema):
    suggestions = fields.List(fields.String(), required=True)


class IntoDraft(SubtitleFile):
    clashes = fields.String(
        load_default="draft",
        validate=validators.OneOf(["draft", "file"]),
        metadata={"description": "which side is kept where both changed the same cue"},
    )


class History(Schema):
    saves = fields.List(fields.Nested(answer(DraftSaveView)), required=True)


@api.get("/tracks/<track_id>")
@guarded(Action.VIEW, "track")
@api.output(answer(TrackView))
def get_track(track_id: str) -> TrackView:
    """Everything about a track"""
    return stages.track_view(house(), track_id, actor())


@api.get("/tracks/<track_id>/draft")
@guarded(Action.VIEW, "track")
@api.output(answer(DraftView))
def get_draft(track_id: str) -> Response:
    """The draft; its ETag goes back in If-Match"""
    draft = stages.draft(house(), track_id)
    return tagged(draft, draft.etag)


@api.put("/tracks/<track_id>/draft")
@guarded(Action.EDIT_TRACK, "track")
@takes(CUES_BYTES)
@api.input(Cues)
@api.doc(
    responses=responses(
        {
            409: "The same cues were changed by somebody else: `details.conflicts` has both texts",
            428: "If-Match is missing",
        }
    )
)
@api.output(SavedDraft)
def save_draft(track_id: str, json_data: dict[str, Any]) -> Any:
    """Save all cues. What others saved since is merged in, cue by cue; nothing is overwritten unseen"""
    cues = cues_from_request(json_data["cues"])
    draft, merged = stages.save_draft(house(), actor(), track_id, seen_etag(), cues)
    return asdict(draft) | {"merged": merged}, 200, {"ETag": f'"{draft.etag}"'}


@api.post("/tracks/<track_id>/import")
@guarded(Action.EDIT_TRACK, "track")
@api.input(IntoDraft, location="form_and_files")
@api.doc(
    responses=responses(
        {422: "`ENCODING_UNSURE`: `details.candidates` are previews; send it again with `encoding`"}
    )
)
@api.output(answer(TrackView))
def import_into_track(track_id: str, form_and_files_data: dict[str, Any]) -> TrackView:
    """Another subtitle file into the draft; cues that are the same keep their uids"""
    file = form_and_files_data["file"]
    return stages.import_into_track(
        house(),
        actor(),
        track_id,
        read_subtitles(file),
        name=file.filename or "",
        encoding=form_and_files_data["encoding"],
        frame_rate=form_and_files_data["frame_rate"],
        columns=columns_of(form_and_files_data["columns"]),
        clashes=form_and_files_data["clashes"],
        if_match=seen_etag(),
    )


@api.get("/tracks/<track_id>/exports/<form>")
@guarded(Action.VIEW, "track")
@api.output(answer(ExportView))
def get_export(track_id: str, form: str) -> ExportView:
    """What the draft is as srt, vtt, ass, ttml, stl, xlsx …: its size, and what is lost"""
    return stages.export(house(), track_id, form, frame_rate=request.args.get("frame_rate"))[0]


@api.get("/tracks/<track_id>/exports/<form>/file")
@guarded(Action.VIEW, "track")
@api.output(STORED_FILE, content_type="application/octet-stream")
def get_export_file(track_id: str, form: str) -> Response:
    """The draft as a file of that format, read back by a second reader"""
    view, data = stages.export(house(), track_id, form, frame_rate=request.args.get("frame_rate"))
    return download(data, view.media_type, view.file_name)


@api.get("/tracks/<track_id>/findings")
@guarded(Action.VIEW, "track")
@api.output(Findings)
def get_findings(track_id: str) -> dict[str, Any]:
    """What the checks find in the draft"""
    return {"findings": stages.findings(house(), track_id)}


@api.post("/tracks/<track_id>/mends")
@guarded(Action.EDIT_TRACK, "track")
@takes(CUES_BYTES)
@api.input(Mending)
@api.output(answer(MendView))
def get_mends(track_id: str, json_data: dict[str, Any]) -> MendView:
    """What mending would change in these cues; nothing is saved"""
    cues = cues_from_request(json_data["cues"])
    return stages.mends(house(), track_id, cues, rules=json_data["rules"], uid=json_data["uid"])


@api.post("/tracks/<track_id>/findings/ignore")
@guarded(Action.EDIT_TRACK, "track")
@api.input(Aside)
@api.output(Findings)
def ignore_finding(track_id: str, json_data: dict[str, str]) -> dict[str, Any]:
    """Set a finding aside with a reason, for as long as its cue looks as it does"""
    return {"findings": stages.ignore_finding(house(), actor(), track_id, **json_data)}


@api.post("/tracks/<track_id>/findings/heed")
@guarded(Action.EDIT_TRACK, "track")
@api.input(Look)
@api.output(Findings)
def heed_finding(track_id: str, json_data: dict[str, str]) -> dict[str, Any]:
    """Take back that a finding was set aside"""
    return {"findings": stages.heed_finding(house(), actor(), track_id, **json_data)}


@api.get("/tracks/<track_id>/cues/<uid>/help")
@guarded(Action.VIEW, "track")
@api.output(answer(CueHelp))
def get_cue_help(track_id: str, uid: str) -> CueHelp:
    """A cue's source, its terms, and what was said before for a source like it"""
    return stages.cue_help(house(), track_id, uid)


@api.get("/tracks/<track_id>/suggestions")
@guarded(Action.VIEW, "track")
@api.output(Suggestions)
def get_suggestions(track_id: str) -> dict[str, Any]:
    """What a misspelt `word` was meant to be"""
    return {"suggestions": stages.suggestions(house(), track_id, request.args.get("word", ""))}


@api.get("/tracks/<track_id>/history")
@guarded(Action.VIEW, "track")
@api.output(History)
def get_history(track_id: str) -> dict[str, Any]:
    """Every save of the draft, newest first"""
    return {"saves": stages.draft_history(house(), track_id)}


@api.post("/tracks/<track_id>/restore")
@guarded(Action.EDIT_TRACK, "track")
@api.input(Restore)
@api.output(answer(DraftView))
def restore_save(track_id: str, json_data: dict[str, int]) -> DraftView:
    """Go back to an earlier save, as a new one"""
    return stages.restore_save(house(), actor(), track_id, json_data["revision"])


@api.post("/tracks/<track_id>/alignments")
@guarded(Action.EDIT_TRACK, "track")
@api.input(AlignTo, example={"speech": True})
@api.output(answer(JobView), status_code=202)
def start_alignment(track_id: str, json_data: dict[str, Any]) -> JobView:
    """Find new times; the job's `output` is the proposal"""
    return stages.start_alignment(house(), actor(), track_id, **json_data)


@api.post("/tracks/<track_id>/recut")
@guarded(Action.EDIT_TRACK, "track")
@api.input(OnFilm)
@api.output(answer(JobView), status_code=202)
def start_recut(track_id: str, json_data: dict[str, str]) -> JobView:
    """Lay the approved version, or the draft, on a new cut of its film; the job's `output` is the new track"""
    return stages.start_recut(house(), actor(), track_id, json_data["film"])


@api.get("/proposals/<proposal_id>")
@guarded(Action.VIEW, "proposal")
@api.output(answer(ProposalView))
def get_proposal(proposal_id: str) -> ProposalView:
    """Old and new times, with a confidence each"""
    return stages.proposal_view(house(), proposal_id)


@api.post("/proposals/<proposal_id>/accept")
@guarded(Action.EDIT_TRACK, "proposal")
@api.input(Accept, example={"cues": "all"})
@api.output(answer(DraftView))
def accept_proposal(proposal_id: str, json_data: dict[str, Any]) -> DraftView:
    """Take the new times, of all cues or of some"""
    chosen = json_data["cues"]
    of_uids = isinstance(chosen, list) and all(isinstance(uid, str) for uid in chosen)
    if chosen != "all" and not of_uids:
        raise BadInput("BAD_REQUEST", 'cues must be "all" or a list of uids.', where="cues")
    return stages.accept_proposal(house(), actor(), proposal_id, chosen)


@api.post("/proposals/<proposal_id>/decisions")
@guarded(Action.EDIT_TRACK, "proposal")
@api.input(Decide, example={"decision": "accept", "segments": [1]})
@api.output(answer(ProposalView))
def decide_proposal(proposal_id: str, json_data: dict[str, Any]) -> ProposalView:
    """Take the new times of some segments or cues, or leave them; the proposal stays open for the others"""
    return stages.decide_proposal(
        house(),
        actor(),
        proposal_id,
        json_data["decision"],
        segments=json_data["segments"],
        uids=json_data["cues"],
    )


@api.post("/proposals/<proposal_id>/undo")
@guarded(Action.EDIT_TRACK, "proposal")
@api.output(answer(ProposalView))
def undo_decision(proposal_id: str) -> ProposalView:
    """Take the latest decision back; a cue that was moved by hand since stays where it is"""
    return stages.undo_decision(house(), actor(), proposal_id)


@api.post("/proposals/<proposal_id>/reject")
@guarded(Action.EDIT_TRACK, "proposal")
@api.output(answer(ProposalView))
def reject_proposal(proposal_id: str) -> ProposalView:
    """Keep the old times"""
    return stages.reject_proposal(house(), actor(), proposal_id)


@api.post("/tracks/<track_id>/versions")
@guarded(Action.EDIT_TRACK, "track")
@api.input(Submit)
@api.output(answer(VersionView), status_code=201)
@api.doc(
    responses=responses(
        {
            409: "The draft moved on, or nothing changed",
            422: "Findings block it, or must be acknowledged: `details`",
            428: "If-Match is missing",
        }
    )
)
def submit_version(track_id: str, json_data: dict[str, Any]) -> VersionView:
    """Submit the draft for review"""
    return stages.submit(house(), actor(), track_id, etag=seen_etag(), **json_data)
