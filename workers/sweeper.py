"""`python -m workers.sweeper`: keeps the house in order, every few seconds, for as long as it runs.

It needs the database alone; without a broker it does everything but send. Any number of them may run:
one leads, by a lease in the database.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from types import FrameType

from kombu.exceptions import OperationalError

from workers.app import SETTINGS, ask, publish
from workflow import stages
from workflow.store import ledger
from workflow.store.house import House, open_house

LOG = logging.getLogger("terjime.sweeper")


def run(stopped: threading.Event) -> None:
    """Sweep until *stopped*."""
    house = open_house(SETTINGS)
    name = f"{socket.gethostname()}/{os.getpid()}"
    seconds = SETTINGS.sweep_seconds
    queue_was_there = True
    while not stopped.is_set():
        queue_was_there = _round(house, name, seconds, queue_was_there)
        stopped.wait(seconds)
    house.close()


def _round(house: House, name: str, seconds: float, queue_was_there: bool) -> bool:
    """One round, whatever goes wrong in it. Whether the queue could be reached."""
    try:
        if ledger.lead(house, "sweep", name, 3 * seconds):
            stages.sweep(house, publish, ask)
    except OperationalError as error:
        if queue_was_there:
            LOG.warning("the queue cannot be reached; jobs wait in the outbox: %s", error)
        return False
    except Exception:
        LOG.exception("this round was not finished")
        return queue_was_there
    if not queue_was_there:
        LOG.warning("the queue is back")
    return True


def main() -> None:
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    run(stopped)


if __name__ == "__main__":
    main()
