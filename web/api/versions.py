"""Versions under review: what to watch, what people say, the verdict, and the final render."""

from __future__ import annotations

from typing import Any

from apiflask import fields, validators
from flask import Response, request

from web.api import api
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
from web.downloads import send
from web.guard import actor, guarded, house
from web.security import limiter
from workflow import stages
from workflow.errors import BadInput, NotFound
from workflow.people import Action
from workflow.stages.views import BuildView, CommentView, RenderView, ReviewView, VersionView
from workflow.tracks.formats import write_subtitles

LAST_FRAME = 4 * 3600 * 120  # the longest film at the highest rate
FORMS = ("srt", "vtt")


class Reason(Body):
    reason = some_text(4000)


class BuildOrder(Body):
    height = fields.Integer(load_default=240, strict=True, validate=validators.OneOf([240, 480]))
    numbers = fields.Boolean(load_default=False)
    watermark = fields.String(load_default="", validate=validators.Length(max=80))


class NewComment(Body):
    text = some_text(4000)
    frame = fields.Integer(required=True, strict=True, validate=validators.Range(0, LAST_FRAME))
    cue_uid = some_text(64, required=False, load_default=None, allow_none=True)
    reply_to = an_id(required=False, load_default=None, allow_none=True)


class NewVerdict(Body):
    """The four hashes name exactly what was watched; they come from the version, film and build."""

    verdict = fields.String(
        required=True, validate=validators.OneOf(["approved", "changes_requested"])
    )
    reason = some_text(4000, least=0, required=False, load_default="")
    track_hash = sha256()
    film_hash = sha256()
    recipe_hash = sha256()
    build_hash = sha256()
    watched_permille = fields.Integer(
        load_default=0, strict=True, validate=validators.Range(0, 1000)
    )


class RenderOrder(Body):
    recipe = fields.Dict(load_default=None, allow_none=True)
    form = fields.String(
        load_default=None, validate=validators.OneOf(["burned", "soft-mp4", "soft-mkv"])
    )
    allow_guide = fields.Boolean(load_default=False)


@api.get("/versions/<version_id>")
@guarded(Action.VIEW, "version")
@api.output(answer(ReviewView))
def get_version(version_id: str) -> ReviewView:
    """A version as its reviewer sees it"""
    return stages.review_view(house(), version_id, actor())


@api.get("/versions/<version_id>/subtitles.<form>")
@guarded(Action.VIEW, "version")
@api.output(STORED_FILE, content_type="text/vtt")
@api.doc(summary="The version's cues as a file: srt or vtt")
def get_subtitles(version_id: str, form: str) -> Response:
    if form not in FORMS:
        raise NotFound("NOT_FOUND", f"Subtitles come as {' or '.join(FORMS)}.")
    file = write_subtitles(stages.version_cues(house(), version_id), form)
    return Response(file.data, content_type=f"{file.media_type}; charset=utf-8")


@api.post("/versions/<version_id>/withdraw")
@guarded(Action.EDIT_TRACK, "version")
@api.output(answer(VersionView))
def withdraw_version(version_id: str) -> VersionView:
    """Take a submitted version back"""
    return stages.withdraw(house(), actor(), version_id)


@api.post("/versions/<version_id>/revoke")
@guarded(Action.MANAGE_PROJECT, "version")
@api.input(Reason)
@api.output(answer(VersionView))
def revoke_version(version_id: str, json_data: dict[str, str]) -> VersionView:
    """Take an approval back, with a reason"""
    return stages.revoke(house(), actor(), version_id, json_data["reason"])


@api.post("/versions/<version_id>/builds")
@guarded(Action.BUILD_REVIEW, "version")
@api.input(BuildOrder)
@api.output(answer(BuildView), status_code=202)
def request_build(version_id: str, json_data: dict[str, Any]) -> BuildView:
    """Make the stamped film that a reviewer watches"""
    return stages.request_build(house(), actor(), version_id, **json_data)


@api.get("/builds/<build_id>")
@guarded(Action.VIEW, "build")
@api.output(answer(BuildView))
def get_build(build_id: str) -> BuildView:
    """A review build and how it is doing"""
    return stages.build_view(house(), build_id)


@api.get("/builds/<build_id>/file")
@guarded(Action.VIEW, "build")
@api.output(STORED_FILE, content_type="application/octet-stream")
@api.doc(summary="The review build itself, by range", responses=FILE_RESPONSES)
def get_build_file(build_id: str) -> Response:
    return send(stages.build_file(house(), build_id), kind="build", object_id=build_id)


@api.get("/versions/<version_id>/comments")
@guarded(Action.VIEW, "version")
@api.output(answer(CommentView)(many=True))
def list_comments(version_id: str) -> list[CommentView]:
    """What was said, each at the place where its cue is in this version"""
    return stages.comments_of(house(), version_id)


@api.post("/versions/<version_id>/comments")
@guarded(Action.COMMENT, "version")
@limiter.limit("50/minute")
@api.input(NewComment)
@api.output(answer(CommentView), status_code=201)
def add_comment(version_id: str, json_data: dict[str, Any]) -> CommentView:
    """Say something about a frame, or a cue"""
    return stages.add_comment(house(), actor(), version_id, **json_data)


@api.post("/comments/<comment_id>/resolve")
@guarded(Action.COMMENT, "comment")
@api.output(answer(CommentView))
def resolve_comment(comment_id: str) -> CommentView:
    """Mark a comment as dealt with"""
    return stages.resolve_comment(house(), actor(), comment_id)


@api.post("/versions/<version_id>/verdicts")
@guarded(Action.GIVE_VERDICT, "version")
@limiter.limit("60/minute")
@api.input(NewVerdict)
@api.output(answer(VersionView), status_code=201)
@api.doc(
    responses=responses(
        {
            403: "You wrote some of these cues, or may not review",
            409: "Not the version that was watched any more: `details` has what changed",
        }
    )
)
def give_verdict(version_id: str, json_data: dict[str, Any]) -> VersionView:
    """Approve, or request changes (header `Idempotency-Key`: the same key gets the same answer)"""
    key = request.headers.get("Idempotency-Key", "")
    if not 8 <= len(key) <= 80 or not key.isascii() or not key.isprintable():
        raise BadInput(
            "IDEMPOTENCY_KEY",
            "The header Idempotency-Key must have 8 to 80 characters, new for each verdict.",
            where="Idempotency-Key",
        )
    return stages.give_verdict(house(), actor(), version_id, idempotency_key=key, **json_data)


@api.post("/versions/<version_id>/renders")
@guarded(Action.RENDER_FINAL, "version")
@api.input(RenderOrder)
@api.output(answer(RenderView), status_code=202)
@api.doc(
    responses=responses({409: "Not approved, or changed since: `details.changed` has the cues"})
)
def start_render(version_id: str, json_data: dict[str, Any]) -> RenderView:
    """Make the final film of an approved version"""
    recipe = json_data["recipe"] or {}
    if json_data["form"]:
        recipe = recipe | {"form": json_data["form"]}
    return stages.start_render(
        house(), actor(), version_id, recipe, allow_guide=json_data["allow_guide"]
    )


@api.get("/renders/<render_id>")
@guarded(Action.VIEW, "render")
@api.output(answer(RenderView))
def get_render(render_id: str) -> RenderView:
    """A final render and how it is doing"""
    return stages.render_view(house(), render_id)


@api.get("/renders/<render_id>/file")
@guarded(Action.DOWNLOAD_FINAL, "render")
@api.output(STORED_FILE, content_type="application/octet-stream")
@api.doc(summary="The finished film, by range", responses=FILE_RESPONSES)
def get_render_file(render_id: str) -> Response:
    file = stages.render_file(house(), render_id)
    return send(file, kind="render", object_id=render_id, attach=True)


@api.get("/renders/<render_id>/manifest")
@guarded(Action.DOWNLOAD_FINAL, "render")
@api.output(STORED_FILE, content_type="application/octet-stream")
@api.doc(summary="Everything that went into the film", responses=FILE_RESPONSES)
def get_render_manifest(render_id: str) -> Response:
    file = stages.render_manifest(house(), render_id)
    return send(file, kind="render", object_id=render_id, attach=True)
