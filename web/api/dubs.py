"""Dubs: their lines, takes and recordings, as the studio and scripts use them."""

from __future__ import annotations

from typing import Any

from apiflask import fields, validators
from flask import Response

from web.api import api
from web.api.conditions import tagged
from web.api.schemas import Body, an_id, answer, responses, sha256, some_text
from web.guard import actor, guarded, house
from workflow import stages
from workflow.people import Action
from workflow.render.recipe import LOUDNESSES, MANNERS, MODES
from workflow.stages.dubs import CreatedDub, DubView

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
