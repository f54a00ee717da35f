"""Sending what waits in the outbox, right after the transaction that put it there. Failing is harmless."""

from __future__ import annotations

import logging
import time

from workers.app import publish
from workflow.store import ledger
from workflow.store.house import House

LOG = logging.getLogger("terjime.workers")
QUIET_SECONDS = 5.0

_quiet_until = 0.0


def poke(house: House) -> None:
    """Send every waiting hint now. Never raises: what is not sent now, the sweeper sends.

    After a failure it stays quiet for a few seconds, so that requests do not each wait for a broker
    that is away.
    """
    global _quiet_until  # noqa: PLW0603  one broker a process
    if time.monotonic() < _quiet_until:
        return
    try:
        ledger.drain(house, publish)
    except Exception as error:
        _quiet_until = time.monotonic() + QUIET_SECONDS
        LOG.warning("the queue cannot be reached, the sweeper will send later: %s", error)
