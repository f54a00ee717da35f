"""Jobs: all that a person may see, and one as a piece that follows its progress."""

from __future__ import annotations

from flask import Response, make_response, render_template, request, url_for

from web.guard import actor, guarded, house, signed_in_only
from web.pages import pages
from web.pages.frame import is_live, page, safe_back, see
from workflow import stages
from workflow.people import Action

SHOWN_OF_A_PROJECT = 25


@pages.get("/jobs")
@signed_in_only
def jobs() -> Response:
    groups = [
        (project, stages.jobs_of_project(house(), project.id)[:SHOWN_OF_A_PROJECT])
        for project in stages.projects_of(house(), actor())
    ]
    shown = [(project, found) for project, found in groups if found]
    return page(
        "jobs.html",
        groups=shown,
        state=stages.house_state(house()) if actor().is_admin else None,
        live_jobs=[job for _, found in shown for job in found if is_live(job)],
    )


@pages.get("/jobs/<job_id>/fragment")
@guarded(Action.VIEW, "job")
def job_piece(job_id: str) -> Response:
    job = stages.job_view(house(), job_id)
    then_reload = bool(request.args.get("reload"))
    response = make_response(render_template("piece_job.html", job=job, then_reload=then_reload))
    if then_reload and not is_live(job):
        response.headers["HX-Refresh"] = "true"
    return response


@pages.post("/jobs/<job_id>/cancel")
@guarded(Action.CANCEL_JOB, "job")
def cancel_job(job_id: str) -> Response:
    stages.cancel_job(house(), actor(), job_id)
    return _back()


@pages.post("/jobs/<job_id>/retry")
@guarded(Action.CANCEL_JOB, "job")
def retry_job(job_id: str) -> Response:
    stages.retry_job(house(), actor(), job_id)
    return _back()


def _back() -> Response:
    return see(safe_back(request.form.get("back", ""), url_for("pages.jobs")))
