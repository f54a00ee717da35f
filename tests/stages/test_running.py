"""Running a claimed job: stops are heard, failures are written down, nothing is left behind."""

from __future__ import annotations

import errno
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from sqlalchemy import update

from tests.builders import Team, a_job, claimed
from tests.processes import wait_until
from workflow import stages
from workflow.errors import BadInput, Conflict, ToolFailed, ToolMissing
from workflow.people import Actor
from workflow.stages import jobs
from workflow.stages.running import Keeper, Work, run_claimed
from workflow.store import ledger
from workflow.store.house import House
from workflow.store.tables import Job


def run(people: Team, work: Work, **options) -> str:
    """Run a job that does *work*; its id."""
    job_id = a_job(people)
    run_claimed(people.house, claimed(people, job_id), work, **options)
    return job_id


def raising(error: Exception) -> Work:
    def work(house, claim, watch, folder):
        (folder / "half").write_bytes(b"half a film")
        raise error

    return work


def waiting_until_stopped(house, claim, watch, folder):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        watch(100, "Waiting")
        time.sleep(0.02)
    raise AssertionError("nobody stopped it")


def error_of(people: Team, job_id: str) -> dict:
    job = stages.job_view(people.house, job_id)
    assert job.state == "failed"
    assert job.error is not None
    return job.error


def test_a_job_that_ends_well_is_done_with_what_it_made(people: Team) -> None:
    def work(house, claim, watch, folder):
        watch(500, "Half")
        return lambda session: "the output"

    job = stages.job_view(people.house, run(people, work))
    assert (job.state, job.output, job.permille) == ("done", "the output", 1000)


def test_what_is_made_visible_and_the_end_of_the_job_are_one_transaction(people: Team) -> None:
    def work(house, claim, watch, folder):
        def settle(session):
            session.execute(update(Job).where(Job.id == claim.id).values(doing="visible"))
            raise BadInput("NO", "Not so.")

        return settle

    job = stages.job_view(people.house, run(people, work))
    assert (job.state, job.doing) == ("failed", "")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadInput("NOT_A_VIDEO_CONTAINER", "No film."), "NOT_A_VIDEO_CONTAINER"),
        (ToolFailed("OUTPUT_INVALID", "Not what was planned."), "OUTPUT_INVALID"),
        (OSError(errno.ENOSPC, "No space left on device"), "DISK_FULL"),
        (ZeroDivisionError("secret/path"), "UNEXPECTED"),
    ],
)
def test_a_failure_is_named_and_leaves_no_files(people: Team, error: Exception, code: str) -> None:
    shown = error_of(people, run(people, raising(error)))
    assert shown["code"] == code
    assert shown["reference"]
    assert "secret" not in str(shown)
    assert list(people.house.settings.work_dir.iterdir()) == []


def test_a_time_limit_is_named_by_who_knows_of_it(people: Team) -> None:
    class OutOfTime(Exception):
        pass

    named = lambda error: (  # noqa: E731
        ToolFailed("TIME_LIMIT", "Too long.") if isinstance(error, OutOfTime) else None
    )
    job_id = run(people, raising(OutOfTime()), as_failure=named)
    assert error_of(people, job_id)["code"] == "TIME_LIMIT"


def start(people: Team, work: Work, **options) -> tuple[str, threading.Thread]:
    job_id = a_job(people)
    claim = claimed(people, job_id)
    thread = threading.Thread(
        target=lambda: run_claimed(people.house, claim, work, **options), daemon=True
    )
    thread.start()
    wait_until(lambda: stages.job_view(people.house, job_id).doing == "Waiting")
    return job_id, thread


def test_f21_a_running_job_hears_that_it_is_cancelled(people: Team) -> None:
    job_id, thread = start(people, waiting_until_stopped)
    stages.cancel_job(people.house, people.producer, job_id)
    thread.join(60)
    assert stages.job_view(people.house, job_id).state == "cancelled"
    assert list(people.house.settings.work_dir.iterdir()) == []


def test_a_running_job_renews_its_lease(people: Team) -> None:
    def lease(job_id: str) -> float:
        with people.house.read() as session:
            return session.get_one(Job, job_id).lease_until or 0

    job_id, thread = start(people, waiting_until_stopped)
    first = lease(job_id)
    wait_until(lambda: lease(job_id) > first)
    stages.cancel_job(people.house, people.producer, job_id)
    thread.join(60)


def test_f8_a_worker_whose_job_was_taken_over_stops_and_writes_nothing(people: Team) -> None:
    job_id, thread = start(people, waiting_until_stopped)
    with people.house.write() as session:
        session.execute(update(Job).where(Job.id == job_id).values(lease_until=1.0))
    other = claimed(people, job_id, "another@here/2")
    thread.join(60)
    assert not thread.is_alive()
    assert ledger.look(people.house, other) == (True, False)
    assert list(people.house.settings.work_dir.iterdir()) == []


def test_a_worker_that_does_not_listen_is_ended_from_outside(
    people: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflow.stages.running.ABANDON_SECONDS", 0.1)
    abandoned = threading.Event()
    deaf = claimed(people, a_job(people))
    with Keeper(people.house, deaf, abandoned.set):
        ledger.hand_back(people.house, deaf.owner)
        assert abandoned.wait(60)


def test_a_claim_counts_as_lost_when_the_ledger_is_out_of_reach_for_a_whole_lease(
    people: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> tuple[bool, bool]:
        raise ConnectionError("no database")

    claim = claimed(people, a_job(people))
    short = replace(people.house.settings, lease_seconds=0.5, heartbeat_seconds=0.1)
    house = House(short, people.house.db, people.house.blobs)
    monkeypatch.setattr(ledger, "look", away)
    with Keeper(house, claim) as keeper:
        keeper.watch(0, "Still mine")
        with pytest.raises(Conflict, match="LEASE_LOST"):
            wait_until(lambda: keeper.watch(1, "Still mine?"))


def test_progress_is_written_every_two_seconds_at_most(
    people: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    monkeypatch.setattr(ledger, "tell", lambda house, claim, permille, doing: told.append(permille))
    keeper = Keeper(people.house, claimed(people, a_job(people)))
    for permille in range(1000):
        keeper.watch(permille, "Encoding")
    assert told == [0]


def test_a_sweep_clears_the_folders_of_claims_that_nobody_holds(people: Team) -> None:
    held = claimed(people, a_job(people))
    work = people.house.settings.work_dir
    for name in (f"{held.id}.{held.fence}", f"{held.id}.{held.fence - 1}", "gone.1", "incoming-1"):
        (work / name).mkdir()
    stages.sweep(people.house, lambda queue, job_id: None)
    assert {path.name for path in work.iterdir()} == {f"{held.id}.{held.fence}", "incoming-1"}


def test_a_sweep_does_all_the_rest_when_there_is_no_queue(people: Team) -> None:
    (people.house.settings.work_dir / "gone.1").mkdir()
    a_job(people)  # its message waits

    def away(queue: str, job_id: str) -> None:
        raise ConnectionError("no broker")

    wait_until(lambda: sweeps_fail(people, away))
    assert list(people.house.settings.work_dir.iterdir()) == []


def sweeps_fail(people: Team, publish) -> bool:
    """Whether a message is old enough for the sweeper to try, and the try failed."""
    try:
        stages.sweep(people.house, publish)
    except ConnectionError:
        return True
    return False


def test_an_operator_without_a_person_cancels_and_retries(people: Team) -> None:
    operator, job_id = Actor("", is_admin=True), a_job(people)
    assert stages.cancel_job(people.house, operator, job_id).state == "cancelled"
    assert stages.retry_job(people.house, operator, job_id).state == "queued"
    assert [job.id for job in stages.all_jobs(people.house, state="queued")] == [job_id]


def test_every_kind_of_job_has_its_work() -> None:
    made = {
        "ingest",
        "sound",
        "align",
        "recut",
        "build",
        "render",
        "package",
        "encode",
        "locate",
        "stems",
    }
    assert set(jobs.KINDS) == made


def test_a_job_is_not_failed_because_the_database_was_busy_when_it_ended(
    people: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise ToolMissing("DATABASE_BUSY", "Not now.")

    with monkeypatch.context() as patched:
        patched.setattr(ledger, "finish", busy)
        job_id = run(people, lambda house, claim, watch, folder: lambda session: "output")
    assert stages.job_view(people.house, job_id).state == "running"  # until its lease runs out


def test_what_a_killed_process_left_on_its_way_in_goes_after_a_day(
    people: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = people.house.settings.work_dir / "incoming-1"
    left.write_bytes(b"half")
    folder = people.house.settings.work_dir / "incoming-2"
    folder.mkdir()
    stages.sweep(people.house, lambda queue, job_id: None)
    assert left.exists()
    later = time.time() + 25 * 3600
    monkeypatch.setattr("workflow.stages.jobs.time", SimpleNamespace(time=lambda: later))
    stages.sweep(people.house, lambda queue, job_id: None)
    assert not left.exists()
    assert not folder.exists()
