"""Films and the subtitle files that come to them."""

from __future__ import annotations

from typing import Any

from apiflask import fields, validators
from flask import Response

from web.api import api
from web.api.schemas import FILE_RESPONSES, STORED_FILE, Body, answer, responses, some_text
from web.downloads import send
from web.guard import actor, guarded, house
from workflow import stages
from workflow.people import Action
from workflow.stages.views import FilmView, TrackView
from workflow.tracks import limits

FILE_FIELD = {"description": "at most 5 MiB and 10 000 cues"}


class SubtitleFile(Body):
    file = fields.File(required=True, metadata=FILE_FIELD)  # type: ignore[no-untyped-call]
    encoding = some_text(
        40,
        required=False,
        load_default=None,
        metadata={"description": "judged by its letters unless said; unsure ones are asked back"},
    )
    frame_rate = some_text(
        20,
        required=False,
        load_default=None,
        metadata={"description": "that the file counts in, where it is not the film's: 24000/1001"},
    )
    columns = some_text(
        200,
        required=False,
        load_default="",
        least=0,
        metadata={
            "description": "what each column of a table is: in,out,speaker,source,text,note; an empty one is left out",
            "example": "in,out,,source,text",
        },
    )


class NewTrack(SubtitleFile):
    language = some_text(35, metadata={"example": "tk"})
    kind = fields.String(
        load_default="subtitle", validate=validators.OneOf(["subtitle", "reference"])
    )
    title = some_text(120, least=0, required=False, load_default="")


class ChosenSound(Body):
    number = fields.Integer(
        required=True,
        validate=validators.Range(min=0),
        metadata={"description": "one of the film's `sounds`"},
    )


@api.get("/films/<film_id>")
@guarded(Action.VIEW, "film")
@api.output(answer(FilmView))
def get_film(film_id: str) -> FilmView:
    """A film and how its ingest is doing"""
    return stages.film_view(house(), film_id)


@api.get("/films/<film_id>/files/<role>")
@guarded(Action.VIEW, "film")
@api.output(STORED_FILE, content_type="application/octet-stream")
@api.doc(
    summary="A proxy, the poster, the peaks: one of the film's `files`, by range",
    responses=FILE_RESPONSES,
)
def get_film_file(film_id: str, role: str) -> Response:
    return send(stages.film_file(house(), film_id, role), kind="film", object_id=film_id)


@api.put("/films/<film_id>/sound")
@guarded(Action.UPLOAD_FILM, "film")
@api.input(ChosenSound)
@api.output(answer(FilmView), status_code=202)
def choose_sound(film_id: str, json_data: dict[str, Any]) -> FilmView:
    """Take another of the sounds that the film came with; `job` is the work of it"""
    return stages.start_choosing_sound(house(), actor(), film_id, json_data["number"])


@api.post("/films/<film_id>/tracks")
@guarded(Action.EDIT_TRACK, "film")
@api.input(NewTrack, location="form_and_files")
@api.doc(
    responses=responses(
        {422: "`ENCODING_UNSURE`: `details.candidates` are previews; send it again with `encoding`"}
    )
)
@api.output(answer(TrackView), status_code=201)
def import_track(film_id: str, form_and_files_data: dict[str, Any]) -> TrackView:
    """Begin a track from a subtitle file; its repairs are in `draft.import_report`"""
    file = form_and_files_data.pop("file")
    columns = columns_of(form_and_files_data.pop("columns"))
    return stages.import_track(
        house(),
        actor(),
        film_id,
        read_subtitles(file),
        name=file.filename or "",
        columns=columns,
        **form_and_files_data,
    )


def columns_of(written: str) -> list[str]:
    return [role.strip() for role in written.split(",")] if written.strip() else []


def read_subtitles(file: Any) -> bytes:
    """The uploaded file, one byte more than the limit at most: enough for it to be refused as too big."""
    data: bytes = file.stream.read(limits.MAX_BYTES + 1)
    return data
