"""Whether anybody listens to the queues: the sweeper asks through them, and a worker that hears answers.

A worker that is busy for an hour does not hear, and is no reason to worry: its heartbeat counts as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import case, func, select, update

from workflow.store.database import db_now, in_whole, insert_for, rows_changed
from workflow.store.house import House
from workflow.store.tables import Job, Pulse

QUEUES = ("fast", "render")
ASK_EVERY_SECONDS = 60.0
QUIET_SECONDS = 180.0

Ask = Callable[[str], None]  # by queue


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of a queue's workers.

    seconds     since one was last heard, or since the first question that nobody has answered yet
    silent      for so long that an operator must look
    """

    queue: str
    seconds: int
    last: str
    silent: bool


def ask_queues(house: House, ask: Ask) -> None:
    """Send a question through each queue whose last one is a minute old. An error of *ask* passes."""
    for queue in QUEUES:
        if _is_due(house, queue):
            ask(queue)


@in_whole
def _is_due(house: House, queue: str) -> bool:
    with house.write() as session:
        # Nobody was heard yet: counted from the first question.
        first = insert_for(session, Pulse).values(
            queue=queue, asked_at=0, heard_at=db_now(), heard_from=""
        )
        session.execute(first.on_conflict_do_nothing())
        due = update(Pulse).where(
            Pulse.queue == queue, Pulse.asked_at < db_now() - ASK_EVERY_SECONDS
        )
        # Nobody asked for long: the house was stopped, and silence counts from now.
        stopped = Pulse.asked_at < db_now() - QUIET_SECONDS
        heard_at = case((stopped, db_now()), else_=Pulse.heard_at)
        return rows_changed(session, due.values(asked_at=db_now(), heard_at=heard_at)) == 1


@in_whole
def heard(house: House, queue: str, worker: str) -> None:
    """A worker answers."""
    with house.write() as session:
        session.execute(
            update(Pulse).where(Pulse.queue == queue).values(heard_at=db_now(), heard_from=worker)
        )


def pulses(house: House) -> list[Heard]:
    """How each queue that was ever asked is."""
    at_work = select(func.max(Job.heartbeat_at)).where(
        Job.queue == Pulse.queue, Job.state == "running"
    )
    with house.read() as session:
        now = session.scalar(select(db_now())) or 0.0
        rows = session.execute(
            select(Pulse, at_work.scalar_subquery().label("at_work")).order_by(Pulse.queue)
        ).all()
    found = []
    for pulse, working in rows:
        seconds = max(0, round(now - max(pulse.heard_at, working or 0)))
        asked = now - pulse.asked_at < QUIET_SECONDS  # else the house is stopped
        silent = asked and seconds > QUIET_SECONDS
        found.append(Heard(pulse.queue, seconds, pulse.heard_from, silent))
    return found
