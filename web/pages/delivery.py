"""Delivery: the approved version, its final renders, and everything that can be downloaded."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for

from web.guard import actor, guarded, house
from web.pages import changes, pages
from web.pages.frame import SHOWN_IN_PLACE, can, is_live, page, see
from workflow import stages
from workflow.errors import BadInput, TerjimeError
from workflow.people import Action


@pages.get("/tracks/<track_id>/delivery")
@guarded(Action.VIEW, "track")
def delivery(track_id: str) -> Response:
    return _delivery(track_id)


def _delivery(track_id: str, problem: TerjimeError | None = None) -> Response:
    view = stages.track_view(house(), track_id, actor())
    renders = [(version, render) for version in view.versions for render in version.renders]
    renders.sort(key=lambda pair: -pair[1].created_at)
    approved = _approved(view.versions)
    changed = problem.details.get("changed", []) if problem else []
    if view.versions and not approved and not changed:
        changed = _changed_since_approval(view.versions[0].id)
    return page(
        "delivery.html",
        problem=problem,
        changed_cues=changes.change_rows(changed),
        CHANGES=changes.KINDS,
        view=view,
        approved=approved,
        producer=can(Action.RENDER_FINAL),
        renders=renders,
        live_jobs=[render for _, render in renders if is_live(render.job)],
    )


def _approved(versions: list[Any]) -> Any:
    """The newest version that a verdict approved and nothing has overtaken."""
    return next((version for version in versions if version.state == "approved"), None)


def _changed_since_approval(version_id: str) -> list[dict[str, Any]]:
    """What stands between the newest version and the one that a film was last approved with, if there is one."""
    review = stages.review_view(house(), version_id, actor())
    return review.changes if review.approved_number else []


@pages.post("/tracks/<track_id>/render")
@guarded(Action.RENDER_FINAL, "track")
def start_render(track_id: str) -> Response:
    wanted = request.form.get("version_id", "")
    try:
        view = stages.track_view(house(), track_id, actor())
        if wanted not in {version.id for version in view.versions}:
            raise BadInput("VERSION", "That is no version of this track.")
        stages.start_render(house(), actor(), wanted, {"form": request.form.get("form", "burned")})
    except SHOWN_IN_PLACE as error:
        return _delivery(track_id, error)
    return see(url_for("pages.delivery", track_id=track_id))
