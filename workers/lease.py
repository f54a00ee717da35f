"""A worker's ties to the ledger: which process has a job, and what happens when it stops or dies.

Told to stop, a worker hands its jobs back first: their leases end, their processes notice within a
second, stop ffmpeg, and the job waits for the next worker without having lost an attempt. When a pool
process dies, the main process gives its job up at once instead of letting the lease run out.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

from celery import signals
from celery.exceptions import WorkerLostError
from celery.worker import state

from workers.app import SETTINGS
from workers.poke import poke
from workflow import stages
from workflow.store import ledger
from workflow.store.house import House, open_house

LOG = logging.getLogger("terjime.workers")
STOP_SECONDS = 20.0  # for the processes to notice; then they are killed
MOST_CLOCK_DIFFERENCE = 5.0

_house: House | None = None
_hostname = ""  # of this worker, known to its main process


def house() -> House:
    """The house as this pool process has it open."""
    global _house  # noqa: PLW0603  connections do not survive a fork: each process has its own
    if _house is None:
        _house = open_house(SETTINGS)
    return _house


def let_children_hear_sigterm() -> None:
    """A pool process ignores SIGTERM, and what it starts would inherit that and not hear when to stop.

    A handler that does nothing is the same for this process and is not inherited. To be called by a task:
    billiard sets its own after the process's initialiser.
    """
    signal.signal(signal.SIGTERM, lambda number, frame: None)


def owner(hostname: str) -> str:
    """This process, as `lease_owner` names it."""
    return f"{hostname}/{os.getpid()}"


@contextlib.contextmanager
def _main_house() -> Iterator[House]:
    """For the main process, which forks: open for a moment only."""
    opened = open_house(SETTINGS)
    try:
        yield opened
    finally:
        opened.close()


@signals.worker_process_init.connect  # type: ignore[untyped-decorator]
def _forget_the_parents_house(**_: Any) -> None:
    global _house  # noqa: PLW0603
    _house = None


@signals.worker_init.connect  # type: ignore[untyped-decorator]
def _look_before_work(sender: Any, **_: Any) -> None:
    """Refuse a clock that is wrong; give up the jobs that this worker had when it died, and clear away
    what they left: the sweeper, which does so too, may live on another machine."""
    global _hostname  # noqa: PLW0603
    _hostname = sender.hostname
    with _main_house() as opened:
        difference = ledger.clock_difference(opened)
        if abs(difference) > MOST_CLOCK_DIFFERENCE:
            # Not an Exception: Celery would log it and go on.
            raise SystemExit(
                f"terjime: CLOCK: this machine's clock is {difference:+.1f} s off the database's."
                " Set the clock (NTP), then start the worker again."
            )
        _give_up_what_the_dead_had(opened, sender.hostname)
        poke(opened)
        stages.clear_work(opened)


def _give_up_what_the_dead_had(opened: House, hostname: str) -> None:
    for job_id, had_it in ledger.jobs_of(opened, f"{hostname}/"):
        if not _is_alive(had_it):
            ledger.give_up_on(opened, job_id, had_it)


def _is_alive(had_it: str) -> bool:
    try:
        os.kill(int(had_it.rpartition("/")[2]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@signals.worker_ready.connect  # type: ignore[untyped-decorator]
def _listen_for_the_stop(sender: Any, **_: Any) -> None:
    hostname = sender.hostname

    def stop(number: int, frame: FrameType | None) -> None:
        if state.should_stop is not None and state.should_stop is not False:
            return
        LOG.warning("worker %s: told to stop, handing its jobs back", hostname)
        threading.Thread(target=_hand_back, args=(hostname,), daemon=True).start()
        state.should_stop = 0  # a warm shutdown: nothing new is begun, what runs ends soon

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGQUIT, stop)


def _hand_back(hostname: str) -> None:
    try:
        with _main_house() as opened:
            for job_id in ledger.hand_back(opened, f"{hostname}/"):
                LOG.warning("job %s: handed back", job_id)
            poke(opened)
    except Exception:
        LOG.exception("worker %s: could not hand back; the lease will run out", hostname)
    time.sleep(STOP_SECONDS)
    LOG.error("worker %s: its processes do not end; they are killed", hostname)
    os._exit(1)  # PDEATHSIG: they die with this one, and ffmpeg with them


@signals.task_failure.connect  # type: ignore[untyped-decorator]
def _a_process_died(exception: BaseException, **_: Any) -> None:
    """In the main process, when a pool process is gone: killed, out of memory, over its time limit."""
    if not isinstance(exception, WorkerLostError):
        return
    try:
        with _main_house() as opened:
            _give_up_what_the_dead_had(opened, _hostname)
            poke(opened)
    except Exception:
        LOG.exception("what a dead process had could not be given up; its lease will run out")
