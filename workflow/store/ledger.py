"""The job ledger: the truth about all work. A message in the queue is only a hint that a job waits.

A job is claimed for a lease; the claim's number is its *fence*, and every later write of a worker names
it, so a worker that was given up on (killed, frozen, cut off) can change nothing when it comes back. All
times of the ledger are seconds on the database's clock.

    queued ──▶ running ──▶ done | failed | cancelled
       ▲          │
       └──────────┘  lease lost, stalled, or handed back by a worker that was told to stop

A job may split itself into *parts*, which are jobs of their own, and waits, queued, until the last of
them is over (`wait_for_parts`). Whoever ends a part counts what is left in the same transaction, with the
parent locked: no message and no counter decides when the parent goes on.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, delete, func, not_, or_, select, update
from sqlalchemy.orm import Session

from workflow.errors import Conflict, TerjimeError, ToolFailed
from workflow.store import audit
from workflow.store.database import db_now, in_whole, insert_for, rows_changed
from workflow.store.house import House
from workflow.store.line import RANKS, USUAL_RANK, next_in_line
from workflow.store.tables import Film, Job, JobPart, Lease, Outbox, new_id, now_ms
from workflow.tracks.cues import canonical, sha256

LOG = logging.getLogger("terjime.jobs")

LIVE = ("queued", "running")
PUBLISHED_KEPT_SECONDS = 24 * 3600
PARTS_KEPT_MS = 30 * 24 * 3600 * 1000
PARTS_FORGOTTEN_A_SWEEP = 500
UNSENT_AFTER_SECONDS = 2.0  # whoever made the job had its chance to poke
REPOKE_SWEEPS = 8  # a queued job whose message is this many sweeps old gets another: 120 s
REPOKED_A_SWEEP = 200  # any message serves any job: so many get every worker going again
QUEUED_A_PERSON = 50
PART = "encode"  # the kind of a part: nobody asked for it by itself
_TRIED_AGAIN = {
    "STALLED": "Stood still; waiting to be tried again",
    "STORAGE_AWAY": "Stood still; waiting to be tried again",
    "DISK_LOW": "No room on that machine; waiting for another",
}

Publish = Callable[[str, str], None]  # queue, job id


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that this worker has, until its lease runs out."""

    id: str
    kind: str
    queue: str
    params: dict[str, Any]
    subject: str
    project_id: str
    created_by: str
    fence: int
    attempt: int
    max_attempts: int
    owner: str


def create(
    session: Session,
    *,
    kind: str,
    queue: str,
    key: list[Any],
    params: dict[str, Any],
    subject: str,
    project_id: str,
    created_by: str,
) -> Job:
    """The job for *key* (everything that its output depends on), in the caller's transaction.

    A live or done job with the same key is returned instead of a second one. Raises Conflict
    TOO_MANY_JOBS when this person has 50 that wait already.
    """
    content_key = sha256(canonical([kind, *key]))
    same = select(Job).where(
        Job.kind == kind, Job.content_key == content_key, Job.state.in_((*LIVE, "done"))
    )
    if found := session.scalars(same).first():
        return found
    _refuse_one_more(session, created_by)
    row = _new_job(
        kind=kind,
        queue=queue,
        content_key=content_key,
        params=params,
        subject=subject,
        project_id=project_id,
        created_by=created_by,
        rank=RANKS.get(kind, USUAL_RANK),
        since=now_ms(),
    )
    made = session.execute(
        insert_for(session, Job).values(row).on_conflict_do_nothing().returning(Job.id)
    ).first()
    if made is None:
        return session.scalars(same).one()
    _post(session, row["id"], queue)
    return session.scalars(select(Job).where(Job.id == row["id"])).one()


def _refuse_one_more(session: Session, person_id: str) -> None:
    """T19. What a job splits into does not count: nobody asked for that."""
    mine = (Job.created_by == person_id, Job.state == "queued", Job.kind != PART)
    waiting = session.scalar(select(func.count()).where(*mine)) or 0
    if waiting >= QUEUED_A_PERSON:
        raise Conflict(
            "TOO_MANY_JOBS",
            f"{waiting} jobs of yours are waiting already.",
            advice="Wait until some of them are done, or cancel those that are not needed.",
        )


def _new_job(**values: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "created_at": now_ms(),
        "state": "queued",
        "attempt": 0,
        "max_attempts": 3,
        "fence": 0,
        "parts_left": 0,
        "progress_permille": 0,
        "doing": "",
        "cancel_requested": False,
    } | values


@in_whole
def claim(house: House, job_id: str, owner: str) -> Claimed | None:
    """Take the job, if it waits or its worker is gone. None for a duplicate message: return quietly.

    A job that was begun max_attempts times and never ended is failed as POISON: it kills its workers.
    """
    with house.write() as session:
        job = session.scalars(
            select(Job).where(Job.id == job_id).with_for_update(skip_locked=True)
        ).first()
        return None if job is None else _take(session, job, owner, house.settings.lease_seconds)


@in_whole
def claim_next(house: House, queue: str, owner: str, hint: str = "") -> Claimed | None:
    """Take the job of *queue* whose turn it is (see `line`); None if there is none.

    hint    the job that the message named: tried when none waits, for its worker may be gone
    """
    lease_seconds = house.settings.lease_seconds
    with house.write() as session:
        while job := next_in_line(session, queue):
            if taken := _take(session, job, owner, lease_seconds):
                return taken  # else it has just ended: it was poison
    return claim(house, hint, owner) if hint else None


@in_whole
def leave_to_others(house: House, queue: str, machine: str) -> bool:
    """Whether others are at work on what waits in *queue*, so that *machine*, which has no room, may pass.

    The message that it used up is sent again.
    """
    elsewhere = select(Job.id).where(
        Job.queue == queue,
        Job.state == "running",
        not_(Job.lease_owner.contains(f"@{machine}/", autoescape=True)),
    )
    with house.write() as session:
        waits = next_in_line(session, queue)
        if waits is None or session.scalar(elsewhere.limit(1)) is None:
            return False
        _post(session, waits.id, queue)
        return True


def _take(session: Session, job: Job, owner: str, lease_seconds: float) -> Claimed | None:
    now = _now(session)
    waits = job.state == "queued" and not job.parts_left
    if not (waits or (job.state == "running" and (job.lease_until or 0) < now)):
        return None
    if job.cancel_requested:
        _end(session, job, "cancelled")
        return None
    if job.attempt >= job.max_attempts:
        _poison(session, job)
        return None
    job.attempt += 1
    job.fence += 1
    job.state = "running"
    job.lease_owner = owner
    job.lease_until = now + lease_seconds
    job.heartbeat_at = job.progressed_at = job.started_at = now
    job.doing = "" if job.attempt == 1 else "Starting again"
    return Claimed(
        id=job.id,
        kind=job.kind,
        queue=job.queue,
        params=job.params,
        subject=job.subject,
        project_id=job.project_id,
        created_by=job.created_by,
        fence=job.fence,
        attempt=job.attempt,
        max_attempts=job.max_attempts,
        owner=owner,
    )


@in_whole
def beat(house: House, claimed: Claimed) -> bool:
    """Renew the lease. False when the job is no longer this worker's: stop at once."""
    with house.write() as session:
        renewed = _mine(claimed).values(
            lease_until=db_now() + house.settings.lease_seconds, heartbeat_at=db_now()
        )
        return rows_changed(session, renewed) == 1


def look(house: House, claimed: Claimed) -> tuple[bool, bool]:
    """(still mine, a person asked to stop it). Cheap: asked every second."""
    with house.read() as session:
        found = session.execute(
            select(Job.fence, Job.state, Job.cancel_requested).where(Job.id == claimed.id)
        ).first()
    if found is None:
        return False, False
    return found.fence == claimed.fence and found.state == "running", found.cancel_requested


@in_whole
def tell(house: House, claimed: Claimed, permille: int, doing: str) -> None:
    """Write progress down; it never goes back, not even on a second attempt."""
    reached = min(permille, 999)
    further = case((Job.progress_permille < reached, reached), else_=Job.progress_permille)
    with house.write() as session:
        session.execute(
            _mine(claimed).values(
                progressed_at=db_now(),
                heartbeat_at=db_now(),
                doing=doing[:120],
                progress_permille=further,
            )
        )


def finish(session: Session, claimed: Claimed, output: str) -> None:
    """Done, in the transaction that makes the output visible. Raises Conflict LEASE_LOST."""
    done = rows_changed(
        session,
        _mine(claimed).values(
            state="done",
            output=output,
            progress_permille=1000,
            doing="",
            finished_at=now_ms(),
            lease_owner=None,
            lease_until=None,
            error=None,
            error_ref=None,
        ),
    )
    if not done:
        raise lease_lost()
    if claimed.kind == PART:
        _part_is_over(session, claimed.id)
    else:
        audit.note(session, None, f"job.{claimed.kind}.done", "job", claimed.id, output=output)


def lease_lost() -> Conflict:
    return Conflict("LEASE_LOST", "Another worker has taken this job over.")


@in_whole
def fail(house: House, claimed: Claimed, error: TerjimeError) -> None:
    """End the job with what went wrong; what may go well later or elsewhere is tried again while attempts remain."""
    with house.write() as session:
        job = _held(session, claimed)
        if job is None:
            return
        if error.code in _TRIED_AGAIN and job.attempt < job.max_attempts:
            _requeue(session, job, _TRIED_AGAIN[error.code])
            return
        _end(session, job, "failed", error)


@in_whole
def end_cancelled(house: House, claimed: Claimed) -> None:
    with house.write() as session:
        if job := _held(session, claimed):
            _end(session, job, "cancelled")


@in_whole
def hand_back(house: House, owner_prefix: str) -> list[str]:
    """Put the jobs of a worker that was told to stop back into the queue; this attempt does not count.

    The worker itself learns it from its next look and stops what it runs.
    """
    with house.write() as session:
        jobs = session.scalars(
            select(Job)
            .where(
                Job.state == "running", Job.lease_owner.startswith(owner_prefix, autoescape=True)
            )
            .with_for_update()
        ).all()
        for job in jobs:
            job.attempt -= 1
            _requeue(session, job, "Paused for an update")
        return [job.id for job in jobs]


@in_whole
def give_up_on(house: House, job_id: str, owner_prefix: str) -> None:
    """The worker that had this job is known to be dead: do not wait for its lease to run out."""
    with house.write() as session:
        job = session.scalars(
            select(Job)
            .where(
                Job.id == job_id,
                Job.state == "running",
                Job.lease_owner.startswith(owner_prefix, autoescape=True),
            )
            .with_for_update()
        ).first()
        if job is not None:
            _again_or_poison(session, job)


def jobs_of(house: House, owner_prefix: str) -> list[tuple[str, str]]:
    """(job id, owner) of the running jobs that a worker's processes have."""
    with house.read() as session:
        rows = session.execute(
            select(Job.id, Job.lease_owner).where(
                Job.state == "running",
                Job.lease_owner.startswith(owner_prefix, autoescape=True),
            )
        )
        return [(row.id, row.lease_owner or "") for row in rows]


def clock_difference(house: House) -> float:
    """Seconds by which this machine's clock is ahead of the database's."""
    with house.read() as session:
        return time.time() - _now(session)


def request_cancel(session: Session, job: Job) -> None:
    """Ask for a stop: at once when nobody runs it, else within a second or so. Raises Conflict JOB_OVER."""
    if job.state not in LIVE:
        raise Conflict("JOB_OVER", f"The job is {job.state} already.", details={"state": job.state})
    job.cancel_requested = True
    if job.state == "queued":
        _end(session, job, "cancelled")


def retry(session: Session, job: Job) -> None:
    """Queue a failed or cancelled job again with all its attempts. Raises Conflict JOB_NOT_OVER, JOB_REPLACED."""
    if job.state not in ("failed", "cancelled"):
        raise Conflict(
            "JOB_NOT_OVER",
            f"The job is {job.state}; only a failed or cancelled one can be tried again.",
            details={"state": job.state},
        )
    newer = select(Job.id).where(
        Job.kind == job.kind,
        Job.content_key == job.content_key,
        Job.state.in_((*LIVE, "done")),
    )
    if session.scalar(newer.limit(1)):
        raise Conflict("JOB_REPLACED", "The same work was started again or done in the meantime.")
    session.execute(delete(JobPart).where(JobPart.parent_id == job.id))
    _anew(session, job)
    if job.kind == "ingest":
        session.execute(
            update(Film).where(Film.id == job.subject).values(state="ingesting", error=None)
        )


# --- parts --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """A part that a job asks for.

    key     names what it makes; two jobs that ask for the same share one part
    frames  of the film, that it makes
    """

    key: list[Any]
    params: dict[str, Any]
    frames: int


def wait_for_parts(
    session: Session, claimed: Claimed, parts: Sequence[Part], rank: int, doing: str
) -> None:
    """Split the running job into *parts*: it goes on when they are over. Raises Conflict LEASE_LOST.

    rank    of the parts; a part that another job of higher rank waits for already is moved up

    The parent's attempt does not count, unless it waits for parts for a second time: then what the first
    ones made is gone again.
    """
    since = session.scalar(select(Job.since).where(Job.id == claimed.id)) or now_ms()
    frames = {sha256(canonical([PART, *part.key])): part.frames for part in parts}
    rows = [
        _new_job(
            kind=PART,
            queue=claimed.queue,
            content_key=content_key,
            params=part.params,
            subject=claimed.subject,
            project_id=claimed.project_id,
            created_by=claimed.created_by,
            rank=rank,
            since=since + place,
        )
        for place, (content_key, part) in enumerate(zip(frames, parts, strict=True))
    ]
    session.execute(insert_for(session, Job).on_conflict_do_nothing(), rows)
    # Locked, and looked at after that: whoever ends one of them now sees that we wait for it.
    jobs = session.scalars(
        select(Job)
        .where(
            Job.kind == PART,
            Job.content_key.in_(frames),
            Job.state.in_((*LIVE, "done")),
        )
        .order_by(Job.id)
        .with_for_update()
    ).all()
    new = {row["id"] for row in rows}
    if messages := [_message(job.id, job.queue) for job in jobs if job.id in new]:
        session.execute(insert_for(session, Outbox).values(messages))
    for job in jobs:
        if job.state == "done":  # and yet what it made is gone
            _anew(session, job)
        job.cancel_requested = False
        job.rank = min(job.rank, rank)
    session.flush()
    again = rows_changed(session, delete(JobPart).where(JobPart.parent_id == claimed.id)) > 0
    session.add_all(
        JobPart(parent_id=claimed.id, part_id=job.id, frames=frames[job.content_key])
        for job in jobs
    )
    waits = rows_changed(
        session,
        _mine(claimed).values(
            state="queued",
            parts_left=len(jobs),
            attempt=Job.attempt if again else Job.attempt - 1,
            fence=Job.fence + 1,
            lease_owner=None,
            lease_until=None,
            heartbeat_at=None,
            doing=doing,
        ),
    )
    if not waits:
        raise lease_lost()


def frames_of_parts(session: Session, job_id: str) -> int:
    """Frames of the film that the parts of a job made for it."""
    made = select(func.sum(JobPart.frames)).where(JobPart.parent_id == job_id)
    return int(session.scalar(made) or 0)


def _part_is_over(session: Session, part_id: str) -> None:
    """Count what each parent still waits for; the last part's end puts the parent back into the line.

    The part's row is written, and so locked, before this: a parent that is just about to share the part
    is then either seen here, or sees how the part ended.
    """
    session.flush()
    parents = select(JobPart.parent_id).where(JobPart.part_id == part_id)
    for parent in session.scalars(
        select(Job)
        .where(Job.id.in_(parents), Job.state == "queued", Job.parts_left > 0)
        .order_by(Job.id)
        .with_for_update()
    ).all():
        _count_parts(session, parent)


def _count_parts(session: Session, parent: Job) -> None:
    """Of a waiting parent that is locked."""
    parent.parts_left = _parts_left(session, parent.id)
    if not parent.parts_left:
        session.flush()
        _post(session, parent.id, parent.queue)


def _parts_left(session: Session, parent_id: str) -> int:
    left = (
        select(func.count())
        .select_from(JobPart)
        .join(Job, Job.id == JobPart.part_id)
        .where(JobPart.parent_id == parent_id, Job.state.in_(LIVE))
    )
    return session.scalar(left) or 0


def _fail_parents(session: Session, part: Job, error: TerjimeError) -> None:
    """What a part could not do, the job cannot do that waits for it."""
    parents = select(JobPart.parent_id).where(JobPart.part_id == part.id)
    for parent in session.scalars(
        select(Job)
        .where(Job.id.in_(parents), Job.state == "queued", Job.parts_left > 0)
        .order_by(Job.id)
        .with_for_update()
    ).all():
        _end(session, parent, "failed", error)


def _stop_parts(session: Session, parent: Job) -> None:
    """Stop the parts that nobody waits for any more, now that *parent* is over."""
    mine = select(JobPart.part_id).where(JobPart.parent_id == parent.id)
    wanted = (
        select(JobPart.part_id)
        .join(Job, Job.id == JobPart.parent_id)
        .where(Job.id != parent.id, Job.state == "queued", Job.parts_left > 0)
    )
    for part in session.scalars(
        select(Job)
        .where(Job.id.in_(mine), Job.id.not_in(wanted), Job.state.in_(LIVE))
        .order_by(Job.id)
        .with_for_update()
    ).all():
        request_cancel(session, part)


@in_whole
def heal_parents(house: House) -> int:
    """Count the parts of every job that waits for some, should one have ended unseen."""
    with house.write() as session:
        waiting = session.scalars(
            select(Job)
            .where(Job.state == "queued", Job.parts_left > 0)
            .with_for_update(skip_locked=True)
        ).all()
        wrong = [job for job in waiting if job.parts_left != _parts_left(session, job.id)]
        for job in wrong:
            LOG.warning("job %s (%s): its parts were not %d", job.id, job.kind, job.parts_left)
            _count_parts(session, job)
        return len(wrong)


# --- outbox -------------------------------------------------------------------------------------


def drain(house: House, publish: Publish, *, older_than: float = 0) -> int:
    """Send the messages that wait in the outbox. Returns how many were sent.

    At least once: one sent twice is harmless. An error of *publish* passes, and leaves the rest waiting.
    """
    with house.read() as session:
        waiting = session.execute(
            select(Outbox.id, Outbox.queue, Outbox.job_id)
            .where(Outbox.published_at.is_(None), Outbox.created_at <= db_now() - older_than)
            .order_by(Outbox.id)
            .limit(500)
        ).all()
    for sent, (message, queue, job_id) in enumerate(waiting):
        try:
            publish(queue, job_id)
        except Exception:
            _mark_sent(house, [m.id for m in waiting[:sent]], tried=message)
            raise
    _mark_sent(house, [message.id for message in waiting])
    return len(waiting)


@in_whole
def _mark_sent(house: House, sent: list[int], tried: int | None = None) -> None:
    if not sent and tried is None:
        return
    with house.write() as session:
        if sent:
            session.execute(
                update(Outbox)
                .where(Outbox.id.in_(sent))
                .values(published_at=db_now(), tries=Outbox.tries + 1)
            )
        if tried is not None:
            session.execute(update(Outbox).where(Outbox.id == tried).values(tries=Outbox.tries + 1))


def _post(session: Session, job_id: str, queue: str) -> None:
    session.execute(insert_for(session, Outbox).values(_message(job_id, queue)))


def _message(job_id: str, queue: str) -> dict[str, Any]:
    return {"queue": queue, "job_id": job_id, "created_at": db_now(), "tries": 0}


# --- sweeping -----------------------------------------------------------------------------------


@in_whole
def lead(house: House, duty: str, owner: str, seconds: float) -> bool:
    """Whether *owner* has the duty for the next *seconds*: one process at a time, by the database's clock.

    A lease is half open: at its end it is free, also on the tick of the clock that it was taken on.
    """
    with house.write() as session:
        session.execute(
            insert_for(session, Lease)
            .values(duty=duty, owner=owner, until=0)
            .on_conflict_do_nothing()
        )
        won = rows_changed(
            session,
            update(Lease)
            .where(Lease.duty == duty, or_(Lease.owner == owner, Lease.until <= db_now()))
            .values(owner=owner, until=db_now() + seconds),
        )
        return won == 1


@in_whole
def recover(house: House) -> int:
    """Jobs whose worker was lost or makes no progress go back to the queue, or fail as POISON."""
    settings = house.settings
    with house.write() as session:
        lost = session.scalars(
            select(Job)
            .where(
                Job.state == "running",
                or_(
                    Job.lease_until < db_now(),
                    Job.progressed_at < db_now() - settings.stall_seconds,
                ),
            )
            .with_for_update(skip_locked=True)
        ).all()
        for job in lost:
            LOG.warning("job %s (%s): worker %s lost", job.id, job.kind, job.lease_owner)
            _again_or_poison(session, job)
        return len(lost)


@in_whole
def repoke(house: House) -> int:
    """A queued job whose message may be lost (the queue was emptied) gets a new one."""
    patience = REPOKE_SWEEPS * house.settings.sweep_seconds
    with house.write() as session:
        recent = select(Outbox.job_id).where(
            or_(Outbox.published_at.is_(None), Outbox.published_at > db_now() - patience)
        )
        quiet = session.scalars(
            select(Job)
            .where(Job.state == "queued", Job.parts_left == 0, Job.id.not_in(recent))
            .order_by(Job.since)
            .limit(REPOKED_A_SWEEP)
            .with_for_update(skip_locked=True)
        ).all()
        for job in quiet:
            _post(session, job.id, job.queue)
        return len(quiet)


@in_whole
def forget_sent(house: House) -> None:
    """Drop messages that were sent long ago."""
    with house.write() as session:
        session.execute(
            delete(Outbox).where(Outbox.published_at < db_now() - PUBLISHED_KEPT_SECONDS)
        )


@in_whole
def forget_old_parts(house: House) -> int:
    """Drop parts that ended a month ago and that no live job waits for: nobody asked for them by themselves."""
    with house.write() as session:
        live = (
            select(JobPart.part_id)
            .join(Job, Job.id == JobPart.parent_id)
            .where(Job.state.in_(LIVE))
        )
        old = session.scalars(
            select(Job.id)
            .where(
                Job.kind == PART,
                Job.state.not_in(LIVE),
                Job.finished_at < now_ms() - PARTS_KEPT_MS,
                Job.id.not_in(live),
            )
            .limit(PARTS_FORGOTTEN_A_SWEEP)
            .with_for_update(skip_locked=True)
        ).all()
        if old:
            for refers in (JobPart.part_id, Outbox.job_id):
                session.execute(delete(refers.class_).where(refers.in_(old)))
            session.execute(delete(Job).where(Job.id.in_(old)))
        return len(old)


def is_live(session: Session, job_id: str, fence: int) -> bool:
    """Whether the claim with that fence is the one that runs the job now."""
    running = select(Job.id).where(Job.id == job_id, Job.fence == fence, Job.state == "running")
    return session.scalar(running) is not None


# --- within a transaction -----------------------------------------------------------------------


def _now(session: Session) -> float:
    return float(session.execute(select(db_now())).scalar_one())


def _mine(claimed: Claimed) -> Any:
    return update(Job).where(
        and_(Job.id == claimed.id, Job.fence == claimed.fence, Job.state == "running")
    )


def _held(session: Session, claimed: Claimed) -> Job | None:
    return session.scalars(
        select(Job)
        .where(Job.id == claimed.id, Job.fence == claimed.fence, Job.state == "running")
        .with_for_update()
    ).first()


def _requeue(session: Session, job: Job, doing: str) -> None:
    """Back to the queue with a new message; whoever had it holds an old fence from now on."""
    job.state = "queued"
    job.fence += 1
    job.lease_owner = None
    job.lease_until = None
    job.heartbeat_at = None
    job.started_at = None
    job.doing = doing
    session.flush()
    _post(session, job.id, job.queue)


def _anew(session: Session, job: Job) -> None:
    """Back to the queue as if it had never been begun."""
    job.attempt = 0
    job.parts_left = 0
    job.progress_permille = 0
    job.cancel_requested = False
    job.error = None
    job.error_ref = None
    job.output = None
    job.finished_at = None
    _requeue(session, job, "")


def _again_or_poison(session: Session, job: Job) -> None:
    if job.cancel_requested:
        _end(session, job, "cancelled")
    elif job.attempt >= job.max_attempts:
        _poison(session, job)
    else:
        _requeue(session, job, "The worker was lost; waiting for another")


def _poison(session: Session, job: Job) -> None:
    error = ToolFailed(
        "POISON",
        f"The work ended its worker {job.max_attempts} times and was given up.",
        advice="Try again; if it happens once more, give the reference to an operator.",
    )
    _end(session, job, "failed", error)


def _end(session: Session, job: Job, state: str, error: TerjimeError | None = None) -> None:
    """The one place where a job ends without a result; its film follows it."""
    job.state = state
    job.fence += 1  # a worker that still runs it may write nothing more
    job.lease_owner = None
    job.lease_until = None
    job.finished_at = now_ms()
    job.doing = ""
    waited, job.parts_left = job.parts_left, 0
    if error is not None:
        job.error_ref = secrets.token_hex(4)
        job.error = for_people(error)
        LOG.error(
            "job %s (%s) failed, reference %s: %s %s",
            job.id,
            job.kind,
            job.error_ref,
            error,
            {key: error.details[key] for key in _FOR_OPERATORS if key in error.details},
        )
    session.flush()
    if job.kind == "ingest":
        shown = job.error or {
            "code": "CANCELLED",
            "message": "Taking the film in was stopped.",
            "where": "",
            "advice": "Try again when you want it after all.",
        }
        session.execute(
            update(Film)
            .where(Film.id == job.subject, Film.state != "ready")
            .values(state="failed", error=shown)
        )
    if waited:
        _stop_parts(session, job)
    if job.kind == PART:
        if error is not None:
            _fail_parents(session, job, error)
        _part_is_over(session, job.id)
        return
    audit.note(
        session,
        None,
        f"job.{job.kind}.{state}",
        "job",
        job.id,
        code=error.code if error else "",
        reference=job.error_ref or "",
    )


_FOR_OPERATORS = ("said", "status", "traceback")


def for_people(error: TerjimeError) -> dict[str, Any]:
    """The error without what a tool said: that may hold paths and names, and goes to the log alone."""
    body = error.to_json()
    details = {k: v for k, v in body.pop("details", {}).items() if k not in _FOR_OPERATORS}
    return body | ({"details": details} if details else {})
