"""Jobs as people see them, and the one table of what each kind of job does."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select

from workflow.errors import TerjimeError
from workflow.people import Actor
from workflow.stages import (
    alignment,
    films,
    packages,
    parts,
    recordings,
    recuts,
    rendering,
    show,
    stems,
    uploads,
)
from workflow.stages.running import Work, run_claimed
from workflow.stages.views import HouseStateView, JobView
from workflow.store import audit, ledger, pulse
from workflow.store.collect import collect, storage_use
from workflow.store.database import in_whole
from workflow.store.house import House
from workflow.store.ledger import Claimed, Publish
from workflow.store.room import bytes_wanting
from workflow.store.tables import Job

KINDS: dict[str, Work] = {
    "ingest": films.run_ingest,
    "sound": films.run_sound,
    "align": alignment.run_align,
    "recut": recuts.run_recut,
    "locate": recordings.run_locate,
    "stems": stems.run_stems,
    "build": rendering.run_build,
    "render": rendering.run_render,
    "package": packages.run_package,
    ledger.PART: parts.run_encode,
}


def job_view(house: House, job_id: str) -> JobView:
    with house.read() as session:
        return show.job_view(session, show.row(session, Job, job_id))


def jobs_of_project(house: House, project_id: str) -> list[JobView]:
    """The newest hundred of a project."""
    return _newest(house, Job.project_id == project_id)


def all_jobs(house: House, *, state: str | None = None) -> list[JobView]:
    """The newest hundred of the house, for its operator."""
    return _newest(house, *([Job.state == state] if state else []))


def _newest(house: House, *conditions: object) -> list[JobView]:
    query = select(Job).order_by(Job.created_at.desc(), Job.id).limit(100)
    asked_for = Job.kind != ledger.PART
    with house.read() as session:
        jobs = session.scalars(query.where(asked_for, *conditions)).all()  # type: ignore[arg-type]
        return [show.job_view(session, job) for job in jobs]


def house_state(house: House) -> HouseStateView:
    """What an operator must know of the house: queues that nobody serves, and its storage."""
    use = {use.kind: use for use in storage_use(house)}
    return HouseStateView(
        silent=[
            {"queue": heard.queue, "seconds": heard.seconds}
            for heard in pulse.pulses(house)
            if heard.silent
        ],
        bytes_wanting=bytes_wanting(house.settings),
        blobs=use["all"].blobs,
        bytes=use["all"].bytes,
        segment_bytes=use["segment"].bytes if "segment" in use else 0,
        condemned_bytes=use["condemned"].bytes,
    )


@in_whole
def cancel_job(house: House, actor: Actor, job_id: str) -> JobView:
    """Stop a job: at once when it waits, within seconds when it runs. Raises Conflict JOB_OVER."""
    with house.write() as session:
        job = show.row(session, Job, job_id)
        ledger.request_cancel(session, job)
        audit.note(session, actor.user_id or None, "job.cancel", "job", job_id)
        return show.job_view(session, job)


@in_whole
def retry_job(house: House, actor: Actor, job_id: str) -> JobView:
    """Queue a failed or cancelled job again. Raises Conflict JOB_NOT_OVER, JOB_REPLACED."""
    with house.write() as session:
        job = show.row(session, Job, job_id)
        ledger.retry(session, job)
        audit.note(session, actor.user_id or None, "job.retry", "job", job_id)
        return show.job_view(session, job)


def run(
    house: House,
    claimed: Claimed,
    *,
    abandon: Callable[[], None] | None = None,
    as_failure: Callable[[Exception], TerjimeError | None] = lambda error: None,
) -> None:
    """Do a claimed job and write down how it ended; see `running.run_claimed`."""
    run_claimed(house, claimed, KINDS[claimed.kind], abandon=abandon, as_failure=as_failure)


def run_waiting(house: House, owner: str = "here") -> int:
    """Run every queued job in this process, in their order, and those they lead to. Returns how many."""
    count = 0
    while claimed := _next_of_any(house, owner):
        run(house, claimed)
        count += 1
    return count


def _next_of_any(house: House, owner: str) -> Claimed | None:
    with house.read() as session:
        queues = session.scalars(select(Job.queue).where(Job.state == "queued").distinct()).all()
    for queue in queues:
        if claimed := ledger.claim_next(house, queue, owner):
            return claimed
    return None


# --- the sweeper's round ------------------------------------------------------------------------


def sweep(house: House, publish: Publish, ask: pulse.Ask = lambda queue: None) -> None:
    """One round of keeping the house in order. Everything in it may be done twice, or by two at once.

    ask    sends a question through a queue, to learn whether anybody listens

    An error of *publish* or *ask* (no broker) passes at the very end: nothing else of the round needs it.
    """
    ledger.recover(house)
    ledger.heal_parents(house)
    ledger.repoke(house)
    uploads.drop_expired_uploads(house)
    clear_work(house)
    _make_room(house)
    ledger.forget_sent(house)
    ledger.forget_old_parts(house)
    for queue in pulse.pulses(house):
        if queue.silent:
            ledger.LOG.error(
                "queue %s: no worker was heard for %d s; last: %s",
                queue.queue,
                queue.seconds,
                queue.last or "none ever",
            )
    ledger.drain(house, publish, older_than=ledger.UNSENT_AFTER_SECONDS)
    pulse.ask_queues(house, ask)


def _make_room(house: House) -> None:
    """A store that is away for a while keeps nothing else waiting."""
    try:
        collect(house)
    except TerjimeError as error:
        ledger.LOG.error("no room was made in this round: %s", error)


def clear_work(house: House) -> None:
    """Remove what was left on this machine: folders of claims that nobody holds any more, and what a killed
    process left half moved."""
    for left in [*house.settings.work_dir.iterdir(), *house.blobs.held_folders()]:
        job_id, dot, fence = left.name.partition(".")
        if dot and fence.isdigit():
            with house.read() as session:
                live = ledger.is_live(session, job_id, int(fence))
            if not live:
                shutil.rmtree(left, ignore_errors=True)
        elif _is_a_day_old(left):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _is_a_day_old(path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return time.time() - path.lstat().st_ctime > 24 * 3600
    return False
