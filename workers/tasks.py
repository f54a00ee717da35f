"""What a worker does with a message: claim the job whose turn it is, run it, send the hints that came of it."""

from __future__ import annotations

import logging
import os
import socket
import time
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded

from workers import lease
from workers.app import app
from workers.poke import poke
from workflow import stages
from workflow.errors import TerjimeError, ToolFailed
from workflow.store import ledger, pulse
from workflow.store.room import bytes_wanting

LOG = logging.getLogger("terjime.workers")
FAST_SECONDS = 15 * 60
RENDER_SECONDS = 6 * 3600
MAKE_WAY_SECONDS = (
    5.0  # on a machine without room: another takes the work, or the sweeper makes room
)


@app.task(  # type: ignore[untyped-decorator]
    bind=True,
    name="terjime.fast",
    soft_time_limit=FAST_SECONDS,
    time_limit=FAST_SECONDS + 60,
)
def fast(self: Any, job_id: str) -> None:
    """Alignment and other work of minutes."""
    _do(self.request.hostname, "fast", job_id)


@app.task(  # type: ignore[untyped-decorator]
    bind=True,
    name="terjime.render",
    soft_time_limit=RENDER_SECONDS,
    time_limit=RENDER_SECONDS + 300,
)
def render(self: Any, job_id: str) -> None:
    """Ingest, review builds and final renders, and their parts."""
    _do(self.request.hostname, "render", job_id)


@app.task(name="terjime.ping")  # type: ignore[untyped-decorator]
def ping(queue: str) -> None:
    """The sweeper asks whether anybody listens to the queue."""
    pulse.heard(lease.house(), queue, socket.gethostname())


def _do(hostname: str, queue: str, hint: str) -> None:
    """One message is one job at most: not the one that it names, but the one whose turn it is."""
    lease.let_children_hear_sigterm()
    house = lease.house()
    if queue == "render" and bytes_wanting(house.settings):
        time.sleep(MAKE_WAY_SECONDS)
        if ledger.leave_to_others(house, queue, hostname.partition("@")[2]):
            LOG.warning("no room on this machine: others do the work")
            poke(house)
            return
    claimed = ledger.claim_next(house, queue, lease.owner(hostname), hint)
    if claimed is None:
        LOG.info("job %s: nothing to do here", hint)
        return
    LOG.info(
        "job %s (%s): attempt %d, fence %d",
        claimed.id,
        claimed.kind,
        claimed.attempt,
        claimed.fence,
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
