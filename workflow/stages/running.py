"""Running a claimed job: its lease kept alive, its stops heard, its result kept or its failure written down."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from workflow.errors import Cancelled, TerjimeError, ToolFailed
from workflow.progress import Watch
from workflow.store import ledger
from workflow.store.database import in_whole
from workflow.store.house import House
from workflow.store.ledger import LOG, Claimed
from workflow.store.room import refuse_work_without_room

TELL_SECONDS = 2.0  # progress is written at most so often
STILL_SECONDS = 30.0  # … and so often that a long way to or from the store is still going on
LOOK_SECONDS = 1.0
ABANDON_SECONDS = 30.0  # after a lost lease, before a worker that does not listen is ended

#: Makes the result visible in the transaction that ends the job; returns the id of what was made, or
#: None when the job is not over: it waits for its parts.
Settle: TypeAlias = Callable[[Session], str | None]
Work: TypeAlias = Callable[[House, Claimed, Watch, Path], Settle]


@dataclass(frozen=True, slots=True)
class Published:
    """A file that is in the blob store and not yet visible."""

    sha256: str
    size: int
    media_type: str


def publish(house: House, file: Path, media_type: str) -> Published:
    """Move a finished file of the work folder into the blob store."""
    return Published(*house.blobs.publish(file), media_type)


class Keeper:
    """Holds a claim while its work runs; `watch` is what the work calls.

    A thread renews the lease and asks every second whether the job is still ours and still wanted. When
    the database cannot be reached for as long as the lease lasts, the claim counts as lost: by then
    another worker may have it.

    abandon    called from the thread when the lease is lost and the work does not stop by itself
    """

    def __init__(
        self, house: House, claimed: Claimed, abandon: Callable[[], None] | None = None
    ) -> None:
        self._house = house
        self._claimed = claimed
        self._abandon = abandon
        self._over = threading.Event()
        self._lost = threading.Event()
        self._cancelled = threading.Event()
        self._thread = threading.Thread(
            target=self._keep, name=f"keeper-{claimed.id[:8]}", daemon=True
        )
        self._told = (-1, "")
        self._told_at = 0.0

    def __enter__(self) -> Keeper:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def watch(self, permille: int, doing: str) -> None:
        """Progress of the work. Raises Cancelled or Conflict LEASE_LOST: stop and clean up."""
        self._refuse_to_go_on()
        if (permille, doing) != self._told and time.monotonic() - self._told_at >= TELL_SECONDS:
            self._tell(permille, doing)

    def still(self) -> None:
        """The work is alive though its progress is where it was: bytes move. Raises as `watch`."""
        self._refuse_to_go_on()
        if time.monotonic() - self._told_at >= STILL_SECONDS:
            self._tell(*self._told)

    def _refuse_to_go_on(self) -> None:
        if self._lost.is_set():
            raise ledger.lease_lost()
        if self._cancelled.is_set():
            raise Cancelled("CANCELLED", "The job was stopped.")

    def _tell(self, permille: int, doing: str) -> None:
        self._told, self._told_at = (permille, doing), time.monotonic()
        # A database that is busy or away does not stop a render; the lease decides.
        with contextlib.suppress(TerjimeError, SQLAlchemyError):
            ledger.tell(self._house, self._claimed, permille, doing)

    def _keep(self) -> None:
        settings = self._house.settings
        pause = min(LOOK_SECONDS, settings.heartbeat_seconds)
        beaten = time.monotonic()  # when the lease was last known to be renewed
        while not self._over.wait(pause):
            try:
                mine, cancelled = ledger.look(self._house, self._claimed)
                if mine and time.monotonic() - beaten >= settings.heartbeat_seconds:
                    asked = time.monotonic()
                    mine = ledger.beat(self._house, self._claimed)
                    beaten = asked
                if cancelled:
                    self._cancelled.set()
            except (
                Exception
            ) as error:  # the database is away: the render goes on while the lease lasts
                LOG.warning("job %s: cannot reach the ledger: %s", self._claimed.id, error)
                mine = time.monotonic() - beaten < settings.lease_seconds
            if not mine:
                self._lost.set()
                self._wait_or_abandon()
                return

    def _wait_or_abandon(self) -> None:
        if not self._over.wait(ABANDON_SECONDS) and self._abandon:
            LOG.error("job %s: lost, and its work does not stop", self._claimed.id)
            self._abandon()


def run_claimed(
    house: House,
    claimed: Claimed,
    work: Work,
    *,
    abandon: Callable[[], None] | None = None,
    as_failure: Callable[[Exception], TerjimeError | None] = lambda error: None,
) -> None:
    """Do the job and write down how it ended. Errors of the work do not pass.

    as_failure    names an error that only the caller knows (its time limit); None: not one of those
    """
    with Keeper(house, claimed, abandon) as keeper, _work_folder(house, claimed) as folder:
        try:
            if claimed.queue == "render":
                refuse_work_without_room(house.settings)
            with house.blobs.held(folder.name, keeper.still) as blobs:
                here = replace(house, blobs=blobs)
                _end_well(house, claimed, work(here, claimed, keeper.watch, folder))
        except Cancelled:
            ledger.end_cancelled(house, claimed)
        except Exception as error:
            if isinstance(error, TerjimeError) and error.code in _NOT_THE_JOBS_FAULT:
                LOG.warning("job %s: %s", claimed.id, error)
                return
            ledger.fail(house, claimed, _named(error, as_failure))


#: Errors after which the job is left as it is: another worker has it, or will have it after the lease.
_NOT_THE_JOBS_FAULT = ("LEASE_LOST", "DATABASE_BUSY")


@in_whole
def _end_well(house: House, claimed: Claimed, settle: Settle) -> None:
    """What was made becomes visible and the job ends, in one transaction."""
    with house.write() as session:
        output = settle(session)
        session.flush()
        if output is not None:
            ledger.finish(session, claimed, output)


def _named(
    error: Exception, as_failure: Callable[[Exception], TerjimeError | None]
) -> TerjimeError:
    if isinstance(error, TerjimeError):
        return error
    if known := as_failure(error):
        return known
    if isinstance(error, OSError) and error.errno == 28:  # ENOSPC
        return ToolFailed(
            "DISK_FULL",
            "The disk became full while the job was writing.",
            advice="Free some space and try again.",
        )
    return ToolFailed(
        "UNEXPECTED",
        "Something went wrong that should not.",
        advice="Try again; if it happens once more, give the reference to an operator.",
        details={"traceback": "".join(traceback.format_exception(error))},
    )


@contextmanager
def _work_folder(house: House, claimed: Claimed) -> Iterator[Path]:
    """``work/<job>.<fence>``: of this claim alone, on the filesystem of the blobs, gone afterwards."""
    folder = house.settings.work_dir / f"{claimed.id}.{claimed.fence}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
