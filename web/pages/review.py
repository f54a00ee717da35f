"""The review of one version: watching, comments, the verdict over exactly what was watched."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flask import Response, request, url_for

from web.guard import actor, guarded, house
from web.pages import changes, pages
from web.pages.desk import new_key, player_props
from web.pages.frame import (
    SHOWN_IN_PLACE,
    api,
    is_live,
    page,
    poster,
    proxies,
    safe_back,
    see,
)
from workflow import stages
from workflow.errors import BadInput, NotAllowed, TerjimeError
from workflow.people import Action
from workflow.timebase import FrameGrid


@pages.get("/versions/<version_id>")
@guarded(Action.VIEW, "version")
def review(version_id: str) -> Response:
    return _review(version_id)


def _review(
    version_id: str, problem: TerjimeError | None = None, sent_reason: str = ""
) -> Response:
    view = stages.review_view(house(), version_id, actor())
    build = _best_build(view.version.builds)
    rows = changes.change_rows(view.changes, view.cues)
    details = problem.details if problem else {}
    return page(
        "review.html",
        problem=problem,
        problem_changes=changes.change_rows(details.get("changed", [])),
        sent_reason=sent_reason,
        view=view,
        build=build,
        changes=rows,
        CHANGES=changes.KINDS,
        threads=_threads(view.comments),
        sources=_sources(view, build),
        poster=poster(view.film),
        captions_address=api("versions", version_id, "subtitles.vtt"),
        live_jobs=[build.job] if build and is_live(build.job) else [],
        verdict_key=new_key(),
        frame_of=_frame_of,
        frame_timecode=_frame_timecode(view.film.rate),
        props={
            **player_props(view.film),
            "cues": view.cues,
            "burned": bool(build and build.build_hash),
            "changes": [
                {"uid": row["uid"], "start": row["at"], "end": row["until"]}
                for row in rows
                if row["what"] != "removed"
            ],
        },
    )


def _best_build(builds: list[Any]) -> Any:
    """The one to watch: finished before unfinished, the lightest first, of those the newest."""
    ordered = sorted(
        builds, key=lambda build: (build.build_hash is None, build.height, -build.created_at)
    )
    return ordered[0] if ordered else None


def _sources(view: Any, build: Any) -> list[dict[str, str]]:
    """What the player plays: the review build once it is there, until then the film itself."""
    if build and build.build_hash:
        return [{"name": f"{build.height}p", "href": api("builds", build.id, "file")}]
    return proxies(view.film)


def _threads(comments: list[Any]) -> list[tuple[Any, list[Any]]]:
    """Comments in the order of the film, each with its replies in the order of time."""
    roots = [comment for comment in comments if not comment.reply_to]
    roots.sort(key=lambda comment: (_frame_of(comment), comment.created_at))
    return [
        (root, sorted((c for c in comments if c.reply_to == root.id), key=lambda c: c.created_at))
        for root in roots
    ]


def _frame_of(comment: Any) -> int:
    """Where its cue is in this version; an orphan stays where it was written."""
    anchor = comment.anchor
    return int(anchor.get("now_frame", anchor["frame"]))


def _frame_timecode(rate: list[int] | None) -> Any:
    grid = FrameGrid(Fraction(*rate)) if rate else None

    def timecode(frame: int) -> str:
        return grid.timecode(grid.time_of(frame)) if grid else str(frame)

    return timecode


@pages.post("/versions/<version_id>/build")
@guarded(Action.BUILD_REVIEW, "version")
def build(version_id: str) -> Response:
    try:
        stages.request_build(
            house(),
            actor(),
            version_id,
            numbers="numbers" in request.form,
            watermark=request.form.get("watermark", "").strip(),
        )
    except SHOWN_IN_PLACE as error:
        return _review(version_id, error)
    return _to(version_id)


@pages.post("/versions/<version_id>/comments")
@guarded(Action.COMMENT, "version")
def comment(version_id: str) -> Response:
    form = request.form
    frame = form.get("frame", "0")
    try:
        if not frame.isdecimal():
            raise BadInput("FRAME", "That is no frame of the film.", where=frame[:20])
        stages.add_comment(
            house(),
            actor(),
            version_id,
            text=form.get("text", ""),
            frame=int(frame),
            cue_uid=form.get("cue_uid") or None,
            reply_to=form.get("reply_to") or None,
        )
    except SHOWN_IN_PLACE as error:
        return _review(version_id, error)
    return see(url_for("pages.review", version_id=version_id) + "#comments-title")


@pages.post("/comments/<comment_id>/resolve")
@guarded(Action.COMMENT, "comment")
def resolve(comment_id: str) -> Response:
    stages.resolve_comment(house(), actor(), comment_id)
    return see(safe_back(request.form.get("back", ""), url_for("pages.work")))


@pages.post("/versions/<version_id>/verdict")
@guarded(Action.GIVE_VERDICT, "version")
def verdict(version_id: str) -> Response:
    """The form carries the hashes of what was watched; the same form sent twice is one verdict."""
    form = request.form
    reason = form.get("reason", "")
    watched = form.get("watched_permille", "0")
    try:
        stages.give_verdict(
            house(),
            actor(),
            version_id,
            verdict=form.get("verdict", ""),
            reason=reason,
            track_hash=form.get("track_hash", ""),
            film_hash=form.get("film_hash", ""),
            recipe_hash=form.get("recipe_hash", ""),
            build_hash=form.get("build_hash", ""),
            watched_permille=min(1000, int(watched)) if watched.isdecimal() else 0,
            idempotency_key=form.get("key", ""),
        )
    except (*SHOWN_IN_PLACE, NotAllowed) as error:
        return _review(version_id, error, reason)
    return _to(version_id)


@pages.post("/versions/<version_id>/withdraw")
@guarded(Action.EDIT_TRACK, "version")
def withdraw(version_id: str) -> Response:
    try:
        stages.withdraw(house(), actor(), version_id)
    except SHOWN_IN_PLACE as error:
        return _review(version_id, error)
    return _to(version_id)


@pages.post("/versions/<version_id>/revoke")
@guarded(Action.MANAGE_PROJECT, "version")
def revoke(version_id: str) -> Response:
    try:
        stages.revoke(house(), actor(), version_id, request.form.get("reason", ""))
    except SHOWN_IN_PLACE as error:
        return _review(version_id, error)
    return _to(version_id)


def _to(version_id: str) -> Response:
    return see(url_for("pages.review", version_id=version_id))
