"""Delivery: what a final render would cost, finished films, packages, and what a file is."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, render_template, request, send_file, url_for
from werkzeug.datastructures import MultiDict

from web.guard import actor, guarded, house, signed_in_only
from web.pages import changes, pages
from web.pages.frame import SHOWN_IN_PLACE, can, is_live, page, see
from workflow import stages
from workflow.errors import BadInput, NotFound, TerjimeError
from workflow.people import Action
from workflow.render.recipe import CODECS, NAMED
from workflow.stages.views import TrackView, VersionView
from workflow.tracks.formats import WRITABLE

PURPOSES = ("film", "web", "projector", "phone", "broadcast")
HEIGHTS = (1080, 720, 480, 360)
USUAL = ("srt", "vtt", "ass", "ttml")
#: What a purpose says of the film. How the letters look was approved with the review build and stays.
_OF_PURPOSE = ("height", "crf", "preset", "sound_kbps")


@pages.get("/tracks/<track_id>/delivery")
@guarded(Action.VIEW, "track")
def delivery(track_id: str) -> Response:
    return _delivery(track_id, request.args)


def _delivery(
    track_id: str, chosen: MultiDict[str, str], problem: TerjimeError | None = None
) -> Response:
    view = stages.track_view(house(), track_id, actor())
    renders = [(version, render) for version in view.versions for render in version.renders]
    renders.sort(key=lambda pair: -pair[1].created_at)
    approved = _approved(view.versions)
    changed = problem.details.get("changed", []) if problem else []
    if view.versions and not approved and not changed:
        changed = _changed_since_approval(view.versions[0].id)
    packages = stages.packages_of(house(), track_id)
    versions = {version.id: version for version in view.versions}
    usual = "soft-mp4" if view.summary.kind == "dub" else "burned"
    plan, refusal = _plan(approved, chosen, usual) if approved else (None, None)
    return page(
        "delivery.html",
        problem=problem,
        changed_cues=changes.change_rows(changed),
        CHANGES=changes.KINDS,
        view=view,
        approved=approved,
        producer=can(Action.RENDER_FINAL),
        renders=renders,
        newest=next((render.id for _, render in renders if render.sha256), ""),
        finished=[r for r in approved.renders if r.sha256] if approved else [],
        live_renders=[render for _, render in renders if is_live(render.job)],
        packages=[(versions[package.version_id], package) for package in packages],
        live_packages=[package for package in packages if is_live(package.job)],
        chosen=chosen,
        purposes=PURPOSES,
        heights=[h for h in HEIGHTS if h <= (view.film.height or 0)],
        codecs=CODECS,
        formats=sorted((known.name for known in WRITABLE), key=_usual_first),
        seconds=stages.second_languages(house(), track_id) if approved else {},
        plan=plan,
        refusal=refusal.to_json() if refusal else None,
        guide_lines=stages.guide_lines(house(), approved.id) if approved else [],
    )


def _usual_first(name: str) -> tuple[int, str]:
    return USUAL.index(name) if name in USUAL else len(USUAL), name


def _approved(versions: list[VersionView]) -> VersionView | None:
    """The newest version that a verdict approved and nothing has overtaken."""
    return next((version for version in versions if version.state == "approved"), None)


def _changed_since_approval(version_id: str) -> list[dict[str, Any]]:
    """What stands between the newest version and the one that a film was last approved with, if there is one."""
    review = stages.review_view(house(), version_id, actor())
    return review.changes if review.approved_number else []


def _recipe(chosen: MultiDict[str, str], usual: str = "burned") -> dict[str, Any]:
    """What the form says, or its *usual* form. Raises BadInput RECIPE for what it does not offer."""
    recipe: dict[str, Any] = {"form": chosen.get("form", usual)}
    if chosen.get("second"):
        recipe["second"] = {"language": chosen["second"]}
    if recipe["form"] != "burned":
        return recipe  # picture and sound are copied: nothing else to choose
    purpose = chosen.get("purpose", "film")
    if purpose not in PURPOSES:
        raise BadInput("RECIPE", "There is no such purpose.", where="purpose")
    if purpose != "film":
        recipe |= {name: getattr(NAMED[purpose], name) for name in _OF_PURPOSE}
    height = chosen.get("height", "")
    if height and not height.isdecimal():
        raise BadInput("RECIPE", "The height is a number of lines.", where="height")
    if height:
        recipe["height"] = int(height)
    if chosen.get("codec", "h264") != "h264":
        recipe["codec"] = chosen["codec"]
    return recipe


def _plan(
    version: VersionView, chosen: MultiDict[str, str], usual: str
) -> tuple[Any, TerjimeError | None]:
    """The plan for what is chosen, or why there is none."""
    try:
        return stages.plan_final(house(), version.id, _recipe(chosen, usual)), None
    except SHOWN_IN_PLACE as error:
        return None, error


def _version_of(view: TrackView) -> str:
    wanted = request.form.get("version_id", "")
    if wanted not in {version.id for version in view.versions}:
        raise BadInput("VERSION", "That is no version of this track.")
    return wanted


@pages.get("/tracks/<track_id>/still")
@guarded(Action.RENDER_FINAL, "track")
def still(track_id: str) -> Response:
    """One picture of the film as it is chosen, as PNG."""
    approved = _approved(stages.track_view(house(), track_id, actor()).versions)
    if approved is None:
        raise NotFound("NOT_FOUND", "Nothing is approved yet.")
    file = stages.still_of_final(house(), approved.id, _recipe(request.args))
    response = send_file(file, mimetype="image/png", etag=False)
    response.set_etag(file.name)
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


@pages.post("/tracks/<track_id>/render")
@guarded(Action.RENDER_FINAL, "track")
def start_render(track_id: str) -> Response:
    try:
        version_id = _version_of(stages.track_view(house(), track_id, actor()))
        stages.start_render(
            house(),
            actor(),
            version_id,
            _recipe(request.form),
            allow_guide=request.form.get("allow_guide") == "1",
        )
    except SHOWN_IN_PLACE as error:
        return _delivery(track_id, request.form, error)
    return see(url_for("pages.delivery", track_id=track_id) + "#renders")


@pages.post("/tracks/<track_id>/package")
@guarded(Action.RENDER_FINAL, "track")
def start_package(track_id: str) -> Response:
    form = request.form
    try:
        stages.start_package(
            house(),
            actor(),
            _version_of(stages.track_view(house(), track_id, actor())),
            form.get("kind", "delivery"),
            renders=form.getlist("render")[:50],
            formats=form.getlist("format")[:50],
        )
    except SHOWN_IN_PLACE as error:
        return _delivery(track_id, form, error)
    return see(url_for("pages.delivery", track_id=track_id) + "#packages")


@pages.get("/what-is-this-file")
@signed_in_only
def identify() -> Response:
    """The page, or for its script the answer alone. `hash`: of a file's bytes; `tag`: text it carries or somebody typed."""
    sha256 = request.args.get("hash", "")[:64]
    tag = request.args.get("tag", "")[:2000]
    found, unknown = None, False
    if sha256 or tag.strip():
        try:
            found = stages.what_is(house(), actor(), f"{sha256} {tag}")
        except NotFound:
            unknown = True
    values: dict[str, Any] = {"found": found, "unknown": unknown, "sha256": sha256, "tag": tag}
    if request.args.get("piece"):
        return make_response(render_template("piece_identified.html", **values))
    return page("identify.html", **values)
