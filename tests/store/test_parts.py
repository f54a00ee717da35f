"""Jobs made of parts: the parent goes on when the last part is over, and whose turn it is is fair."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select, update

from tests.builders import Team, a_job, approved, claimed, ready_film, track_on
from workflow import stages
from workflow.errors import Conflict, ToolFailed
from workflow.store import ledger
from workflow.store.ledger import Claimed, Part
from workflow.store.tables import Job, Outbox, Project, new_id

pytestmark = pytest.mark.database
FULL = ToolFailed("DISK_FULL", "The disk is full.")
NO_ROOM = ToolFailed("DISK_LOW", "The disk is nearly full.")


def split(people: Team, names: Sequence[str], *, rank: int = 2) -> str:
    """A job that waits for parts of these names; its id."""
    parent = a_job(people, kind="render", queue="render")
    again(people, parent, names, rank=rank)
    return parent


def again(people: Team, parent: str, names: Sequence[str], *, rank: int = 2) -> None:
    mine = claimed(people, parent)
    with people.house.write() as session:
        parts = [Part([name], {"name": name}, 100) for name in names]
        ledger.wait_for_parts(session, mine, parts, rank, "Encoding the picture")


def take(people: Team, owner: str = "w@here/1") -> Claimed | None:
    return ledger.claim_next(people.house, "render", owner)


def end(people: Team, part: Claimed) -> None:
    with people.house.write() as session:
        ledger.finish(session, part, "made")


def take_named(people: Team, *names: str) -> list[Claimed]:
    found = [part for _ in names if (part := take(people))]
    assert [part.params["name"] for part in found] == list(names)
    return found


def states(people: Team) -> dict[str, str]:
    with people.house.read() as session:
        jobs = session.scalars(select(Job).where(Job.kind == "encode"))
        return {job.params["name"]: job.state for job in jobs}


def test_a_job_goes_on_when_its_last_part_is_over(people: Team) -> None:
    parent = split(people, "abc")
    assert ledger.claim(people.house, parent, "w@here/1") is None
    parts = take_named(people, "a", "b", "c")
    assert take(people) is None
    for part in parts[:2]:
        end(people, part)
    assert take(people) is None
    end(people, parts[2])
    goes_on = take(people)
    assert goes_on is not None
    assert (goes_on.id, goes_on.attempt) == (parent, 1)


def test_parts_that_end_at_the_same_moment_wake_their_parent_once(people: Team) -> None:
    parent = split(people, [f"{n:02}" for n in range(12)])
    parts = [part for n in range(12) if (part := take(people, f"w@here/{n}"))]
    ready = threading.Barrier(12)

    def finish(part: Claimed) -> None:
        ready.wait()
        end(people, part)

    threads = [threading.Thread(target=finish, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with people.house.read() as session:
        messages = select(func.count()).where(Outbox.job_id == parent)
        assert session.scalar(messages) == 2  # its making, and this
        assert session.get_one(Job, parent).parts_left == 0


def test_two_jobs_that_need_the_same_share_the_part(people: Team) -> None:
    first, second = split(people, "ab"), split(people, "bc")
    assert states(people) == dict.fromkeys("abc", "queued")
    for part in take_named(people, "a", "b"):
        end(people, part)
    goes_on = take(people)
    assert goes_on is not None
    assert goes_on.id == first  # the second one still waits for c
    (part,) = take_named(people, "c")
    end(people, part)
    goes_on = take(people)
    assert goes_on is not None
    assert goes_on.id == second


def test_a_part_that_fails_fails_its_job_with_its_own_error_and_stops_the_others(
    people: Team,
) -> None:
    parent, other = split(people, "abcd"), split(people, "d")
    a, b = take_named(people, "a", "b")
    ledger.fail(people.house, a, FULL)
    job = stages.job_view(people.house, parent)
    assert job.state == "failed"
    assert job.error is not None
    assert job.error["code"] == "DISK_FULL"
    assert ledger.look(people.house, b) == (True, True)  # it is told to stop
    ledger.end_cancelled(people.house, b)
    assert states(people) == {"a": "failed", "b": "cancelled", "c": "cancelled", "d": "queued"}
    assert stages.job_view(people.house, other).state == "queued"


def test_f9_a_part_that_finds_no_room_waits_for_another_machine_but_not_for_ever(
    people: Team,
) -> None:
    parent = split(people, "a")
    for _ in range(2):
        (part,) = take_named(people, "a")
        ledger.fail(people.house, part, NO_ROOM)
        assert states(people) == {"a": "queued"}
    (part,) = take_named(people, "a")
    ledger.fail(people.house, part, NO_ROOM)
    job = stages.job_view(people.house, parent)
    assert job.error is not None
    assert (job.state, job.error["code"]) == ("failed", "DISK_LOW")


def test_a_machine_without_room_leaves_what_waits_to_others_that_are_at_work(people: Team) -> None:
    def leaves(machine: str) -> bool:
        return ledger.leave_to_others(people.house, "render", machine)

    split(people, "abc")
    assert not leaves("low")  # nobody else is there
    take(people, "w@low/1")
    assert not leaves("low")
    take(people, "w@here/1")
    drained: list[str] = []
    ledger.drain(people.house, lambda queue, job_id: drained.append(job_id))
    assert leaves("low")
    drained.clear()
    ledger.drain(people.house, lambda queue, job_id: drained.append(job_id))
    with people.house.read() as session:
        assert [session.get_one(Job, job).params["name"] for job in drained] == ["c"]


def test_parts_are_forgotten_after_a_month_unless_a_live_job_waits_for_them(people: Team) -> None:
    old, live = split(people, "ab"), split(people, "bc")
    for part in take_named(people, "a", "b"):
        end(people, part)
    goes_on = take(people)
    assert goes_on is not None
    assert goes_on.id == old
    end(people, goes_on)
    assert ledger.forget_old_parts(people.house) == 0
    with people.house.write() as session:
        session.execute(update(Job).values(finished_at=Job.finished_at - 31 * 24 * 3600 * 1000))
    stages.sweep(people.house, lambda queue, job_id: None)
    assert states(people) == {"b": "done", "c": "queued"}  # b: *live* waits for it and for c
    for job_id in (old, live):
        assert stages.job_view(people.house, job_id)


def test_a_part_that_kills_its_workers_poisons_its_job(people: Team) -> None:
    parent = split(people, "ab")
    for _ in range(3):
        (part,) = take_named(people, "a")
        ledger.give_up_on(people.house, part.id, part.owner)
    job = stages.job_view(people.house, parent)
    assert job.error is not None
    assert job.error["code"] == "POISON"
    assert states(people) == {"a": "failed", "b": "cancelled"}


def test_cancelling_a_job_stops_the_parts_that_only_it_needs_and_it_may_be_tried_again(
    people: Team,
) -> None:
    parent = split(people, "ab")
    split(people, "b")
    (a,) = take_named(people, "a")
    stages.cancel_job(people.house, people.producer, parent)
    assert ledger.look(people.house, a) == (True, True)
    ledger.end_cancelled(people.house, a)
    assert states(people) == {"a": "cancelled", "b": "queued"}
    stages.retry_job(people.house, people.producer, parent)
    again(people, parent, "ab")
    for part in take_named(people, "a", "b"):
        end(people, part)
    goes_on = take(people)
    assert goes_on is not None
    assert goes_on.id == parent


def test_a_part_whose_work_is_gone_again_is_done_again_but_not_for_ever(people: Team) -> None:
    parent = split(people, "a")
    for attempt in (1, 2, 3):
        (part,) = take_named(people, "a")
        end(people, part)
        with people.house.read() as session:
            assert session.get_one(Job, parent).attempt == attempt - 1
        if attempt < 3:
            again(people, parent, "a")
    again(people, parent, "a")
    (part,) = take_named(people, "a")
    end(people, part)
    assert take(people) is None
    assert stages.job_view(people.house, parent).state == "failed"


def test_a_sweep_counts_the_parts_of_a_job_that_waits_for_nothing(people: Team) -> None:
    parent = split(people, "a")
    with people.house.write() as session:
        session.execute(update(Job).where(Job.kind == "encode").values(state="done"))
    assert take(people) is None
    assert ledger.heal_parents(people.house) == 1
    goes_on = take(people)
    assert goes_on is not None
    assert goes_on.id == parent
    assert ledger.heal_parents(people.house) == 0


def test_progress_and_time_left_are_those_of_the_parts(people: Team) -> None:
    parent = split(people, "abcd")
    assert stages.job_view(people.house, parent).state == "queued"
    a, b = take_named(people, "a", "b")
    end(people, a)
    ledger.tell(people.house, b, 500, "Encoding the picture")
    with people.house.write() as session:
        ten_seconds_ago = Job.started_at - 10
        session.execute(update(Job).where(Job.id == a.id).values(started_at=ten_seconds_ago))
    job = stages.job_view(people.house, parent)
    assert (job.state, job.doing) == ("running", "Encoding the picture")
    assert job.permille == 830 * 150 // 400
    assert job.seconds_left in range(16, 25)  # 150 of 400 frames in 10 s: 250 more in 17
    assert job.last_heard is not None


# --- whose turn it is ---------------------------------------------------------------------------


def another_project(people: Team) -> Team:
    with people.house.write() as session:
        project = Project(id=new_id(), title="Another", created_by=people.producer_id)
        session.add(project)
    return Team(
        people.house, project.id, people.producer_id, people.translator_id, people.reviewer_id
    )


def turns(people: Team, count: int) -> list[str]:
    found = []
    for _ in range(count):
        job = take(people)
        assert job is not None
        found.append(job.params.get("name", job.kind))
        end(people, job)
    return found


def test_what_a_person_waits_for_goes_before_the_parts_of_finals(people: Team) -> None:
    split(people, ["final 1", "final 2"])
    split(people, ["review"], rank=1)
    a_job(people, kind="ingest", queue="render")
    assert turns(people, 4) == [
        "review",
        "render",  # put together: seconds
        "ingest",
        "final 1",
    ]


def test_projects_take_turns(people: Team) -> None:
    split(people, ["a1", "a2", "a3"])
    split(another_project(people), ["b1", "b2"])
    assert sorted(turns(people, 2)) == ["a1", "b1"]
    assert sorted(turns(people, 2)) == ["a2", "b2"]


def test_the_project_with_fewer_jobs_running_is_next(people: Team) -> None:
    split(people, ["a1", "a2", "a3"])
    take_named(people, "a1", "a2")
    split(another_project(people), ["b1", "b2"])
    take_named(people, "b1", "b2", "a3")


def test_a_final_that_waited_for_a_quarter_of_an_hour_stands_in_the_same_line(
    people: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    split(people, ["old final"])
    now = ledger.now_ms()
    split(another_project(people), ["review 1", "review 2", "review 3"], rank=1)
    monkeypatch.setattr("workflow.store.line.now_ms", lambda: now + 15 * 60 * 1000 + 5)
    with people.house.write() as session:
        later = update(Job).where(Job.params["name"].as_string().startswith("review"))
        session.execute(later.values(since=now + 15 * 60 * 1000))
    assert "old final" in turns(people, 2)


def test_parts_are_no_jobs_that_a_person_sees(people: Team) -> None:
    parent = split(people, "ab")
    assert [job.id for job in stages.jobs_of_project(people.house, people.project_id)] == [parent]
    assert [job.id for job in stages.all_jobs(people.house)] == [parent]


# --- how much one person may ask for ------------------------------------------------------------


def test_t19_a_person_with_fifty_jobs_that_wait_asks_for_no_more(people: Team) -> None:
    parent = split(people, [f"{n}" for n in range(60)])  # parts do not count
    jobs = [a_job(people) for _ in range(49)]
    with pytest.raises(Conflict, match="TOO_MANY_JOBS"):
        a_job(people)
    stages.cancel_job(people.house, people.producer, jobs[0])
    a_job(people)
    assert stages.job_view(people.house, parent).state == "queued"


def test_t19_a_third_film_waits_until_one_of_two_finals_is_done(people: Team) -> None:
    versions = [approved(people, track_on(people, ready_film(people)).summary.id) for _ in "123"]

    def final(number: int, form: str = "burned") -> str:
        made = stages.start_render(
            people.house, people.producer, versions[number].id, {"form": form}
        )
        return made.job.id

    first = final(0)
    final(1)
    assert final(0) == first
    final(2, "soft-mp4")  # copies the picture: seconds
    with pytest.raises(Conflict, match="TOO_MANY_RENDERS"):
        final(2)
    with people.house.write() as session:
        session.execute(update(Job).where(Job.id == first).values(state="done"))
    final(2)
