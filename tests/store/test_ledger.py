"""The ledger on both databases: one claim at a time, and nothing from a claim that was lost."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import literal, select, update

from tests.builders import Team, a_job, claimed
from workflow import stages
from workflow.errors import BadInput, Conflict, ToolFailed
from workflow.store import ledger
from workflow.store.tables import Job, Outbox

pytestmark = pytest.mark.database


def job(people: Team, job_id: str) -> Job:
    with people.house.read() as session:
        return session.get_one(Job, job_id)


def pass_time(people: Team, job_id: str) -> None:
    """As if the worker had not been heard for longer than the lease."""
    with people.house.write() as session:
        session.execute(update(Job).where(Job.id == job_id).values(lease_until=1.0))


def waiting(people: Team) -> list[str]:
    """Job ids in the outbox that were not sent."""
    with people.house.read() as session:
        return list(
            session.scalars(
                select(Outbox.job_id).where(Outbox.published_at.is_(None)).order_by(Outbox.id)
            )
        )


def test_the_same_work_asked_for_twice_is_one_job(people: Team) -> None:
    first, second = a_job(people, key="same"), a_job(people, key="same")
    assert first == second
    assert waiting(people) == [first]


def test_the_same_work_asked_for_by_two_at_once_is_one_job(people: Team) -> None:
    ids: list[str] = []
    threads = [
        threading.Thread(target=lambda: ids.append(a_job(people, key="same"))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 4
    assert len(set(ids)) == 1


def test_work_that_failed_may_be_asked_for_again_as_a_new_job(people: Team) -> None:
    first = a_job(people, key="same")
    ledger.fail(people.house, claimed(people, first), BadInput("NO", "Not so."))
    assert a_job(people, key="same") != first


def test_f7_of_five_deliveries_at_once_one_claims_the_job(people: Team) -> None:
    job_id = a_job(people)
    claims: list[ledger.Claimed | None] = []
    ready = threading.Barrier(5)

    def deliver(number: int) -> None:
        ready.wait()
        claims.append(ledger.claim(people.house, job_id, f"worker@here/{number}"))

    threads = [threading.Thread(target=deliver, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claims) == 5
    assert sum(claim is not None for claim in claims) == 1
    assert (job(people, job_id).attempt, job(people, job_id).fence) == (1, 1)


def test_a_running_job_is_not_claimed_while_its_lease_lasts(people: Team) -> None:
    job_id = a_job(people)
    claimed(people, job_id)
    assert ledger.claim(people.house, job_id, "another@here/2") is None


def test_a_job_whose_lease_ran_out_is_taken_over(people: Team) -> None:
    job_id = a_job(people)
    claimed(people, job_id)
    pass_time(people, job_id)
    second = claimed(people, job_id, "another@here/2")
    assert (second.attempt, second.fence) == (2, 2)


def test_f8_a_worker_that_lost_its_job_can_neither_renew_nor_tell_nor_finish_nor_fail_it(
    people: Team,
) -> None:
    house, job_id = people.house, a_job(people)
    lost = claimed(people, job_id)
    pass_time(people, job_id)
    holder = claimed(people, job_id, "another@here/2")
    assert ledger.beat(house, lost) is False
    assert ledger.look(house, lost)[0] is False
    ledger.tell(house, lost, 900, "Nearly there")
    ledger.fail(house, lost, ToolFailed("BROKEN", "It broke."))
    ledger.end_cancelled(house, lost)
    with pytest.raises(Conflict, match="LEASE_LOST"), house.write() as session:
        ledger.finish(session, lost, "an output")
    now = job(people, job_id)
    assert (now.state, now.progress_permille, now.lease_owner) == ("running", 0, "another@here/2")
    with house.write() as session:
        ledger.finish(session, holder, "the output")
    assert (job(people, job_id).state, job(people, job_id).output) == ("done", "the output")


def test_f3_a_job_that_ends_its_workers_is_given_up_after_three_attempts(people: Team) -> None:
    job_id = a_job(people)
    for _ in range(3):
        claimed(people, job_id)
        pass_time(people, job_id)
        ledger.recover(people.house)
    assert ledger.claim(people.house, job_id, "worker@here/4") is None
    now = stages.job_view(people.house, job_id)
    assert (now.state, now.attempt) == ("failed", 3)
    assert now.error is not None
    assert now.error["code"] == "POISON"
    assert len(now.error["reference"]) == 8


def test_progress_does_not_go_back_on_a_second_attempt(people: Team) -> None:
    house, job_id = people.house, a_job(people)
    ledger.tell(house, claimed(people, job_id), 600, "Encoding the picture")
    pass_time(people, job_id)
    again = claimed(people, job_id)
    ledger.tell(house, again, 200, "Encoding the picture")
    assert job(people, job_id).progress_permille == 600
    ledger.tell(house, again, 700, "Encoding the picture")
    assert job(people, job_id).progress_permille == 700


def test_f21_a_waiting_job_is_cancelled_at_once_and_never_claimed(people: Team) -> None:
    job_id = a_job(people)
    assert stages.cancel_job(people.house, people.producer, job_id).state == "cancelled"
    assert ledger.claim(people.house, job_id, "worker@here/1") is None


def test_f21_a_job_that_finished_before_it_heard_of_the_stop_is_done_and_not_cancelled(
    people: Team,
) -> None:
    house, job_id = people.house, a_job(people)
    holder = claimed(people, job_id)
    stages.cancel_job(house, people.producer, job_id)
    assert ledger.look(house, holder) == (True, True)
    with house.write() as session:
        ledger.finish(session, holder, "the output")
    ledger.end_cancelled(house, holder)
    assert job(people, job_id).state == "done"
    with pytest.raises(Conflict, match="JOB_OVER"):
        stages.cancel_job(house, people.producer, job_id)


def test_a_lost_job_that_nobody_wants_any_more_is_cancelled_and_not_begun_again(
    people: Team,
) -> None:
    house, job_id = people.house, a_job(people)
    claimed(people, job_id)
    stages.cancel_job(house, people.producer, job_id)
    pass_time(people, job_id)
    ledger.recover(house)
    assert job(people, job_id).state == "cancelled"


def test_a_failed_job_may_be_tried_again_with_all_its_attempts(people: Team) -> None:
    house, job_id = people.house, a_job(people)
    ledger.fail(house, claimed(people, job_id), ToolFailed("BROKEN", "It broke."))
    again = stages.retry_job(house, people.producer, job_id)
    assert (again.state, again.attempt, again.error) == ("queued", 0, None)
    assert waiting(people) == [job_id, job_id]
    assert claimed(people, job_id).attempt == 1


def test_a_job_is_not_tried_again_while_it_runs_or_after_it_was_replaced(people: Team) -> None:
    house, job_id = people.house, a_job(people, key="same")
    with pytest.raises(Conflict, match="JOB_NOT_OVER"):
        stages.retry_job(house, people.producer, job_id)
    ledger.fail(house, claimed(people, job_id), ToolFailed("BROKEN", "It broke."))
    a_job(people, key="same")
    with pytest.raises(Conflict, match="JOB_REPLACED"):
        stages.retry_job(house, people.producer, job_id)


def test_f23_a_tool_that_stood_still_is_tried_again_and_fails_in_the_end(people: Team) -> None:
    house, job_id = people.house, a_job(people)
    stalled = ToolFailed("STALLED", "ffmpeg made no progress.")
    for _ in range(2):
        ledger.fail(house, claimed(people, job_id), stalled)
        assert job(people, job_id).state == "queued"
    ledger.fail(house, claimed(people, job_id), stalled)
    assert job(people, job_id).state == "failed"


def test_f23_a_job_without_progress_is_taken_from_its_worker(people: Team) -> None:
    house, job_id = people.house, a_job(people)
    stuck = claimed(people, job_id)
    with house.write() as session:
        session.execute(update(Job).where(Job.id == job_id).values(progressed_at=1.0))
    assert ledger.recover(house) == 1
    assert job(people, job_id).state == "queued"
    assert ledger.beat(house, stuck) is False


def test_f22_a_worker_that_is_told_to_stop_hands_back_its_own_jobs_and_no_attempt_is_lost(
    people: Team,
) -> None:
    house, mine, other = people.house, a_job(people), a_job(people)
    claimed(people, mine, "render-1@here/10")
    claimed(people, other, "render-11@here/11")
    assert ledger.hand_back(house, "render-1@here/") == [mine]
    now = job(people, mine)
    assert (now.state, now.attempt, now.doing) == ("queued", 0, "Paused for an update")
    assert job(people, other).state == "running"


def test_what_a_tool_said_is_not_shown_to_people(people: Team) -> None:
    house, job_id = people.house, a_job(people)
    error = ToolFailed(
        "FFMPEG_FAILED", "ffmpeg failed.", details={"said": "/secret/path", "frame": 12}
    )
    ledger.fail(house, claimed(people, job_id), error)
    shown = stages.job_view(house, job_id).error
    assert shown is not None
    assert shown["details"] == {"frame": 12}


def test_messages_wait_in_the_outbox_until_the_queue_takes_them(people: Team) -> None:
    house = people.house
    ids = [a_job(people) for _ in range(3)]
    sent: list[str] = []

    def breaks_after_one(queue: str, job_id: str) -> None:
        if sent:
            raise ConnectionError("gone")
        sent.append(job_id)

    with pytest.raises(ConnectionError):
        ledger.drain(house, breaks_after_one)
    assert sent == ids[:1]
    assert waiting(people) == ids[1:]
    assert ledger.drain(house, lambda queue, job_id: sent.append(job_id)) == 2
    assert sent == ids
    assert waiting(people) == []


def test_f6_a_queued_job_whose_message_is_old_gets_another(people: Team) -> None:
    house, job_id = people.house, a_job(people)
    ledger.drain(house, lambda queue, job_id: None)
    assert ledger.repoke(house) == 0
    with house.write() as session:
        session.execute(update(Outbox).values(published_at=1.0))
    assert ledger.repoke(house) == 1
    assert ledger.repoke(house) == 0
    assert waiting(people) == [job_id]


def test_one_process_at_a_time_leads(people: Team) -> None:
    house = people.house
    assert ledger.lead(house, "sweep", "first", 60)
    assert not ledger.lead(house, "sweep", "second", 60)
    assert ledger.lead(house, "sweep", "first", 0)
    assert ledger.lead(house, "sweep", "second", 60)


def test_a_lease_is_free_at_its_very_end(people: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "db_now", lambda: literal(1000.0))  # a clock that stands still
    assert ledger.lead(people.house, "sweep", "first", 0)
    assert ledger.lead(people.house, "sweep", "second", 60)
    assert not ledger.lead(people.house, "sweep", "first", 60)
