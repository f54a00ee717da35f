"""What a worker does with a job id: claim the job, run it, send the hints that came of it."""

from __future__ import annotations

import logging
import os
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded

from workers import lease
from workers.app import app
from workers.poke import poke
from workflow import stages
from workflow.errors import TerjimeError, ToolFailed

LOG = logging.getLogger("terjime.workers")
FAST_SECONDS = 15 * 60
RENDER_SECONDS = 6 * 3600


@app.task(  # type: ignore[untyped-decorator]
    bind=True,
    name="terjime.fast",
    soft_time_limit=FAST_SECONDS,
    time_limit=FAST_SECONDS + 60,
)
def fast(self: Any, job_id: str) -> None:
    """Alignment and other work of minutes."""
    _do(self.request.hostname, job_id)


@app.task(  # type: ignore[untyped-decorator]
    bind=True,
    name="terjime.render",
    soft_time_limit=RENDER_SECONDS,
    time_limit=RENDER_SECONDS + 300,
)
def render(self: Any, job_id: str) -> None:
    """Ingest, review builds and final renders."""
    _do(self.request.hostname, job_id)


def _do(hostname: str, job_id: str) -> None:
    lease.let_children_hear_sigterm()
    house = lease.house()
    claimed = stages.claim(house, job_id, lease.owner(hostname))
    if claimed is None:
        LOG.info("job %s: nothing to do here", job_id)
        return
    LOG.info(
        "job %s (%s): attempt %d, fence %d", job_id, claimed.kind, claimed.attempt, claimed.fence
    )
    stages.run(house, claimed, abandon=_abandon, as_failure=_time_limit)
    poke(house)


def _abandon() -> None:
    """The job is another worker's now and this process does not stop by itself: end it, and ffmpeg with it."""
    os._exit(70)


def _time_limit(error: Exception) -> TerjimeError | None:
    if isinstance(error, SoftTimeLimitExceeded):
        return ToolFailed(
            "TIME_LIMIT",
            "The work took longer than any such work may take.",
            advice="Try again when the machine has less to do.",
        )
    return None
