"""Dubs: their lines, takes and recordings, as the studio and scripts use them."""

from __future__ import annotations

import shutil
from typing import Any

from apiflask import Schema, fields, validators
from flask import Response, request

from web.api import api
from web.api.conditions import tagged
from web.api.schemas import (
    FILE_RESPONSES,
    STORED_FILE,
    Body,
    an_id,
    answer,
    responses,
    sha256,
    some_text,
)
from web.api.words import download
from web.downloads import send
from web.guard import actor, guarded, house
from web.security import takes
from workflow import stages
from workflow.dub.sound import Samples, write_aac, write_wav
from workflow.people import Action
from workflow.render.recipe import LOUDNESSES, MANNERS, MODES
from workflow.stages.dubs import CreatedDub
from workflow.stages.sounds import Peaks
from workflow.stages.studio import DubView
from workflow.stages.takes import LINE_BYTES, Received
from workflow.stages.views import JobView

_CHANGED = responses({409: "The line was changed by somebody else since `if`"})


def _choice(names: tuple[str, ...], usual: Any = None) -> fields.String:
    return fields.String(load_default=usual or names[0], validate=validators.OneOf(names))


class Mix(Body):
    """How a dub is mixed. `stem` is the M&E without which there is no full dub."""

    mode = _choice(MODES)
    style = _choice(MANNERS)
    loudness = _choice(LOUDNESSES)
    stem = sha256(required=False, load_default=None, allow_none=True)


class NewDub(Mix):
    track = an_id(metadata={"description": "the subtitle track whose lines are dubbed"})
    merge = fields.Boolean(load_default=False)
    title = some_text(120, least=0, required=False, load_default="")


def _seen() -> fields.String:
    return sha256(data_key="if", metadata={"description": "`etag` of the state that this follows"})


class Line(Body):
    speaker = some_text(120, least=0, required=False)
    on_screen = fields.Boolean()
    text = some_text(2000, least=0, required=False)
    note = some_text(4000, least=0, required=False)
    start = fields.Integer(strict=True)
    end = fields.Integer(strict=True)
    take = an_id(required=False, allow_none=True)
    seen = _seen()


class MergeLines(Body):
    lines = fields.List(some_text(64), required=True)
    seen = _seen()


class SplitLine(Body):
    line = some_text(64)
    at_character = fields.Integer(required=True, strict=True)
    at_time = fields.Integer(required=True, strict=True)
    seen = _seen()


@api.post("/films/<film_id>/dubs")
@guarded(Action.EDIT_TRACK, "film")
@api.input(NewDub)
@api.output(answer(CreatedDub), status_code=201)
def create_dub(film_id: str, json_data: dict[str, Any]) -> CreatedDub:
    """A dub of the film, its lines those of a subtitle track's newest version, or of its draft"""
    track, merge, title = (json_data.pop(name) for name in ("track", "merge", "title"))
    return stages.create_dub(
        house(), actor(), film_id, track, merge=merge, settings=json_data, title=title
    )


@api.get("/tracks/<track_id>/dub")
@guarded(Action.VIEW, "track")
@api.output(answer(DubView))
def get_dub(track_id: str) -> Response:
    """The dub's lines, takes and recordings as they are now"""
    return tagged(stages.dub_view(house(), track_id))


@api.put("/tracks/<track_id>/dub/settings")
@guarded(Action.EDIT_TRACK, "track")
@api.input(Mix)
@api.output(answer(DubView))
def save_dub_settings(track_id: str, json_data: dict[str, Any]) -> DubView:
    """How the dub is mixed from now on"""
    return stages.save_dub_settings(house(), actor(), track_id, json_data)


@api.put("/tracks/<track_id>/dub/lines/<uid>")
@guarded(Action.EDIT_TRACK, "track")
@api.input(Line)
@api.output(answer(DubView))
@api.doc(responses=_CHANGED)
def change_line(track_id: str, uid: str, json_data: dict[str, Any]) -> DubView:
    """Other words, times, speaker or take of a line; a save of the draft like any other"""
    seen = json_data.pop("seen")
    return stages.change_line(house(), actor(), track_id, uid, json_data, seen)


@api.post("/tracks/<track_id>/dub/lines/merge")
@guarded(Action.EDIT_TRACK, "track")
@api.input(MergeLines)
@api.output(answer(DubView))
@api.doc(responses=_CHANGED)
def merge_lines(track_id: str, json_data: dict[str, Any]) -> DubView:
    """Lines that follow one another as one, which has still to be recorded"""
    return stages.merge_lines(house(), actor(), track_id, json_data["lines"], json_data["seen"])


@api.post("/tracks/<track_id>/dub/lines/split")
@guarded(Action.EDIT_TRACK, "track")
@api.input(SplitLine)
@api.output(answer(DubView))
@api.doc(responses=_CHANGED)
def split_line(track_id: str, json_data: dict[str, Any]) -> DubView:
    """One line as two, which have still to be recorded"""
    return stages.split_line(
        house(),
        actor(),
        track_id,
        json_data["line"],
        at_character=json_data["at_character"],
        at_time=json_data["at_time"],
        etag=json_data["seen"],
    )


class Undone(Body):
    before = sha256(metadata={"description": "`etag` of the state before the change"})
    after = sha256(metadata={"description": "`etag` of the state after it"})


@api.post("/tracks/<track_id>/dub/undo")
@guarded(Action.EDIT_TRACK, "track")
@api.input(Undone)
@api.output(answer(DubView))
@api.doc(responses=_CHANGED)
def undo_change(track_id: str, json_data: dict[str, str]) -> DubView:
    """A change of the draft taken back, without what others changed since; the states swapped, a redo"""
    return stages.undo_change(house(), actor(), track_id, **json_data)


# --- takes --------------------------------------------------------------------------------------


class OfLine(Body):
    """Of the address: the body is the sound itself."""

    kind = fields.String(load_default="line", validate=validators.OneOf(["line"]))
    line = some_text(64)
    name = some_text(255, least=0, required=False, load_default="")
    start = fields.Integer(load_default=None, metadata={"description": "sample at 48 kHz"})
    end = fields.Integer(load_default=None, metadata={"description": "sample at 48 kHz"})
    latency = fields.Integer(load_default=0, validate=validators.Range(0, 48_000 * 10))
    missing = fields.Integer(load_default=0, validate=validators.Range(0, 1 << 40))


class Guide(Body):
    lines = fields.List(some_text(64), load_default=None, allow_none=True)


class Heard(Body):
    verdict = fields.String(
        required=True,
        validate=validators.OneOf(["accepted", "rejected", "moved", "to_confirm"]),
    )
    start = fields.Integer(strict=True, load_default=None, allow_none=True)
    end = fields.Integer(strict=True, load_default=None, allow_none=True)
    choose = fields.Boolean(load_default=None, allow_none=True)


class Remark(Body):
    comment = some_text(1000, least=0)


class Stretch(Body):
    """Flicks of the recording; "from" is a word of Python's."""

    start = fields.Integer(data_key="from", load_default=None, validate=validators.Range(0))
    end = fields.Integer(data_key="to", load_default=None, validate=validators.Range(0))


def heard_as() -> fields.String:
    """ "aac" is a tenth as large: what pages ask for, that a slow link need not wait."""
    return fields.String(
        data_key="as", load_default="wav", validate=validators.OneOf(("wav", "aac"))
    )


class HeardAs(Body):
    form = heard_as()


class HeardStretch(Stretch):
    form = heard_as()


class Wave(Schema):
    per_second = fields.Integer(required=True)
    points = fields.List(
        fields.Integer(),
        required=True,
        metadata={"description": "lowest, highest, lowest, … from -127 to 127"},
    )
    start = fields.Integer(
        data_key="from", required=True, metadata={"description": "flicks of the first point"}
    )


@api.post("/tracks/<track_id>/recordings")
@guarded(Action.EDIT_TRACK, "track")
@takes(LINE_BYTES)
@api.input(OfLine, location="query")
@api.output(answer(Received), status_code=201)
def add_recording(track_id: str, query_data: dict[str, Any]) -> Received:
    """A recording of one line: the body is WAV or FLAC; the same body again is the same take"""
    del query_data["kind"]
    with stages.scratch(house()) as file:
        with file.open("wb") as out:
            shutil.copyfileobj(request.stream, out, 1 << 20)
        return stages.receive_line(house(), actor(), track_id, file, **query_data)


@api.post("/tracks/<track_id>/dub/guide")
@guarded(Action.EDIT_TRACK, "track")
@api.input(Guide)
@api.output(answer(DubView))
def make_guides(track_id: str, json_data: dict[str, Any]) -> DubView:
    """Lines spoken by the guide voice; without `lines` every one that has no take"""
    return stages.make_guides(house(), actor(), track_id, json_data["lines"])


@api.post("/recordings/<recording_id>/locate")
@guarded(Action.EDIT_TRACK, "recording")
@api.output(answer(JobView), status_code=202)
def locate_recording(recording_id: str) -> JobView:
    """Look for the dub's lines, as they are worded now, in a long recording"""
    return stages.start_locating(house(), actor(), recording_id)


@api.post("/takes/<take_id>/verdict")
@guarded(Action.EDIT_TRACK, "take")
@api.input(Heard, example={"verdict": "accepted"})
@api.output(answer(DubView))
def judge_take(take_id: str, json_data: dict[str, Any]) -> DubView:
    """What a person who heard a take says of it; "to_confirm" takes the last word back"""
    return stages.judge_take(house(), actor(), take_id, json_data.pop("verdict"), **json_data)


@api.put("/takes/<take_id>")
@guarded(Action.EDIT_TRACK, "take")
@api.input(Remark)
@api.output(answer(DubView))
def comment_take(take_id: str, json_data: dict[str, str]) -> DubView:
    """A remark on a take"""
    return stages.comment_take(house(), actor(), take_id, json_data["comment"])


@api.get("/takes/<take_id>/sound")
@guarded(Action.VIEW, "take")
@api.input(HeardAs, location="query")
@api.output(STORED_FILE, content_type="audio/wav")
@api.doc(responses=FILE_RESPONSES)
def get_take_sound(take_id: str, query_data: dict[str, Any]) -> Response:
    """The take as WAV, by range; or as AAC, to be listened to"""
    if query_data["form"] == "aac":
        return sound(stages.take_samples(house(), take_id), "aac")
    return send(stages.take_file(house(), take_id), kind="take", object_id=take_id)


@api.get("/takes/<take_id>/peaks")
@guarded(Action.VIEW, "take")
@api.output(Wave)
def get_take_peaks(take_id: str) -> Peaks:
    """The take's wave: lowest and highest of each stretch"""
    return stages.take_peaks(house(), take_id)


@api.get("/recordings/<recording_id>/sound")
@guarded(Action.VIEW, "recording")
@api.input(HeardStretch, location="query")
@api.output(STORED_FILE, content_type="audio/wav")
@api.doc(responses=FILE_RESPONSES)
def get_recording_sound(recording_id: str, query_data: dict[str, Any]) -> Response:
    """The recording as it came, by range; with `from` and `to` that stretch of it as WAV or AAC"""
    first, last = query_data["start"], query_data["end"]
    if first is None and last is None:
        file = stages.recording_file(house(), recording_id)
        return send(file, kind="recording", object_id=recording_id)
    samples = stages.recording_stretch(house(), recording_id, first or 0, last or 0)
    return sound(samples, query_data["form"])


@api.get("/recordings/<recording_id>/peaks")
@guarded(Action.VIEW, "recording")
@api.input(Stretch, location="query")
@api.output(Wave)
def get_recording_peaks(recording_id: str, query_data: dict[str, Any]) -> Peaks:
    """The wave of a stretch of a recording, of ten minutes at most"""
    return stages.recording_peaks(house(), recording_id, **query_data)


def sound(samples: Samples, form: str, **headers: str) -> Response:
    """Samples made for this one answer."""
    write, kind = (write_aac, "audio/mp4") if form == "aac" else (write_wav, "audio/wav")
    with stages.scratch(house()) as file:
        write(file, samples)
        body = file.read_bytes()
    return Response(body, content_type=kind, headers=headers)


# --- the mix ------------------------------------------------------------------------------------


class Around(Body):
    line = some_text(64)
    before = fields.Float(load_default=2.0, validate=validators.Range(0, 30))
    after = fields.Float(load_default=2.0, validate=validators.Range(0, 30))
    form = heard_as()


@api.get("/tracks/<track_id>/dub/preview")
@guarded(Action.VIEW, "track")
@api.input(Around, location="query")
@api.output(STORED_FILE, content_type="audio/wav")
def preview_mix(track_id: str, query_data: dict[str, Any]) -> Response:
    """The mix around a line as it is now; `X-Terjime-Start` is its first sample in flicks of the film"""
    line, before, after = (query_data[name] for name in ("line", "before", "after"))
    samples, start = stages.preview_mix(house(), track_id, line, before, after)
    return sound(samples, query_data["form"], **{"X-Terjime-Start": str(start)})


@api.get("/tracks/<track_id>/dub/sheet.csv")
@guarded(Action.VIEW, "track")
@api.output(STORED_FILE, content_type="text/csv")
def get_sheet(track_id: str) -> Response:
    """The cue sheet for the studio"""
    data = stages.dub_sheet(house(), track_id).encode("utf-8-sig")
    return download(data, "text/csv; charset=utf-8", "cue-sheet.csv")


@api.post("/renders/<render_id>/stems")
@guarded(Action.RENDER_FINAL, "render")
@api.output(answer(JobView), status_code=202)
def start_stems(render_id: str) -> JobView:
    """Make the stems of a final dub; where they are there already the job is done"""
    return stages.start_stems(house(), actor(), render_id)


@api.get("/renders/<render_id>/stems")
@guarded(Action.DOWNLOAD_FINAL, "render")
@api.output(STORED_FILE, content_type="application/zip")
@api.doc(responses=FILE_RESPONSES)
def get_stems(render_id: str) -> Response:
    """Mix, dialogue, bed, lines, cue sheet and loudness report as one archive, by range"""
    file = stages.stems_file(house(), render_id)
    return send(file, kind="render", object_id=render_id, attach=True)
