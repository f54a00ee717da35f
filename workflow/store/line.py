"""Whose turn it is: the order in which the waiting jobs of a queue are taken.

A message says only that *some* job waits; which one a worker takes is decided here, when it takes it:

1. By rank. 0: what takes seconds and is waited for (planning a render, putting it together). 1: what a
   person waits for (ingest, alignment, the parts of review builds). 2: the parts of finals. One that has
   waited for a quarter of an hour counts as rank 1, so that nothing waits for ever.
2. Between the projects that have such a job, by turns: the one with the fewest jobs running, and of
   those the one that was served longest ago.
3. Within a project, what was asked for first; the parts of one film in its order.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, case, func, literal_column, select
from sqlalchemy.orm import Session

from workflow.store.tables import Job, now_ms

OVERDUE_MS = 15 * 60 * 1000
USUAL_RANK = 1
RANKS = {"build": 0, "render": 0}  # by kind of job; their parts say their own


def next_in_line(session: Session, queue: str) -> Job | None:
    """The job whose turn it is, locked. None if none waits, or others are just taking them all."""
    overdue = and_(Job.rank > USUAL_RANK, Job.since < now_ms() - OVERDUE_MS)
    rank: Any = case((overdue, USUAL_RANK), else_=Job.rank)
    # Literal, so that SQLite sees that the index of waiting jobs holds them all.
    waits = and_(Job.queue == queue, Job.state == literal_column("'queued'"), Job.parts_left == 0)
    found = session.execute(select(rank, Job.project_id).where(waits).distinct()).all()
    for now in sorted({row[0] for row in found}):
        for project_id in _by_turns(session, queue, [row[1] for row in found if row[0] == now]):
            job = session.scalars(
                select(Job)
                .where(waits, Job.project_id == project_id, rank == now)
                .order_by(Job.since, Job.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).first()
            if job is not None:
                return job
    return None


def _by_turns(session: Session, queue: str, projects: list[str]) -> list[str]:
    """*projects*, the one whose turn it is first."""
    if len(projects) == 1:
        return projects
    count = func.count()
    found = session.execute(
        select(Job.project_id, count)
        .where(Job.queue == queue, Job.state == "running", Job.project_id.in_(projects))
        .group_by(Job.project_id)
    )
    running = {row[0]: row[1] for row in found}

    def served(project_id: str) -> float:
        # One project at a time: its newest entry in the index, not a scan of its history.
        begun = func.max(Job.started_at)
        last = select(begun).where(Job.project_id == project_id, Job.queue == queue)
        return session.scalar(last) or 0.0

    return sorted(projects, key=lambda project_id: (running.get(project_id, 0), served(project_id)))
