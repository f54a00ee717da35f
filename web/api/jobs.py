"""Jobs: how work is doing, and stopping or repeating it."""

from __future__ import annotations

from flask import Response

from web.api import api
from web.api.conditions import tagged
from web.api.schemas import answer
from web.guard import actor, guarded, house
from workflow import stages
from workflow.people import Action
from workflow.stages.views import JobView


@api.get("/jobs/<job_id>")
@guarded(Action.VIEW, "job")
@api.output(answer(JobView))
def get_job(job_id: str) -> Response:
    """How a job is doing; ask with If-None-Match and only a change is sent"""
    return tagged(stages.job_view(house(), job_id))


@api.post("/jobs/<job_id>/cancel")
@guarded(Action.CANCEL_JOB, "job")
@api.output(answer(JobView))
def cancel_job(job_id: str) -> JobView:
    """Stop a job; what it used is kept"""
    return stages.cancel_job(house(), actor(), job_id)


@api.post("/jobs/<job_id>/retry")
@guarded(Action.CANCEL_JOB, "job")
@api.output(answer(JobView), status_code=202)
def retry_job(job_id: str) -> JobView:
    """Try a failed or stopped job again"""
    return stages.retry_job(house(), actor(), job_id)
