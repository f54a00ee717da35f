"""Delivery: what a render would cost, packages, and what a file is."""

from __future__ import annotations

from typing import Any

from apiflask import fields, validators
from flask import Response

from web.api import api
from web.api.schemas import FILE_RESPONSES, STORED_FILE, Body, an_id, answer, responses, some_text
from web.downloads import send_archive
from web.guard import actor, guarded, house, signed_in_only
from workflow import stages
from workflow.people import Action
from workflow.stages.views import KnownFileView, PackageView, PlanView
from workflow.tracks.formats import WRITABLE

FORMATS = [known.name for known in WRITABLE]


class PlanOrder(Body):
    recipe = fields.Dict(load_default=None, allow_none=True)


class PackageOrder(Body):
    """Without `renders` all finished films that fit; without `formats` SRT and WebVTT."""

    kind = fields.String(required=True, validate=validators.OneOf(["delivery", "room"]))
    renders = fields.List(an_id(), load_default=list, validate=validators.Length(max=50))
    formats = fields.List(
        some_text(20), load_default=list, validate=validators.Length(max=len(FORMATS))
    )


@api.post("/versions/<version_id>/plan")
@guarded(Action.VIEW, "version")
@api.input(PlanOrder)
@api.output(answer(PlanView))
def plan_render(version_id: str, json_data: dict[str, Any]) -> PlanView:
    """What a final render with this recipe would do: segments, likely time and size. Starts nothing"""
    return stages.plan_final(house(), version_id, json_data["recipe"])


@api.post("/versions/<version_id>/packages")
@guarded(Action.RENDER_FINAL, "version")
@api.input(PackageOrder)
@api.output(answer(PackageView), status_code=202)
@api.doc(responses=responses({409: "Not approved, or no finished film that fits"}))
def start_package(version_id: str, json_data: dict[str, Any]) -> PackageView:
    """Make a delivery package, or a folder that plays from a memory stick"""
    return stages.start_package(
        house(),
        actor(),
        version_id,
        json_data["kind"],
        renders=json_data["renders"],
        formats=json_data["formats"],
    )


@api.get("/packages/<package_id>")
@guarded(Action.VIEW, "package")
@api.output(answer(PackageView))
def get_package(package_id: str) -> PackageView:
    """A package and how it is doing"""
    return stages.package_view(house(), package_id)


@api.get("/packages/<package_id>/file")
@guarded(Action.DOWNLOAD_FINAL, "package")
@api.output(STORED_FILE, content_type="application/zip")
@api.doc(summary="The package as a ZIP, by range", responses=FILE_RESPONSES)
def get_package_file(package_id: str) -> Response:
    archive = stages.package_archive(house(), package_id)
    return send_archive(archive, kind="package", object_id=package_id)


@api.get("/what-is/<tag>")
@signed_in_only
@api.output(answer(KnownFileView))
def what_is(tag: str) -> KnownFileView:
    """What a file is, by its SHA-256 or the tag that it carries"""
    return stages.what_is(house(), actor(), tag)
